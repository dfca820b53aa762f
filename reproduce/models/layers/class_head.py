"""The end of a classifier: from features to the probability of each class."""

from __future__ import annotations

import math

import keras
from keras import layers

from reproduce.errors import ArgumentError
from reproduce.models import Tensor
from reproduce.models.layers.blocks import probabilities


def class_head(x: Tensor, n_classes: int, *, name: str = "class") -> Tensor:
    """Return `probabilities` of each class by one dense layer, float32 `[batch, n_classes]` of `[batch, feature]`."""
    return probabilities(layers.Dense(n_classes, dtype="float32", name=f"{name}_logits")(x), name)


def pooled_classifier(
    image: Tensor, x: Tensor, n_classes: int, name: str, *, dropout: float | None = None
) -> keras.Model:
    """Return the model `name` from an image to the classes of its features, `[batch, y, x, channel]`.

    They end in global average pooling, in dropout, where there is such a layer, and in one dense layer.
    """
    x = layers.GlobalAveragePooling2D(name="pool")(x)
    if dropout is not None:
        x = layers.Dropout(dropout, name="pool_dropout")(x)
    return keras.Model(image, {"class": class_head(x, n_classes)}, name=name)


def require_large(size: tuple[int, int], least: int, *, padding: int = 0, where: str) -> None:
    """Return if strides and poolings leave at least one pixel of an image with `padding` zeros around it.

    Raises:
        ArgumentError: A side has less than `least` pixels, zeros included.
    """
    if min(size) + 2 * padding < least:
        expected = f"an image of {least} pixels or more, of which strides and poolings leave at least one"
        got = f"{size[0]} x {size[1]} pixels" + (f" and {padding} zeros around them" if padding else "")
        raise ArgumentError(expected=expected, got=got, where=where, do="give a larger image, or resize")


def in_proportion(channels: int, share: float, *, where: str) -> int:
    """Return the channels of a network that is narrower or wider than the printed one.

    Raises:
        ArgumentError: The share of the channels is no positive whole number.
    """
    exact = channels * share
    if exact < 1 or not math.isclose(exact, round(exact)):
        expected, do = "a width that keeps all channels positive whole numbers", "take another width"
        raise ArgumentError(expected=expected, got=f"{exact:g} for the paper's {channels}", where=where, do=do)
    return round(exact)
