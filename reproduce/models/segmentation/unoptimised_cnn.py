"""The "unoptimised CNN" of Xue 2025, which names it but does not define it."""

from __future__ import annotations

import keras
from keras import layers

from reproduce.models.layers.blocks import conv_bn_relu, mask_head, require_divisible


def unoptimised_cnn(
    size: tuple[int, int], *, n_channels: int, n_regions: int, width: int, depth: int, bn_momentum: float
) -> keras.Model:
    """A plain convolutional encoder-decoder: no residual or dense block, no skip connection, no slice head.

    silent: Xue 2025 says only "unoptimised". We use two conv3x3-BN-ReLU a level, max-pooling down and transposed
    convolution up, which is what the optimised model is without the additions of 4.1; batch normalisation stays in
    both, since 4.1 and 4.2 do not count it among the optimisations.

    Args:
        size: (y, x) of the image in pixels, multiples of `2 ** depth`.
        n_channels: Channels of the image.
        n_regions: Regions of the mask.
        width: Channels of the first level; each level doubles them.
        depth: Number of poolings.
        bn_momentum: See `blocks.conv_bn_relu`.

    Returns:
        Model from float `[batch, y, x, n_channels]` to `{"mask": float32 [batch, y, x, n_regions]}` in [0, 1].

    Raises:
        ArgumentError: A side is no multiple of `2 ** depth`.
    """
    require_divisible(size, depth=depth, where="unoptimised_cnn")
    image = keras.Input((*size, n_channels), name="image")
    x = image
    for level in range(depth):
        x = _level(x, width * 2**level, f"encoder{level + 1}", bn_momentum)
        x = layers.MaxPooling2D(2, name=f"encoder{level + 1}_pool")(x)
    x = _level(x, width * 2**depth, "bottleneck", bn_momentum)
    for level in reversed(range(depth)):
        filters = width * 2**level
        x = layers.Conv2DTranspose(filters, 2, 2, kernel_initializer="he_normal", name=f"decoder{level + 1}_up")(x)
        x = _level(x, filters, f"decoder{level + 1}", bn_momentum)
    return keras.Model(image, {"mask": mask_head(x, n_regions)}, name="unoptimised_cnn")


def _level(x, filters: int, name: str, bn_momentum: float):
    for i in (1, 2):
        x = conv_bn_relu(x, filters, f"{name}_conv{i}", bn_momentum=bn_momentum)
    return x
