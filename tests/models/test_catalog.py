"""Parameters of every classifier of the catalogue at full size, beside the counts of its paper or its releases.

Conventions: torch counts what the optimiser moves, `trainable` here; Keras' `count_params()` adds the moving mean and
variance of each batch normalisation, `total` here. Variables know their shapes before their values, so nothing is
allocated.
"""

import math
from itertools import pairwise

import keras
import pytest

from reproduce.inspection.geometry import cost
from reproduce.models.catalog import CATALOG

pytestmark = pytest.mark.usefixtures("unallocated")

NAMED = {f"{each.name}, {each.counted_as}": each for each in CATALOG}


def built(architecture, n_channels=None, n_classes=None):
    shape = {"n_channels": n_channels or architecture.n_channels, "n_classes": n_classes or architecture.n_classes}
    return architecture.build(architecture.size, **shape)


def trainable(model):
    return sum(math.prod(weight.shape) for weight in model.trainable_weights)


def row(name):
    return NAMED[name].trainable, NAMED[name].total


def test_no_two_rows_are_the_same():
    assert len(NAMED) == len(CATALOG)


@pytest.mark.parametrize("name", NAMED)
def test_trainable_parameters_and_those_with_statistics(name):
    model = built(NAMED[name])
    assert (trainable(model), model.count_params()) == row(name)
    assert len({variable.path for variable in model.variables}) == len(model.variables)  # weights are stored by path


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMED)
def test_geometry_walks_each_and_counts_the_same(name):
    assert cost(built(NAMED[name])).parameters == NAMED[name].total


# Thousand millions of multiply-adds, as torchvision 0.28 prints them beside its weights.
BILLIONS = {
    "AlexNet of 2014, torchvision": 0.71,
    "VGG-16, torchvision and keras.applications": 15.47,
    "VGG-19, torchvision and keras.applications": 19.63,
    "GoogLeNet, torchvision": 1.50,
    "ResNet-18, torchvision": 1.81,
    "ResNet-50, torchvision": 4.09,
    "ResNet-152, torchvision": 11.51,
    "DenseNet-121, torchvision and keras.applications": 2.83,
    "InceptionV3, torchvision": 5.71,
    "MobileNetV2, torchvision and keras.applications": 0.30,
    "ShuffleNet v2 1x, torchvision": 0.14,
    "EfficientNet-B0, torchvision": 0.39,
    "ViT-B/16, torchvision": 17.56,
    "Swin-T, torchvision": 4.49,
    "ConvNeXt-T, torchvision and keras.applications": 4.46,
}


@pytest.mark.slow
@pytest.mark.parametrize("name", BILLIONS)
def test_multiply_adds_as_torchvision_prints_them(name):
    # its table cuts or rounds to two decimals
    assert cost(built(NAMED[name])).multiply_adds / 1e9 == pytest.approx(BILLIONS[name], abs=0.01)


@pytest.mark.parametrize(("groups", "millions"), [(1, 143), (2, 140), (3, 137), (4, 133), (8, 137)])
def test_multiply_adds_of_shufflenet_v1_as_table_1_prints_them(groups, millions):
    # without the dense layer, from as many channels as the last stage has to 1000 classes
    architecture = NAMED[f"ShuffleNet v1 1x, {groups} groups, Table 1 of the paper"]
    dense = architecture.build.arguments["channels"][-1] * 1000
    assert (cost(built(architecture)).multiply_adds - dense) / 1e6 == pytest.approx(millions, abs=0.51)


def test_multiply_adds_of_alexnet_by_hand():
    # two towers: 55^2 * 363 * 96 + 27^2 * 1200 * 256 + 13^2 (2304 * 384 + 1728 * 384 + 1728 * 256) + dense layers
    convolutions = 55**2 * 363 * 96 + 27**2 * 1200 * 256 + 13**2 * (2304 * 384 + 1728 * 384 + 1728 * 256)
    dense = 9216 * 4096 + 4096 * 4096 + 4096 * 1000
    assert cost(built(NAMED["AlexNet, two towers, the paper"])).multiply_adds == convolutions + dense


def test_lenet5_layer_by_layer():
    # C1 6 (25 + 1), S2 6 * 2, C3 60 * 25 + 16, S4 16 * 2, C5 120 (16 * 25 + 1), F6 84 (120 + 1)
    model = built(NAMED["LeNet-5, the paper"])
    counts = {layer.name: layer.count_params() for layer in model.layers if layer.count_params()}
    assert counts == {"c1": 156, "s2": 12, "c3": 1516, "s4": 32, "c5": 48_120, "f6": 10_164}
    # In the dense form C3 has 16 (6 * 25 + 1), the subsamplings nothing, the output 10 (84 + 1).
    assert NAMED["LeNet-5, dense C3, usual re-implementations"].total == 156 + 2416 + 48_120 + 10_164 + 850


