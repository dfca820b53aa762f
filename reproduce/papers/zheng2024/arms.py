"""The six models of document 002 with the layers of their papers, since it gives none."""

from reproduce.models.classification.resnet import RESNET50
from reproduce.models.detection.mask_rcnn import mask_rcnn
from reproduce.models.losses import CategoricalCrossEntropy
from reproduce.models.segmentation.deeplabv3 import deeplabv3
from reproduce.models.segmentation.fcn8s import fcn8s
from reproduce.models.segmentation.pspnet import pspnet
from reproduce.models.segmentation.segnet import segnet
from reproduce.models.segmentation.unet import unet
from reproduce.protocol import Arm, Call
from reproduce.protocol.augmentation import Augmentation

RANGE = "silent: 3.2 names it without a range; we use one in which a chest stays plausible"
AUGMENTATION = Augmentation(
    rotation_deg=15.0,
    scale=(0.9, 1.1),
    translation=0.05,
    flip=True,
    sides=(("lung_left", "lung_right"),),
    because={
        "rotation_deg": RANGE,
        "scale": RANGE,
        "translation": RANGE,
        "flip": "002 3.2",
        "sides": "silent: we swap the lungs of a mirrored image, since a lung is named after its side",
    },
)
ENTROPY = {"mask": Call(CategoricalCrossEntropy, {"weight": 1.0})}
WITH_AUXILIARY = ENTROPY | {"aux": Call(CategoricalCrossEntropy, {"weight": 0.4})}
NORMALISED = {"width": 64, "bn_momentum": 0.9}
ON_RESNET = NORMALISED | {"blocks": RESNET50, "dropout": 0.1, "auxiliary": False}

_LOSSES = {
    "PSPNet": "silent: 2 names cross-entropy; we add the auxiliary one of Zhao 2017, weight 0.4",
    "Mask R-CNN": "silent: cross-entropy has no meaning here; we use He 2017's",
}
_MODELS = {
    "FCNN": (
        Call(fcn8s, NORMALISED | {"batch_norm": True, "dropout": 0.5}),
        ENTROPY,
        "silent: no backbone is named; we use FCN-8s on VGG-16 (Long 2015), batch normalisation and dropout after 2",
    ),
    "U-Net": (
        Call(unet, NORMALISED | {"batch_norm": False, "dropout": 0.5}),
        ENTROPY,
        "silent: no layers are given; we use Ronneberger 2015 (no batch normalisation), with zeros at the border",
    ),
    "SegNet": (Call(segnet, NORMALISED), ENTROPY, "silent: no layers are given; we use Badrinarayanan 2017, on VGG-16"),
    "DeepLabV3": (
        Call(
            deeplabv3,
            ON_RESNET
            | {
                "output_stride": 8,
                "first_dilation": "previous",
                "multi_grid": None,
                "rates": (12, 24, 36),
                "refinement": True,
            },
        ),
        ENTROPY,
        "silent: no layers are given; we use those of torchvision on ResNet-50, stride 8, since more people run these",
    ),
    "PSPNet": (
        Call(pspnet, ON_RESNET | {"stem": "3x3", "bins": (1, 2, 3, 6), "auxiliary": True}),
        WITH_AUXILIARY,
        "silent: no layers are given; we use Zhao 2017 on ResNet-50 with its auxiliary loss, weight 0.4",
    ),
    "Mask R-CNN": (
        Call(
            mask_rcnn,
            NORMALISED
            | {
                "blocks": RESNET50,
                "anchor_scale": 8.0,
                "n_candidates": 1000,
                "n_proposals": 1000,
                "n_sampled": 512,
                "n_detections": 100,
                "score_threshold": 0.5,
                "frozen_bn": False,
            },
        ),
        {},
        "silent: no layers are given; we use He 2017 on ResNet-50-FPN, batch normalisation learned, since no "
        "weights are loaded; its mask is the union of its instances",
    ),
}
ARMS = tuple(
    Arm(
        name=name,
        build=build,
        losses=losses,
        augmentation=AUGMENTATION,
        because={
            "name": "002 3.3",
            "build": why,
            "losses": _LOSSES.get(name, "002 2, cross-entropy"),
            "augmentation": "002 3.2",
        },
    )
    for name, (build, losses, why) in _MODELS.items()
)
