"""Parameters of the ResNets at full width, and of what stands on them, beside the counts of their releases.

Conventions: torch counts what the optimiser moves, `trainable` here; Keras' `count_params()` adds the moving mean and
variance of each batch normalisation, `total` here. torchvision's ResNets have no biases before batch normalisation and
stride in the 3x3, keras.applications' have biases and stride in the first 1x1. Variables know their shapes before their
values, so nothing is allocated.
"""

import math

import pytest

from reproduce.models.classification.resnet import RESNET18, RESNET34, RESNET50, RESNET101, RESNET152, resnet
from reproduce.models.segmentation.deeplabv3 import deeplabv3
from reproduce.models.segmentation.fcn_resnet import fcn_resnet
from reproduce.models.segmentation.pspnet import pspnet

# Nothing is allocated.
pytestmark = pytest.mark.usefixtures("unallocated")

COLOUR = {"n_channels": 3, "width": 64, "bn_momentum": 0.9}
ATROUS = {"output_stride": 8, "first_dilation": "previous", "multi_grid": None, "rates": (12, 24, 36), "dropout": 0.5}
PYRAMID = {"bins": (1, 2, 3, 6), "dropout": 0.1}


def counted(build, size=(64, 64), **settings):
    """Trainable parameters, and those with the statistics of batch normalisation."""
    model = build(size, **COLOUR, **settings)
    return sum(math.prod(weight.shape) for weight in model.trainable_weights), model.count_params()


@pytest.mark.parametrize(
    ("blocks", "block", "trainable", "total"),
    [
        (RESNET18, "basic", 11_689_512, 11_699_112),
        (RESNET34, "basic", 21_797_672, 21_814_696),
        (RESNET50, "bottleneck_3x3", 25_557_032, 25_610_152),
        (RESNET101, "bottleneck_3x3", 44_549_160, 44_654_504),
        (RESNET152, "bottleneck_3x3", 60_192_808, 60_344_232),
    ],
)
def test_resnet_as_in_torchvision_without_biases(blocks, block, trainable, total):
    assert counted(resnet, n_classes=1000, blocks=blocks, block=block, conv_bias=False) == (trainable, total)


@pytest.mark.parametrize(
    ("blocks", "trainable", "total"),
    [
        (RESNET50, 25_583_592, 25_636_712),
        (RESNET101, 44_601_832, 44_707_176),
        (RESNET152, 60_268_520, 60_419_944),
    ],
)
def test_resnet_as_in_keras_applications_with_biases(blocks, trainable, total):
    assert counted(resnet, n_classes=1000, blocks=blocks, block="bottleneck_1x1", conv_bias=True) == (trainable, total)


@pytest.mark.parametrize(
    ("blocks", "auxiliary", "trainable", "total"),
    [
        (RESNET50, False, 39_638_869, 39_695_573),
        (RESNET50, True, 42_004_074, 42_061_290),
        (RESNET101, False, 58_630_997, 58_739_925),
        (RESNET101, True, 60_996_202, 61_105_642),
    ],
)
def test_deeplabv3_of_21_regions_as_in_torchvision(blocks, auxiliary, trainable, total):
    settings = {"blocks": blocks, "auxiliary": auxiliary, "n_regions": 21, "refinement": True}
    assert counted(deeplabv3, **ATROUS, **settings) == (trainable, total)


def test_deeplabv3_of_the_paper_lacks_the_last_3x3():
    # 9 * 256 * 256 weights, and a scale and a shift for 256 channels; stride and rates cost nothing
    paper = {
        "output_stride": 16,
        "first_dilation": "own",
        "multi_grid": (1, 2, 4),
        "rates": (6, 12, 18),
        "dropout": 0.0,
    }
    settings = {"blocks": RESNET50, "auxiliary": False, "n_regions": 21, "refinement": False}
    assert counted(deeplabv3, **paper, **settings)[0] == 39_638_869 - (9 * 256 * 256 + 2 * 256)


@pytest.mark.parametrize(
    ("blocks", "auxiliary", "trainable", "total"),
    [
        (RESNET50, False, 32_957_013, 33_011_157),
        (RESNET50, True, 35_322_218, 35_376_874),
        (RESNET101, False, 51_949_141, 52_055_509),
        (RESNET101, True, 54_314_346, 54_421_226),
    ],
)
def test_fcn_of_21_regions_as_in_torchvision(blocks, auxiliary, trainable, total):
    assert counted(fcn_resnet, blocks=blocks, auxiliary=auxiliary, n_regions=21) == (trainable, total)


@pytest.mark.parametrize(
    ("blocks", "stem", "auxiliary", "trainable", "total"),
    [
        (RESNET50, "7x7", False, 46_592_597, 46_650_837),
        (RESNET50, "7x7", True, 48_957_802, 49_016_554),
        (RESNET50, "3x3", False, 46_716_373, 46_774_997),
        (RESNET50, "3x3", True, 49_081_578, 49_140_714),
        (RESNET101, "7x7", False, 65_584_725, 65_695_189),
        (RESNET101, "7x7", True, 67_949_930, 68_060_906),
        (RESNET101, "3x3", False, 65_708_501, 65_819_349),
        (RESNET101, "3x3", True, 68_073_706, 68_185_066),
    ],
)
def test_pspnet_of_21_regions_as_in_its_release(blocks, stem, auxiliary, trainable, total):
    settings = {"blocks": blocks, "stem": stem, "auxiliary": auxiliary, "n_regions": 21}
    assert counted(pspnet, **PYRAMID, **settings) == (trainable, total)


def test_pspnet_of_2_regions():
    settings = {"blocks": RESNET50, "stem": "3x3", "auxiliary": False, "n_regions": 2}
    assert counted(pspnet, **PYRAMID, **settings) == (46_706_626, 46_765_250)


def test_size_and_grey_images_change_what_they_must():
    # 7 * 7 weights of 64 filters for each channel that is gone; the size costs nothing
    settings = {"blocks": RESNET18, "block": "basic", "conv_bias": False, "n_classes": 1000, "bn_momentum": 0.9}
    grey = resnet((224, 160), n_channels=1, width=64, **settings).count_params()
    assert grey == 11_699_112 - 2 * 49 * 64
