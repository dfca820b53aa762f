"""The printed formulas against Keras to 1e-6, and each misprint against what it means."""

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from keras import layers

from reproduce.errors import ArgumentError
from reproduce.inspection import activation_formulas
from reproduce.inspection.formulas import (
    convolution,
    deconvolution,
    dense,
    output_size,
    pooling,
    receptive_field,
    same_padding,
    softmax,
)
from reproduce.inspection.geometry import layer_geometry

RNG = np.random.default_rng(5)
TO = {"rtol": 1e-6, "atol": 1e-6}


def draw(*shape):
    return RNG.normal(size=shape).astype(np.float32) / np.prod(shape[:3]) ** 0.5


def keras_output(layer, image, *weights):
    layer.build((None, *image.shape))
    layer.set_weights(weights)
    return keras.ops.convert_to_numpy(layer(image[None]))[0]


def keras_convolution(image, kernel, bias, *, stride=1, padding="valid"):
    layer = layers.Conv2D(kernel.shape[3], kernel.shape[:2], stride, padding)
    return keras_output(layer, image, kernel, bias)


@pytest.mark.parametrize("kernel", [1, 2, 3, 5])
@pytest.mark.parametrize("stride", [1, 2, 3])
@pytest.mark.parametrize("padding", [0, 1, 2])
def test_convolution_as_printed_is_that_of_keras(kernel, stride, padding):
    image, weights, bias = draw(9, 8, 3), draw(kernel, kernel, 3, 4), draw(4)
    padded = np.pad(image, [(padding, padding)] * 2 + [(0, 0)])
    ours = convolution(image, weights, bias, stride=stride, padding=padding)
    np.testing.assert_allclose(ours, keras_convolution(padded, weights, bias, stride=stride), **TO)
    assert ours.shape[:2] == tuple(output_size(n, kernel=kernel, stride=stride, padding=padding) for n in (9, 8))


def test_convolution_by_hand():
    image = np.arange(9.0).reshape(3, 3, 1)
    kernel = np.array([[1.0, 0.0], [0.0, 10.0]]).reshape(2, 2, 1, 1)
    # 0 + 10 * 4 + 100, 1 + 10 * 5 + 100; 3 + 10 * 7 + 100, 4 + 10 * 8 + 100
    expected = [[140, 151], [173, 184]]
    np.testing.assert_array_equal(convolution(image, kernel, np.array([100.0]), stride=1, padding=0)[..., 0], expected)


def test_the_convolution_of_mathematics_turns_the_kernel_round():
    """001, 2.1 calls it convolution; what it prints, and Keras computes, is a correlation."""
    image, kernel, bias = draw(6, 6, 1), draw(3, 3, 1, 1), np.zeros(1, np.float32)
    turned = convolution(image, kernel[::-1, ::-1], bias, stride=1, padding=0)
    assert np.abs(turned - keras_convolution(image, kernel, bias)).max() > 0.01


def printed_in_000(image, kernel, bias):
    """Y(i, j, k) = sum over m, n from 1 of X(i + m - 1, j + n - 1) W(m, n, k) + b_k; the image has one channel."""
    size = kernel.shape[0]
    windows = np.lib.stride_tricks.sliding_window_view(image, (size, size))
    return np.einsum("ijmn,mnk->ijk", windows, kernel) + bias


def test_the_convolution_of_document_000_is_that_of_one_channel():
    """000, 2.2.1 has no sum over channels: right for a grey image, wrong for two channels, whichever it is taken on."""
    grey, kernel, bias = draw(7, 7, 1), draw(3, 3, 1, 2), draw(2)
    np.testing.assert_allclose(
        printed_in_000(grey[..., 0], kernel[:, :, 0], bias), keras_convolution(grey, kernel, bias), **TO
    )
    image, kernel = draw(7, 7, 2), draw(3, 3, 2, 2)
    right = keras_convolution(image, kernel, bias)
    for channel in range(2):
        assert np.abs(printed_in_000(image[..., channel], kernel[:, :, channel], bias) - right).max() > 0.01


