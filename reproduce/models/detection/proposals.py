"""Proposals: the anchors that the RPN finds most likely to hold an object, moved by its code (Ren et al. 2015, 3.1).

And non-maximum suppression with static shapes, of many images at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from keras import ops

from reproduce.models import Tensor
from reproduce.models.detection.boxes import MIN_SIDE, clip_to, decode, iou_matrix

RPN_WEIGHTS = (1.0, 1.0)
NMS_IOU = 0.7  # section 3.3 there
LOWEST = -1e30  # the logit of what is no candidate; no RPN comes near, and products of it stay finite


class Proposals(NamedTuple):
    """Boxes that may hold an object, the likeliest first."""

    boxes: Tensor  # float32 `[batch, proposal, 4]` within the image, in pixels
    valid: Tensor  # bool `[batch, proposal]`; False where fewer survive suppression


def flatten_rpn(outputs: Tensor) -> tuple[Tensor, Tensor]:
    """Return float32 logits `[batch, anchor]` and codes `[batch, anchor, 4]` of `heads.rpn_head`'s two outputs."""
    objectness, code = outputs
    _, y, x, n_shapes = objectness.shape
    n = y * x * n_shapes
    return ops.reshape(objectness, (-1, n)), ops.reshape(code, (-1, n, 4))


def propose(
    objectness: Sequence[Tensor],
    codes: Tensor,
    anchors: tuple[np.ndarray, ...],
    *,
    size: tuple[int, int],
    n_candidates: int,
    n_proposals: int,
) -> Proposals:
    """Return the best candidates of each level, without those that overlap a better one of their level by over 0.7.

    Gradients do not pass: the RPN learns from its own losses alone.

    Args:
        objectness: For each level float32 `[batch, anchor]`, logits.
        codes: For each level float32 `[batch, anchor, 4]`.
        anchors: For each level float32 `[anchor, 4]`.
        size: (y, x) of the image in pixels, to which boxes are clipped.
        n_candidates: Anchors a level that go into the suppression.
        n_proposals: Boxes an image that come out, over all levels.
    """
    n = min(n_candidates, max(len(fixed) for fixed in anchors))
    levels = [_candidates(*level, n=n) for level in zip(objectness, codes, anchors, strict=True)]
    # Levels do not suppress each other: each is an image of its own to `nms`, which compares all pairs of boxes.
    boxes = clip_to(ops.reshape(ops.stack([boxes for boxes, _ in levels], axis=1), (-1, n, 4)), size)
    scores = ops.reshape(ops.stack([scores for _, scores in levels], axis=1), (-1, n))
    valid = (scores > LOWEST) & ops.all(boxes[..., 2:] - boxes[..., :2] >= MIN_SIDE, axis=-1)
    kept = nms(boxes, scores, valid, groups=ops.zeros_like(scores), iou_threshold=NMS_IOU, n_kept=n_proposals)
    n_all = len(anchors) * kept.indices.shape[1]
    boxes = ops.reshape(ops.take_along_axis(boxes, kept.indices[..., None], axis=1), (-1, n_all, 4))
    scores = ops.where(kept.valid, ops.take_along_axis(scores, kept.indices, axis=1), LOWEST)
    scores, best = ops.top_k(ops.reshape(scores, (-1, n_all)), min(n_proposals, n_all))
    return Proposals(ops.take_along_axis(boxes, best[..., None], axis=1), scores > LOWEST)


def _candidates(logits: Tensor, code: Tensor, anchors: np.ndarray, *, n: int) -> tuple[Tensor, Tensor]:
    """Return boxes and logits of the n best anchors of a level; one with fewer is filled up with what is never kept."""
    n_here = min(n, len(anchors))
    best, place = ops.top_k(ops.stop_gradient(logits), n_here)
    code = ops.take_along_axis(ops.stop_gradient(code), place[..., None], axis=1)
    boxes = decode(code, ops.take(anchors, place, axis=0), weights=RPN_WEIGHTS)
    fill = ((0, 0), (0, n - n_here))
    return ops.pad(boxes, (*fill, (0, 0))), ops.pad(best, fill, constant_values=LOWEST)


class Kept(NamedTuple):
    """What survives, best first."""

    indices: Tensor  # int32 `[batch, n]`, into the boxes that came in
    valid: Tensor  # bool `[batch, n]`; where fewer than n survive, the rest are False and their index means nothing


def nms(boxes: Tensor, scores: Tensor, valid: Tensor, *, groups: Tensor, iou_threshold: float, n_kept: int) -> Kept:
    """Return boxes in order of their scores, without those that overlap a better one that is itself kept.

    Greedy suppression is the one solution of: a box is kept if and only if no better kept box overlaps it. We iterate
    that sentence on all boxes at once until nothing changes. After step k the k best boxes are decided for good, so it
    ends, and mostly after as many steps as the longest chain of overlaps, a handful. Gradients do not pass.

    Args:
        boxes: float32 `[batch, box, 4]`.
        scores: float32 `[batch, box]`; of equal scores the earlier box counts as the better one.
        valid: bool `[batch, box]`; the others neither survive nor suppress.
        groups: `[batch, box]`, e.g. classes; boxes of different groups never suppress each other.
        iou_threshold: A box goes if its overlap with a better one is above this.
        n_kept: Survivors to return; min(n_kept, box) are.
    """
    boxes, scores = ops.stop_gradient(boxes), ops.stop_gradient(scores)
    n = boxes.shape[1]
    order = ops.top_k(ops.where(valid, scores, -float("inf")), n)[1]
    boxes = ops.take_along_axis(boxes, order[..., None], axis=1)
    valid = ops.take_along_axis(valid, order, axis=1)
    groups = ops.take_along_axis(groups, order, axis=1)
    ranks = ops.arange(n)
    clash = (iou_matrix(boxes, boxes) > iou_threshold) & (groups[:, :, None] == groups[:, None, :])
    suppresses = ops.cast(clash & (ranks[:, None] < ranks[None, :]), "float32")  # [batch, better, worse]
    kept = _fixed_point(ops.cast(valid, "float32"), suppresses)
    rank_of_kept = ops.where(kept > 0.5, n - ranks, 0)
    best, place = ops.top_k(rank_of_kept, min(n_kept, n))
    return Kept(ops.take_along_axis(order, place, axis=1), best > 0)


def _fixed_point(valid: Tensor, suppresses: Tensor) -> Tensor:
    def unsettled(kept: Tensor, before: Tensor) -> Tensor:
        return ops.any(kept != before)

    def step(kept: Tensor, before: Tensor) -> Tensor:
        del before
        blocked = ops.matmul(kept[:, None, :], suppresses)[:, 0] > 0.5
        return ops.where(blocked, 0.0, valid), kept

    return ops.while_loop(unsettled, step, (valid, valid - 1.0))[0]
