"""Outlines to pixels, by the convention of LIDC-IDRI: the outline is the first pixel outside the nodule.

Source: the collection's documentation at the Cancer Imaging Archive. pylidc fills the same way by default.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from skimage.measure import grid_points_in_poly

from reproduce.cohorts.lidc_marks import Mark

_OUTSIDE, _INSIDE = 0, 1


@dataclass(frozen=True, eq=False)
class BoxMask:
    """A mask that is stored only where something can be in it."""

    voxels: np.ndarray  # bool or a count, [z, y, x] or [y, x] within the box
    corner_zyx: tuple[int, ...]  # index of its first voxel in the volume

    @property
    def box(self) -> tuple[slice, ...]:
        """Slices that cut the box out of the volume."""
        return tuple(slice(c, c + n) for c, n in zip(self.corner_zyx, self.voxels.shape, strict=True))


def enclosed_pixels(points_xy: np.ndarray, *, outline_included: bool) -> tuple[np.ndarray, tuple[int, int]]:
    """Return the pixels whose centres lie strictly inside a closed path, by the even-odd rule.

    A centre on the path, be it a point of it or between two points that are no neighbours, is outside: that is the
    convention of LIDC-IDRI. A path of one or two points, or one that folds back on itself, encloses nothing. In
    LIDC-IDRI 148 of 41436 paths enclose nothing, yet every outlined nodule has some slice that does.

    Args:
        points_xy: int `[n, 2]`, (column, row), n >= 1.
        outline_included: Count the path as nodule too. Against the convention; for comparisons.

    Returns:
        bool `[y, x]` on the bounding box of the path, and (row, column) of the box's corner.
    """
    low = points_xy.min(axis=0)
    relative = points_xy - low
    shape = tuple(int(n) for n in relative.max(axis=0)[::-1] + 1)
    if len(points_xy) > 2:
        where = grid_points_in_poly(shape, relative[:, ::-1].astype(np.float64), binarize=False)
    else:
        where = np.full(shape, _OUTSIDE)
    pixels = where != _OUTSIDE if outline_included else where == _INSIDE
    if outline_included:
        pixels[relative[:, 1], relative[:, 0]] = True
    return pixels, (int(low[1]), int(low[0]))


def mark_mask(mark: Mark, slices: Sequence[int | None], *, outline_included: bool) -> BoxMask | None:
    """Return the voxels that one reader took for nodule: the inside of all its outlines, less its holes.

    Outlines of one slice are united. A hole takes its own path away with its inside: the path of a hole is not nodule
    either.

    Args:
        mark: The mark.
        slices: Index of the slice of each outline; None where it has none.
        outline_included: See `enclosed_pixels`; holes are the same in both ways.

    Returns:
        bool mask on the bounding box of the outlines; None where no outline has a slice.
    """
    placed = [(z, outline) for z, outline in zip(slices, mark.outlines, strict=True) if z is not None]
    if not placed:
        return None
    points = np.concatenate([outline.points_xy for _, outline in placed])
    (x0, y0), (x1, y1) = points.min(axis=0).tolist(), points.max(axis=0).tolist()
    z0, z1 = min(z for z, _ in placed), max(z for z, _ in placed)
    voxels = np.zeros((z1 - z0 + 1, y1 - y0 + 1, x1 - x0 + 1), dtype=bool)
    for z, outline in sorted(placed, key=lambda item: item[1].is_hole):
        is_wide = outline_included or outline.is_hole
        pixels, (row, column) = enclosed_pixels(outline.points_xy, outline_included=is_wide)
        target = voxels[z - z0][BoxMask(pixels, (row - y0, column - x0)).box]
        target[pixels] = not outline.is_hole
    return BoxMask(voxels, (z0, y0, x0))
