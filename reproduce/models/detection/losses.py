"""Losses of Mask R-CNN, one value an image: L = L_rpn + L_cls + L_box + L_mask (He et al. 2017, section 3).

silent: the papers divide by the samples of a batch. We divide by those of an image, and average over images, so that
the loss of a batch is the mean of its images' losses and gradients that are accumulated over micro-batches are those of
the batch. For full samples, the common case, the two are the same, but for the mask loss: an image without a positive
box counts with a mask loss of 0.

Tensors are float32 but for `positive` and `chosen`, bool `[batch, box]`; a negative box has no target, and one that is
not chosen does not count. All losses are float32 `[batch]`; 0 where no box counts.
"""

from __future__ import annotations

from keras import ops

from reproduce.models import Tensor

# Where the smooth L1 loss turns from square to linear, as in Detectron and torchvision; the papers do not say.
BETA = 1.0 / 9.0


def smooth_l1(difference: Tensor) -> Tensor:
    """Return 0.5 d^2 / beta where |d| < beta, |d| - 0.5 beta beyond (Girshick 2015, equation 3, with beta)."""
    size = ops.abs(difference)
    return ops.where(size < BETA, 0.5 * size * size / BETA, size - 0.5 * BETA)


def binary_cross_entropy(logits: Tensor, reference: Tensor) -> Tensor:
    """Return -(g log s(z) + (1 - g) log(1 - s(z))) of each element, s the sigmoid; finite for every finite logit."""
    return ops.maximum(logits, 0.0) - logits * reference + ops.log1p(ops.exp(-ops.abs(logits)))


def objectness_loss(logits: Tensor, positive: Tensor, chosen: Tensor) -> Tensor:
    """Return the mean binary cross-entropy of the sampled anchors, of logits `[batch, anchor]`."""
    return _mean(binary_cross_entropy(logits, ops.cast(positive, "float32")), chosen)


def code_loss(code: Tensor, target: Tensor, positive: Tensor, chosen: Tensor) -> Tensor:
    """Return smooth L1 of the positive boxes, over the number of sampled ones.

    Args:
        code: `[batch, box, 4]`, of the class of each box.
        target: `[batch, box, 4]`.
        positive: See above.
        chosen: See above.
    """
    per_box = ops.sum(smooth_l1(code - target), axis=-1)
    n_chosen = ops.maximum(ops.sum(ops.cast(chosen, "float32"), axis=-1), 1.0)
    return ops.sum(ops.where(positive, per_box, 0.0), axis=-1) / n_chosen


def class_loss(logits: Tensor, labels: Tensor, chosen: Tensor) -> Tensor:
    """Return the mean cross-entropy of the sampled proposals over regions, the background among them.

    Args:
        logits: `[batch, box, region]`.
        labels: int32 `[batch, box]`, 0 for the background.
        chosen: See above.
    """
    own = ops.sum(logits * ops.one_hot(labels, logits.shape[-1], dtype="float32"), axis=-1)
    return _mean(ops.logsumexp(logits, axis=-1) - own, chosen)


def mask_loss(logits: Tensor, target: Tensor, positive: Tensor) -> Tensor:
    """Return the mean binary cross-entropy of the positive boxes' masks, on the mask of each one's own class alone.

    Args:
        logits: `[batch, box, bin, bin]`, of the class of each box.
        target: `[batch, box, bin, bin]` in [0, 1].
        positive: See above.
    """
    return _mean(ops.mean(binary_cross_entropy(logits, target), axis=(-2, -1)), positive)


def _mean(values: Tensor, counted: Tensor) -> Tensor:
    n = ops.maximum(ops.sum(ops.cast(counted, "float32"), axis=-1), 1.0)
    return ops.sum(ops.where(counted, values, 0.0), axis=-1) / n
