"""The three heads of Mask R-CNN on a feature pyramid: RPN, box head, mask head (He et al. 2017, Figure 4, right)."""

from __future__ import annotations

import keras
from keras import layers

from reproduce.models.detection.anchors import RATIOS

BOX_BINS, MASK_BINS = 7, 14

_NORMAL = keras.initializers.RandomNormal


def rpn_head(filters: int) -> keras.Model:
    """Objectness and code of the anchors at each cell, one head for all levels (FPN, section 4.1).

    Args:
        filters: Channels of the pyramid.

    Returns:
        A model from `[batch, y, x, filters]` to float32 `[batch, y, x, 3]` (logits) and `[batch, y, x, 12]` (codes, the
        four of an anchor one after another).
    """
    features = keras.Input((None, None, filters), name="level")
    x = layers.Conv2D(
        filters, 3, padding="same", activation="relu", kernel_initializer=_NORMAL(stddev=0.01), name="rpn_conv"
    )(features)
    outputs = [
        layers.Conv2D(n * len(RATIOS), 1, kernel_initializer=_NORMAL(stddev=0.01), dtype="float32", name=name)(x)
        for n, name in ((1, "rpn_objectness"), (4, "rpn_code"))
    ]
    return keras.Model(features, outputs, name="rpn_head")


def box_head(filters: int, *, n_units: int, n_regions: int) -> keras.Model:
    """Class and, for each class, code of a proposal: two fully connected layers of `n_units` (FPN, section 4.2).

    Args:
        filters: Channels of the pyramid.
        n_units: Of both layers; 1024 there.
        n_regions: Classes, the background among them.

    Returns:
        A model from `[proposal, 7, 7, filters]` to float32 `[proposal, n_regions]` (logits) and
        `[proposal, 4 * n_regions]`, the code of the background included, which nothing trains: torchvision counts it.
    """
    features = keras.Input((BOX_BINS, BOX_BINS, filters), name="box_features")
    x = layers.Flatten(name="box_flatten")(features)
    for i in (6, 7):
        x = layers.Dense(n_units, activation="relu", kernel_initializer="he_uniform", name=f"box_fc{i}")(x)
    # Deviations as in Fast R-CNN (Girshick 2015, section 3.1).
    logits = layers.Dense(n_regions, kernel_initializer=_NORMAL(stddev=0.01), dtype="float32", name="box_class")(x)
    code = layers.Dense(4 * n_regions, kernel_initializer=_NORMAL(stddev=0.001), dtype="float32", name="box_code")(x)
    return keras.Model(features, [logits, code], name="box_head")


def mask_head(filters: int, *, n_regions: int) -> keras.Model:
    """For each class a mask of 28 x 28: four 3x3 convolutions, a 2x2 deconvolution, a 1x1 convolution.

    Args:
        filters: Channels of the pyramid and of every layer; 256 there.
        n_regions: Classes, the background among them, whose mask nothing trains: torchvision counts it.

    Returns:
        A model from `[box, 14, 14, filters]` to float32 `[box, 28, 28, n_regions]` (logits).
    """
    features = x = keras.Input((MASK_BINS, MASK_BINS, filters), name="mask_features")
    for i in range(1, 5):
        x = layers.Conv2D(
            filters, 3, padding="same", activation="relu", kernel_initializer="he_normal", name=f"mask_conv{i}"
        )(x)
    x = layers.Conv2DTranspose(filters, 2, 2, activation="relu", kernel_initializer="he_normal", name="mask_deconv")(x)
    logits = layers.Conv2D(n_regions, 1, kernel_initializer="he_normal", dtype="float32", name="mask_logits")(x)
    return keras.Model(features, logits, name="mask_head")
