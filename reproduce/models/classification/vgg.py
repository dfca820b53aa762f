"""VGG as classifier (Simonyan and Zisserman 2015, Table 1): columns A, B, D and E differ in convolutions alone."""

from __future__ import annotations

from collections.abc import Sequence

import keras
from keras import layers

from reproduce.models.layers.blocks import biased_conv_relu
from reproduce.models.layers.class_head import class_head, raise_too_small
from reproduce.models.layers.vgg import N_CONVS as VGG16
from reproduce.models.layers.vgg import stage_filters

VGG19 = (2, 2, 4, 4, 4)
"""3x3 convolutions of each of the five stages: column E."""

__all__ = ["VGG16", "VGG19", "vgg"]


def vgg(
    size: tuple[int, int],
    *,
    n_channels: int,
    n_classes: int,
    n_convs: Sequence[int],
    width: int,
    units: int,
    batch_norm: bool,
    bn_momentum: float,
    dropout: float,
) -> keras.Model:
    """Stages of 3x3 convolutions, a 2x2 max-pooling after each, and three dense layers.

    Layers are named as in `vgg.vgg16_stage`. The first dense layer reads the grid that is left, 7x7 of 224x224 pixels.

    Args:
        size: (y, x) of the image in pixels, 2 to the number of stages at least; 224 in the paper.
        n_channels: Channels of the image.
        n_classes: Classes that exclude each other; 1 for yes or no.
        n_convs: Convolutions of each stage, `VGG16` or `VGG19`; five stages at most.
        width: Channels of the first stage, 64 in the paper; see `vgg.stage_filters`.
        units: Of the two hidden dense layers, 4096 in the paper.
        batch_norm: Whether batch normalisation follows each convolution; the paper has none.
        bn_momentum: See `blocks.conv_bn_relu`; without effect where there is no batch normalisation.
        dropout: Share of each hidden dense layer that training drops, 0.5 in the paper.

    Returns:
        Model from float `[batch, y, x, n_channels]` to `{"class": float32 [batch, n_classes]}`: a softmax, or a sigmoid
        where there is one class.

    Raises:
        ArgumentError: The image is so small that poolings leave nothing.
    """
    if min(size) < 2 ** len(n_convs):
        raise_too_small("vgg", f"{size[0]} x {size[1]} pixels for {len(n_convs)} poolings")
    image = x = keras.Input((*size, n_channels), name="image")
    for stage, (n, filters) in enumerate(zip(n_convs, stage_filters(width), strict=False), start=1):
        for i in range(1, n + 1):
            x = biased_conv_relu(x, filters, f"conv{stage}_{i}", batch_norm=batch_norm, bn_momentum=bn_momentum)
        x = layers.MaxPooling2D(2, name=f"pool{stage}")(x)
    x = layers.Flatten(name="flat")(x)
    for name in ("fc6", "fc7"):
        x = layers.Dense(units, activation="relu", kernel_initializer="he_normal", name=name)(x)
        x = layers.Dropout(dropout, name=f"{name}_dropout")(x)
    return keras.Model(image, {"class": class_head(x, n_classes)}, name="vgg")
