"""Distances against a tolerance: what lies at the tolerance lies within it, though a file holds spacings as float32."""

from __future__ import annotations

import numpy as np

# Three steps of 0.1 mm are more than 0.3 mm in float64, and a turned grid of 1 mm comes back from the float32 of a
# header up to 1.2e-7 off. A share of the tolerance, so that the unit does not matter; far below any voxel.
SLACK = 1e-6


def within(distances_mm: np.ndarray | float, tolerance_mm: np.ndarray | float) -> np.ndarray:
    """Return which distances are at most the tolerance, up to a share of 1e-6 of it (`SLACK`).

    Args:
        distances_mm: Any shape, at least 0; inf is within no finite tolerance.
        tolerance_mm: A number, or an array that broadcasts, at least 0; 0 has no slack.

    Returns:
        bool, of the common shape.
    """
    return np.asarray(distances_mm <= np.multiply(tolerance_mm, 1 + SLACK))
