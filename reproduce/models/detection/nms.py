"""Non-maximum suppression with static shapes, of many images at once."""

from __future__ import annotations

from typing import NamedTuple

from keras import ops

from reproduce.models.detection.boxes import iou_matrix


class Kept(NamedTuple):
    """What survives, best first.

    Attributes:
        index: int32 `[batch, n]`, into the boxes that came in.
        valid: bool `[batch, n]`; where fewer than n survive, the rest are False and their index means nothing.
    """

    index: object
    valid: object


def nms(boxes, scores, valid, *, groups, iou_threshold: float, n_kept: int) -> Kept:
    """Boxes in order of their scores, without those that overlap a better one that is itself kept.

    Greedy suppression is the one solution of: a box is kept if and only if no better kept box overlaps it. We iterate
    that sentence on all boxes at once until nothing changes. After step k the k best boxes are decided for good, so it
    ends, and mostly after as many steps as the longest chain of overlaps, a handful.

    Args:
        boxes: float32 `[batch, box, 4]`, as in `boxes.area`.
        scores: float32 `[batch, box]`; of equal scores the earlier box counts as the better one.
        valid: bool `[batch, box]`; the others neither survive nor suppress.
        groups: `[batch, box]`, e.g. classes; boxes of different groups never suppress each other.
        iou_threshold: A box goes if its overlap with a better one is above this.
        n_kept: Survivors to return; min(n_kept, box) are.

    Returns:
        See `Kept`. Gradients do not pass.
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


def _fixed_point(valid, suppresses):
    def unsettled(kept, before):
        return ops.any(kept != before)

    def step(kept, before):
        del before
        blocked = ops.matmul(kept[:, None, :], suppresses)[:, 0] > 0.5
        return ops.where(blocked, 0.0, valid), kept

    return ops.while_loop(unsettled, step, (valid, valid - 1.0))[0]
