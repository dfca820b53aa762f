"""The "optimised CNN" of Xue 2025: residual encoder, dense bottleneck, U-shaped decoder, slice head (4.1, 4.2)."""

from __future__ import annotations

import keras
from keras import layers

from reproduce.models.layers.blocks import (
    conv_bn_relu,
    dense_block,
    mask_head,
    require_divisible,
    residual_block,
    slice_head,
)


def optimised_cnn(
    size: tuple[int, int], *, n_channels: int, n_regions: int, width: int, depth: int, bn_momentum: float
) -> keras.Model:
    """A residual encoder, a dense block at the bottleneck, and a decoder with skip connections.

    silent: Xue 2025 names ResNet and DenseNet (4.1) but gives no layers. We use two basic residual blocks a level
    (ResNet-18's, He et al. 2016), the first of which halves the grid by its stride; a dense block of four layers (Huang
    et al. 2017) whose growth is a quarter of the bottleneck's width, so it doubles its channels; and the decoder of
    the unoptimised model with the encoder's features of each level concatenated (Ronneberger et al. 2015).

    Args:
        size: (y, x) of the image in pixels, multiples of `2 ** depth`.
        n_channels: Channels of the image.
        n_regions: Regions of the mask.
        width: Channels of the first level; each level doubles them.
        depth: Number of times that the grid is halved.
        bn_momentum: See `blocks.conv_bn_relu`.

    Returns:
        Model from float `[batch, y, x, n_channels]` to `{"mask": float32 [batch, y, x, n_regions], "slice": float32
        [batch, 1]}`, both in [0, 1].

    Raises:
        ArgumentError: A side is no multiple of `2 ** depth`.
    """
    require_divisible(size, depth=depth, where="optimised_cnn")
    image = keras.Input((*size, n_channels), name="image")
    x = conv_bn_relu(image, width, "stem", bn_momentum=bn_momentum)
    skips = []
    for level in range(depth + 1):
        filters = width * 2**level
        for i in (1, 2):
            stride = 2 if level > 0 and i == 1 else 1
            x = residual_block(x, filters, f"encoder{level + 1}_block{i}", stride=stride, bn_momentum=bn_momentum)
        skips.append(x)
    bottleneck = width * 2**depth
    x = dense_block(skips.pop(), 4, bottleneck // 4, "dense", bn_momentum=bn_momentum)
    x = conv_bn_relu(x, bottleneck, "transition", kernel=1, bn_momentum=bn_momentum)
    lesion = slice_head(x)
    for level in reversed(range(depth)):
        filters = width * 2**level
        x = layers.Conv2DTranspose(filters, 2, 2, kernel_initializer="he_normal", name=f"decoder{level + 1}_up")(x)
        x = layers.Concatenate(name=f"decoder{level + 1}_skip")([x, skips[level]])
        for i in (1, 2):
            x = conv_bn_relu(x, filters, f"decoder{level + 1}_conv{i}", bn_momentum=bn_momentum)
    return keras.Model(image, {"mask": mask_head(x, n_regions), "slice": lesion}, name="optimised_cnn")
