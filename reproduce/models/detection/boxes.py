"""Boxes in pixels: overlap, and the code in which Faster R-CNN regresses them (Ren et al. 2015, equation 2)."""

from __future__ import annotations

import math

from keras import ops

# One detector halves or doubles a side many times at the most; beyond this exp() of an untrained output overflows.
# 1000 / 16 is the bound of Detectron and of torchvision.
MAX_LOG_MAGNIFICATION = math.log(1000.0 / 16.0)

# torchvision drops boxes thinner than this; we keep them, since shapes are static, and divide by this instead of by 0.
MIN_SIDE = 1e-3


def area(boxes):
    """Area of each box in square pixels; 0 where an end lies before its start.

    Args:
        boxes: float32 `[..., box, 4]`: y0, x0, y1, x1, edges of pixels, so that pixel i reaches from i to i + 1.

    Returns:
        float32 `[..., box]`.
    """
    sides = ops.maximum(boxes[..., 2:] - boxes[..., :2], 0.0)
    return sides[..., 0] * sides[..., 1]


def iou_matrix(first, second):
    """Intersection over union of each box of the first set with each of the second.

    Args:
        first: float32 `[..., m, 4]`, as in `area`.
        second: float32 `[..., n, 4]`.

    Returns:
        float32 `[..., m, n]` in [0, 1]; 0 where both boxes are empty.
    """
    shared = _shared_length(first, second, 0) * _shared_length(first, second, 1)
    union = area(first)[..., :, None] + area(second)[..., None, :] - shared
    return ops.where(union > 0.0, shared / ops.where(union > 0.0, union, 1.0), 0.0)


def encode(boxes, anchors, *, weights: tuple[float, float]):
    """The code that moves each anchor onto its box: shift of the centre in sides, logarithm of the magnification.

    t_y = w (y - y_a) / h_a and t_h = w' log(h / h_a), likewise along x (Girshick et al. 2014, appendix C).

    Args:
        boxes: float32 `[..., box, 4]`, as in `area`.
        anchors: float32 `[..., box, 4]`, one for each.
        weights: (w of the centre, w' of the sides); 1, 1 in the RPN, 10, 5 in the box head (Fast R-CNN's code divides
            by the deviations 0.1 and 0.2, which is the same).

    Returns:
        float32 `[..., box, 4]`: t_y, t_x, t_h, t_w. Finite for empty boxes too: sides count as `MIN_SIDE` or more.
    """
    centre, sides = _centre_and_sides(boxes)
    anchor_centre, anchor_sides = _centre_and_sides(anchors)
    shift = weights[0] * (centre - anchor_centre) / anchor_sides
    return ops.concatenate([shift, weights[1] * ops.log(sides / anchor_sides)], axis=-1)


def decode(code, anchors, *, weights: tuple[float, float]):
    """The box that a code makes of its anchor; the inverse of `encode`.

    Args:
        code: float32 `[..., box, 4]`; magnifications beyond 62.5 count as 62.5.
        anchors: float32 `[..., box, 4]`, as in `area`; broadcasts against the code.
        weights: As in `encode`.

    Returns:
        float32 `[..., box, 4]`, as in `area`.
    """
    anchor_centre, anchor_sides = _centre_and_sides(anchors)
    centre = anchor_centre + code[..., :2] / weights[0] * anchor_sides
    sides = anchor_sides * ops.exp(ops.minimum(code[..., 2:] / weights[1], MAX_LOG_MAGNIFICATION))
    return ops.concatenate([centre - 0.5 * sides, centre + 0.5 * sides], axis=-1)


def clip_to(boxes, size: tuple[int, int]):
    """The part of each box that lies within an image.

    Args:
        boxes: float32 `[..., box, 4]`, as in `area`.
        size: (y, x) of the image in pixels.

    Returns:
        float32 `[..., box, 4]`; a box that lies outside as a whole has an area of 0.
    """
    high = ops.convert_to_tensor([size[0], size[1], size[0], size[1]], "float32")
    return ops.minimum(ops.maximum(boxes, 0.0), high)


def _shared_length(first, second, axis: int):
    # One axis at a time: an innermost dimension of two would keep CPUs from using their vector units.
    low = ops.maximum(first[..., :, None, axis], second[..., None, :, axis])
    high = ops.minimum(first[..., :, None, axis + 2], second[..., None, :, axis + 2])
    return ops.maximum(high - low, 0.0)


def _centre_and_sides(boxes):
    sides = ops.maximum(boxes[..., 2:] - boxes[..., :2], MIN_SIDE)
    return boxes[..., :2] + 0.5 * sides, sides
