"""Blocks by hand: parameters, what a shortcut computes, and the heads."""

import keras
import numpy as np
import pytest
from keras import layers

from reproduce.models.layers.blocks import (
    conv_bn_relu,
    dense_block,
    mask_head,
    require_divisible,
    residual_block,
    slice_head,
)


def block(function, *arguments, channels=3, size=6, **settings):
    image = keras.Input((size, size, channels))
    return keras.Model(image, function(image, *arguments, **settings))


def run(model, images):
    return keras.ops.convert_to_numpy(model(images, training=False))


def noise(*shape):
    return np.random.default_rng(0).standard_normal(shape).astype(np.float32)


def test_conv_bn_relu_has_no_bias():
    # 9 * 3 * 5 weights, 4 * 5 of the batch normalisation
    assert block(conv_bn_relu, 5, "a", bn_momentum=0.9).count_params() == 135 + 20


@pytest.mark.parametrize(("stride", "size", "expected"), [(1, 6, 6), (2, 6, 3), (2, 5, 3)])
def test_conv_bn_relu_rounds_its_grid_up(stride, size, expected):
    model = block(conv_bn_relu, 5, "a", size=size, stride=stride, bn_momentum=0.9)
    assert model.output.shape == (None, expected, expected, 5)


def test_residual_block_with_the_identity_as_shortcut():
    model = block(residual_block, 3, "r", bn_momentum=0.9)
    assert model.count_params() == 2 * (9 * 3 * 3 + 4 * 3)
    assert not [layer for layer in model.layers if "shortcut" in layer.name]


def test_residual_block_with_a_projection():
    model = block(residual_block, 5, "r", stride=2, bn_momentum=0.9)
    # conv1 9*3*5 + 20, conv2 9*5*5 + 20, projection 3*5 + 20
    assert model.count_params() == 155 + 245 + 35
    assert model.output.shape == (None, 3, 3, 5)


def test_a_residual_block_whose_branch_is_zero_is_the_relu_of_its_input():
    model = block(residual_block, 3, "r", bn_momentum=0.9)
    model.get_layer("r_conv2_bn").gamma.assign([0, 0, 0])
    images = noise(2, 6, 6, 3)
    assert np.array_equal(run(model, images), np.maximum(images, 0))


@pytest.mark.parametrize("size", [6, 7])
def test_taking_every_second_pixel_before_a_1x1_convolution_is_a_strided_one(size):
    model = block(residual_block, 5, "r", size=size, stride=2, bn_momentum=0.9)
    shortcut = keras.Model(model.input, model.get_layer("r_shortcut").output)
    strided = layers.Conv2D(5, 1, 2, "same", use_bias=False)
    strided.build((None, size, size, 3))
    strided.kernel.assign(model.get_layer("r_shortcut").kernel)
    images = noise(2, size, size, 3)
    expected = keras.ops.convert_to_numpy(strided(images))
    assert run(shortcut, images) == pytest.approx(expected, abs=1e-6)
    kernel = keras.ops.convert_to_numpy(strided.kernel)[0, 0]
    assert expected == pytest.approx(images[:, ::2, ::2] @ kernel, abs=1e-5)


def test_dense_block_by_hand():
    model = block(dense_block, 2, 2, "d", bn_momentum=0.9)
    # a layer on c channels: BN 4c, conv1x1 c * 8, BN 32, conv3x3 9 * 8 * 2; c = 3, then 5
    assert model.count_params() == sum(4 * c + 8 * c + 32 + 144 for c in (3, 5))
    assert model.output.shape == (None, 6, 6, 3 + 2 * 2)


def test_a_dense_block_hands_its_input_on_untouched():
    images = noise(2, 6, 6, 3)
    assert np.array_equal(run(block(dense_block, 2, 2, "d", bn_momentum=0.9), images)[..., :3], images)


def test_mask_head_is_the_sigmoid_of_a_1x1_convolution():
    model = block(mask_head, 2)
    weights, bias = (keras.ops.convert_to_numpy(v) for v in model.get_layer("mask_logits").variables)
    images = noise(1, 6, 6, 3)
    assert run(model, images) == pytest.approx(1 / (1 + np.exp(-(images @ weights[0, 0] + bias))), abs=1e-6)


def test_slice_head_is_the_sigmoid_of_the_mean_over_pixels():
    model = block(slice_head)
    weights, bias = (keras.ops.convert_to_numpy(v) for v in model.get_layer("slice").variables)
    images = noise(2, 6, 6, 3)
    assert run(model, images) == pytest.approx(1 / (1 + np.exp(-(images.mean(axis=(1, 2)) @ weights + bias))), abs=1e-6)


def test_every_size_is_a_multiple_of_1():
    require_divisible((5, 7), depth=0, where="here")
