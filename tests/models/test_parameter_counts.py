"""Parameters of U-Net, SegNet and the FCNs at full width, beside the counts that the literature prints.

Convention: "trainable" is what torch counts, all that the optimiser moves; Keras' `count_params()` adds the moving mean
and variance of each batch normalisation.
"""

import math

import keras
import pytest

from reproduce.models.classification.vgg import VGG16, vgg_stage
from reproduce.models.segmentation.fcn8s import fcn, fcn8s
from reproduce.models.segmentation.segnet import segnet
from reproduce.models.segmentation.unet import unet
from reproduce.papers.sizes import parameter_counts

pytestmark = pytest.mark.usefixtures("unallocated")

PLAIN = {"batch_norm": False, "bn_momentum": 0.9, "dropout": 0.5}
NORMED = PLAIN | {"batch_norm": True}


def counted(build, n_channels, n_regions, **settings):
    """Trainable parameters, and those with the statistics of batch normalisation."""
    model = build((64, 64), n_channels=n_channels, n_regions=n_regions, width=64, **settings)
    return sum(math.prod(weight.shape) for weight in model.trainable_weights), model.count_params()


@pytest.mark.parametrize(
    ("n_channels", "n_regions", "expected"),
    [(1, 1, 31_030_593), (1, 2, 31_030_658), (1, 6, 31_030_918), (3, 1, 31_031_745), (4, 4, 31_032_516)],
)
def test_unet_as_in_2015_with_biases_and_no_batch_normalisation(n_channels, n_regions, expected):
    assert counted(unet, n_channels, n_regions, **PLAIN) == (expected, expected)


def test_unet_with_batch_normalisation_keeps_its_biases():
    # 18 convolutions of 2 (64 + 128 + 256 + 512) 2 + 2 1024 = 5888 channels: a scale, a shift and two statistics each.
    assert counted(unet, 1, 1, **NORMED) == (31_042_369, 31_054_145)
    assert 31_042_369 - 31_030_593 == 31_054_145 - 31_042_369 == 2 * 5888
    # A public README prints the one of three channels.
    assert counted(unet, 3, 1, **NORMED)[0] == 31_043_521


@pytest.mark.parametrize(
    ("n_channels", "n_regions", "trainable", "with_statistics"),
    [
        (3, 1, 29_443_585, 29_459_457),
        (3, 2, 29_444_162, 29_460_034),
        (3, 11, 29_449_355, 29_465_227),
        (3, 12, 29_449_932, 29_465_804),
        (1, 1, 29_442_433, 29_458_305),
        (1, 2, 29_443_010, 29_458_882),
    ],
)
def test_segnet_with_biases_and_batch_normalisation_but_for_the_last(n_channels, n_regions, trainable, with_statistics):
    assert counted(segnet, n_channels, n_regions, bn_momentum=0.9) == (trainable, with_statistics)


@pytest.mark.parametrize(
    ("n_regions", "expected"), [(21, 134_489_759), (6, 134_300_114), (2, 134_271_430), (1, 134_265_699)]
)
def test_fcn8s_of_three_channels_without_batch_normalisation_with_learned_unbiased_deconvolutions(n_regions, expected):
    assert counted(fcn8s, 3, n_regions, **PLAIN) == (expected, expected)


@pytest.mark.parametrize(("stride", "expected"), [(8, 134_489_759), (16, 134_815_994), (32, 136_152_917)])
def test_fcn_of_every_stride_with_21_regions(stride, expected):
    assert counted(fcn, 3, 21, stride=stride, **PLAIN) == (expected, expected)


def test_fcn8s_with_batch_normalisation_by_hand():
    # 2 (64 + 128) + 3 (256 + 512 + 512) channels of VGG-16 and 2 * 4096 of fc6 and fc7: scale and shift, two statistics
    channels = 384 + 3840 + 8192
    trainable, with_statistics = counted(fcn8s, 3, 21, **NORMED)
    assert (trainable, with_statistics) == (134_489_759 + 2 * channels, 134_489_759 + 4 * channels)


def test_the_stages_of_vgg16_and_its_dense_layers_are_vgg16():
    image = x = keras.Input((32, 32, 3))
    for stage, n_convs in enumerate(VGG16, start=1):
        x = vgg_stage(x, stage, n_convs, width=64, bn_momentum=None)
    convolutions = keras.Model(image, x).count_params()
    dense = (7 * 7 * 512 * 4096 + 4096) + (4096 * 4096 + 4096) + (4096 * 1000 + 1000)
    assert convolutions + dense == 138_357_544


def test_the_audit_counts_with_the_same_numbers():
    audit = parameter_counts()
    assert counted(unet, 1, 1, **PLAIN)[0] == audit["U-Net"]
    assert counted(segnet, 3, 1, bn_momentum=0.9)[0] == audit["SegNet"]
    assert counted(fcn8s, 3, 21, **PLAIN)[0] == audit["FCN-8s"]
