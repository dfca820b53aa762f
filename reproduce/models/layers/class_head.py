"""The end of a classifier: from features to the probability of each class."""

from __future__ import annotations

import math

from keras import layers

from reproduce.errors import ArgumentError


def class_head(x, n_classes: int, *, name: str = "class"):
    """Probability of each class by one dense layer, in float32 whatever the precision.

    Args:
        x: `[batch, feature]`.
        n_classes: Classes that exclude each other; 1 for yes or no.
        name: Of the output; the dense layer is named after it.

    Returns:
        float32 `[batch, n_classes]` in [0, 1], see `class_probabilities`.
    """
    return class_probabilities(layers.Dense(n_classes, dtype="float32", name=f"{name}_logits")(x), name=name)


def class_probabilities(logits, *, name: str = "class"):
    """Softmax over the classes where there are several, sigmoid of one; in float32 whatever the precision.

    Args:
        logits: float `[batch, n_classes]`.
        name: Of the output.

    Returns:
        float32 `[batch, n_classes]` in [0, 1].
    """
    activation = "softmax" if logits.shape[-1] > 1 else "sigmoid"
    return layers.Activation(activation, dtype="float32", name=name)(logits)


def require_grid(x, *, where: str) -> None:
    """Return if poolings and strides have left pixels to look at.

    Args:
        x: `[batch, y, x, channel]`.
        where: Name of the model.

    Raises:
        ArgumentError: A side of the grid is below 1.
    """
    grid = tuple(x.shape[1:-1])
    if min(grid) < 1:
        raise_too_small(where, f"a grid of {grid}")


def raise_too_small(where: str, got: str) -> None:
    """Refuse an image of which strides and poolings leave nothing.

    Args:
        where: Name of the model.
        got: What is left, or what came.

    Raises:
        ArgumentError: Always.
    """
    raise ArgumentError(
        expected="an image of which strides and poolings leave at least one pixel",
        got=got,
        where=where,
        do="give a larger image, or resize",
    )


def in_proportion(channels: int, share: float, *, multiple: int = 1, where: str) -> int:
    """Channels of a network that is narrower or wider than the printed one.

    Args:
        channels: As printed.
        share: Of them.
        multiple: What the result must be a multiple of.
        where: Name of the model.

    Raises:
        ArgumentError: The share of the channels is no positive whole multiple.
    """
    exact = channels * share
    if exact < 1 or not math.isclose(exact, round(exact)) or round(exact) % multiple:
        raise ArgumentError(
            expected=f"a width that keeps all channels positive multiples of {multiple}",
            got=f"{exact:g} for the {channels} of the paper",
            where=where,
            do="take another width",
        )
    return round(exact)