def test_the_bias_of_document_000_taken_inside_the_sums_counts_once_for_each_tap():
    """000, 2.2.1 sets no brackets: summed with the products, b_k would count nine times for nine taps."""
    grey, kernel, bias = draw(7, 7, 1), draw(3, 3, 1, 2), draw(2)
    inside = printed_in_000(grey[..., 0], kernel[:, :, 0], 9 * bias)
    difference = inside - keras_convolution(grey, kernel, bias)
    np.testing.assert_allclose(difference, np.broadcast_to(8 * bias, difference.shape), rtol=1e-4, atol=1e-5)
    assert np.abs(8 * bias).max() > 0.01


@pytest.mark.parametrize("kernel", [1, 2, 3, 4])
@pytest.mark.parametrize("stride", [1, 2, 3])
def test_deconvolution_is_the_transposed_convolution_of_keras(kernel, stride):
    features, weights, bias = draw(4, 5, 3), draw(kernel, kernel, 3, 2), draw(2)
    layer = layers.Conv2DTranspose(2, kernel, stride)
    right = keras_output(layer, features, np.swapaxes(weights, 2, 3), bias)
    np.testing.assert_allclose(deconvolution(features, weights, bias, stride=stride), right, **TO)


def test_deconvolution_is_the_transpose_of_the_convolution():
    """<conv(x), f> = <x, deconv(f)> for every x and f, which is what "transposed" says."""
    image, features = draw(7, 7, 2), draw(3, 3, 4)
    kernel, none = draw(3, 3, 2, 4), np.zeros(4)
    forth = (convolution(image, kernel, none, stride=2, padding=0) * features).sum()
    back = (image * deconvolution(features, np.swapaxes(kernel, 2, 3), np.zeros(2), stride=2)).sum()
    assert forth == pytest.approx(back, rel=1e-6)


def test_the_deconvolution_of_document_002_with_the_sign_of_convolution_never_enlarges():
    """002, 2 prints S = W * F + b, W * F being its convolution: 4x4 becomes 2x2, where 9x9 is due."""
    features, kernel, bias = draw(4, 4, 2), draw(3, 3, 2, 2), draw(2)
    as_printed = convolution(features, kernel, bias, stride=1, padding=0)
    assert as_printed.shape == (2, 2, 2)
    assert deconvolution(features, kernel, bias, stride=2).shape == (9, 9, 2)
    # at stride 1 with full padding the sizes agree, and the values still do not: the kernel lies the other way round
    full = convolution(features, kernel, bias, stride=1, padding=2)
    due = deconvolution(features, kernel, bias, stride=1)
    assert full.shape == due.shape
    assert np.abs(full - due).max() > 0.01
    turned = convolution(features, kernel[::-1, ::-1], bias, stride=1, padding=2)
    np.testing.assert_allclose(turned, due, **TO)


@pytest.mark.parametrize(("kind", "kind_of_keras"), [("max", "MaxPooling2D"), ("average", "AveragePooling2D")])
@pytest.mark.parametrize(("size", "stride"), [(2, 2), (3, 2), (2, 1), (3, 3)])
def test_pooling_is_that_of_keras(kind, kind_of_keras, size, stride):
    image = draw(9, 8, 3)
    right = keras_output(getattr(layers, kind_of_keras)(size, stride), image)
    np.testing.assert_allclose(pooling(image, size=size, stride=stride, kind=kind), right, **TO)


def test_dense_and_softmax_are_those_of_keras():
    values, weights, bias = draw(6), draw(4, 6), draw(4)
    layer = layers.Dense(4, "softmax")
    np.testing.assert_allclose(
        softmax(dense(values, weights, bias)), keras_output(layer, values, weights.T, bias), **TO
    )


def test_softmax_by_hand_and_far_out():
    np.testing.assert_allclose(softmax(np.log([1.0, 2.0, 5.0])), [0.125, 0.25, 0.625], rtol=1e-12)
    np.testing.assert_allclose(softmax(np.array([1000.0, 1000.0])), [0.5, 0.5])


