"""Batch normalisation whose gradient is written down instead of derived."""

from __future__ import annotations

import keras
from keras import layers, ops

from reproduce.models import Shape, Tensor, register
from reproduce.models.layers.footprint import POINT, Reading


@register
class BatchNormalization(layers.BatchNormalization):
    """`keras.layers.BatchNormalization` over the last axis, with its numbers, in fewer passes over the features.

    Keras lets the gradient of mean, variance, product and sum be derived one after another, and each is a pass over
    memory; a small model spends a fifth of its step there. Outside of training nothing is different.
    """

    def call(self, inputs: Tensor, training: bool | None = None, mask: Tensor | None = None) -> Tensor:
        """Return (x - mean) / sqrt(variance + epsilon) gamma + beta, and in training move the running statistics."""
        plain = self.center and self.scale and not self.synchronized and mask is None
        if not (training and self.trainable and plain):
            return super().call(inputs, training=training, mask=mask)
        x = ops.cast(inputs, "float32")
        axes = tuple(range(len(x.shape) - 1))
        mean = ops.stop_gradient(ops.mean(x, axes))
        variance = ops.stop_gradient(ops.mean(ops.square(x - mean), axes))
        for running, value in ((self.moving_mean, mean), (self.moving_variance, variance)):
            running.assign(running * self.momentum + ops.cast(value, running.dtype) * (1.0 - self.momentum))
        gamma, beta = self.gamma + 0.0, self.beta + 0.0  # tensors: no variable may go into a gradient of one's own
        return ops.cast(normalised(x, gamma, beta, mean, ops.rsqrt(variance + self.epsilon)), self.compute_dtype)

    def readings(self, grid: Shape) -> tuple[Reading, ...]:
        """Return one position along each axis, see `layer_readings.layer_readings`."""
        return (POINT,) * len(grid)


@ops.custom_gradient
def normalised(x: Tensor, gamma: Tensor, beta: Tensor, mean: Tensor, inverse: Tensor) -> Tensor:
    """Return x' gamma + beta with x' = (x - mean) inverse (Ioffe and Szegedy 2015, section 3).

    Mean and inverse are those of x over all axes but the last, and move with it: with d the gradient of a loss with
    respect to the result, that with respect to x is gamma inverse (d - mean(d) - x' mean(d x')).

    Args:
        x: float32 `[..., channel]`.
        gamma: float32 `[channel]`.
        beta: float32 `[channel]`.
        mean: float32 `[channel]`.
        inverse: float32 `[channel]`, 1 / sqrt(variance + epsilon).

    Returns:
        float32 `[..., channel]`.
    """
    axes = tuple(range(len(x.shape) - 1))
    centred, scale = x - mean, gamma * inverse

    def gradient(*arguments: Tensor, upstream: Tensor | None = None) -> tuple[Tensor, ...]:
        d = arguments[0] if upstream is None else upstream
        level, slope = ops.mean(d, axes), ops.mean(d * centred, axes) * inverse
        n = ops.cast(ops.size(x) // x.shape[-1], "float32")
        of_x = scale * d - (scale * slope * inverse) * centred - scale * level
        return of_x, n * slope, n * level, ops.zeros_like(mean), ops.zeros_like(inverse)

    return centred * scale + beta, gradient


def in_layers_of_keras(model: keras.Model) -> keras.Model:
    """Return a model that computes the same with Keras' own layer for each of ours; itself where it has none.

    A model that is a class of its own, whose file needs its code in any case, stays as it is.
    """
    ours = any(isinstance(layer, BatchNormalization) for layer in model.layers)
    if not ours or not type(model).__module__.startswith("keras."):
        return model

    def replaced(layer: layers.Layer) -> layers.Layer:
        kind = layers.BatchNormalization if isinstance(layer, BatchNormalization) else type(layer)
        return kind.from_config(layer.get_config())

    copy = keras.models.clone_model(model, clone_function=replaced)
    copy.set_weights(model.get_weights())
    return copy