def test_alexnet_of_2012_by_hand():
    # In two towers the second, fourth and fifth convolution read half of the channels.
    kernels, filters = (11, 5, 3, 3, 3), (3, 96, 256, 384, 384, 256)
    for towers, name in ((2, "AlexNet, two towers, the paper"), (1, "AlexNet, one tower, usual re-implementations")):
        groups = (1, towers, 1, towers, towers)
        convolutions = sum(
            k * k * (read // g) * out + out
            for k, (read, out), g in zip(kernels, pairwise(filters), groups, strict=True)
        )
        dense = sum(read * out + out for read, out in pairwise((6 * 6 * 256, 4096, 4096, 1000)))
        assert convolutions + dense == NAMED[name].trainable


def test_googlenet_of_torchvision_reads_3x3_where_the_paper_reads_5x5():
    # 25 - 9 weights for each pair of channels of the third branch, over nine modules
    pairs = 16 * 32 + 32 * 96 + 16 * 48 + 24 * 64 + 24 * 64 + 32 * 64 + 32 * 128 + 32 * 128 + 48 * 128
    # 7280 filters have a bias in the paper, a scale and a shift in torchvision
    assert NAMED["GoogLeNet, the paper"].trainable - 16 * pairs + 7280 == NAMED["GoogLeNet, torchvision"].trainable
    assert NAMED["GoogLeNet, torchvision"].total - NAMED["GoogLeNet, torchvision"].trainable == 2 * 7280


def test_inceptions_of_torchvision_and_keras_differ_by_the_scales_of_batch_normalisation():
    theirs, ours = NAMED["InceptionV3, torchvision"], NAMED["InceptionV3, keras.applications"]
    channels = (theirs.total - theirs.trainable) // 2  # a mean and a variance each
    assert theirs.trainable - ours.trainable == channels == 17_216


def test_efficientnets_of_torchvision_and_keras_differ_by_the_statistics_of_the_image():
    # a mean and a variance for each of three channels, and the number of images that they were taken from
    theirs, ours = NAMED["EfficientNet-B0, torchvision"], NAMED["EfficientNet-B0, keras.applications"]
    assert (theirs.trainable, theirs.total + 2 * 3 + 1) == (ours.trainable, ours.total)


def test_swin_of_torchvision_keeps_the_places_of_its_biases_among_its_buffers():
    # 49 positions of a window look at 49 others, in twelve blocks; no weights, but 28,317,166 with them
    assert NAMED["Swin-T, torchvision"].total + 12 * 49**2 == 28_317_166


@pytest.mark.parametrize("architecture", [each for each in CATALOG if each.name.startswith("ESPNetV2")])
def test_espnetv2_lacks_what_its_release_holds_and_never_calls(architecture):
    # Slopes of PReLU after the strided units, which are joined before theirs: as many as they add, level by level. And
    # the last level's branch for the image: 3x3 and 1x1 from three channels, batch normalisation twice, slopes once.
    first, *_, last, _ = architecture.build.arguments["channels"]
    slopes, branch = last - first, (9 * 3 * 3 + 2 * 3 + 3) + (3 * last + 2 * last)
    printed = int(architecture.printed.split()[0].replace(",", ""))
    assert architecture.trainable + slopes + branch == printed


@pytest.mark.parametrize("architecture", [each for each in CATALOG if each.name.startswith("OverLoCK")])
def test_overlock_has_the_millions_that_its_paper_prints(architecture):
    # The paper prints whole millions alone, so the exact counts of the catalogue are our own.
    assert f"{architecture.trainable / 1e6:.0f}M" == architecture.printed


def test_shrinkage_networks_by_hand():
    # stem 9 * 4 + 4; batch normalisation and 3x3 with biases twice, two dense layers with batch normalisation between
    def block(read, out, thresholds):
        convolutions = 2 * read + 9 * read * out + out + 2 * out + 9 * out * out + out
        return convolutions + (out * out + out) + 2 * out + (out * thresholds + thresholds)

    reads = [4] * 4 + [4] + [8] * 3 + [8] + [16] * 3
    outs = [4] * 4 + [8] * 4 + [16] * 4
    for name, by_channel in (("DRSN-CS", False), ("DRSN-CW", True)):
        blocks = sum(block(r, o, o if by_channel else 1) for r, o in zip(reads, outs, strict=True))
        expected = 9 * 4 + 4 + blocks + 2 * 16 + 16 * 10 + 10
        assert NAMED[f"{name}, the paper's widths and blocks, in two dimensions"].trainable == expected


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMED)
def test_grey_images_and_yes_or_no(name):
    architecture = NAMED[name]
    model = built(architecture, n_channels=1, n_classes=1)
    assert model.input.shape == (None, *architecture.size, 1)
    for output in model.output.values():
        assert output.shape == (None, 1)
        assert keras.backend.standardize_dtype(output.dtype) == "float32"
    # The printed LeNet-5 has no weights in its output.
    assert (trainable(model) < architecture.trainable) == (name != "LeNet-5, the paper")
