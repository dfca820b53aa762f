"""ResNet by hand: the plan of its stages, where it strides, how it pads, and what is frozen."""

import keras
import numpy as np
import pytest

from reproduce.errors import ArgumentError
from reproduce.models.classification.resnet import RESNET50, Stage, Variant, dilated_stages, resnet, resnet_features

TWO_STAGES = (Stage(1, (1,)), Stage(2, (1,)))
SMALL = {"n_channels": 1, "n_classes": 3, "width": 4, "conv_bias": False, "bn_momentum": 0.9}


def variant(**changes):
    settings = {"block": "basic", "stem": "7x7", "conv_bias": False, "bn_momentum": 0.9, "frozen_bn": False}
    return Variant(**settings | changes)


def features(size=(32, 32), stages=TWO_STAGES, width=2, **changes):
    image = keras.Input((*size, 1))
    return keras.Model(image, list(resnet_features(image, stages, variant(**changes), width=width)))


def plan(**settings):
    return [(stage.stride, stage.dilations) for stage in dilated_stages(RESNET50, **settings)]


def test_output_stride_8_as_in_torchvision():
    assert plan(output_stride=8, first_dilation="previous", multi_grid=None) == [
        (1, (1, 1, 1)),
        (2, (1, 1, 1, 1)),
        (1, (1, 2, 2, 2, 2, 2)),
        (1, (2, 4, 4)),
    ]


def test_output_stride_16_as_in_the_paper():
    # unit rates (1, 2, 4) times the stage's 2
    assert plan(output_stride=16, first_dilation="own", multi_grid=(1, 2, 4)) == [
        (1, (1, 1, 1)),
        (2, (1, 1, 1, 1)),
        (2, (1, 1, 1, 1, 1, 1)),
        (1, (2, 4, 8)),
    ]


def test_output_stride_32_is_the_classifier():
    stages = plan(output_stride=32, first_dilation="own", multi_grid=None)
    assert stages == [(1, (1,) * 3), (2, (1,) * 4), (2, (1,) * 6), (2, (1,) * 3)]


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"blocks": (3, 4, 6)}, "four stages"),
        ({"blocks": ()}, "four stages"),
        ({"blocks": (3, 0, 6, 3)}, "four stages"),
        ({"output_stride": 4}, "output stride of 8, 16 or 32"),
        ({"first_dilation": "next"}, "own"),
        ({"multi_grid": (1, 2)}, "a factor of multi_grid"),
        ({"multi_grid": ()}, "a factor of multi_grid"),
        ({"multi_grid": (1, 0, 1)}, "numbers from 1"),
        ({"output_stride": 32, "multi_grid": (2, 2, 2)}, "strides or dilates, not both"),
    ],
)
def test_a_plan_that_cannot_be_is_refused(change, expected):
    settings = {"blocks": RESNET50, "output_stride": 8, "first_dilation": "own", "multi_grid": None} | change
    with pytest.raises(ArgumentError, match=expected):
        dilated_stages(settings.pop("blocks"), **settings)


@pytest.mark.parametrize(("stride", "dilations"), [(1, ()), (0, (1,)), (1, (0,)), (2, (2, 2))])
def test_a_stage_that_cannot_be_is_refused(stride, dilations):
    with pytest.raises(ArgumentError, match="one block or more"):
        Stage(stride, dilations)


@pytest.mark.parametrize(("field", "known"), [("block", "bottleneck_3x3"), ("stem", "7x7")])
def test_an_unknown_variant_is_refused_and_the_known_ones_named(field, known):
    with pytest.raises(ArgumentError, match=known) as caught:
        variant(**{field: "other"})
    assert caught.value.where == f"Variant.{field}"


def test_parameters_by_hand_basic():
    # stem 49 * 2 + 8; stage 1: 2 (9 * 2 * 2 + 8); stage 2: 9 * 2 * 4 + 16, 9 * 4 * 4 + 16, shortcut 2 * 4 + 16
    assert features().count_params() == 106 + 88 + 88 + 160 + 24


