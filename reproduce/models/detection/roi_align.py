"""RoIAlign: features of a box on a fixed grid, by bilinear sampling (He et al. 2017, Mask R-CNN, section 3).

The average over sampling points and the bilinear interpolation are both separable, so RoIAlign is two matrix products,
one along y and one along x. No gather, no scatter in its gradient: that is fast on CPUs, GPUs and under XLA alike.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from keras import ops

from reproduce.models import Tensor

SAMPLING_RATIO = 2  # points a bin and axis; four points a bin in all (section 3 there; torchvision's too)

# A box with the side of an ImageNet image goes to P4, the level whose stride the single-scale detector had
# (Lin et al. 2017, FPN, equation 1).
CANONICAL_SIDE, CANONICAL_LEVEL = 224.0, 4


def sampling_matrix(low: Tensor, high: Tensor, *, n_bins: int, n_pixels: int, scale: float, aligned: bool) -> Tensor:
    """Return what each pixel of an axis adds to each bin of a box.

    Args:
        low: float32 `[...]`, start of the box in pixels of the image.
        high: float32 `[...]`, its end.
        n_bins: Bins into which the box is cut.
        n_pixels: Pixels of the axis.
        scale: Pixels of the axis in one pixel of the image.
        aligned: Whether pixel i is centred at i + 0.5 as edges of boxes have it. If not, at i, and no box is thinner
            than one pixel of the axis: so the first RoIAlign, and Mask R-CNN in torchvision.

    Returns:
        float32 `[..., n_bins, n_pixels]`. A point beyond the first or last pixel by one pixel or less reads that pixel;
        further out it reads 0.
    """
    start, end = low * scale, high * scale
    if aligned:
        start, end = start - 0.5, end - 0.5
    side = end - start if aligned else ops.maximum(end - start, 1.0)
    n_points = n_bins * SAMPLING_RATIO
    points = start[..., None] + side[..., None] * (ops.arange(n_points, dtype="float32") + 0.5) / n_points
    inside = (points >= -1.0) & (points <= n_pixels)
    points = ops.clip(points, 0.0, n_pixels - 1.0)
    distance = ops.abs(points[..., None] - ops.arange(n_pixels, dtype="float32"))
    weights = ops.where(inside[..., None], ops.maximum(1.0 - distance, 0.0), 0.0)
    pairs = ops.reshape(weights, (*ops.shape(low), n_bins, SAMPLING_RATIO, n_pixels))
    return ops.mean(pairs, axis=-2)


def sample_separably(features: Tensor, along_y: Tensor, along_x: Tensor) -> Tensor:
    """Return features times a matrix along each axis, `[batch, box, bin, bin, channel]`, dtype of the features.

    Args:
        features: `[batch, y, x, channel]`.
        along_y: `[batch, box, bin, y]`, as `sampling_matrix` gives it.
        along_x: `[batch, box, bin, x]`.
    """
    _, y, x, channels = features.shape
    _, n_boxes, n_bins, _ = along_y.shape
    along_y, along_x = ops.cast(along_y, features.dtype), ops.cast(along_x, features.dtype)
    rows = ops.matmul(ops.reshape(along_y, (-1, n_boxes * n_bins, y)), ops.reshape(features, (-1, y, x * channels)))
    rows = ops.reshape(rows, (-1, n_boxes, n_bins, x, channels))
    return ops.matmul(along_x[:, :, None], rows)  # [batch, box, bin, bin, channel]


def roi_align(features: Tensor, boxes: Tensor, *, n_bins: int, scale: float, aligned: bool) -> Tensor:
    """Return features of each box on n_bins x n_bins bins, four points a bin.

    `[batch, box, n_bins, n_bins, channel]` of features `[batch, y, x, channel]` and boxes `[batch, box, 4]` in pixels
    of the image, whose gradient is stopped; `scale` and `aligned` as in `sampling_matrix`.
    """
    return sample_separably(features, *_matrices(features, boxes, n_bins=n_bins, scale=scale, aligned=aligned))


def pyramid_levels(boxes: Tensor, *, canonical_side: float) -> Tensor:
    """Return the level of each box, 2 to 5: floor(4 + log2(sqrt(area) / canonical_side)) (FPN, equation 1).

    Int32 `[..., box]`; a box with a side of `canonical_side` pixels goes to P4, an empty one to P2.
    """
    sides = ops.maximum(boxes[..., 2:] - boxes[..., :2], 1e-6)
    log_side = 0.5 * ops.log2(sides[..., 0] * sides[..., 1])
    # The small addition keeps a box of exactly the canonical side on its level, as in Detectron and torchvision.
    level = ops.floor(CANONICAL_LEVEL + log_side - ops.log2(ops.cast(canonical_side, "float32")) + 1e-6)
    return ops.cast(ops.clip(level, 2, 5), "int32")


def pyramid_roi_align(levels: Sequence[Tensor], boxes: Tensor, *, n_bins: int, canonical_side: float) -> Tensor:
    """Return RoIAlign of each box on its own level of P2 to P5, not aligned, as Mask R-CNN in torchvision.

    A box is sampled on every level, with weights of 0 on all but its own: static shapes ask for it, and the products
    are cheap.

    Args:
        levels: P2 to P5, each `[batch, y, x, channel]`.
        boxes: float32 `[batch, box, 4]` in pixels of the image.
        n_bins: Bins of the result along each axis.
        canonical_side: As in `pyramid_levels`.

    Returns:
        `[batch, box, n_bins, n_bins, channel]`.
    """
    level_of_box = pyramid_levels(boxes, canonical_side=canonical_side)
    total = 0.0
    for level, features in enumerate(levels, start=2):
        along_y, along_x = _matrices(features, boxes, n_bins=n_bins, scale=0.5**level, aligned=False)
        here = ops.cast(level_of_box == level, "float32")[..., None, None]
        total = total + sample_separably(features, along_y * here, along_x)
    return total


def _matrices(features: Tensor, boxes: Tensor, *, n_bins: int, scale: float, aligned: bool) -> tuple[Tensor, Tensor]:
    boxes = ops.stop_gradient(boxes)
    _, y, x, _ = features.shape
    sample = partial(sampling_matrix, n_bins=n_bins, scale=scale, aligned=aligned)
    return sample(boxes[..., 0], boxes[..., 2], n_pixels=y), sample(boxes[..., 1], boxes[..., 3], n_pixels=x)
