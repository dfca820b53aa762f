"""Smooth random fields that belong to a patient, not to a grid: a finer grid shows the same folds more finely."""

from __future__ import annotations

import functools
from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from reproduce.phantoms.scan_grid import Axes

_HALF_MM = 100.0  # a head does not reach farther from its middle
_UNIT_SHARE = 2416 / 5040  # mean over positions of the summed squares of cubic B-spline weights, B7(0)


@dataclass(frozen=True, eq=False)
class Field:
    """A cubic B-spline with random coefficients: zero mean, variance 1, zeros about 2.7 grains apart."""

    coefficients: np.ndarray  # float32 [z, y, x], on a lattice over [-100 mm, 100 mm] on every axis
    grain_mm: float  # distance of neighbouring coefficients

    def on_axes(self, axes: Axes) -> np.ndarray:
        """Return the values on a grid, float32 `[z, y, x]`."""
        values = self.coefficients
        for axis, along in enumerate(axes):  # z last: planes are added faster than columns
            values = _mix(values, 2 - axis, *self._weights(along.ravel()))
        return values

    def at(self, x: np.ndarray, y: np.ndarray, z: np.ndarray) -> np.ndarray:
        """Return the values at any points; three arrays of one shape in mm give float32 of that shape."""
        points = [self._index(axis) for axis in (z, y, x)]
        return ndimage.map_coordinates(self.coefficients, points, order=3, mode="nearest", prefilter=False)

    def _index(self, at_mm: np.ndarray) -> np.ndarray:
        return (at_mm + np.float32(_HALF_MM)) * np.float32(1 / self.grain_mm) + 1

    def _weights(self, at_mm: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the first of the four coefficients that each point draws on, and their weights `[point, 4]`."""
        index = np.clip(self._index(at_mm), 1, self.coefficients.shape[0] - 2.001)
        first = index.astype(int) - 1
        t = index - first - 1
        parts = ((1 - t) ** 3, 3 * t**3 - 6 * t**2 + 4, 3 * (t + t**2 - t**3) + 1, t**3)
        return first, np.stack(parts, axis=1).astype(np.float32) / 6


def draw_field(rng: np.random.Generator, grain_mm: float) -> Field:
    """Draw a field; what is smaller than about twice the grain, the distance of coefficients, does not appear."""
    n = int(np.ceil(2 * _HALF_MM / grain_mm)) + 3
    drawn = rng.standard_normal((n, n, n), dtype=np.float32) / np.float32(_UNIT_SHARE**1.5)
    return Field(drawn, grain_mm)


def interpolate(values: np.ndarray, known: Axes, wanted: Axes) -> np.ndarray:
    """Return values `[z, y, x]` on the axes `known`, evenly spaced, interpolated linearly on the axes `wanted`.

    Beyond the ends the last value holds.
    """
    for axis, (old, new) in enumerate(zip(known, wanted, strict=True)):
        old, new = old.ravel(), new.ravel()
        at = np.clip((new - old[0]) / (old[1] - old[0]), 0, old.size - 1)
        first = np.minimum(at.astype(int), old.size - 2)
        values = _mix(values, 2 - axis, first, np.stack([first + 1 - at, at - first], axis=1).astype(np.float32))
    return values


def _mix(values: np.ndarray, axis: int, first: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return weighted sums of neighbours along an axis, in one order whatever the machine, unlike a matrix product."""
    shape = [1, 1, 1]
    shape[axis] = -1
    taken = (np.take(values, first + k, axis=axis) * weight.reshape(shape) for k, weight in enumerate(weights.T))
    return functools.reduce(np.add, taken)