def test_parameters_by_hand_bottleneck_with_biases():
    # stem 49 * 2 + 2 + 8; block to 2, 2, 8: 2 * 2 + 2 + 8, 9 * 2 * 2 + 2 + 8, 2 * 8 + 8 + 32, shortcut 2 * 8 + 8 + 32
    model = features(stages=(Stage(1, (1,)),), block="bottleneck_1x1", conv_bias=True)
    assert model.count_params() == 108 + 14 + 46 + 56 + 56


def test_parameters_by_hand_of_the_stem_of_three():
    # 9 * 2 + 8, 9 * 2 * 2 + 8, 9 * 2 * 4 + 16; the block's shortcut and first convolution then see 4 channels
    model = features(stages=(Stage(1, (1,)),), stem="3x3")
    assert model.count_params() == 26 + 44 + 88 + (9 * 4 * 2 + 8) + (9 * 2 * 2 + 8) + (4 * 2 + 8)


@pytest.mark.parametrize(("size", "grids"), [((32, 64), [(8, 16), (4, 8)]), ((30, 33), [(8, 9), (4, 5)])])
@pytest.mark.parametrize("block", ["basic", "bottleneck_1x1", "bottleneck_3x3"])
def test_grids_are_halved_and_rounded_up(size, grids, block):
    assert [tensor.shape[1:3] for tensor in features(size, block=block).outputs] == grids


def test_a_dilated_stage_keeps_its_grid():
    model = features(stages=(Stage(1, (1,)), Stage(1, (2, 4))))
    assert [tensor.shape[1:3] for tensor in model.outputs] == [(8, 8), (8, 8)]
    rates = {layer.name: layer.dilation_rate for layer in model.layers if isinstance(layer, keras.layers.Conv2D)}
    assert {name: rate for name, rate in rates.items() if rate != (1, 1)} == {
        "stage2_block1_conv1": (2, 2),
        "stage2_block1_conv2": (2, 2),
        "stage2_block2_conv1": (4, 4),
        "stage2_block2_conv2": (4, 4),
    }


def strided(model):
    kinds = keras.layers.Conv2D | keras.layers.MaxPooling2D
    layers = [layer for layer in model.layers if isinstance(layer, kinds)]
    return {layer.name.removeprefix("stage2_block1_") for layer in layers if tuple(layer.strides) == (2, 2)}


@pytest.mark.parametrize(
    ("block", "expected"),
    [
        ("basic", {"conv1", "shortcut_subsample"}),
        ("bottleneck_1x1", {"conv1_subsample", "shortcut_subsample"}),
        ("bottleneck_3x3", {"conv2", "shortcut_subsample"}),
    ],
)
def test_a_stage_strides_where_its_variant_says(block, expected):
    assert strided(features(block=block)) == {"stem_conv1", "stem_pool"} | expected


@pytest.mark.parametrize("name", ["stem_conv1", "stage2_block1_conv1"])
def test_strided_convolutions_look_at_even_pixels(name):
    # A kernel that is its middle tap alone takes pixels 0, 2, 4, ...; with Keras' "same" it would take 1, 3, 5, ...
    model = features()
    layer = model.get_layer(name)
    kernel = np.zeros(layer.kernel.shape, np.float32)
    middle = kernel.shape[0] // 2
    kernel[middle, middle, 0, 0] = 1
    layer.kernel.assign(kernel)
    before = model.get_layer(f"{name}_pad").input
    x, y = keras.Model(model.input, [before, layer.output])(np.random.default_rng(0).random((1, 32, 32, 1), np.float32))
    x, y = (keras.ops.convert_to_numpy(tensor) for tensor in (x, y))
    assert np.array_equal(y[..., 0], x[:, ::2, ::2, 0])
    assert x.std() > 0


