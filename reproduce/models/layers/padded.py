"""Convolutions and poolings with batch normalisation; padded alike on all sides, as torch pads, unless told otherwise.

In all of them `x` is `[batch, y, x, channel]`, `name` the prefix of the layers, `kernel`, an odd one, and `stride` are
in pixels, and the result is `[batch, ceil(y / stride), ceil(x / stride), filters]`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from keras import layers

from reproduce.models import Tensor
from reproduce.models.layers.normalisation import BatchNormalization

CONVOLUTION = {4: layers.Conv2D, 5: layers.Conv3D}
HE = {"kernel_initializer": "he_normal"}
EPSILON = 1e-5
"""What batch normalisation adds to the variance in torch, and so in most releases. Keras would take 1e-3."""

Activation = Callable[[str], layers.Layer] | None


def relu(name: str) -> layers.Layer:
    """Return the activation of a name."""
    return layers.ReLU(name=f"{name}_relu")


@dataclass(frozen=True)
class BatchNorm:
    """Batch normalisation, as a network has it after its convolutions.

    Attributes:
        momentum: Share of the old running statistics that one step keeps.
        epsilon: See `EPSILON`.
        frozen: Whether it is a constant scale and shift that training leaves alone.
    """

    momentum: float
    epsilon: float = EPSILON
    frozen: bool = False


def batch_norm(x: Tensor, name: str, norm: BatchNorm | None, *, activation: Activation = None) -> Tensor:
    """Return batch normalisation, none where `norm` is None, and the activation of the name, none where it is None."""
    if norm is not None:
        momentum, epsilon, trainable = norm.momentum, norm.epsilon, not norm.frozen
        x = BatchNormalization(momentum=momentum, epsilon=epsilon, trainable=trainable, name=f"{name}_bn")(x)
    return x if activation is None else activation(name)(x)


def conv_bn(
    x: Tensor,
    filters: int,
    name: str,
    *,
    kernel: int,
    stride: int = 1,
    dilation: int = 1,
    bias: bool = False,
    norm: BatchNorm | None,
    activation: Activation = relu,
    same: bool = False,
) -> Tensor:
    """Return a convolution of an image or a volume, `dilation` pixels between its taps, and `batch_norm`.

    With `same` it is padded as Keras has it, which pads more at the end where the kernel strides.
    """
    if kernel == 1 and stride > 1:
        # TensorFlow 2.21's gradient of a 1x1 convolution of stride s writes out of bounds on CPUs: we take every s-th
        # pixel first, which is the same.
        x, stride = layers.MaxPooling2D(1, stride, name=f"{name}_subsample")(x), 1
    x, padding = (x, "same") if same else _padded(x, kernel, stride, name)
    conv = CONVOLUTION[len(x.shape)](
        filters, kernel, stride, padding, dilation_rate=dilation, use_bias=bias, **HE, name=name
    )
    return batch_norm(conv(x), name, norm, activation=activation)


def depthwise_bn(
    x: Tensor,
    name: str,
    *,
    kernel: int,
    stride: int = 1,
    dilation: int = 1,
    norm: BatchNorm | None,
    activation: Activation = None,
) -> Tensor:
    """Return a `depthwise` convolution, and `batch_norm`."""
    x = depthwise(x, name, kernel=kernel, stride=stride, dilation=dilation)
    return batch_norm(x, name, norm, activation=activation)


def depthwise(x: Tensor, name: str, *, kernel: int, stride: int = 1, dilation: int = 1, bias: bool = False) -> Tensor:
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
    conv = layers.DepthwiseConv2D(
        kernel, stride, padding, dilation_rate=dilation, use_bias=bias, depthwise_initializer="he_normal", name=name
    )
    return conv(x)


def max_pool(x: Tensor, name: str) -> Tensor:
    """Return the maximum over 3x3 at every second pixel; zeros around it change nothing after a ReLU."""
    return layers.MaxPooling2D(3, 2, name=name)(layers.ZeroPadding2D(1, name=f"{name}_pad")(x))


def average_pool(x: Tensor, name: str) -> Tensor:
    """Return the mean over 3x3 at every second pixel, zeros around the image counted, as torch has it."""
    return layers.AveragePooling2D(3, 2, name=name)(layers.ZeroPadding2D(1, name=f"{name}_pad")(x))


def _padded(x: Tensor, kernel: int, stride: int, name: str) -> tuple[Tensor, str]:
    if stride > 1:
        return layers.ZeroPadding2D(kernel // 2, name=f"{name}_pad")(x), "valid"
    return x, "same"
