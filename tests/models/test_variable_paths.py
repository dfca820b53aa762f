"""Every variable of every model has a path of its own, so that weights can be stored by name; see also test_catalog."""

from collections import Counter

import pytest

from reproduce.models.classification.resnet import resnet
from reproduce.models.classification.vit import vit
from reproduce.models.detection.mask_rcnn import mask_rcnn
from reproduce.models.registration.voxelmorph import voxelmorph
from reproduce.models.segmentation.deeplabv3 import deeplabv3
from reproduce.models.segmentation.fcn8s import fcn8s
from reproduce.models.segmentation.fcn_resnet import fcn_resnet
from reproduce.models.segmentation.lean_unet3d import lean_unet3d
from reproduce.models.segmentation.optimised_cnn import ablation_cnn, optimised_cnn, unoptimised_cnn
from reproduce.models.segmentation.pspnet import pspnet
from reproduce.models.segmentation.segnet import segnet
from reproduce.models.segmentation.unet import unet
from reproduce.models.segmentation.unet3d import unet3d
from reproduce.models.selfsupervised.moco_v3 import Head, MomentumContrast
from reproduce.protocol.section import Call

SEEN = {"n_channels": 1, "n_regions": 2, "width": 4, "bn_momentum": 0.9}
VGG = SEEN | {"batch_norm": True, "dropout": 0.5}
DILATED = SEEN | {"blocks": (1, 2, 1, 1), "auxiliary": True}
LAYOUT = {"output_stride": 8, "first_dilation": "own", "multi_grid": None, "rates": (1, 2), "refinement": True}
COUNTS = {"n_candidates": 8, "n_proposals": 8, "n_sampled": 8, "n_detections": 4, "score_threshold": 0.5}
PARTS = {"residual": True, "dense": True, "skips": True}
CLASSES = {"n_channels": 1, "n_classes": 2}
RESNET = CLASSES | {"width": 4, "blocks": (1, 1), "block": "basic", "conv_bias": False, "bn_momentum": 0.9}
VIT = CLASSES | {"patch": 8, "width": 8, "depth": 1, "heads": 2, "mlp_width": 16, "dropout": 0.1}


def moco(classifier: Call):
    head = Head(2, hidden=8, width=4, last_norm=True)
    settings = {"temperature": 0.2, "momentum": 0.99, "n_steps": 4, "frozen": ()}
    return MomentumContrast(classifier(), projection=head, prediction=head, **settings)


MODELS = {
    "optimised_cnn": Call(optimised_cnn, SEEN | {"size": (16, 16), "depth": 2}),
    "unoptimised_cnn": Call(unoptimised_cnn, SEEN | {"size": (16, 16), "depth": 2}),
    "ablation_cnn": Call(ablation_cnn, SEEN | PARTS | {"size": (16, 16), "depth": 2}),
    "unet": Call(unet, VGG | {"size": (16, 16)}),
    "fcn8s": Call(fcn8s, VGG | {"size": (32, 32)}),
    "segnet": Call(segnet, SEEN | {"size": (32, 32)}),
    "fcn_resnet": Call(fcn_resnet, DILATED | {"size": (32, 32)}),
    "pspnet": Call(pspnet, DILATED | {"size": (32, 32), "stem": "3x3", "bins": (1, 2), "dropout": 0.1}),
    "deeplabv3": Call(deeplabv3, DILATED | LAYOUT | {"size": (32, 32), "dropout": 0.1}),
    "unet3d": Call(unet3d, SEEN | {"box": (8, 8, 8)}),
    "lean_unet3d": Call(
        lean_unet3d,
        {"box": (8, 8, 8), "n_channels": 1, "n_regions": 2, "widths": (2, 4, 4), "residual": True, "bn_momentum": 0.9},
    ),
    "mask_rcnn": Call(
        mask_rcnn, SEEN | COUNTS | {"size": (32, 32), "blocks": (1,) * 4, "anchor_scale": 2.0, "frozen_bn": False}
    ),
    "voxelmorph": Call(
        voxelmorph, {"size": (8, 8, 8), "n_channels": 1, "encoder": (2, 4), "decoder": (4, 4), "last": (2,)}
    ),
    "moco of a resnet": Call(moco, {"classifier": Call(resnet, RESNET | {"size": (16, 16)})}),
    "moco of a vit": Call(moco, {"classifier": Call(vit, VIT | {"size": (16, 16)})}),
}


@pytest.mark.parametrize("name", MODELS)
def test_every_variable_has_a_path_of_its_own(name):
    counts = Counter(variable.path for variable in MODELS[name]().variables)
    assert [path for path, n in counts.items() if n > 1] == []
