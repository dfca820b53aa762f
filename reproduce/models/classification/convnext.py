"""ConvNeXt (Liu et al. 2022, "A ConvNet for the 2020s").

keras.applications has it too, but through functions of keras.ops, which cannot be walked layer by layer, and with
grouped convolutions in place of depthwise ones, which under TensorFlow on CPUs compile on each call.
"""

from __future__ import annotations

from collections.abc import Sequence

import keras
from keras import layers

from reproduce.errors import ArgumentError
from reproduce.models.layers.channels import ChannelScale
from reproduce.models.layers.class_head import class_head, raise_too_small

# ConvNeXt-T (3 there): channels and blocks of each stage.
WIDTHS_T = (96, 192, 384, 768)
DEPTHS_T = (3, 3, 9, 3)
EPSILON = 1e-6
# By its configuration, so that each layer has a seed of its own: one instance gives all of one shape the same weights.
_NORMAL = {"kernel_initializer": {"class_name": "TruncatedNormal", "config": {"stddev": 0.02}}}


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
    """Blocks of a depthwise 7x7 and a perceptron on each pixel (Figure 4), global pooling, one dense layer.

    Args:
        size: (y, x) of the image in pixels, 32 at least for four stages; a rest beyond multiples is left out.
        n_channels: Channels of the image.
        n_classes: Classes that exclude each other; 1 for yes or no.
        widths: Channels of each stage, `WIDTHS_T` for ConvNeXt-T.
        depths: Blocks of each stage, `DEPTHS_T` likewise.
        scale_start: Of the weights of each block's channels before training; 1e-6 in the paper.
        drop_path: Share of the images for which training leaves out the last block; in proportion for those before
            ("stochastic depth"); 0.1 for ConvNeXt-T in the paper.

    Returns:
        Model from float `[batch, y, x, n_channels]` to `{"class": float32 [batch, n_classes]}`: a softmax, or a sigmoid
        where there is one class.

    Raises:
        ArgumentError: Other numbers of widths than of depths, or an image of which strides leave nothing.
    """
    if len(widths) != len(depths) or not depths:
        got, do = f"{tuple(widths)} and {tuple(depths)}", "give one number of each for every stage"
        raise ArgumentError(expected="a width and a depth for each stage", got=got, where="convnext", do=do)
    if min(size) < 4 * 2 ** (len(depths) - 1):
        raise_too_small("convnext", f"{size[0]} x {size[1]} pixels")
    image = keras.Input((*size, n_channels), name="image")
    n_blocks, done = sum(depths), 0
    x = layers.Conv2D(widths[0], 4, 4, name="stem", **_NORMAL)(image)
    x = layers.LayerNormalization(epsilon=EPSILON, name="stem_norm")(x)
    for stage, (width, depth) in enumerate(zip(widths, depths, strict=True), start=1):
        if stage > 1:
            x = layers.LayerNormalization(epsilon=EPSILON, name=f"down{stage}_norm")(x)
            x = layers.Conv2D(width, 2, 2, name=f"down{stage}", **_NORMAL)(x)
        for i in range(1, depth + 1):
            share = drop_path * done / max(n_blocks - 1, 1)
            x = _block(x, width, f"stage{stage}_block{i}", scale_start=scale_start, drop_path=share)
            done += 1
    x = layers.GlobalAveragePooling2D(name="pool")(x)
    x = layers.LayerNormalization(epsilon=EPSILON, name="norm")(x)
    return keras.Model(image, {"class": class_head(x, n_classes)}, name="convnext")


def _block(x, width: int, name: str, *, scale_start: float, drop_path: float):
    y = layers.DepthwiseConv2D(
        7, padding="same", depthwise_initializer=_NORMAL["kernel_initializer"], name=f"{name}_depthwise"
    )(x)
    y = layers.LayerNormalization(epsilon=EPSILON, name=f"{name}_norm")(y)
    y = layers.Dense(4 * width, name=f"{name}_mlp1", **_NORMAL)(y)
    y = layers.Activation("gelu", name=f"{name}_gelu")(y)
    y = layers.Dense(width, name=f"{name}_mlp2", **_NORMAL)(y)
    y = ChannelScale(scale_start, name=f"{name}_scale")(y)
    y = drop_images(y, drop_path, name)
    return layers.Add(name=f"{name}_add")([x, y])


def drop_images(x, share: float, name: str):
    """A branch that training leaves out for a share of the images, the rest scaled up (Huang et al. 2016).

    Args:
        x: `[batch, y, x, channel]`.
        share: In [0, 1).
        name: Prefix of the layer.

    Returns:
        The same shape.
    """
    return layers.Dropout(share, noise_shape=(None, 1, 1, 1), name=f"{name}_drop")(x) if share else x
