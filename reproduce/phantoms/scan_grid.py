"""The grid of a phantom scan, and the boxes of it that small structures are drawn in."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from reproduce.errors import GeometryError

Axes = tuple[np.ndarray, np.ndarray, np.ndarray]  # x [1, 1, x], y [1, y, 1], z [z, 1, 1] in mm
Box = tuple[slice, slice, slice]  # of voxels, (z, y, x)


@dataclass(frozen=True)
class ScanGrid:
    """An axial grid in the frame of the body: x to the left, y to the back, z to the head."""

    matrix: int  # rows and columns
    n_slices: int
    pixel_mm: float
    slice_mm: float  # distance of neighbouring slices, which is their thickness too
    corner_mm: tuple[float, float, float]  # centre of the first voxel, (x, y, z)

    @property
    def shape(self) -> tuple[int, int, int]:
        """Return the voxels along (z, y, x)."""
        return self.n_slices, self.matrix, self.matrix

    @property
    def x_mm(self) -> np.ndarray:
        """Return the centres of the columns, float32 `[x]`."""
        return (self.corner_mm[0] + self.pixel_mm * np.arange(self.matrix)).astype(np.float32)

    @property
    def y_mm(self) -> np.ndarray:
        """Return the centres of the rows, float32 `[y]`."""
        return (self.corner_mm[1] + self.pixel_mm * np.arange(self.matrix)).astype(np.float32)

    @property
    def z_mm(self) -> np.ndarray:
        """Return the middles of the slices, float32 `[z]`."""
        return (self.corner_mm[2] + self.slice_mm * np.arange(self.n_slices)).astype(np.float32)

    def index_zyx(self, point_mm: np.ndarray) -> np.ndarray:
        """Return the fractional index (z, y, x) of a point (x, y, z) in mm."""
        offset = np.asarray(point_mm, dtype=np.float64) - np.array(self.corner_mm)
        return (offset / (self.pixel_mm, self.pixel_mm, self.slice_mm))[..., ::-1]

    def box(self, low_mm: np.ndarray, high_mm: np.ndarray) -> Box | None:
        """Return the voxels that touch a box between two corners (x, y, z), or None where it lies outside the grid."""
        low = np.maximum(np.floor(self.index_zyx(low_mm) + 0.5).astype(int), 0)
        high = np.minimum(np.ceil(self.index_zyx(high_mm) + 0.5).astype(int), self.shape)
        if (low >= high).any():
            return None
        z, y, x = map(slice, low.tolist(), high.tolist())
        return z, y, x

    def box_of(self, what: str, low_mm: np.ndarray, high_mm: np.ndarray) -> Box:
        """Return the `box` of something that the scan has to show.

        Raises:
            GeometryError: It lies outside the grid.
        """
        box = self.box(low_mm, high_mm)
        if box is None:
            expected, do = f"{what} within the scan", "ask for more slices, or for another seed"
            raise GeometryError(expected=expected, got="none of it", where=f"a phantom scan of {self.shape}", do=do)
        return box

    def axes(self, box: Box) -> Axes:
        """Return the coordinates of a box."""
        return self.x_mm[None, None, box[2]], self.y_mm[None, box[1], None], self.z_mm[box[0], None, None]

    def fine_axes(self, box: Box) -> Axes:
        """Return `axes` with every slice cut into `n_cuts` thinner ones, whose mean is what a thick slice shows."""
        cuts = ((np.arange(self.n_cuts) + 0.5) / self.n_cuts - 0.5) * self.slice_mm
        x, y, z = self.axes(box)
        return x, y, (z + cuts.astype(np.float32)).reshape(-1, 1, 1)

    @property
    def n_cuts(self) -> int:
        """Return how many thin slices a slice is averaged from, so that voxels are about as high as wide; at most 4."""
        return min(4, max(1, round(self.slice_mm / self.pixel_mm)))

    def slice_mean(self, fine: np.ndarray) -> np.ndarray:
        """Return the mean over the thin slices of `fine_axes`: `[z * n_cuts, y, x]` to `[z, y, x]`."""
        return fine.reshape(-1, self.n_cuts, *fine.shape[1:]).mean(axis=1)
