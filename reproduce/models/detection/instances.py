"""Instances of a semantic mask, and which anchor or proposal belongs to which of them."""

from __future__ import annotations

from typing import NamedTuple

from keras import ops

from reproduce.models import Tensor
from reproduce.models.detection.boxes import iou_matrix


class Instances(NamedTuple):
    """The objects of each image, one a region that is not the background."""

    boxes: Tensor  # float32 `[batch, region - 1, 4]`, tight, at the edges of pixels; 0 where there is none
    valid: Tensor  # bool `[batch, region - 1]`, whether the region has a pixel
    masks: Tensor  # float32 `[batch, y, x, region - 1]` in {0, 1}


class Match(NamedTuple):
    """Which instance each box belongs to."""

    instance: Tensor  # int32 `[batch, box]`, of largest overlap
    positive: Tensor  # bool `[batch, box]`, overlaps enough to be learned as that instance
    negative: Tensor  # bool `[batch, box]`, to be learned as background; neither: left out


def instances(mask: Tensor) -> Instances:
    """Return one instance for each region of each image, all of its connected parts together.

    silent: Zheng et al. 2024 label organs pixel by pixel and say nothing of instances. A patient has one heart, one
    left lung, one spinal cord; where a slice cuts an organ twice, both parts are the same organ. So a region is an
    instance, which also keeps the number of instances static.

    `mask` is `[batch, y, x, region]` in {0, 1}, the background first.
    """
    held = mask[..., 1:] >= 0.5
    rows, columns = ops.any(held, axis=2), ops.any(held, axis=1)  # [batch, y, region - 1], [batch, x, region - 1]
    (y0, y1), (x0, x1) = _ends(rows), _ends(columns)
    valid = ops.any(rows, axis=1)
    boxes = ops.where(valid[..., None], ops.stack([y0, x0, y1, x1], axis=-1), 0.0)
    return Instances(boxes, valid, ops.cast(held, "float32"))


def match(boxes: Tensor, objects: Instances, *, positive_iou: float, negative_iou: float, keep_best: bool) -> Match:
    """Return boxes with the instance that they overlap most, by intersection over union.

    Args:
        boxes: float32 `[batch, box, 4]`.
        objects: As `instances` gives them; those that are not valid overlap nothing.
        positive_iou: Positive from this overlap on: 0.7 in the RPN, 0.5 in the heads (Ren et al. 2015, 3.1.2).
        negative_iou: Negative below this: 0.3 in the RPN, 0.5 in the heads.
        keep_best: Whether the box, or boxes, of largest overlap with an instance are positive however small it is, and
            belong to the instance that they themselves overlap most. The RPN does so, lest an object have no anchor.
            Without any instance every box is negative.
    """
    valid = objects.valid[:, None, :]
    overlap = ops.where(valid, iou_matrix(boxes, objects.boxes), 0.0)  # [batch, box, instance]
    largest = ops.max(overlap, axis=-1)
    positive, negative = largest >= positive_iou, largest < negative_iou
    if keep_best:
        best_of_instance = ops.max(overlap, axis=1, keepdims=True)
        best = ops.any((overlap >= best_of_instance) & (overlap > 0.0), axis=-1)
        positive, negative = positive | best, negative & ops.logical_not(best)
    return Match(ops.argmax(overlap, axis=-1), positive, negative)


def of_instance(values: Tensor, instance: Tensor) -> Tensor:
    """Return the row of `values` `[batch, instance, n]` for each box of int32 `[batch, box]`: `[batch, box, n]`."""
    return ops.take_along_axis(values, instance[..., None], axis=1)


def _ends(held: Tensor) -> tuple[Tensor, Tensor]:
    """Return first and last edge along axis 1 of bool `[batch, pixel, region]`, float32 `[batch, region]`."""
    n_pixels = held.shape[1]
    first = ops.argmax(ops.cast(held, "int32"), axis=1)
    last = n_pixels - ops.argmax(ops.cast(ops.flip(held, axis=1), "int32"), axis=1)
    return ops.cast(first, "float32"), ops.cast(last, "float32")
