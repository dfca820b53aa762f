"""What lies between the two models of Xue 2025: each optimisation of structure on or off by itself (4.1, 7.3)."""

from __future__ import annotations

import keras
from keras import layers

from reproduce.models.layers.blocks import conv_bn_relu, dense_block, mask_head, require_divisible, residual_block


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
) -> keras.Model:
    """The unoptimised model with any of the three changes of structure that make it the optimised one.

    With none it has the layers of `unoptimised_cnn`, with all of them those of `optimised_cnn` but for its slice head,
    names included. Xue 2025 says in 7.3 that ResNet and DenseNet help, and shows neither alone. Skip connections
    are a part by themselves: the paper does not name them, and they must not pass for an effect of the other two.

    Args:
        size: (y, x) of the image in pixels, multiples of `2 ** depth`.
        n_channels: Channels of the image.
        n_regions: Regions of the mask.
        width: Channels of the first level; each level doubles them.
        depth: Number of times that the grid is halved.
        bn_momentum: See `blocks.conv_bn_relu`.
        residual: Encoder and bottleneck of a stem and two residual blocks a level, halved by stride (He et al. 2016);
            else of two conv3x3-BN-ReLU a level, halved by max-pooling.
        dense: A dense block of four layers after the bottleneck, and a 1x1 transition (Huang et al. 2017).
        skips: The last features of each level of the encoder, before it is halved, are concatenated to what the
            decoder has on the same grid (Ronneberger et al. 2015).

    Returns:
        Model from float `[batch, y, x, n_channels]` to `{"mask": float32 [batch, y, x, n_regions]}` in [0, 1].

    Raises:
        ArgumentError: A side is no multiple of `2 ** depth`.
    """
    require_divisible(size, depth=depth, where="ablation_cnn")
    image = keras.Input((*size, n_channels), name="image")
    encode = _residual_encoder if residual else _plain_encoder
    features = encode(image, width, depth, bn_momentum)
    x = features.pop()
    bottleneck = width * 2**depth
    if dense:
        x = dense_block(x, 4, bottleneck // 4, "dense", bn_momentum=bn_momentum)
        x = conv_bn_relu(x, bottleneck, "transition", kernel=1, bn_momentum=bn_momentum)
    for level in reversed(range(depth)):
        filters = width * 2**level
        x = layers.Conv2DTranspose(filters, 2, 2, kernel_initializer="he_normal", name=f"decoder{level + 1}_up")(x)
        if skips:
            x = layers.Concatenate(name=f"decoder{level + 1}_skip")([x, features[level]])
        x = _two_convolutions(x, filters, f"decoder{level + 1}", bn_momentum)
    return keras.Model(image, {"mask": mask_head(x, n_regions)}, name="ablation_cnn")


def _plain_encoder(image, width: int, depth: int, bn_momentum: float) -> list:
    """The features of each level, finest first, the bottleneck's last."""
    features, x = [], image
    for level in range(depth):
        features.append(_two_convolutions(x, width * 2**level, f"encoder{level + 1}", bn_momentum))
        x = layers.MaxPooling2D(2, name=f"encoder{level + 1}_pool")(features[-1])
    return [*features, _two_convolutions(x, width * 2**depth, "bottleneck", bn_momentum)]


def _residual_encoder(image, width: int, depth: int, bn_momentum: float) -> list:
    """The features of each level, finest first, the bottleneck's last."""
    features, x = [], conv_bn_relu(image, width, "stem", bn_momentum=bn_momentum)
    for level in range(depth + 1):
        for i in (1, 2):
            stride = 2 if level > 0 and i == 1 else 1
            name = f"encoder{level + 1}_block{i}"
            x = residual_block(x, width * 2**level, name, stride=stride, bn_momentum=bn_momentum)
        features.append(x)
    return features


def _two_convolutions(x, filters: int, name: str, bn_momentum: float):
    for i in (1, 2):
        x = conv_bn_relu(x, filters, f"{name}_conv{i}", bn_momentum=bn_momentum)
    return x
