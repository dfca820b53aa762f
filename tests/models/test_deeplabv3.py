"""DeepLabV3: its pyramid by hand, its strides and rates, and what a batch of one does to its image-level features."""

import keras
import numpy as np
import pytest

from reproduce.errors import ArgumentError
from reproduce.models.segmentation.deeplabv3 import atrous_pyramid, deeplabv3

SMALL = {
    "n_channels": 1,
    "n_regions": 2,
    "width": 2,
    "blocks": (1, 1, 1, 3),
    "first_dilation": "own",
    "multi_grid": (1, 2, 4),
    "refinement": False,
    "dropout": 0.0,
    "auxiliary": False,
    "bn_momentum": 0.9,
}


def pyramid(rates=(1, 2), channels=3, filters=2, size=(6, 6)):
    features = keras.Input((*size, channels))
    return keras.Model(features, atrous_pyramid(features, filters, rates, bn_momentum=0.9))


def dilations(model):
    convolutions = [layer for layer in model.layers if isinstance(layer, keras.layers.Conv2D)]
    return {layer.name: layer.dilation_rate[0] for layer in convolutions if layer.dilation_rate != (1, 1)}


def test_parameters_of_the_pyramid_by_hand():
    # 1x1, two 3x3 and the image's 1x1, from 3 to 2 channels; the last 1x1 from 4 branches of 2 to 2; 8 for each norm
    assert pyramid().count_params() == 3 * 2 + 2 * (9 * 3 * 2) + 3 * 2 + 4 * 2 * 2 + 5 * 8


def test_branches_in_order_and_the_image_level_is_the_same_everywhere():
    model = pyramid()
    branches = model.get_layer("aspp_concat").input
    names = ["aspp_point_relu", "aspp_atrous1_relu", "aspp_atrous2_relu", "aspp_image_resize"]
    assert all(tensor is model.get_layer(name).output for tensor, name in zip(branches, names, strict=True))
    features = np.random.default_rng(0).standard_normal((1, 6, 6, 3)).astype(np.float32)
    image_level = keras.Model(model.input, model.get_layer("aspp_image_resize").output)(features, training=False)
    kernel = keras.ops.convert_to_numpy(model.get_layer("aspp_image").kernel)[0, 0]
    # Fresh batch normalisation divides by sqrt(1 + 1e-5).
    expected = np.maximum(features.mean(axis=(1, 2)) @ kernel, 0) / np.sqrt(1 + 1e-5)
    found = keras.ops.convert_to_numpy(image_level)
    assert found == pytest.approx(np.broadcast_to(expected[:, None, None], found.shape), abs=1e-6)


def test_a_rate_as_large_as_the_grid_leaves_the_middle_tap():
    model = pyramid(rates=(6,))
    features = np.random.default_rng(0).standard_normal((1, 6, 6, 3)).astype(np.float32)
    atrous = keras.Model(model.input, model.get_layer("aspp_atrous1").output)(features)
    middle = keras.ops.convert_to_numpy(model.get_layer("aspp_atrous1").kernel)[1, 1]
    assert keras.ops.convert_to_numpy(atrous) == pytest.approx(features @ middle, abs=1e-5)


@pytest.mark.parametrize("rates", [(), (0,), (6, -1)])
def test_no_rate_or_one_below_1_is_refused(rates):
    with pytest.raises(ArgumentError, match="one rate or more"):
        pyramid(rates=rates)


def test_the_paper_at_output_stride_16():
    model = deeplabv3((64, 32), output_stride=16, rates=(6, 12, 18), **SMALL)
    assert model.get_layer("stage4_block3_relu").output.shape[1:3] == (4, 2)
    last = {f"stage4_block{i}_conv2": 2 * unit for i, unit in ((1, 1), (2, 2), (3, 4))}
    assert dilations(model) == {**last, "aspp_atrous1": 6, "aspp_atrous2": 12, "aspp_atrous3": 18}


def test_output_stride_8_dilates_the_third_stage_too():
    model = deeplabv3((64, 32), output_stride=8, rates=(12,), **SMALL)
    assert model.get_layer("stage4_block3_relu").output.shape[1:3] == (8, 4)
    last = {f"stage4_block{i}_conv2": 4 * unit for i, unit in ((1, 1), (2, 2), (3, 4))}
    assert dilations(model) == {"stage3_block1_conv2": 2, **last, "aspp_atrous1": 12}


def test_torchvision_keeps_the_dilation_before_in_each_first_block():
    settings = SMALL | {"first_dilation": "previous", "multi_grid": None}
    model = deeplabv3((32, 32), output_stride=8, rates=(12,), **settings)
    assert dilations(model) == {
        "stage4_block1_conv2": 2,
        "stage4_block2_conv2": 4,
        "stage4_block3_conv2": 4,
        "aspp_atrous1": 12,
    }


@pytest.mark.parametrize("size", [(24, 32), (32, 40)])
def test_a_size_that_8_divides_and_16_does_not(size):
    deeplabv3(size, output_stride=8, rates=(1,), **SMALL)
    with pytest.raises(ArgumentError, match="multiples of 16"):
        deeplabv3(size, output_stride=16, rates=(1,), **SMALL)


def test_refinement_and_dropout_sit_behind_the_pyramid():
    settings = SMALL | {"refinement": True, "dropout": 0.5}
    model = deeplabv3((32, 32), output_stride=8, rates=(1,), **settings)
    dropout = model.get_layer("aspp_dropout")
    assert dropout.rate == 0.5
    assert dropout.input is model.get_layer("aspp_project_relu").output
    assert model.get_layer("refinement").input is dropout.output
    assert model.get_layer("mask_logits").input is model.get_layer("refinement_relu").output


def test_a_batch_of_one_teaches_the_image_level_nothing():
    keras.utils.set_random_seed(1)
    model = deeplabv3((32, 32), output_stride=8, rates=(1,), **SMALL)
    model.compile(keras.optimizers.SGD(0.1), loss="categorical_crossentropy", run_eagerly=True)
    before = keras.ops.convert_to_numpy(model.get_layer("aspp_image").kernel).copy()
    rng = np.random.default_rng(0)
    reference = np.eye(2, dtype=np.float32)[rng.integers(0, 2, (1, 32, 32))]
    model.train_on_batch(rng.random((1, 32, 32, 1), np.float32), {"mask": reference})
    assert np.array_equal(keras.ops.convert_to_numpy(model.get_layer("aspp_image").kernel), before)
