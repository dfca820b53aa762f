"""ShuffleNets, FBNet and ESPNetV2 by hand: units, dilations, grids, and what is refused."""

import keras
import numpy as np
import pytest
from keras import layers

from reproduce.errors import ArgumentError
from reproduce.models.classification.espnetv2 import dilations, espnetv2, level_channels
from reproduce.models.classification.fbnet import FBNET_C, Block, fbnet
from reproduce.models.classification.shufflenet import shufflenet_v1, shufflenet_v2
from reproduce.models.layers.padded import average_pool, depthwise, max_pool

TEN = {"n_channels": 1, "n_classes": 10, "bn_momentum": 0.9}
V1 = TEN | {"groups": 2, "channels": (32, 64), "units": (2, 1)}
V2 = TEN | {"channels": (16, 32), "units": (2, 1), "last_channels": 24}
FBNET = TEN | {"blocks": (Block(3, 6, 16, 2),), "width": 1.0, "epsilon": 1e-3, "dropout": 0.0}
ESPNET = TEN | {"channels": (16, 32, 48, 64, 80, 24), "units": (0, 0, 0, 0), "dropout": 0.0}


def through(make, x):
    image = keras.Input(x.shape[1:])
    return keras.ops.convert_to_numpy(keras.Model(image, make(image))(x))


def noise(*shape):
    return np.random.default_rng(0).standard_normal(shape).astype(np.float32)


@pytest.mark.parametrize("side", [8, 9])
def test_poolings_look_one_pixel_beyond_each_edge(side):
    x = np.abs(noise(1, side, side, 1))
    padded = np.pad(x[0, :, :, 0], 1)
    windows = [[padded[y : y + 3, z : z + 3] for z in range(0, side, 2)] for y in range(0, side, 2)]
    found = through(lambda image: max_pool(image, "p"), x)[0, ..., 0]
    assert found == pytest.approx(np.array([[w.max() for w in row] for row in windows]))
    found = through(lambda image: average_pool(image, "p"), x)[0, ..., 0]
    assert found == pytest.approx(np.array([[w.sum() / 9 for w in row] for row in windows]), abs=1e-6)


@pytest.mark.parametrize("dilation", [1, 2, 3, 4])
@pytest.mark.parametrize("side", [9, 12])
def test_a_strided_dilated_convolution_is_every_second_of_the_dilated_one(dilation, side):
    x = noise(1, side, side, 2)
    image = keras.Input(x.shape[1:])
    strided = keras.Model(image, depthwise(image, "d", kernel=3, stride=2, dilation=dilation))
    whole = keras.Model(image, depthwise(image, "d", kernel=3, dilation=dilation))
    whole.set_weights(strided.get_weights())
    ours, expected = (keras.ops.convert_to_numpy(model(x)) for model in (strided, whole))
    assert ours == pytest.approx(expected[:, ::2, ::2], abs=1e-5)


def test_branches_beyond_the_limit_fall_back_to_3x3():
    # kernels of 3, 5, 7 and 9 pixels
    assert dilations(13) == dilations(9) == [1, 2, 3, 4]
    assert dilations(7) == [1, 1, 2, 3]
    assert dilations(5) == [1, 1, 1, 2]


def test_channels_of_espnetv2_are_multiples_of_its_branches():
    assert level_channels(1.0) == (32, 64, 128, 256, 512, 1024)
    assert level_channels(2.0) == (32, 128, 256, 512, 1024, 1280)
    # int(32 * 0.45) = 14, up to the next multiple of 4
    assert level_channels(0.45) == (16, 32, 64, 128, 256, 1024)


def test_espnetv2_sees_the_image_at_each_level_but_the_last():
    model = espnetv2((50, 64), **ESPNET)
    names = {layer.name for layer in model.layers if isinstance(layer, layers.Add)}
    assert {name for name in names if "image" in name} == {f"level{k}_image_add" for k in (2, 3, 4)}
    grids = [model.get_layer(f"level{k}_strided_prelu").output.shape[1:3] for k in (2, 3, 4, 5)]
    assert grids == [(13, 16), (7, 8), (4, 4), (2, 2)]


def test_branches_are_summed_from_the_smallest_on():
    model = espnetv2((64, 64), **ESPNET)
    for i, before in ((2, "level2_strided_branch1"), (3, "level2_strided_sum2"), (4, "level2_strided_sum3")):
        first, second = model.get_layer(f"level2_strided_sum{i}").input
        assert first is model.get_layer(before).output
        assert second._keras_history.operation.name.startswith(f"level2_strided_branch{i}")


def test_fbnet_c_is_what_the_search_found():
    # 22 places of Table 1, one of them skipped; grids halve five times with the stem
    assert len(FBNET_C) == 21
    assert [block.stride for block in FBNET_C].count(2) == 4
    assert sum(block.kernel == 5 for block in FBNET_C) == 15


def test_fbnet_adds_what_it_reads_where_the_shape_stays():
    blocks = (Block(3, 1, 16, 1), Block(5, 6, 24, 2), Block(5, 6, 24, 1), Block(3, 6, 32, 1))
    model = fbnet((32, 32), **FBNET | {"blocks": blocks})
    assert {x.name for x in model.layers if isinstance(x, layers.Add)} == {"block1_add", "block3_add"}
    assert model.get_layer("block3_expand").filters == 6 * 24


def test_shufflenet_v1_groups_all_but_the_first_1x1():
    model = shufflenet_v1((32, 32), **V1)
    plain = {x.name for x in model.layers if isinstance(x, layers.Conv2D) and not isinstance(x, layers.DepthwiseConv2D)}
    assert plain == {"stem", "stage2_unit1_reduce"}
    joined = model.get_layer("stage2_unit1_join").input
    assert [x.shape[-1] for x in joined] == [24, 8]  # what the stem brings, and what is left of 32
    assert model.get_layer("stage3_unit1_reduce").output.shape[-1] == 16  # a quarter of 64


def test_a_plain_unit_of_shufflenet_v2_passes_half_of_its_channels():
    model = shufflenet_v2((32, 32), **V2)
    unit = keras.Model(model.get_layer("stage2_unit2_keep").input, model.get_layer("stage2_unit2_shuffle").output)
    x = noise(2, 4, 4, 16)
    # shuffled by two: the kept channels stand at even places
    assert np.array_equal(keras.ops.convert_to_numpy(unit(x))[..., ::2], x[..., :8])


@pytest.mark.parametrize(
    ("build", "settings", "wrong"),
    [
        (shufflenet_v1, V1, {"units": (2,)}),
        (shufflenet_v1, V1, {"units": (2, 0)}),
        (shufflenet_v1, V1, {"channels": (36, 64)}),
        (shufflenet_v1, V1, {"channels": (24, 64)}),
        (shufflenet_v2, V2, {"units": ()}),
        (shufflenet_v2, V2, {"channels": (15, 32)}),
        (fbnet, FBNET, {"blocks": ()}),
        (fbnet, FBNET, {"width": 0.3}),
        (espnetv2, ESPNET, {"channels": (16, 32, 48, 64, 80)}),
        (espnetv2, ESPNET, {"channels": (16, 32, 48, 64, 84, 24)}),
        (espnetv2, ESPNET, {"units": (1, 1, 1)}),
    ],
)
def test_what_cannot_be_is_refused(build, settings, wrong):
    with pytest.raises(ArgumentError):
        build((64, 64), **settings | wrong)
