"""Blocks that several architectures share, on images and on volumes; every layer is named after its block.

In all of them `bn_momentum` is the share of the old running statistics that one step keeps; papers and frameworks
disagree.
"""

from __future__ import annotations

import math
from typing import Any

import keras
from keras import layers

from reproduce.errors import ArgumentError
from reproduce.models import Tensor
from reproduce.models.layers.padded import CONVOLUTION, HE, BatchNorm, batch_norm, conv_bn, relu

KERAS_EPSILON = 1e-3
"""What Keras' batch normalisation adds to the variance; see `padded.EPSILON` for torch's."""


def require_divisible(size: tuple[int, ...], *, depth: int, where: str) -> None:
    """Return if a grid can be halved `depth` times; else the decoder would come back to another grid.

    Raises:
        ArgumentError: A side is no positive multiple of `2 ** depth`.
    """
    step = 2**depth
    if any(side < step or side % step for side in size):
        expected = f"sides that are multiples of {step} (2 to the depth of {depth})"
        got = " x ".join(map(str, size)) + " pixels"
        do = "resize or pad to a multiple, or take a smaller depth where the model has one to choose"
        raise ArgumentError(expected=expected, got=got, where=where, do=do)


def conv_bn_relu(
    x: Tensor,
    filters: int,
    name: str,
    *,
    kernel: int = 3,
    stride: int = 1,
    bias: bool = False,
    bn_momentum: float | None,
) -> Tensor:
    """Return convolution, batch normalisation (Ioffe and Szegedy 2015) and ReLU, padded and normalised as Keras does.

    Args:
        x: `[batch, y, x, channel]` or `[batch, z, y, x, channel]`.
        filters: Channels out.
        name: Prefix of the layers.
        kernel: Side of the kernel in pixels.
        stride: Step in pixels.
        bias: Whether the convolution has one. Before a batch normalisation, which takes it away again, its gradient is
            zero, and it only counts among the parameters, as in the counts that are printed for older models.
        bn_momentum: None where there is no batch normalisation.

    Returns:
        `[batch, ceil(y / stride), ceil(x / stride), filters]`, or one axis more.
    """
    norm = None if bn_momentum is None else BatchNorm(bn_momentum, KERAS_EPSILON)
    return conv_bn(x, filters, name, kernel=kernel, stride=stride, bias=bias, norm=norm, same=True)


def two_convs(x: Tensor, filters: int, name: str, **settings: Any) -> Tensor:
    """Return `conv_bn_relu` of 3x3 twice, named "conv1" and "conv2", as U-shaped networks have it on each level."""
    for i in (1, 2):
        x = conv_bn_relu(x, filters, f"{name}_conv{i}", **settings)
    return x


def residual_block(x: Tensor, filters: int, name: str, *, stride: int = 1, bn_momentum: float) -> Tensor:
    """Return y = relu(F(x) + shortcut(x)), a basic residual block (He et al. 2016, equations 1 and 2, Figure 2).

    F is conv3x3-BN-ReLU-conv3x3-BN; the shortcut is the identity, or a 1x1 convolution with batch normalisation where
    the shape changes (option B there).

    The first convolution and the projection step by `stride` pixels: `[batch, ceil(y / stride), ceil(x / stride),
    filters]`.
    """
    norm, shortcut = BatchNorm(bn_momentum, KERAS_EPSILON), x
    if stride != 1 or x.shape[-1] != filters:
        shortcut = conv_bn(x, filters, f"{name}_shortcut", kernel=1, stride=stride, norm=norm, activation=None)
    y = conv_bn_relu(x, filters, f"{name}_conv1", stride=stride, bn_momentum=bn_momentum)
    y = conv_bn(y, filters, f"{name}_conv2", kernel=3, norm=norm, activation=None)
    return layers.ReLU(name=f"{name}_relu")(layers.Add(name=f"{name}_add")([y, shortcut]))


def dense_block(x: Tensor, n_layers: int, growth: int, name: str, *, bn_momentum: float) -> Tensor:
    """Return a dense block with bottlenecks (DenseNet-B, Huang et al. 2017, section 3).

    Each layer is BN-ReLU-conv1x1(4 growth)-BN-ReLU-conv3x3(growth) and is concatenated to all that came before it.

    So `[batch, y, x, channel + n_layers * growth]` comes of `[batch, y, x, channel]`.
    """
    for i in range(1, n_layers + 1):
        y = x
        for step, (filters, kernel) in enumerate(((4 * growth, 1), (growth, 3)), start=1):
            prefix = f"{name}_layer{i}_conv{step}"
            y = batch_norm(y, prefix, BatchNorm(bn_momentum, KERAS_EPSILON), activation=relu)
            y = layers.Conv2D(filters, kernel, padding="same", use_bias=False, **HE, name=prefix)(y)
        x = layers.Concatenate(name=f"{name}_layer{i}_concat")([x, y])
    return x


def mask_head(x: Tensor, n_regions: int, *, prior: float = 0.5) -> Tensor:
    """Return the probability of each region, which may overlap, in each pixel: 1x1 convolution and sigmoid.

    In float32 whatever the precision, as all heads: the tensor "mask", `[batch, y, x, n_regions]` in [0, 1]. Its bias
    starts at -log((1 - prior) / prior) (Lin et al. 2017, 4.1). From one half, cross-entropy on lesions of a hundredth
    of the pixels spends its first thousand steps on bringing the background down; from a hundredth, Dice has hardly a
    gradient on a lesion, and from one half none on an image without one: there a tenth serves it.
    """
    bias = keras.initializers.Constant(-math.log((1 - prior) / prior))
    logits = layers.Conv2D(n_regions, 1, bias_initializer=bias, dtype="float32", name="mask_logits")(x)
    return layers.Activation("sigmoid", dtype="float32", name="mask")(logits)


def probabilities(logits: Tensor, name: str) -> Tensor:
    """Return the softmax over the last axis where it has several entries, which exclude each other; sigmoid of one.

    The tensor `name`, float32 `[..., n]` in [0, 1]: classes of an image, or regions of each pixel.
    """
    activation = "softmax" if logits.shape[-1] > 1 else "sigmoid"
    return layers.Activation(activation, dtype="float32", name=name)(logits)


def exclusive_mask_head(x: Tensor, n_regions: int) -> Tensor:
    """Return `probabilities` "mask" of regions that exclude each other: 1x1 convolution of an image or a volume."""
    logits = CONVOLUTION[len(x.shape)](n_regions, 1, dtype="float32", name="mask_logits")(x)
    return probabilities(logits, "mask")


def slice_head(x: Tensor) -> Tensor:
    """Return the probability that a slice holds a lesion: global average pooling, one unit, sigmoid.

    The tensor "slice", float32 `[batch, 1]` in [0, 1], of features `[batch, y, x, channel]`.
    """
    pooled = layers.GlobalAveragePooling2D(name="slice_pool")(x)
    return layers.Dense(1, activation="sigmoid", dtype="float32", name="slice")(pooled)
