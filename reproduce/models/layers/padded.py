"""Convolutions and poolings padded alike on all sides, as torch pads; Keras' "same" pads more at the end.

In all of them `x` is `[batch, y, x, channel]`, `name` the prefix of the layers, `kernel`, an odd one, and `stride` are
in pixels, and the result is `[batch, ceil(y / stride), ceil(x / stride), filters]`.
"""

from __future__ import annotations

from collections.abc import Callable

from keras import layers

EPSILON = 1e-5
"""What batch normalisation adds to the variance in torch, and so in most releases. Keras would take 1e-3."""

Activation = Callable[[str], layers.Layer] | None


def relu(name: str) -> layers.Layer:
    """Return the activation of a name."""
    return layers.ReLU(name=f"{name}_relu")


def batch_norm(
    x, name: str, *, activation: Activation = None, bn_momentum: float | None, epsilon: float = EPSILON, frozen=False
):
    """Return batch normalisation, and what follows it.

    Args:
        x: See above.
        name: See above.
        activation: Makes the last layer of a name, such as `relu`; None for none.
        bn_momentum: Share of the old running statistics that one step keeps; None for no batch normalisation.
        epsilon: See `EPSILON`.
        frozen: Whether it is a constant scale and shift that training leaves alone.
    """
    if bn_momentum is not None:
        settings = {"momentum": bn_momentum, "epsilon": epsilon, "trainable": not frozen, "name": f"{name}_bn"}
        x = layers.BatchNormalization(**settings)(x)
    return x if activation is None else activation(name)(x)


def conv_bn(
    x, filters: int, name: str, *, kernel: int, stride=1, dilation=1, bias=False, activation: Activation = relu, **norm
):
    """Return a convolution with `dilation` pixels between its taps, and `batch_norm` with its arguments."""
    if kernel == 1 and stride > 1:
        # TensorFlow 2.21's gradient of a 1x1 convolution of stride s writes out of bounds on CPUs: we take every s-th
        # pixel first, which is the same.
        x, stride = layers.MaxPooling2D(1, stride, name=f"{name}_subsample")(x), 1
    x, padding = _padded(x, kernel, stride, name)
    settings = {"dilation_rate": dilation, "use_bias": bias, "kernel_initializer": "he_normal", "name": name}
    x = layers.Conv2D(filters, kernel, stride, padding, **settings)(x)
    return batch_norm(x, name, activation=activation, **norm)


def depthwise_bn(x, name: str, *, activation: Activation, bn_momentum: float, epsilon: float = EPSILON, **settings):
    """Return a `depthwise` convolution with its arguments, and `batch_norm`."""
    x = depthwise(x, name, **settings)
    return batch_norm(x, name, activation=activation, bn_momentum=bn_momentum, epsilon=epsilon)


def depthwise(x, name: str, *, kernel: int, stride: int = 1, dilation: int = 1, bias: bool = False):
    """Return a convolution of each channel by itself; `dilation` is the distance between taps."""
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


def max_pool(x, name: str):
    """Return the maximum over 3x3 at every second pixel; zeros around it change nothing after a ReLU."""
    return layers.MaxPooling2D(3, 2, name=name)(layers.ZeroPadding2D(1, name=f"{name}_pad")(x))


def average_pool(x, name: str):
    """Return the mean over 3x3 at every second pixel, zeros around the image counted, as torch has it."""
    return layers.AveragePooling2D(3, 2, name=name)(layers.ZeroPadding2D(1, name=f"{name}_pad")(x))


def _padded(x, kernel: int, stride: int, name: str):
    if stride > 1:
        return layers.ZeroPadding2D(kernel // 2, name=f"{name}_pad")(x), "valid"
    return x, "same"
