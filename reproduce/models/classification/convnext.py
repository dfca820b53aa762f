"""ConvNeXt (Liu et al. 2022, "A ConvNet for the 2020s").

keras.applications has it too, but through functions of keras.ops, which cannot be walked layer by layer, and with
grouped convolutions in place of depthwise ones, which under TensorFlow on CPUs compile on each call.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import keras
from keras import layers

from reproduce.errors import ArgumentError
from reproduce.models import Tensor
from reproduce.models.classification.vit import NORMAL
from reproduce.models.layers.channels import ChannelScale
from reproduce.models.layers.class_head import class_head, require_large

# ConvNeXt-T (3 there): channels and blocks of each stage.
WIDTHS_T = (96, 192, 384, 768)
DEPTHS_T = (3, 3, 9, 3)
EPSILON = 1e-6


def convnext(
    size: tuple[int, int],
    *,
    n_channels: int,
    n_classes: int,
    widths: Sequence[int],
    depths: Sequence[int],
    scale_start: float,
    drop_path: float,
) -> keras.Model:
    """Return blocks of a depthwise 7x7 and a perceptron on each pixel (Figure 4), global pooling, one dense layer.

    Args:
        size: 32 at least for four stages; a rest beyond multiples is left out.
        widths: Channels of each stage, `WIDTHS_T` for ConvNeXt-T.
        depths: Blocks of each stage, `DEPTHS_T` for ConvNeXt-T.
        scale_start: Weights of each block's channels before training; 1e-6 in the paper.
        drop_path: See `drop_shares`; 0.1 for ConvNeXt-T in the paper.

    Raises:
        ArgumentError: Other numbers of widths than of depths.
    """
    if len(widths) != len(depths) or not depths:
        got, do = f"{tuple(widths)} and {tuple(depths)}", "give one number of each for every stage"
        raise ArgumentError(expected="a width and a depth for each stage", got=got, where="convnext", do=do)
    require_large(size, 4 * 2 ** (len(depths) - 1), where="convnext")
    image = keras.Input((*size, n_channels), name="image")
    drops = drop_shares(drop_path, sum(depths))
    x = layers.Conv2D(widths[0], 4, 4, kernel_initializer=NORMAL, name="stem")(image)
    x = layers.LayerNormalization(epsilon=EPSILON, name="stem_norm")(x)
    for stage, (width, depth) in enumerate(zip(widths, depths, strict=True), start=1):
        if stage > 1:
            x = layers.LayerNormalization(epsilon=EPSILON, name=f"down{stage}_norm")(x)
            x = layers.Conv2D(width, 2, 2, kernel_initializer=NORMAL, name=f"down{stage}")(x)
        for i in range(1, depth + 1):
            name = f"stage{stage}_block{i}"
            y = layers.DepthwiseConv2D(7, padding="same", depthwise_initializer=NORMAL, name=f"{name}_depthwise")(x)
            y = mlp(layers.LayerNormalization(epsilon=EPSILON, name=f"{name}_norm")(y), name)
            y = ChannelScale(scale_start, name=f"{name}_scale")(y)
            x = layers.Add(name=f"{name}_add")([x, drop_images(y, next(drops), name)])
    x = layers.GlobalAveragePooling2D(name="pool")(x)
    x = layers.LayerNormalization(epsilon=EPSILON, name="norm")(x)
    return keras.Model(image, {"class": class_head(x, n_classes)}, name="convnext")


def mlp(x: Tensor, name: str) -> Tensor:
    """Return a perceptron with four times as many hidden units as there are channels, on each pixel alone."""
    y = layers.Dense(4 * x.shape[-1], kernel_initializer=NORMAL, name=f"{name}_mlp1")(x)
    y = layers.Activation("gelu", name=f"{name}_gelu")(y)
    return layers.Dense(x.shape[-1], kernel_initializer=NORMAL, name=f"{name}_mlp2")(y)


def drop_shares(last: float, n_blocks: int) -> Iterator[float]:
    """Return for each block the share of the images for which training leaves it out ("stochastic depth").

    That of the last block is `last`; those before have it in proportion, the first none.
    """
    return (last * i / max(n_blocks - 1, 1) for i in range(n_blocks))


def drop_images(x: Tensor, share: float, name: str) -> Tensor:
    """Return a branch that training leaves out for a share of the images, the rest scaled up (Huang et al. 2016)."""
    return layers.Dropout(share, noise_shape=(None, 1, 1, 1), name=f"{name}_drop")(x) if share else x
