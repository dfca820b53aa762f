"""A custom CNN: stages of two normalised convolutions and a pooling, as papers build them for small grey images."""

from __future__ import annotations

import keras
from keras import layers

from reproduce.models.layers.blocks import conv_bn_relu
from reproduce.models.layers.class_head import pooled_classifier, require_large


def custom_cnn(
    size: tuple[int, int],
    *,
    n_channels: int,
    n_classes: int,
    width: int,
    depth: int,
    dropout: float,
    bn_momentum: float,
) -> keras.Model:
    """Return a classifier of `depth` stages, then the mean over the image, dropout and a dense layer.

    Stage i (from 0) has two 3x3 convolutions of `width * 2**i` channels (batch normalisation, ReLU) and a maximum over
    2x2.

    Args:
        width: Channels of the first stage.
        depth: Stages.
    """
    require_large(size, 2**depth, where="custom_cnn")
    x = image = layers.Input((*size, n_channels), name="image")
    for i in range(depth):
        for half in "ab":
            x = conv_bn_relu(x, width * 2**i, f"stage{i + 1}{half}", bn_momentum=bn_momentum)
        x = layers.MaxPooling2D(2, name=f"stage{i + 1}_pool")(x)
    return pooled_classifier(image, x, n_classes, "custom_cnn", dropout=dropout)
