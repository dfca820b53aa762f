"""VGG (Simonyan and Zisserman 2015, Table 1), as classifier and as the encoder of SegNet and FCN.

Columns A, B, D and E of the table differ in convolutions alone.
"""

from __future__ import annotations

from collections.abc import Sequence

import keras
from keras import layers

from reproduce.models import Tensor
from reproduce.models.layers.blocks import conv_bn_relu
from reproduce.models.layers.class_head import class_head, require_large
from reproduce.models.layers.padded import HE

# 3x3 convolutions of each of the five stages, columns D and E; a 2x2 max-pooling ends each.
VGG16 = (2, 2, 3, 3, 3)
VGG19 = (2, 2, 4, 4, 4)


def stage_filters(width: int) -> tuple[int, ...]:
    """Return the channels of the five stages: doubled from one to the next, up to eight times the first (64 to 512)."""
    return tuple(width * min(2**i, 8) for i in range(5))


def vgg_stage(x: Tensor, stage: int, n_convs: int, *, width: int, bn_momentum: float | None) -> Tensor:
    """Return the convolutions of one stage, named "conv1_1" and so on as in the paper's released weights; no pooling.

    `[batch, y, x, stage_filters(width)[stage - 1]]`, for a stage from 1 to 5 of `n_convs` convolutions, and the width
    of the first stage; `bn_momentum` is None for no batch normalisation, as in the paper.
    """
    for i in range(1, n_convs + 1):
        x = conv_bn_relu(x, stage_filters(width)[stage - 1], f"conv{stage}_{i}", bias=True, bn_momentum=bn_momentum)
    return x


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
    """Return stages of 3x3 convolutions, a 2x2 max-pooling after each, and three dense layers.

    The first dense layer reads the grid that is left, 7x7 of 224x224 pixels.

    Args:
        n_convs: Convolutions of each stage, `VGG16` or `VGG19`; five stages at most.
        width: Channels of the first stage, 64 in the paper; see `stage_filters`.
        units: Units of each of the two hidden dense layers, 4096 in the paper.
        batch_norm: Whether batch normalisation follows each convolution; the paper has none.
        dropout: 0.5 in the paper.
    """
    require_large(size, 2 ** len(n_convs), where="vgg")
    image = x = keras.Input((*size, n_channels), name="image")
    for stage, n in enumerate(n_convs, start=1):
        x = vgg_stage(x, stage, n, width=width, bn_momentum=bn_momentum if batch_norm else None)
        x = layers.MaxPooling2D(2, name=f"pool{stage}")(x)
    x = layers.Flatten(name="flat")(x)
    for name in ("fc6", "fc7"):
        x = layers.Dense(units, activation="relu", **HE, name=name)(x)
        x = layers.Dropout(dropout, name=f"{name}_dropout")(x)
    return keras.Model(image, {"class": class_head(x, n_classes)}, name="vgg")
