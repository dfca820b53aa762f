"""Smooth random fields that belong to a patient, not to a grid: a finer grid shows the same folds more finely."""

from __future__ import annotations

import functools
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
        values = self.coefficients
        for axis, along in enumerate(axes):  # z last: planes are added faster than columns
            values = _mix(values, 2 - axis, *self._weights(along.ravel()))
        return values

    def at(self, x: np.ndarray, y: np.ndarray, z: np.ndarray) -> np.ndarray:
        """Values at any points; three arrays of one shape in mm give float32 of that shape."""
        points = [self._index(axis) for axis in (z, y, x)]
        return ndimage.map_coordinates(self.coefficients, points, order=3, mode="nearest", prefilter=False)

    def _index(self, at_mm: np.ndarray) -> np.ndarray:
        return (at_mm + np.float32(_HALF_MM)) * np.float32(1 / self.grain_mm) + 1

    def _weights(self, at_mm: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The first of the four coefficients that each point draws on, and float32 `[point, 4]`, their weights."""
        index = np.clip(self._index(at_mm), 1, self.coefficients.shape[0] - 2.001)
        first = index.astype(int) - 1
        t = index - first - 1
        parts = ((1 - t) ** 3, 3 * t**3 - 6 * t**2 + 4, 3 * (t + t**2 - t**3) + 1, t**3)
        return first, np.stack(parts, axis=1).astype(np.float32) / 6


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
    for axis, (old, new) in enumerate(zip(known, wanted, strict=True)):
        old, new = old.ravel(), new.ravel()
        at = np.clip((new - old[0]) / (old[1] - old[0]), 0, old.size - 1)
        first = np.minimum(at.astype(int), old.size - 2)
        values = _mix(values, 2 - axis, first, np.stack([first + 1 - at, at - first], axis=1).astype(np.float32))
    return values


def _mix(values: np.ndarray, axis: int, first: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Weighted sums of neighbours along an axis, in one order whatever the machine, which a matrix product is not."""
    shape = [1, 1, 1]
    shape[axis] = -1
    taken = (np.take(values, first + k, axis=axis) * weight.reshape(shape) for k, weight in enumerate(weights.T))
    return functools.reduce(np.add, taken)
