"""What a printed score can be: the counts that round to it."""

from __future__ import annotations

import math
from fractions import Fraction

from reproduce.metrics import inputs


def attainable(score: float, n: int, decimals: int) -> tuple[int, ...]:
    """The counts k of n units whose share k / n rounds to a printed score (the GRIM test, Brown and Heathers 2017).

    Rounding interval [score - h, score + h], h = 0.5 * 10**-decimals, both ends in: a document does not say how it
    rounds halves. The arithmetic is exact, on the decimal number as it is printed.

    Args:
        score: A share in [0, 1] as printed; 95.2 % is 0.952 with 3 decimals.
        n: Number of units, at least 1.
        decimals: Decimals of `score` that are printed.

    Returns:
        All such k, rising; empty, and so false, where no k / n rounds to the score.

    Raises:
        MetricInputError: The score lies outside [0, 1], `n` is below 1, or `decimals` below 0.
    """
    inputs.within(score, 0, 1, where="attainable, score")
    inputs.within(n, 1, math.inf, where="attainable, n")
    inputs.within(decimals, 0, math.inf, where="attainable, decimals")
    printed, half = Fraction(repr(float(score))), Fraction(1, 2 * 10**decimals)
    low, high = math.ceil((printed - half) * n), math.floor((printed + half) * n)
    return tuple(range(max(0, low), min(n, high) + 1))
