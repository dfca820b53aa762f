"""Differences of paired values as the tests take them: what arithmetic alone has set apart is one number again.

0.89 - 0.69 and 0.72 - 0.52 are 0.2 to a reader and two numbers in float64, so that a test of ranks would see an order
where there is a tie, and another one once the same values are written in per cent.
"""

from __future__ import annotations

import numpy as np

from reproduce.metrics import inputs

# Values closer than this share of the largest are one value in another order of arithmetic. It is far above the errors
# of float64 sums, and far below the last of the six decimals that results files hold.
ROUNDING = 1e-12


def rounding_of(*values: np.ndarray) -> float:
    """Return how far arithmetic may have set equal values apart: `ROUNDING` times the largest of all; 0 without any."""
    return ROUNDING * max(float(np.abs(each).max(initial=0.0)) for each in values)


def differences(a: np.ndarray, b: np.ndarray, *, where: str) -> np.ndarray:
    """Return a - b, in which sizes no further apart than `rounding_of(a, b)` are one size, and those so near 0 are 0.

    Args:
        a: `[n]`, finite; one value per patient.
        b: `[n]`, finite, in the same order of patients.
        where: The test, for the error.

    Returns:
        float64 `[n]`; empty for empty input.

    Raises:
        MetricInputError: The shapes differ, or a value is nan or infinite.
    """
    a, b = inputs.finite(a, where=where), inputs.finite(b, where=where)
    inputs.same_shape(a, b, where=where)
    difference = (a - b).ravel()
    order = np.argsort(np.abs(difference), kind="stable")
    rising = np.r_[0.0, np.abs(difference)[order]]
    new = np.r_[True, np.diff(rising) > rounding_of(a, b)]
    sizes = np.empty_like(difference)
    sizes[order] = rising[new][np.cumsum(new) - 1][1:]
    return np.copysign(sizes, difference)