def test_the_pooling_looks_one_pixel_beyond_each_edge():
    model = features((8, 8))
    before, pooled = keras.Model(model.input, [model.get_layer(n).output for n in ("stem_conv1_relu", "stem_pool")])(
        np.random.default_rng(0).standard_normal((1, 8, 8, 1)).astype(np.float32)
    )
    before, pooled = (keras.ops.convert_to_numpy(tensor) for tensor in (before, pooled))
    padded = np.pad(before, ((0, 0), (1, 1), (1, 1), (0, 0)), constant_values=-np.inf)
    expected = [[padded[:, y : y + 3, x : x + 3].max(axis=(1, 2)) for x in (0, 2)] for y in (0, 2)]
    assert np.array_equal(pooled[0], np.array(expected)[:, :, 0])


def test_shortcuts_are_the_identity_where_the_shape_stays():
    names = {layer.name for layer in features(stages=(Stage(1, (1, 1)), Stage(2, (1, 1)))).layers}
    assert {name for name in names if name.endswith("_shortcut")} == {"stage2_block1_shortcut"}
    wide = {layer.name for layer in features(stages=(Stage(1, (1, 1)),), block="bottleneck_3x3").layers}
    assert {name for name in wide if name.endswith("_shortcut")} == {"stage1_block1_shortcut"}


def test_batch_normalisation_takes_momentum_and_epsilon():
    norms = [x for x in features(bn_momentum=0.75).layers if isinstance(x, keras.layers.BatchNormalization)]
    assert {(layer.momentum, layer.epsilon, layer.trainable) for layer in norms} == {(0.75, 1e-5, True)}


def test_frozen_batch_normalisation_keeps_its_statistics_and_trains_nothing():
    model = features(frozen_bn=True)
    assert all("_bn" not in weight.path for weight in model.trainable_weights)
    assert len(model.trainable_weights) == 6
    before = [np.copy(weights) for weights in model.get_weights()]
    model(np.random.default_rng(0).random((2, 32, 32, 1), np.float32), training=True)
    assert all(np.array_equal(a, b) for a, b in zip(before, model.get_weights(), strict=True))


@pytest.mark.parametrize(("n_classes", "total"), [(3, [1.0, 1.0]), (1, None)])
def test_a_classifier_gives_a_softmax_or_one_sigmoid(n_classes, total):
    model = resnet((28, 28), blocks=(1, 1), block="basic", **SMALL | {"n_classes": n_classes})
    found = keras.ops.convert_to_numpy(model(np.random.default_rng(0).random((2, 28, 28, 1), np.float32))["class"])
    assert found.shape == (2, n_classes)
    assert found.dtype == np.float32
    assert ((found > 0) & (found < 1)).all()
    assert total is None or found.sum(axis=1) == pytest.approx(total, abs=1e-6)


def test_a_classifier_of_a_stage_without_blocks_is_refused():
    with pytest.raises(ArgumentError, match="one block or more"):
        resnet((28, 28), blocks=(1, 0), block="basic", **SMALL)


def test_one_step_moves_every_weight_of_a_classifier():
    keras.utils.set_random_seed(1)
    model = resnet((32, 32), blocks=(1, 1), block="bottleneck_1x1", **SMALL | {"conv_bias": True})
    model.compile(keras.optimizers.Adam(1e-2), loss="categorical_crossentropy", run_eagerly=True)
    before = [np.copy(weights) for weights in model.get_weights()]
    rng = np.random.default_rng(0)
    model.train_on_batch(rng.random((4, 32, 32, 1), np.float32), {"class": np.eye(3, dtype=np.float32)[[0, 1, 2, 0]]})
    still = {
        weight.path.rpartition("/")[0].rpartition("/")[2]
        for weight, old, new in zip(model.weights, before, model.get_weights(), strict=True)
        if np.array_equal(old, new)
    }
    assert still == set()
