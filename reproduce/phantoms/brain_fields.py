"""Smooth random fields that belong to a patient, not to a grid: a finer grid shows the same folds more finely."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

Axes = tuple[np.ndarray, np.ndarray, np.ndarray]
_HALF_MM = 100.0  # a head does not reach farther from its middle
_UNIT_SHARE = 2416 / 5040  # mean over positions of the summed squares of cubic B-spline weights, B7(0)


@dataclass(frozen=True, eq=False)
class Field:
    """A cubic B-spline with random coefficients: zero mean, variance 1, zeros about 2.7 grains apart.

    Attributes:
        coefficients: float32 `[z, y, x]`, on a lattice over [-100 mm, 100 mm] on every axis.
        grain_mm: Distance of neighbouring coefficients.
    """

    coefficients: np.ndarray
    grain_mm: float

    def on_axes(self, axes: Axes) -> np.ndarray:
        """Values on a grid.

        Args:
            axes: x as `[1, 1, x]`, y as `[1, y, 1]`, z as `[z, 1, 1]`, mm.

        Returns:
            float32 `[z, y, x]`.
        """
        x, y, z = (self._weights(axis.ravel()) for axis in axes)
        n_z, n_y, n_x = self.coefficients.shape
        planes = (z @ self.coefficients.reshape(n_z, -1)).reshape(-1, n_y, n_x)
        return (y @ planes) @ x.T

    def at(self, x: np.ndarray, y: np.ndarray, z: np.ndarray) -> np.ndarray:
        """Values at any points; three arrays of one shape in mm give float32 of that shape."""
        points = [self._index(axis) for axis in (z, y, x)]
        return ndimage.map_coordinates(self.coefficients, points, order=3, mode="nearest", prefilter=False)

    def _index(self, at_mm: np.ndarray) -> np.ndarray:
        return (at_mm + np.float32(_HALF_MM)) * np.float32(1 / self.grain_mm) + 1

    def _weights(self, at_mm: np.ndarray) -> np.ndarray:
        """float32 `[point, coefficient]`: the cubic B-spline of the distance between both."""
        n = self.coefficients.shape[0]
        apart = np.abs(np.clip(self._index(at_mm), 1, n - 2)[:, None] - np.arange(n))
        near = 2 / 3 - apart**2 + apart**3 / 2
        return np.where(apart < 1, near, np.clip(2 - apart, 0, None) ** 3 / 6).astype(np.float32)


def draw_field(rng: np.random.Generator, grain_mm: float) -> Field:
    """A field of a grain, from Gaussian coefficients.

    Args:
        rng: The stream it is drawn from.
        grain_mm: Distance of coefficients; what is smaller than about twice that does not appear.
    """
    n = int(np.ceil(2 * _HALF_MM / grain_mm)) + 3
    drawn = rng.standard_normal((n, n, n), dtype=np.float32) / np.float32(_UNIT_SHARE**1.5)
    return Field(drawn, grain_mm)


def interpolate(values: np.ndarray, known: Axes, wanted: Axes) -> np.ndarray:
    """Linear interpolation between grids; beyond the ends the last value holds.

    Args:
        values: float32 `[z, y, x]` on `known`.
        known: Evenly spaced x, y, z, two points or more each.
        wanted: x, y, z of the result.

    Returns:
        float32 `[z, y, x]` on `wanted`.
    """
    x, y, z = (_linear_weights(a.ravel(), b.ravel()) for a, b in zip(known, wanted, strict=True))
    planes = (z @ values.reshape(len(values), -1)).reshape(-1, *values.shape[1:])
    return (y @ planes) @ x.T


def _linear_weights(known: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    at = np.clip((wanted - known[0]) / (known[1] - known[0]), 0, len(known) - 1)
    return np.clip(1 - np.abs(at[:, None] - np.arange(len(known))), 0, None).astype(np.float32)
