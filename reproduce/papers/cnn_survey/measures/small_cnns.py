"""The small networks that statements about layers are measured on: 28x28 pixels to one logit, or one a class."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import keras
from keras import layers

from reproduce.inspection.activation_formulas import Activation
from reproduce.protocol.section import Call

SHAPE = (28, 28, 1)
Reduction = Literal["max", "average", "stride", "none"]


@dataclass(frozen=True)
class Unit:
    """An activation as a network has it.

    Attributes:
        name: Its name in the results files.
        layer: Keras' layer; called with its name.
        formula: The same in NumPy.
        start: Initialiser of the convolutions before it.
    """

    name: str
    layer: Call
    formula: Call
    start: str

    @property
    def activation(self) -> Activation:
        """Return the formula, called."""
        return self.formula()


def prelu(start: float, *, name: str) -> layers.Layer:
    """Return PReLU with one slope a channel (He et al. 2015, section 2.1); Keras has one a position by default."""
    return layers.PReLU(keras.initializers.Constant(start), shared_axes=(1, 2), name=name)


def plain_cnn(unit: Unit, depth: int, *, width: int, n_outputs: int) -> keras.Model:
    """Build `depth` convolutions of 3x3, the first of stride 2, each with the activation; mean, then logits.

    Args:
        unit: Activation with its initialiser.
        depth: Convolutions, "conv1" on.
        width: Channels of each.
        n_outputs: Logits: 1, or one for each class.

    Returns:
        `[batch, 28, 28, 1]` to `[batch, n_outputs]`.
    """
    x = inputs = layers.Input(SHAPE)
    for i in range(1, depth + 1):
        stride = 2 if i == 1 else 1
        x = layers.Conv2D(width, 3, stride, "same", kernel_initializer=unit.start, name=f"conv{i}")(x)
        x = unit.layer(name=f"act{i}")(x)
    x = layers.GlobalAveragePooling2D(name="mean")(x)
    return keras.Model(inputs, layers.Dense(n_outputs, name="logits")(x), name=f"{unit.name}_{depth}")


def reduced_cnn(reduction: Reduction, *, width: int) -> keras.Model:
    """Build two convolutions of 3x3, each made smaller in one way, a dense layer of 32 and one logit.

    Args:
        reduction: "max" or "average" pooling of 2x2, "stride" 2 of the convolutions themselves, or "none".
        width: Channels.

    Returns:
        `[batch, 28, 28, 1]` to `[batch, 1]`.
    """
    x = inputs = layers.Input(SHAPE)
    for i in (1, 2):
        stride = 2 if reduction == "stride" else 1
        x = layers.Conv2D(width, 3, stride, "same", activation="relu", name=f"conv{i}")(x)
        if reduction in ("max", "average"):
            pooling = layers.MaxPooling2D if reduction == "max" else layers.AveragePooling2D
            x = pooling(2, name=f"pool{i}")(x)
    return _with_dense(inputs, layers.Flatten(name="flat")(x), name=reduction)


def dense_head_cnn(
    reduce: Callable[..., keras.KerasTensor] | None,
    *,
    width: int,
    dropout: float = 0.0,
    frozen: bool = False,
    name: str,
) -> keras.Model:
    """Build a convolution of 3x3, something that makes it smaller, a dense layer of 32 and one logit.

    Args:
        reduce: From features to features, e.g. a pooling layer; None hands all of them to the dense layer.
        width: Channels.
        dropout: Rate of dropout before and behind the dense layer; 0 for none.
        frozen: Whether the dense layer keeps its starting weights.
        name: Name of the model.

    Returns:
        `[batch, 28, 28, 1]` to `[batch, 1]`.
    """
    inputs = layers.Input(SHAPE)
    x = layers.Conv2D(width, 3, padding="same", activation="relu", name="conv1")(inputs)
    x = layers.Flatten(name="flat")(x if reduce is None else reduce(x))
    return _with_dense(inputs, x, name=name, dropout=dropout, frozen=frozen)


def _with_dense(
    inputs: keras.KerasTensor, x: keras.KerasTensor, *, name: str, dropout: float = 0.0, frozen: bool = False
) -> keras.Model:
    if dropout:
        x = layers.Dropout(dropout, name="drop1")(x)
    x = layers.Dense(32, activation="relu", trainable=not frozen, name="dense")(x)
    if dropout:
        x = layers.Dropout(dropout, name="drop2")(x)
    return keras.Model(inputs, layers.Dense(1, name="logits")(x), name=name)
