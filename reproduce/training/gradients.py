"""Gradients of a loss with respect to the weights of each layer, as backpropagation gives them."""

from __future__ import annotations

from collections.abc import Callable

import keras
import numpy as np
import tensorflow as tf

from reproduce.errors import NonFiniteError


def weight_gradients(
    model: keras.Model, images: np.ndarray, targets: np.ndarray, loss: Callable
) -> dict[str, np.ndarray]:
    """Return the gradient of the mean loss by "layer/weight", e.g. "conv2/kernel", of every trainable weight.

    Args:
        model: One output; called as in training.
        images: float32 `[batch, y, x, channel]`.
        targets: Targets as the loss takes them.
        loss: Function of (targets, outputs), e.g. `keras.losses.BinaryCrossentropy(from_logits=True)`.

    Raises:
        NonFiniteError: A gradient is not finite.
        ValueError: The loss does not depend on a weight; TensorFlow gives no gradient for it.
    """
    names = [f"{layer.name}/{weight.name}" for layer in model.layers for weight in layer.trainable_variables]
    weights = [weight.value for layer in model.layers for weight in layer.trainable_variables]
    with tf.GradientTape() as tape:
        value = loss(targets, model(images, training=True))
    found = tape.gradient(value, weights)
    if absent := [name for name, gradient in zip(names, found, strict=True) if gradient is None]:
        raise ValueError(f"the loss does not depend on {', '.join(absent)}")
    gradients = {name: gradient.numpy() for name, gradient in zip(names, found, strict=True)}
    if broken := [name for name, gradient in gradients.items() if not np.isfinite(gradient).all()]:
        do = "lower the scale of the weights or of the images"
        raise NonFiniteError(expected="finite gradients", got=", ".join(broken), where=model.name, do=do)
    return gradients
