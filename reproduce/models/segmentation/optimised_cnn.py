"""The "optimised" and the "unoptimised CNN" of Xue 2025, and what lies between them (4.1, 4.2, 7.3).

silent: Xue 2025 names ResNet and DenseNet (4.1) but gives no layers, and says only "unoptimised". What we use is in
the docstrings; batch normalisation is in all, since 4.1 and 4.2 do not count it among the optimisations.
"""

from __future__ import annotations

from collections.abc import Sequence

import keras
from keras import layers

from reproduce.models import Tensor
from reproduce.models.layers.blocks import (
    conv_bn_relu,
    dense_block,
    mask_head,
    require_divisible,
    residual_block,
    slice_head,
    two_convs,
)
from reproduce.models.layers.padded import HE


def optimised_cnn(
    size: tuple[int, int],
    *,
    n_channels: int,
    n_regions: int,
    width: int,
    depth: int,
    bn_momentum: float,
    prior: float = 0.5,
) -> keras.Model:
    """Return `ablation_cnn` with all of its parts, and a second output "slice", float32 `[batch, 1]` in [0, 1].

    The slice head reads the features between encoder and decoder.
    """
    parts = {"residual": True, "dense": True, "skips": True, "head": True}
    return _u_shaped("optimised_cnn", size, n_channels, n_regions, width, depth, bn_momentum, prior, **parts)


def unoptimised_cnn(
    size: tuple[int, int],
    *,
    n_channels: int,
    n_regions: int,
    width: int,
    depth: int,
    bn_momentum: float,
    prior: float = 0.5,
) -> keras.Model:
    """Return `ablation_cnn` with none of its parts: no residual or dense block, no skip connection, no slice head."""
    parts = {"residual": False, "dense": False, "skips": False, "head": False}
    return _u_shaped("unoptimised_cnn", size, n_channels, n_regions, width, depth, bn_momentum, prior, **parts)


def ablation_cnn(
    size: tuple[int, int],
    *,
    n_channels: int,
    n_regions: int,
    width: int,
    depth: int,
    bn_momentum: float,
    residual: bool,
    dense: bool,
    skips: bool,
    prior: float = 0.5,
) -> keras.Model:
    """Return a plain encoder-decoder with any of the three changes of structure that make it the optimised one.

    The layers of each part have the same names whichever others there are. Xue 2025 says in 7.3 that ResNet and
    DenseNet help, and shows neither alone. Skip connections are a part by themselves: the paper does not name them,
    and they must not pass for an effect of the other two.

    Args:
        size: Multiples of `2 ** depth`.
        width: Channels of the first level; each level doubles them.
        depth: Number of times that the grid is halved, and brought up again by transposed convolutions.
        residual: Encoder and bottleneck of a stem and two basic residual blocks a level (ResNet-18's, He et al. 2016),
            the first of which halves the grid by its stride; else of two conv3x3-BN-ReLU a level and max-pooling.
        dense: A dense block of four layers after the bottleneck, whose growth is a quarter of the bottleneck's width,
            so it doubles its channels, and a 1x1 transition (Huang et al. 2017).
        skips: The last features of each level of the encoder, before it is halved, are concatenated to what the
            decoder has on the same grid (Ronneberger et al. 2015).
        prior: Probability from which the mask starts, see `mask_head`.
    """
    parts = {"residual": residual, "dense": dense, "skips": skips, "head": False}
    return _u_shaped("ablation_cnn", size, n_channels, n_regions, width, depth, bn_momentum, prior, **parts)


def _u_shaped(
    name: str,
    size: tuple[int, int],
    n_channels: int,
    n_regions: int,
    width: int,
    depth: int,
    bn_momentum: float,
    prior: float,
    *,
    residual: bool,
    dense: bool,
    skips: bool,
    head: bool,
) -> keras.Model:
    """Return the model of these parts, with or without a slice head on the features between encoder and decoder."""
    require_divisible(size, depth=depth, where=name)
    image = x = keras.Input((*size, n_channels), name="image")
    features, bottleneck = [], width * 2**depth
    if residual:
        x = conv_bn_relu(x, width, "stem", bn_momentum=bn_momentum)
    for level in range(depth + 1):
        filters = width * 2**level
        if residual:
            for i in (1, 2):
                stride = 2 if level > 0 and i == 1 else 1
                x = residual_block(x, filters, f"encoder{level + 1}_block{i}", stride=stride, bn_momentum=bn_momentum)
        else:
            if level:
                x = layers.MaxPooling2D(2, name=f"encoder{level}_pool")(x)
            x = two_convs(x, filters, f"encoder{level + 1}" if level < depth else "bottleneck", bn_momentum=bn_momentum)
        features.append(x)
    if dense:
        x = dense_block(x, 4, bottleneck // 4, "dense", bn_momentum=bn_momentum)
        x = conv_bn_relu(x, bottleneck, "transition", kernel=1, bn_momentum=bn_momentum)
    outputs = {"slice": slice_head(x)} if head else {}
    x = up_to_image(x, features[:-1] if skips else None, width=width, depth=depth, bn_momentum=bn_momentum)
    return keras.Model(image, {"mask": mask_head(x, n_regions, prior=prior), **outputs}, name=name)


def up_to_image(
    x: Tensor, skips: Sequence[Tensor | None] | None, *, width: int, depth: int, bn_momentum: float
) -> Tensor:
    """Return the features of a U-shaped decoder: transposed convolution, skip connection, two convolutions a level.

    Args:
        x: `[batch, y / 2 ** depth, x / 2 ** depth, channel]`; comes back as `[batch, y, x, width]`.
        skips: Features of the encoder on each grid, the image's own first, None where it has none; None for no skips.
        width: Channels on the image's own grid; each halving doubles them.
    """
    for level in reversed(range(depth)):
        name, filters = f"decoder{level + 1}", width * 2**level
        x = layers.Conv2DTranspose(filters, 2, 2, **HE, name=f"{name}_up")(x)
        if skips and skips[level] is not None:
            x = layers.Concatenate(name=f"{name}_skip")([x, skips[level]])
        x = two_convs(x, filters, name, bn_momentum=bn_momentum)
    return x
