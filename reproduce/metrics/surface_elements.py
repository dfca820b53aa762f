"""Where the surface of a mask lies on the grid: its outermost voxels, or the corners between inside and outside.

Both kinds are found few planes at a time inside the box around the two masks, so that the work stays in the cache and
the memory is that of the box, not of the volume. An image `[y, x]` is a volume of one plane that goes on above and
below without an end, so that it has no surface there.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from reproduce.metrics.surfel_areas import surfel_areas_mm2

Box = tuple[slice, slice, slice]

# Planes worked on together hold about so many voxels.
_VOXELS_AT_ONCE = 1 << 18


@dataclass(frozen=True, eq=False)
class Elements:
    """The surface elements of one mask.

    Attributes:
        index: int64 `[n]`, rising; flat index into the grid of `shape`.
        areas_mm2: float64 `[n]`, or None where each element counts one. Lengths in mm for an image.
        shape: (z, y, x) of the grid that the indices are on, the same for two masks in one box.
    """

    index: np.ndarray
    areas_mm2: np.ndarray | None
    shape: tuple[int, int, int]


def box_around(*masks: np.ndarray) -> Box | None:
    """The smallest box that holds every voxel of all masks; None where all are empty.

    Args:
        masks: bool `[z, y, x]`, one shape.
    """
    planes = np.logical_or.reduce([mask.any(axis=(1, 2)) for mask in masks])
    if not planes.any():
        return None
    z = _extent(planes)
    shadow = np.logical_or.reduce([np.logical_or.reduce(mask[z], axis=0) for mask in masks])
    return z, _extent(shadow.any(axis=1)), _extent(shadow.any(axis=0))


def surface_voxels(mask: np.ndarray, box: Box, *, image: bool) -> Elements:
    """The voxels of a mask that share a face with a voxel outside it; beyond the volume everything is outside.

    Args:
        mask: bool `[z, y, x]`.
        box: A box that holds all of the mask.
        image: The one plane goes on above and below: only the four neighbours in the plane count.
    """
    padded = _padded(mask, box, image=image)
    n_z, n_y, n_x = (n - 2 for n in padded.shape)
    found = []
    for planes in _slabs(n_z, n_y * n_x):
        slab = padded[planes.start : planes.stop + 2]
        here = slab[1:-1]
        inside = slab[:-2, 1:-1, 1:-1] & slab[2:, 1:-1, 1:-1]
        for neighbour in (here[:, :-2, 1:-1], here[:, 2:, 1:-1], here[:, 1:-1, :-2], here[:, 1:-1, 2:]):
            np.logical_and(inside, neighbour, out=inside)
        surface = np.greater(here[:, 1:-1, 1:-1], inside, out=inside)
        found.append(np.flatnonzero(surface) + planes.start * n_y * n_x)
    return Elements(np.concatenate(found), None, (n_z, n_y, n_x))


def surface_corners(mask: np.ndarray, box: Box, *, spacing_mm: tuple[float, float, float], image: bool) -> Elements:
    """The corners of the grid whose eight voxels are neither all inside nor all outside, with the area between them.

    Args:
        mask: bool `[z, y, x]`.
        box: A box that holds all of the mask.
        spacing_mm: (z, y, x) in mm; for an image z is 1, so that areas are lengths.
        image: The one plane goes on above and below: a corner has four voxels, each twice.
    """
    padded = _padded(mask, box, image=image).view(np.uint8)[1 if image else 0 :]
    n_z, n_y, n_x = (n - 1 for n in padded.shape)
    found, patterns = [], []
    for planes in _slabs(n_z, n_y * n_x):
        squares = _square_patterns(padded[planes.start : planes.stop + 1])
        pattern = squares[:-1] | squares[1:] << 4
        # 0 wraps to 255, and 255 becomes 254: one comparison leaves out both.
        here = np.flatnonzero(pattern - np.uint8(1) < 254)
        found.append(here + planes.start * n_y * n_x)
        patterns.append(pattern.ravel()[here])
    return Elements(np.concatenate(found), surfel_areas_mm2(spacing_mm)[np.concatenate(patterns)], (n_z, n_y, n_x))


def _square_patterns(planes: np.ndarray) -> np.ndarray:
    """uint8 `[z, y - 1, x - 1]`: four voxels of a plane as the bits 2 y + x."""
    pairs = planes[:, :, :-1] | planes[:, :, 1:] << 1
    return pairs[:, :-1] | pairs[:, 1:] << 2


def _slabs(n_planes: int, n_voxels: int) -> list[slice]:
    """All planes of so many voxels each, few at a time."""
    at_once = max(1, _VOXELS_AT_ONCE // n_voxels)
    return [slice(z, min(z + at_once, n_planes)) for z in range(0, n_planes, at_once)]


def _padded(mask: np.ndarray, box: Box, *, image: bool) -> np.ndarray:
    """bool: the box with one voxel around it, outside, or for an image the same plane above and below."""
    cropped = mask[box]
    n_z, n_y, n_x = cropped.shape
    padded = np.zeros((n_z + 2, n_y + 2, n_x + 2), dtype=np.bool_)
    planes = slice(None) if image else slice(1, -1)
    padded[planes, 1:-1, 1:-1] = cropped
    return padded


def _extent(line: np.ndarray) -> slice:
    """From the first to behind the last True of a bool `[n]` that has one."""
    where = np.flatnonzero(line)
    return slice(int(where[0]), int(where[-1]) + 1)
