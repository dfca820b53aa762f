"""Distances to simple solids, negative inside, from which every structure of a phantom is built.

Coordinates x, y, z are in millimetres and of any shapes that broadcast; distances are float32 of the broadcast shape.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

_TINY = np.float32(1e-6)
_FAR_MM = 30.0  # what lies farther above or below a slice is given this distance and not worked out
Window = tuple[slice, slice]
Place = tuple[np.ndarray, np.ndarray, float]  # x [1, x], y [y, 1] and height z of a slice, mm
Triple = tuple[float, float, float]


@dataclass(frozen=True)
class Ellipsoid:
    """An ellipsoid turned about the axis of the body; a half axis of infinity makes it a column."""

    centre_mm: Triple  # (x, y, z)
    half_axes_mm: Triple  # (x, y, z), before it is turned
    turn_rad: float = 0.0  # angle about z, from x to y

    def scaled(self, factor: float) -> Ellipsoid:
        """Return the same solid of a body `factor` times as large."""
        centre_mm, half_axes_mm = (triple(factor * v for v in vector) for vector in (self.centre_mm, self.half_axes_mm))
        return Ellipsoid(centre_mm, half_axes_mm, self.turn_rad)

    def distance_mm(self, x: np.ndarray, y: np.ndarray, z: np.ndarray | float) -> np.ndarray:
        """Return the signed distance to first order, k0 (k0 - 1) / k1 with k0 = |p / a| and k1 = |p / a^2|.

        It is exact on the surface and right in sign everywhere.
        """
        cos, sin = np.float32(np.cos(self.turn_rad)), np.float32(np.sin(self.turn_rad))
        dx, dy = x - np.float32(self.centre_mm[0]), y - np.float32(self.centre_mm[1])
        parts = (cos * dx + sin * dy, cos * dy - sin * dx, np.asarray(z, np.float32) - np.float32(self.centre_mm[2]))
        squared0 = squared1 = np.zeros((), np.float32)
        for part, axis in zip(parts, self.half_axes_mm, strict=True):
            reduced = part * np.float32(1 / axis)
            squared0 = squared0 + reduced * reduced
            squared1 = squared1 + (reduced * np.float32(1 / axis)) ** 2
        k0 = np.sqrt(squared0)
        return k0 * (k0 - 1) / (np.sqrt(squared1) + _TINY)

    def extent_mm(self, z: float) -> tuple[np.ndarray, np.ndarray] | None:
        """Return corners (x, y) of a rectangle that holds the cut at height z; None where the solid is not cut."""
        if abs(z - self.centre_mm[2]) > self.half_axes_mm[2] + 1:
            return None
        middle, reach = np.array(self.centre_mm[:2]), max(self.half_axes_mm[:2])
        return middle - reach, middle + reach


@dataclass(frozen=True, eq=False)
class Tube:
    """A chain of cones with round ends."""

    points_mm: np.ndarray  # float32 [n, 3], (x, y, z) along the middle line
    radii_mm: np.ndarray  # float32 [n]

    def scaled(self, factor: float) -> Tube:
        """Return the same solid of a body `factor` times as large."""
        return Tube(self.points_mm * np.float32(factor), self.radii_mm * np.float32(factor))

    def distance_mm(self, x: np.ndarray, y: np.ndarray, z: np.ndarray | float) -> np.ndarray:
        """Return the signed distance to the nearest of the cones.

        At one height (`z` a number) cones more than 30 mm above or below are passed over: the distance ends at 30 mm.
        """
        at_one_height, nearest = np.ndim(z) == 0, np.array(_FAR_MM, np.float32)
        for i in self._cones_near(float(z), _FAR_MM) if at_one_height else range(len(self.radii_mm) - 1):
            ends, radii = (self.points_mm[i], self.points_mm[i + 1]), (self.radii_mm[i], self.radii_mm[i + 1])
            here = cone_distance_mm(x, y, z, ends_mm=ends, radii_mm=radii)
            nearest = np.minimum(nearest, here) if at_one_height or i else here
        return nearest

    def extent_mm(self, z: float) -> tuple[np.ndarray, np.ndarray] | None:
        """Return corners (x, y) of a rectangle that holds the cut at height z; None where the solid is not cut."""
        cones = self._cones_near(z, 1.0)
        if not cones:
            return None
        points = np.concatenate([self.points_mm[i : i + 2, :2] for i in cones])
        return points.min(axis=0) - self.radii_mm.max(), points.max(axis=0) + self.radii_mm.max()

    def _cones_near(self, z: float, reach_mm: float) -> list[int]:
        """Return the cones that come within `reach_mm` of a height."""
        low = np.minimum(self.points_mm[:-1, 2], self.points_mm[1:, 2]) - self.radii_mm.max() - reach_mm
        high = np.maximum(self.points_mm[:-1, 2], self.points_mm[1:, 2]) + self.radii_mm.max() + reach_mm
        return np.flatnonzero((low <= z) & (z <= high)).tolist()


def triple(values: Iterable[float]) -> Triple:
    """Return three numbers, of NumPy or not, as floats."""
    x, y, z = map(float, values)
    return x, y, z


def tube(*knots: tuple[float, float, float, float]) -> Tube:
    """Return a tube through knots of (x, y, z, radius) in millimetres."""
    table = np.array(knots, dtype=np.float32)
    return Tube(table[:, :3], table[:, 3])


def cone_distance_mm(
    x: np.ndarray,
    y: np.ndarray,
    z: np.ndarray | float,
    *,
    ends_mm: tuple[np.ndarray, np.ndarray],
    radii_mm: tuple[float, float],
) -> np.ndarray:
    """Return the signed distance to a segment between two ends (x, y, z) with a radius that changes along it.

    The ends may be the same point, which gives a sphere.
    """
    a, b = (np.asarray(end, dtype=np.float32) for end in ends_mm)
    along = b - a
    px, py, pz = x - a[0], y - a[1], z - a[2]
    share = np.clip((px * along[0] + py * along[1] + pz * along[2]) / (along @ along + _TINY), 0, 1)
    across = (px - share * along[0]) ** 2 + (py - share * along[1]) ** 2 + (pz - share * along[2]) ** 2
    return np.sqrt(across) - (np.float32(radii_mm[0]) + share * np.float32(radii_mm[1] - radii_mm[0]))


def smooth_union(a: np.ndarray, b: np.ndarray, width_mm: float) -> np.ndarray:
    """Return the distance to two solids whose seam is rounded over `width_mm` (polynomial smooth minimum)."""
    mix = np.clip(np.float32(0.5) + (b - a) * np.float32(0.5 / width_mm), 0, 1)
    return b + (a - b) * mix - np.float32(width_mm) * mix * (1 - mix)


def coverage(distance_mm: np.ndarray, width_mm: float) -> np.ndarray:
    """Return the share of a voxel inside a solid, in [0, 1], from the signed distance of its centre to the surface.

    The share falls linearly from 1 to 0 over `width_mm`, the edge of the voxel.
    """
    return np.clip(np.float32(0.5) - distance_mm * np.float32(1 / width_mm), 0, 1)


def blend(values: np.ndarray, share: np.ndarray, other: np.ndarray | float) -> None:
    """Replace a share of each voxel of `values`, in place, by `other`."""
    values += share * (other - values)


def window(solid: Ellipsoid | Tube, x: np.ndarray, y: np.ndarray, z: float, *, margin_mm: float) -> Window | None:
    """Return the rows and columns of a slice that a solid with a margin can reach; None where it is not cut.

    x `[1, x]` and y `[y, 1]` are evenly spaced.
    """
    extent = solid.extent_mm(z)
    if extent is None:
        return None
    columns, rows = np.array([extent[0] - margin_mm, extent[1] + margin_mm]).T
    return slice(*np.searchsorted(y[:, 0], rows).tolist()), slice(*np.searchsorted(x[0], columns).tolist())


def paint(plane: np.ndarray, solid: Ellipsoid | Tube, at: Place, *, hu: float, edge_mm: float) -> None:
    """Paint the cut of a solid of density `hu` into a slice `[y, x]`, in place; its edge falls off over `edge_mm`."""
    x, y, z = at
    found = window(solid, x, y, z, margin_mm=2 * edge_mm)
    if found is not None:
        rows, columns = found
        blend(plane[found], coverage(solid.distance_mm(x[:, columns], y[rows], z), edge_mm), hu)