@settings(max_examples=40, deadline=None)
@given(n=st.integers(1, 12), kernel=st.integers(1, 6), stride=st.integers(1, 4))
def test_output_size_is_that_of_keras_without_padding(n, kernel, stride):
    if n < kernel:
        with pytest.raises(ArgumentError, match="a kernel that fits"):
            output_size(n, kernel=kernel, stride=stride, padding=0)
        return
    shape = layers.Conv1D(1, kernel, strides=stride).compute_output_shape((None, n, 1))
    assert output_size(n, kernel=kernel, stride=stride, padding=0) == shape[1]


@pytest.mark.parametrize("kernel", range(1, 8))
def test_the_printed_padding_keeps_the_size_for_odd_kernels_alone(kernel):
    """001, 2.1: p = floor((k - 1) / 2) for "same"; with an even kernel one position is lost, which Keras keeps."""
    size = output_size(9, kernel=kernel, stride=1, padding=same_padding(kernel))
    assert size == (9 if kernel % 2 else 8)
    assert layers.Conv1D(1, kernel, padding="same").compute_output_shape((None, 9, 1))[1] == 9


def test_the_printed_padding_at_stride_two_gives_other_values_than_same():
    """001, 2.1: symmetric padding. On 8 positions with 3 taps Keras pads none before, one behind: other sums."""
    image, kernel, bias = draw(8, 8, 1), draw(3, 3, 1, 1), draw(1)
    printed = convolution(image, kernel, bias, stride=2, padding=same_padding(3))
    right = keras_convolution(image, kernel, bias, stride=2, padding="same")
    assert printed.shape == right.shape == (4, 4, 1)  # and not 8, "the size of the input"
    assert np.abs(printed - right).max() > 0.01


@settings(max_examples=15, deadline=None)
@given(st.lists(st.tuples(st.integers(1, 4), st.integers(1, 2)), max_size=4))
def test_the_receptive_field_is_that_of_the_geometry(taps_and_strides):
    chain = [layers.Input((64, 64, 1)), layers.Identity()]
    chain += [layers.Conv2D(1, kernel, stride) for kernel, stride in taps_and_strides]
    rows = layer_geometry(keras.Sequential(chain))
    kernels, strides = zip(*taps_and_strides, strict=True) if taps_and_strides else ((), ())
    assert receptive_field(kernels, strides) == rows[-1].receptive_field[0]


def test_the_receptive_field_by_hand():
    # VGG-16: blocks of 2, 2, 3, 3, 3 convolutions of 3x3, each with a pooling of 2x2 behind it
    kernels = [3, 3, 2] * 2 + [3, 3, 3, 2] * 3
    assert receptive_field(kernels, [2 if k == 2 else 1 for k in kernels]) == 212
    # 3x3 at stride 2, then 3x3: 3 + 2 * 2 = 7. With the layer's own stride in the product: 1 + 2 * 2 + 2 * 2 = 9
    assert receptive_field([3, 3], [2, 1]) == 7


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (activation_formulas.relu(), layers.ReLU()),
        (activation_formulas.leaky(0.01), layers.LeakyReLU(negative_slope=0.01)),
        (activation_formulas.elu(1.5), layers.ELU(alpha=1.5)),
        (activation_formulas.selu(), layers.Activation("selu")),
        (activation_formulas.sigmoid(), layers.Activation("sigmoid")),
        (activation_formulas.tanh(), layers.Activation("tanh")),
    ],
)
def test_activations_are_those_of_keras_and_derivatives_are_slopes(ours, theirs):
    x = np.linspace(-6, 6, 241, dtype=np.float32)
    np.testing.assert_allclose(ours.value(x), keras.ops.convert_to_numpy(theirs(x[None]))[0], **TO)
    away = x[np.abs(x) > 0.01].astype(np.float64)
    slope = (ours.value(away + 1e-6) - ours.value(away - 1e-6)) / 2e-6
    np.testing.assert_allclose(ours.derivative(away), slope, rtol=1e-6, atol=1e-8)
    assert np.isfinite(ours.value(np.array([-1e4, 1e4]))).all()


def test_a_kernel_of_other_channels_is_refused():
    with pytest.raises(ArgumentError, match="2 channels and a kernel for 3"):
        convolution(draw(5, 5, 2), draw(3, 3, 3, 1), np.zeros(1), stride=1, padding=0)
