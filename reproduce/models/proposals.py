"""Proposals: the anchors that the RPN finds most likely to hold an object, moved by its code (Ren et al. 2015, 3.1)."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from keras import ops

from reproduce.models.boxes import MIN_SIDE, clip_to, decode
from reproduce.models.nms import nms

RPN_WEIGHTS = (1.0, 1.0)
NMS_IOU = 0.7  # section 3.3 there


class Proposals(NamedTuple):
    """Boxes that may hold an object, the likeliest first.

    Attributes:
        boxes: float32 `[batch, proposal, 4]` within the image, in pixels.
        valid: bool `[batch, proposal]`; False where fewer survive suppression.
    """

    boxes: object
    valid: object


def flatten_rpn(outputs):
    """Logits and codes of all anchors of a level in the order of the anchors.

    Args:
        outputs: The two tensors of `detection_heads.rpn_head`.

    Returns:
        float32 `[batch, anchor]` and `[batch, anchor, 4]`.
    """
    objectness, code = outputs
    _, y, x, n_shapes = objectness.shape
    n = y * x * n_shapes
    return ops.reshape(objectness, (-1, n)), ops.reshape(code, (-1, n, 4))


def propose(
    objectness, codes, anchors: tuple[np.ndarray, ...], *, size: tuple[int, int], n_candidates: int, n_proposals: int
) -> Proposals:
    """The best candidates of each level, without those that overlap a better one of their level by more than 0.7.

    Args:
        objectness: For each level float32 `[batch, anchor]`, logits.
        codes: For each level float32 `[batch, anchor, 4]`.
        anchors: For each level float32 `[anchor, 4]`.
        size: (y, x) of the image in pixels, to which boxes are clipped.
        n_candidates: Anchors a level that go into the suppression.
        n_proposals: Boxes an image that come out, over all levels.

    Returns:
        See `Proposals`. Gradients do not pass: the RPN learns from its own losses alone.
    """
    boxes, scores, groups = [], [], []
    for level, (logits, code, fixed) in enumerate(zip(objectness, codes, anchors, strict=True)):
        best, place = ops.top_k(ops.stop_gradient(logits), min(n_candidates, fixed.shape[0]))
        code = ops.take_along_axis(ops.stop_gradient(code), place[..., None], axis=1)
        boxes.append(clip_to(decode(code, ops.take(fixed, place, axis=0), weights=RPN_WEIGHTS), size))
        scores.append(best)
        groups.append(ops.full_like(place, level))
    boxes, scores, groups = (ops.concatenate(parts, axis=1) for parts in (boxes, scores, groups))
    not_empty = ops.all(boxes[..., 2:] - boxes[..., :2] >= MIN_SIDE, axis=-1)
    kept = nms(boxes, scores, not_empty, groups=groups, iou_threshold=NMS_IOU, n_kept=n_proposals)
    return Proposals(ops.take_along_axis(boxes, kept.index[..., None], axis=1), kept.valid)
