"""Volumes of any size shown to a model of one size: set into a box, or seen in boxes that overlap."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence

import numpy as np

Box = tuple[int, int, int]


def set_into(voxels: np.ndarray, box: Box) -> np.ndarray:
    """Set the middle of a volume into a box: zeros around it where it is smaller, cut off where it is larger.

    Args:
        voxels: `[z, y, x, channel]`.
        box: (z, y, x) in voxels.

    Returns:
        `[*box, channel]` of the same dtype. Of an odd difference the larger half lies behind.
    """
    cut = [max(0, n - side) // 2 for n, side in zip(voxels.shape, box, strict=False)]
    kept = voxels[tuple(slice(first, first + side) for first, side in zip(cut, box, strict=True))]
    return _padded(kept, box)[0]


def averaged_over_boxes(
    voxels: np.ndarray, box: Box, *, n_regions: int, see: Callable[[np.ndarray], np.ndarray]
) -> np.ndarray:
    """Return what a model predicts for each voxel of a volume; the mean where a voxel lies in several boxes.

    A smaller volume is set into the middle of zeros, whose predictions are left out.

    Args:
        voxels: `[z, y, x, channel]`.
        box: (z, y, x) in voxels of what the model sees.
        n_regions: Regions that the model predicts.
        see: From `[*box, channel]` to `[*box, region]`.

    Returns:
        float32 `[z, y, x, region]`.
    """
    padded, before = _padded(voxels, box)
    total = np.zeros((*padded.shape[:3], n_regions), np.float32)
    times = np.zeros((*padded.shape[:3], 1), np.float32)
    starts = [box_starts(n, side) for n, side in zip(padded.shape[:3], box, strict=True)]
    for corner in itertools.product(*starts):
        place = tuple(slice(first, first + side) for first, side in zip(corner, box, strict=True))
        total[place] += see(padded[place])
        times[place] += 1
    inside = tuple(slice(first, first + n) for first, n in zip(before, voxels.shape[:3], strict=True))
    return (total / times)[inside]


def box_starts(n: int, side: int, *, overlap: int = 2) -> list[int]:
    """Return where boxes start along an axis to cover it evenly, neighbours sharing half a side or another part of it.

    Args:
        n: Voxels along the axis, at least `side`.
        side: Side of a box, in voxels.
        overlap: Neighbours share a side divided by this, or more.
    """
    if n == side:
        return [0]
    n_boxes = -(-(n - side) // max(1, side - -(-side // overlap))) + 1
    return np.linspace(0, n - side, n_boxes).round().astype(int).tolist()


def _padded(voxels: np.ndarray, box: Box) -> tuple[np.ndarray, Sequence[int]]:
    """Return a volume with zeros around it up to the box where it is smaller, and how many before it on each axis."""
    missing = [max(0, side - n) for n, side in zip(voxels.shape[:3], box, strict=True)]
    before = [n // 2 for n in missing]
    after = [n - first for n, first in zip(missing, before, strict=True)]
    return np.pad(voxels, [*zip(before, after, strict=True), (0, 0)]), before
