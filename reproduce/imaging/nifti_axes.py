"""Axes of NIfTI files and of volumes: put in another order and counted from the other end, never resampled."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import permutations
from pathlib import Path

import numpy as np

from reproduce.errors import GeometryError
from reproduce.imaging.volume import Volume, require_same_grid

POSITION_MM = 1e-3


@dataclass(frozen=True)
class FileAxes:
    """Which axis of a file is x, y and z, and which of them runs the other way.

    Attributes:
        of_file: For x, y and z the axis of the file: 0 is i, 1 is j, 2 is k.
        flipped: For x, y and z whether the file counts it from the other end.
    """

    of_file: tuple[int, int, int]
    flipped: tuple[bool, bool, bool]

    def to_file_index(self, shape_ijk: tuple[int, ...]) -> np.ndarray:
        """Return the map from (x, y, z, 1) to (i, j, k, 1), float64 `[4, 4]`, exact."""
        matrix = np.zeros((4, 4))
        matrix[3, 3] = 1
        for axis, (file_axis, flipped) in enumerate(zip(self.of_file, self.flipped, strict=True)):
            matrix[file_axis, axis] = -1 if flipped else 1
            matrix[file_axis, 3] = shape_ijk[file_axis] - 1 if flipped else 0
        return matrix

    def to_zyx(self, voxels_ijk: np.ndarray) -> np.ndarray:
        """Turn voxels `[i, j, k, ...]` into `[z, y, x, ...]`."""
        turned = voxels_ijk.transpose(*self.of_file[::-1], *range(3, voxels_ijk.ndim))
        return np.flip(turned, self._flipped_zyx)

    def to_ijk(self, voxels_zyx: np.ndarray) -> np.ndarray:
        """Turn voxels `[z, y, x, ...]` into `[i, j, k, ...]`."""
        back = [2 - self.of_file.index(file_axis) for file_axis in range(3)]
        return np.flip(voxels_zyx, self._flipped_zyx).transpose(*back, *range(3, voxels_zyx.ndim))

    @property
    def _flipped_zyx(self) -> tuple[int, ...]:
        return tuple(2 - axis for axis in range(3) if self.flipped[axis])


def nearest_axes(affine: np.ndarray) -> FileAxes:
    """Return the axes of a file that are nearest to LPS: the order with the largest sum of cosines, then the signs.

    Args:
        affine: From (i, j, k, 1) to LPS mm, invertible.
    """
    cosines = affine[:3, :3] / np.linalg.norm(affine[:3, :3], axis=0)
    # Rounded, so that of an exact tie the first, which swaps least, is taken whatever the last bits say.
    order = max(permutations(range(3)), key=lambda p: round(sum(abs(cosines[w, p[w]]) for w in range(3)), 6))
    return _file_axes(order, cosines.T)


def axes_between(volume: Volume, shape: tuple[int, ...], affine: np.ndarray, where: Path) -> FileAxes:
    """Return the axes of a file as the axes x, y and z of a volume lie in it.

    Args:
        volume: On the grid of the file, in any order of axes.
        shape: Shape of the file, (i, j, k, ...).
        affine: From (i, j, k, 1) to LPS mm.
        where: The file, for the error.

    Raises:
        GeometryError: The volume has another number of voxels along an axis, or a corner lies elsewhere.
    """
    steps = np.linalg.inv(affine)[:3, :3] @ volume.affine[:3, :3]
    order = tuple(int(i) for i in np.abs(steps).argmax(axis=0))
    if sorted(order) != [0, 1, 2] or tuple(shape[i] for i in order) != volume.shape[::-1]:
        expected = f"a grid of {shape[:3]} voxels along the axes (i, j, k) of the file"
        got = f"{volume.shape[::-1]} voxels along (x, y, z)"
        do = "resample onto the grid of the image, or put a crop back into it, first"
        raise GeometryError(expected=expected, got=got, where=where, do=do)
    axes = _file_axes(order, steps)
    on_file = Volume(volume.voxels, affine @ axes.to_file_index(shape), volume.unit)
    require_same_grid(on_file, volume, names=(str(where), "the volume"), tolerance_mm=POSITION_MM)
    return axes


def _file_axes(order: tuple[int, ...], directions: np.ndarray) -> FileAxes:
    """Return the axes of the file that are x, y and z; a negative entry of the directions `[file axis, axis]` flips."""
    x, y, z = order
    return FileAxes((x, y, z), (bool(directions[x, 0] < 0), bool(directions[y, 1] < 0), bool(directions[z, 2] < 0)))
