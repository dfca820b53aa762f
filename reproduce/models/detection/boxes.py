"""Boxes in pixels: overlap, anchors, and the code in which Faster R-CNN regresses them (Ren et al. 2015, equation 2).

A box is y0, x0, y1, x1 in float32, edges of pixels, so that pixel i reaches from i to i + 1.
"""

from __future__ import annotations

import math

import numpy as np
from keras import ops

from reproduce.models import Tensor

# Height over width of the anchors (Ren et al. 2015, section 3.1.1).
RATIOS = (0.5, 1.0, 2.0)

# One detector halves or doubles a side many times at the most; beyond this exp() of an untrained output overflows.
# 1000 / 16 is the bound of Detectron and of torchvision.
MAX_LOG_MAGNIFICATION = math.log(1000.0 / 16.0)

# torchvision drops boxes thinner than this; we keep them, since shapes are static, and divide by this instead of by 0.
MIN_SIDE = 1e-3


def area(boxes: Tensor) -> Tensor:
    """Return the area `[..., box]` of boxes `[..., box, 4]` in square pixels; 0 where an end lies before its start."""
    sides = ops.maximum(boxes[..., 2:] - boxes[..., :2], 0.0)
    return sides[..., 0] * sides[..., 1]


def iou_matrix(first: Tensor, second: Tensor) -> Tensor:
    """Return the intersection over union of each box of the first set with each of the second.

    Float32 `[..., m, n]` in [0, 1] of boxes `[..., m, 4]` and `[..., n, 4]`; 0 where both boxes are empty.
    """
    shared = _shared_length(first, second, 0) * _shared_length(first, second, 1)
    union = area(first)[..., :, None] + area(second)[..., None, :] - shared
    return ops.where(union > 0.0, shared / ops.where(union > 0.0, union, 1.0), 0.0)


def encode(boxes: Tensor, anchors: Tensor, *, weights: tuple[float, float]) -> Tensor:
    """Return the code that moves each anchor onto its box: shift of the centre in sides, log of the magnification.

    t_y = w (y - y_a) / h_a and t_h = w' log(h / h_a), likewise along x (Girshick et al. 2014, appendix C).

    Args:
        boxes: `[..., box, 4]`.
        anchors: `[..., box, 4]`, one for each.
        weights: (w of the centre, w' of the sides); 1, 1 in the RPN, 10, 5 in the box head (Fast R-CNN's code divides
            by the deviations 0.1 and 0.2, which is the same).

    Returns:
        float32 `[..., box, 4]`: t_y, t_x, t_h, t_w. Finite for empty boxes too: sides count as `MIN_SIDE` or more.
    """
    centre, sides = _centre_and_sides(boxes)
    anchor_centre, anchor_sides = _centre_and_sides(anchors)
    shift = weights[0] * (centre - anchor_centre) / anchor_sides
    return ops.concatenate([shift, weights[1] * ops.log(sides / anchor_sides)], axis=-1)


def decode(code: Tensor, anchors: Tensor, *, weights: tuple[float, float]) -> Tensor:
    """Return the box that a code makes of its anchor; the inverse of `encode`.

    Args:
        code: float32 `[..., box, 4]`; magnifications beyond 62.5 count as 62.5.
        anchors: `[..., box, 4]`; broadcasts against the code.
        weights: As in `encode`.

    Returns:
        Boxes `[..., box, 4]`.
    """
    anchor_centre, anchor_sides = _centre_and_sides(anchors)
    centre = anchor_centre + code[..., :2] / weights[0] * anchor_sides
    sides = anchor_sides * ops.exp(ops.minimum(code[..., 2:] / weights[1], MAX_LOG_MAGNIFICATION))
    return ops.concatenate([centre - 0.5 * sides, centre + 0.5 * sides], axis=-1)


def clip_to(boxes: Tensor, size: tuple[int, int]) -> Tensor:
    """Return the part of each box that lies within an image of (y, x) pixels; of a box outside its area is 0."""
    high = ops.convert_to_tensor([size[0], size[1], size[0], size[1]], "float32")
    return ops.minimum(ops.maximum(boxes, 0.0), high)


def _shared_length(first: Tensor, second: Tensor, axis: int) -> Tensor:
    # One axis at a time: an innermost dimension of two would keep CPUs from using their vector units.
    low = ops.maximum(first[..., :, None, axis], second[..., None, :, axis])
    high = ops.minimum(first[..., :, None, axis + 2], second[..., None, :, axis + 2])
    return ops.maximum(high - low, 0.0)


def _centre_and_sides(boxes: Tensor) -> tuple[Tensor, Tensor]:
    sides = ops.maximum(boxes[..., 2:] - boxes[..., :2], MIN_SIDE)
    return boxes[..., :2] + 0.5 * sides, sides


def level_anchors(grid: tuple[int, int], *, stride: tuple[int, int], side: float) -> np.ndarray:
    """Return the anchors of one level, row by row, the shapes of a position one after another (Lin et al. 2017, 4.1).

    An anchor of ratio r is `side * sqrt(r)` high and `side / sqrt(r)` wide. Half sides are rounded to whole pixels and
    anchors stand at the upper left corner of their cell, not at its centre: both as in torchvision, whose weights
    would not fit otherwise; the papers leave both open.

    Float32 `[y * x * 3, 4]` in pixels of the image, beyond which some reach, for a grid of (y, x) cells of (y, x)
    pixels each; `side` is the square root of the anchors' area in pixels.
    """
    ratios = np.array(RATIOS)
    half = np.stack([side * np.sqrt(ratios), side / np.sqrt(ratios)], axis=-1) / 2
    shapes = np.round(np.concatenate([-half, half], axis=-1))  # [3, 4]
    rows, columns = np.meshgrid(np.arange(grid[0]) * stride[0], np.arange(grid[1]) * stride[1], indexing="ij")
    corners = np.stack([rows, columns, rows, columns], axis=-1).reshape(-1, 1, 4)
    return (corners + shapes).reshape(-1, 4).astype(np.float32)


def pyramid_grids(size: tuple[int, int]) -> tuple[tuple[int, int], ...]:
    """Return the cells (y, x) of P2 to P6 for sides that are multiples of 32; P6 takes every second cell of P5."""
    grids = [(size[0] // 2**level, size[1] // 2**level) for level in range(2, 6)]
    return (*grids, tuple((side + 1) // 2 for side in grids[-1]))


def pyramid_anchors(size: tuple[int, int], *, scale: float) -> tuple[np.ndarray, ...]:
    """Return the anchors of P2 to P6; their side is `scale` strides on each level.

    One array a level, as in `level_anchors`. A scale of 8 gives the sides 32, 64, 128, 256, 512 of FPN, for images of
    800 pixels and more; small ones need less.
    """
    levels = enumerate(pyramid_grids(size), start=2)
    return tuple(level_anchors(grid, stride=(2**k, 2**k), side=scale * 2**k) for k, grid in levels)
