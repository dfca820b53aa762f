"""The grid of a phantom scan, and the boxes of it that small structures are drawn in."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class ScanGrid:
    """An axial grid in the frame of the body: x to the left, y to the back, z to the head.

    Attributes:
        matrix: Rows and columns.
        n_slices: Slices.
        pixel_mm: Distance of neighbouring pixels.
        slice_mm: Distance of neighbouring slices, which is their thickness too.
        corner_mm: Centre of the first voxel, (x, y, z).
    """

    matrix: int
    n_slices: int
    pixel_mm: float
    slice_mm: float
    corner_mm: tuple[float, float, float]

    @property
    def shape(self) -> tuple[int, int, int]:
        """Voxels along (z, y, x)."""
        return self.n_slices, self.matrix, self.matrix

    @property
    def x_mm(self) -> np.ndarray:
        """float32 `[x]`, centres of the columns."""
        return (self.corner_mm[0] + self.pixel_mm * np.arange(self.matrix)).astype(np.float32)

    @property
    def y_mm(self) -> np.ndarray:
        """float32 `[y]`, centres of the rows."""
        return (self.corner_mm[1] + self.pixel_mm * np.arange(self.matrix)).astype(np.float32)

    @property
    def z_mm(self) -> np.ndarray:
        """float32 `[z]`, middles of the slices."""
        return (self.corner_mm[2] + self.slice_mm * np.arange(self.n_slices)).astype(np.float32)

    def index_zyx(self, point_mm: np.ndarray) -> np.ndarray:
        """Fractional index (z, y, x) of a point (x, y, z) in mm."""
        offset = np.asarray(point_mm, dtype=np.float64) - np.array(self.corner_mm)
        return (offset / (self.pixel_mm, self.pixel_mm, self.slice_mm))[..., ::-1]

    def box(self, low_mm: np.ndarray, high_mm: np.ndarray) -> tuple[slice, slice, slice] | None:
        """Slices (z, y, x) of the voxels that touch a box, or None where it lies outside the grid.

        Args:
            low_mm: Lower corner, (x, y, z).
            high_mm: Upper corner, (x, y, z).
        """
        low = np.floor(self.index_zyx(low_mm) + 0.5).astype(int)
        high = np.ceil(self.index_zyx(high_mm) + 0.5).astype(int)
        low, high = np.maximum(low, 0), np.minimum(high, self.shape)
        if (low >= high).any():
            return None
        return tuple(slice(int(a), int(b)) for a, b in zip(low, high, strict=True))

    def axes(self, box: tuple[slice, slice, slice]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Coordinates of a box that broadcast to `[z, y, x]`: x as `[1, 1, x]`, y as `[1, y, 1]`, z as `[z, 1, 1]`."""
        return self.x_mm[None, None, box[2]], self.y_mm[None, box[1], None], self.z_mm[box[0], None, None]

    def fine_axes(self, box: tuple[slice, slice, slice]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """As `axes`, with every slice cut into `n_cuts` thinner ones, whose mean is what a thick slice shows."""
        cuts = ((np.arange(self.n_cuts) + 0.5) / self.n_cuts - 0.5) * self.slice_mm
        z = (self.z_mm[box[0], None] + cuts[None].astype(np.float32)).reshape(-1, 1, 1)
        return self.x_mm[None, None, box[2]], self.y_mm[None, box[1], None], z

    @property
    def n_cuts(self) -> int:
        """Thin slices that one slice is averaged from: as many as make voxels about as high as wide, at most 4."""
        return min(4, max(1, round(self.slice_mm / self.pixel_mm)))

    def slice_mean(self, fine: np.ndarray) -> np.ndarray:
        """Mean over the thin slices of `fine_axes`: `[z * n_cuts, y, x]` to `[z, y, x]`."""
        return fine.reshape(-1, self.n_cuts, *fine.shape[1:]).mean(axis=1)
