"""LeNet-5 (LeCun, Bottou, Bengio and Haffner 1998), as printed and as it is built today."""

from __future__ import annotations

from typing import Literal

import keras
from keras import layers

from reproduce.errors import ArgumentError
from reproduce.models.layers.blocks import probabilities
from reproduce.models.layers.class_head import class_head, raise_too_small
from reproduce.models.layers.lenet import C3_READS, RadialBasis, SparseConvolution, TrainableSubsampling, scaled_tanh


def lenet5(size: tuple[int, int], *, n_channels: int, n_classes: int, padding: int) -> keras.Model:
    """Return the network of 1998: sparse C3 (Table I), trainable subsampling, scaled tanh, distances to fixed codes.

    C1 156, S2 12, C3 1,516, S4 32, C5 48,120 and F6 10,164 weights: 60,000 on grey images of 32x32 pixels. On larger
    ones C5 has more than one pixel, and F6 reads all of them.

    Args:
        size: With the padding at least 32, as the paper has it for digits of 28.
        padding: Zeros put around the image; 2 for 28x28 pixels.
    """
    _require_size(size, padding, "lenet5")
    image = keras.Input((*size, n_channels), name="image")
    x = layers.ZeroPadding2D(padding, name="pad")(image)
    x = _squash(layers.Conv2D(6, 5, name="c1")(x), "c1")  # [batch, 28, 28, 6] of 32x32 pixels
    x = _squash(TrainableSubsampling(name="s2")(x), "s2")
    x = _squash(SparseConvolution(C3_READS, 5, name="c3")(x), "c3")  # [batch, 10, 10, 16]
    x = _squash(TrainableSubsampling(name="s4")(x), "s4")
    x = _squash(layers.Conv2D(120, 5, name="c5")(x), "c5")  # [batch, 1, 1, 120]
    x = _squash(layers.Dense(84, name="f6")(layers.Flatten(name="flat")(x)), "f6")
    logits = RadialBasis(n_classes, dtype="float32", name="class_logits")(x)
    return keras.Model(image, {"class": probabilities(logits, "class")}, name="lenet5")


def lenet5_dense(
    size: tuple[int, int],
    *,
    n_channels: int,
    n_classes: int,
    padding: int,
    activation: Literal["tanh", "relu"],
    pooling: Literal["average", "max"],
) -> keras.Model:
    """Return the network as it is built today: C3 reads all maps, pooling has no weights, the last layer is dense.

    156 + 2,416 + 48,120 + 10,164 + 850 = 61,706 weights on grey images of 32x32 pixels with ten classes.

    Args:
        size: See `lenet5`.
        padding: See `lenet5`.
        activation: After each layer; both are met.
        pooling: Over 2x2 pixels; both are met.

    Raises:
        ArgumentError: An activation or pooling is none of these.
    """
    _require_size(size, padding, "lenet5_dense")
    for got, known in ((activation, ("tanh", "relu")), (pooling, ("average", "max"))):
        if got not in known:
            raise ArgumentError(expected=" or ".join(known), got=repr(got), where="lenet5_dense", do="take one")
    pool = layers.AveragePooling2D if pooling == "average" else layers.MaxPooling2D
    image = keras.Input((*size, n_channels), name="image")
    x = layers.ZeroPadding2D(padding, name="pad")(image)
    x = layers.Conv2D(6, 5, activation=activation, name="c1")(x)
    x = pool(2, name="s2")(x)
    x = layers.Conv2D(16, 5, activation=activation, name="c3")(x)
    x = pool(2, name="s4")(x)
    x = layers.Conv2D(120, 5, activation=activation, name="c5")(x)
    x = layers.Dense(84, activation=activation, name="f6")(layers.Flatten(name="flat")(x))
    return keras.Model(image, {"class": class_head(x, n_classes)}, name="lenet5_dense")


def _squash(x, name: str):
    return layers.Activation(scaled_tanh, name=f"{name}_squash")(x)


def _require_size(size: tuple[int, int], padding: int, where: str) -> None:
    if min(size) + 2 * padding < 32:
        raise_too_small(where, f"{size[0]} x {size[1]} pixels and {padding} zeros around them, less than 32")
