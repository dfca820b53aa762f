"""Convolutions and poolings padded alike on all sides, as torch pads; Keras' "same" pads more at the end."""

from __future__ import annotations

from collections.abc import Callable

from keras import layers


def conv_bn(
    x,
    filters: int,
    name: str,
    *,
    kernel: int,
    stride: int = 1,
    activation: Callable[[str], layers.Layer] | None,
    bn_momentum: float,
    epsilon: float,
):
    """Convolution without bias, batch normalisation, and what follows it.

    Args:
        x: `[batch, y, x, channel]`.
        filters: Channels out.
        name: Prefix of the layers.
        kernel: Side of the kernel in pixels, odd.
        stride: Step in pixels.
        activation: Makes the last layer of a name, such as `relu`; None for none.
        bn_momentum: Share of the old running statistics that one step keeps.
        epsilon: Added to the variance by batch normalisation; frameworks disagree.

    Returns:
        `[batch, ceil(y / stride), ceil(x / stride), filters]`.
    """
    x, padding = _padded(x, kernel, stride, name)
    x = layers.Conv2D(filters, kernel, stride, padding, use_bias=False, kernel_initializer="he_normal", name=name)(x)
    return _normed(x, name, activation, bn_momentum, epsilon)


def depthwise_bn(
    x,
    name: str,
    *,
    kernel: int,
    stride: int = 1,
    dilation: int = 1,
    activation: Callable[[str], layers.Layer] | None,
    bn_momentum: float,
    epsilon: float,
):
    """A convolution of each channel by itself, without bias, batch normalisation, and what follows it.

    Args:
        x: See `conv_bn`.
        name: See `conv_bn`.
        kernel: See `conv_bn`.
        stride: See `conv_bn`.
        dilation: Distance in pixels between neighbouring taps.
        activation: See `conv_bn`.
        bn_momentum: See `conv_bn`.
        epsilon: See `conv_bn`.

    Returns:
        `[batch, ceil(y / stride), ceil(x / stride), channel]`.
    """
    x = depthwise(x, name, kernel=kernel, stride=stride, dilation=dilation)
    return _normed(x, name, activation, bn_momentum, epsilon)


def depthwise(x, name: str, *, kernel: int, stride: int = 1, dilation: int = 1, bias: bool = False):
    """A convolution of each channel by itself.

    Args:
        x: See `depthwise_bn`.
        name: See `depthwise_bn`.
        kernel: See `depthwise_bn`.
        stride: See `depthwise_bn`.
        dilation: See `depthwise_bn`.
        bias: Whether it has one.

    Returns:
        `[batch, ceil(y / stride), ceil(x / stride), channel]`.
    """
    if stride > 1 and dilation > 1:
        # TensorFlow has no depthwise convolution that does both. Where dilation is a multiple of the stride only every
        # s-th pixel is read; else all positions are computed, and every s-th is kept.
        if dilation % stride == 0:
            x = layers.MaxPooling2D(1, stride, name=f"{name}_subsample")(x)
            return depthwise(x, name, kernel=kernel, dilation=dilation // stride, bias=bias)
        x = depthwise(x, name, kernel=kernel, dilation=dilation, bias=bias)
        return layers.MaxPooling2D(1, stride, name=f"{name}_subsample")(x)
    x, padding = _padded(x, kernel, stride, name)
    settings = {"use_bias": bias, "depthwise_initializer": "he_normal", "name": name}
    return layers.DepthwiseConv2D(kernel, stride, padding, dilation_rate=dilation, **settings)(x)


def relu(name: str) -> layers.Layer:
    """The activation of a name."""
    return layers.ReLU(name=f"{name}_relu")


def max_pool(x, name: str):
    """The maximum over 3x3 pixels at every second one; padded by zeros, which change nothing after a ReLU.

    Args:
        x: `[batch, y, x, channel]`, not negative.
        name: Of the pooling.

    Returns:
        `[batch, ceil(y / 2), ceil(x / 2), channel]`.
    """
    return layers.MaxPooling2D(3, 2, name=name)(layers.ZeroPadding2D(1, name=f"{name}_pad")(x))


def average_pool(x, name: str):
    """The mean over 3x3 pixels at every second one, zeros around the image counted, as torch has it.

    Args:
        x: `[batch, y, x, channel]`.
        name: Of the pooling.

    Returns:
        `[batch, ceil(y / 2), ceil(x / 2), channel]`.
    """
    return layers.AveragePooling2D(3, 2, name=name)(layers.ZeroPadding2D(1, name=f"{name}_pad")(x))


def _padded(x, kernel: int, stride: int, name: str):
    if stride > 1:
        return layers.ZeroPadding2D(kernel // 2, name=f"{name}_pad")(x), "valid"
    return x, "same"


def _normed(x, name: str, activation, bn_momentum: float, epsilon: float):
    x = layers.BatchNormalization(momentum=bn_momentum, epsilon=epsilon, name=f"{name}_bn")(x)
    return x if activation is None else activation(name)(x)
