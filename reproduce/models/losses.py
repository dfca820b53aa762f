"""Losses per image, in keras.ops: pure functions, and the thin classes that Keras serialises."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import keras
from keras import ops

from reproduce.models import Tensor, register


def squared_dice_loss(reference: Tensor, probability: Tensor, *, smooth: float) -> Tensor:
    """Return 1 - (2 sum(p g) + s) / (sum(p^2) + sum(g^2) + s) for each image (Xue 2025, 4.2.1; Milletari et al. 2016).

    Xue's sums run over i = 1..N without saying what N counts.

    silent: we sum over the pixels of one image and region, and average over regions and then images, so that the loss
    of a batch is the mean of its images' losses and gradients accumulated over micro-batches are those of the batch.
    `smooth` is in neither paper: at 0 an image without lesion has no gradient (its loss is 1 whatever is predicted,
    and 0/0 where nothing is); at s > 0 it is 1 - s / (sum(p^2) + s), which rewards predicting nothing.
    keras.losses.Dice has sum(p) + sum(g) below the line: not the same.

    Args:
        reference: `[batch, y, x, region]` in {0, 1}, or `[batch, z, y, x, region]`.
        probability: The same shape, in [0, 1].
        smooth: s >= 0, in pixels.

    Returns:
        float32 `[batch]` in [0, 1].
    """
    g, p = ops.cast(reference, "float32"), ops.cast(probability, "float32")
    within = _pixels(g)
    shared = ops.sum(p * g, axis=within)
    total = ops.sum(p * p, axis=within) + ops.sum(g * g, axis=within)
    return ops.mean(1.0 - (2.0 * shared + smooth) / (total + smooth), axis=-1)


def focal_loss(reference: Tensor, probability: Tensor, *, gamma: float, alpha: float) -> Tensor:
    """Return -alpha_t (1 - p_t)^gamma log(p_t), averaged over each image (Lin et al. 2017, equation 5).

    p_t is p where the reference is 1 and 1 - p where it is 0; alpha_t is alpha and 1 - alpha likewise.
    Xue 2025, 4.2.2 names the loss ("Local Loss" in its heading) and gives neither gamma nor alpha.

    Args:
        reference: `[batch, ...]` in {0, 1}.
        probability: `[batch, ...]` in [0, 1]; clipped to [1e-7, 1 - 1e-7] so that the logarithm is finite.
        gamma: Focusing parameter >= 0; 0 with alpha 0.5 is half the binary cross-entropy.
        alpha: Weight of the positive class in [0, 1].

    Returns:
        float32 `[batch]`, >= 0.
    """
    g, p = ops.cast(reference, "float32"), ops.clip(ops.cast(probability, "float32"), 1e-7, 1 - 1e-7)
    p_t = g * p + (1 - g) * (1 - p)
    alpha_t = g * alpha + (1 - g) * (1 - alpha)
    loss = -alpha_t * ops.power(1 - p_t, gamma) * ops.log(p_t)
    return ops.mean(ops.reshape(loss, (ops.shape(loss)[0], -1)), axis=-1)


def binary_cross_entropy(reference: Tensor, probability: Tensor) -> Tensor:
    """Return -(g log p + (1 - g) log(1 - p)), averaged over each image; shapes and clipping as in `focal_loss`."""
    return 2.0 * focal_loss(reference, probability, gamma=0.0, alpha=0.5)


def categorical_cross_entropy(reference: Tensor, probability: Tensor, *, weight: float = 1.0) -> Tensor:
    """Return -w sum_k(g_k log p_k) for each pixel, averaged over the pixels of each image (Zheng et al. 2024, 2.3).

    Args:
        reference: `[batch, y, x, region]` in {0, 1}, or `[batch, z, y, x, region]`; regions exclude each other, the
            background is one of them. A pixel of which no region holds half has zeros alone and adds nothing.
        probability: The same shape, in [0, 1], summing to 1; clipped as in `focal_loss`.
        weight: Factor w.

    Returns:
        float32 `[batch]`, >= 0.
    """
    g, p = ops.cast(reference, "float32"), ops.clip(ops.cast(probability, "float32"), 1e-7, 1 - 1e-7)
    return weight * ops.mean(-ops.sum(g * ops.log(p), axis=-1), axis=_pixels(g))


def _pixels(values: Tensor) -> tuple[int, ...]:
    """Return the axes between batch and region."""
    return tuple(range(1, len(ops.shape(values)) - 1))


def sum_of(losses: Sequence[Callable[[], keras.losses.Loss]]) -> Sum:
    """Return the sum of losses that are still to be made, e.g. of `protocol.Call`s."""
    return Sum([loss() for loss in losses])


class _PerImage(keras.losses.Loss):
    """A function of this file as a Keras loss, with its settings."""

    def __init__(self, function: Callable, name: str, settings: dict, **kwargs: Any):
        super().__init__(name=name, **kwargs)
        self.function, self.settings = function, settings

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        """Return float32 `[batch]`."""
        return self.function(y_true, y_pred, **self.settings)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that make this loss again."""
        return {**super().get_config(), **self.settings}


@register
class SquaredDice(_PerImage):
    """`squared_dice_loss` as a Keras loss."""

    def __init__(self, smooth: float, name: str = "squared_dice", **kwargs: Any):
        super().__init__(squared_dice_loss, name, {"smooth": smooth}, **kwargs)


@register
class Focal(_PerImage):
    """`focal_loss` as a Keras loss."""

    def __init__(self, gamma: float, alpha: float, name: str = "focal", **kwargs: Any):
        super().__init__(focal_loss, name, {"gamma": gamma, "alpha": alpha}, **kwargs)


@register
class BinaryCrossEntropy(_PerImage):
    """`binary_cross_entropy` as a Keras loss."""

    def __init__(self, name: str = "binary_cross_entropy", **kwargs: Any):
        super().__init__(binary_cross_entropy, name, {}, **kwargs)


@register
class CategoricalCrossEntropy(_PerImage):
    """`categorical_cross_entropy` as a Keras loss, times a weight."""

    def __init__(self, weight: float, name: str = "categorical_cross_entropy", **kwargs: Any):
        super().__init__(categorical_cross_entropy, name, {"weight": weight}, **kwargs)


@register
class Sum(keras.losses.Loss):
    """The sum of several losses on the same output, each per image."""

    def __init__(self, losses: Sequence[keras.losses.Loss], name: str = "sum", **settings: Any):
        super().__init__(name=name, **settings)
        self.losses = [keras.saving.deserialize_keras_object(x) if isinstance(x, dict) else x for x in losses]

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        """Return float32 `[batch]`."""
        return sum(loss.call(y_true, y_pred) for loss in self.losses)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that make this loss again."""
        losses = [keras.saving.serialize_keras_object(loss) for loss in self.losses]
        return {**super().get_config(), "losses": losses}
