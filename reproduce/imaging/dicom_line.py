"""Positions of slices as a line of equal steps: which step each is at, and how far it lies off."""

from __future__ import annotations

import numpy as np
from scipy.optimize import linprog

_ROUNDED_MM = 0.051
_DIGIT_MM = 0.001  # tenths are no binary numbers: 0.7 - 0.4 is less than 0.3


def tolerance_mm(step_mm: float) -> float:
    """Return how far a coordinate of a slice may lie from its place on the line of equal steps.

    A tenth of a step, at most 0.1 mm; but 0.051 mm, half a digit of positions that are written in tenths of a
    millimetre, wherever that is no more than a quarter of a step, half of what makes it doubtful which step a slice is
    at: steps of 0.625 mm are written as 0.6 and 0.7, those of 0.25 mm as 0.2 and 0.3.
    """
    return max(min(0.1 * step_mm, 0.1), min(_ROUNDED_MM, 0.25 * step_mm))


def step_numbers(positions_mm: np.ndarray) -> np.ndarray:
    """Return the number of the step that each of ascending positions is at, the first at 0; gaps skip numbers.

    The step is the mean of the short distances, so that many gaps do not count as steps, and is then fitted to all
    positions: over a long gap the error of a rounded distance would grow to a step. Short are those of up to one and a
    half times the shortest, as 0.2 and 0.3 mm are, which a step of 0.25 mm gives in tenths.

    Args:
        positions_mm: float64 `[n]`, n >= 2, along the slice normal.

    Returns:
        int `[n]`, ascending.
    """
    distances_mm = np.diff(positions_mm)
    step_mm = float(distances_mm[distances_mm < 1.5 * distances_mm.min() + _DIGIT_MM].mean())
    numbers = np.zeros(len(positions_mm), dtype=int)
    for _ in range(3):
        numbers[1:] = np.cumsum(np.maximum(np.rint(distances_mm / step_mm), 1))
        step_mm = float(np.polyfit(numbers, positions_mm, 1)[0])
    return numbers


def fitted_line(origins_mm: np.ndarray, numbers: np.ndarray, *, within_mm: float) -> tuple[np.ndarray, np.ndarray]:
    """Return first point and step, float64 `[3]` each, of the line of equal steps through origins.

    The line through the first and the last origin where every other one lies on it, to `within_mm` in each coordinate;
    else the one whose largest distance from an origin is smallest, coordinate by coordinate.

    Args:
        origins_mm: float64 `[n, 3]`, n >= 2.
        numbers: int `[n]`, see `step_numbers`.
        within_mm: What lies no farther off is on the line.
    """
    first, step = origins_mm[0], (origins_mm[-1] - origins_mm[0]) / numbers[-1]
    if np.abs(origins_mm - first - numbers[:, None] * step).max() <= within_mm:
        return first, step
    fits = np.array([_smallest_largest(numbers, origins_mm[:, axis] - first[axis]) for axis in range(3)])
    return first + fits[:, 0], fits[:, 1]


def _smallest_largest(numbers: np.ndarray, values: np.ndarray) -> tuple[float, float]:
    """Return start and step of the line of one coordinate whose largest distance from the values is smallest."""
    if np.ptp(values) == 0:
        return float(values[0]), 0.0
    ones = np.ones(len(values))
    above = np.stack([ones, numbers, -ones], axis=1)  # start + number * step - distance <= value
    below = np.stack([-ones, -numbers, -ones], axis=1)  # value <= start + number * step + distance
    free, positive = (None, None), (0, None)
    solved = linprog(
        [0, 0, 1],
        A_ub=np.concatenate([above, below]),
        b_ub=np.concatenate([values, -values]),
        bounds=[free, free, positive],
    )
    return float(solved.x[0]), float(solved.x[1])
