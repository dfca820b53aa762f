"""Feature pyramid and three heads of Mask R-CNN: RPN, box head, mask head (He et al. 2017, Figure 4, right)."""

from __future__ import annotations

from collections.abc import Sequence

import keras
from keras import layers

from reproduce.models import Tensor
from reproduce.models.detection.boxes import RATIOS

BOX_BINS, MASK_BINS = 7, 14

_NORMAL = keras.initializers.RandomNormal


def feature_pyramid(stages: Sequence[Tensor], filters: int) -> list[Tensor]:
    """Return P2 to P6 of C2 to C5: lateral 1x1, the coarser level added at twice its size, a 3x3 on the sum.

    No activation and no normalisation, biases everywhere (Lin et al. 2017, FPN, section 3). P6 is every second
    cell of P5, for the RPN alone.

    Five tensors `[batch, y, x, filters]`, named "p2" to "p6", of four, each at half the side of the one before; 256
    filters there.
    """
    top_down, outputs = None, []
    for level, stage in reversed(list(enumerate(stages, start=2))):
        lateral = layers.Conv2D(filters, 1, kernel_initializer="he_uniform", name=f"p{level}_lateral")(stage)
        if top_down is not None:
            coarser = layers.UpSampling2D(2, interpolation="nearest", name=f"p{level}_upsample")(top_down)
            lateral = layers.Add(name=f"p{level}_add")([lateral, coarser])
        top_down = lateral
        smooth = layers.Conv2D(filters, 3, padding="same", kernel_initializer="he_uniform", name=f"p{level}")
        outputs.append(smooth(top_down))
    outputs.reverse()
    # A max-pool over one cell: it takes every second cell, and computes nothing.
    return [*outputs, layers.MaxPooling2D(1, 2, padding="same", name="p6")(outputs[-1])]


def rpn_head(filters: int) -> keras.Model:
    """Return objectness and code of the anchors at each cell, one head for all levels (FPN, section 4.1).

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
    """Return class and, for each class, code of a proposal: two fully connected layers of `n_units` (FPN, section 4.2).

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
    """Return for each class a mask of 28 x 28: four 3x3 convolutions, a 2x2 deconvolution, a 1x1 convolution.

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
