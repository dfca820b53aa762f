"""Whole numbers whose weighted sums lie in intervals, by SciPy's HiGHS, and what its answers are worth.

HiGHS solves the program in floating point, so its answers are not taken as they are:

- A solution is rounded to whole numbers; whoever asked computes its sums in exact fractions before it is a witness.
- "Infeasible" counts only for wider intervals. Each row is scaled so that its interval is -1 to 1, and widened to
  +-(1 + `MARGIN`). Every true solution then lies at least `MARGIN` inside each row: a hundred times the solver's
  tolerances (1e-6 on whole numbers and rows, 1e-7 in its linear programs), and far more than the rounding of the
  coefficients as long as no interval is narrower than `FINEST` and no count larger than `LARGEST`. So no test of a
  bound within those tolerances can discard it, and an infeasible wider program has no true solution. What lies between,
  or beyond these two limits, is undetermined.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from fractions import Fraction

from reproduce.audit.interval import Interval

MARGIN = 1e-4
FINEST = Fraction(1, 10**8)
LARGEST = 10**6


@dataclass
class Program:
    """Whole numbers x >= 0 and their weighted sums.

    Attributes:
        ranges: The interval in which each sum must lie.
        fixed: What each sum has without any x.
        most: Upper bound of each x.
        shares: What one of each x adds to each sum.
        groups: (first, last, number): the x from first to before last add up to the number.
    """

    ranges: Sequence[Interval]
    fixed: list[Fraction]
    most: list[int] = field(default_factory=list)
    shares: list[list[Fraction]] = field(default_factory=list)
    groups: list[tuple[int, int, int]] = field(default_factory=list)

    @property
    def fine(self) -> bool:
        """Whether floats hold the numbers well enough for "infeasible" to be a proof."""
        return all(each.high - each.low >= FINEST for each in self.ranges) and max(self.most, default=0) <= LARGEST


def solve(program: Program, *, margin: float, end: float) -> list[int] | None:
    """Return the x of a solution, rounded to whole numbers; None where HiGHS says that there is none.

    Raises:
        TimeoutError: It says neither before `end`.
    """
    if any(first == last for first, last, _ in program.groups):
        return None
    import numpy as np
    from scipy.optimize import Bounds, LinearConstraint, milp

    left = end - time.monotonic()
    if left <= 0:
        raise TimeoutError
    rows, lows, highs = [], [], []
    for i, within in enumerate(program.ranges):
        half = (within.high - within.low) / 2 or FINEST
        rows.append([float(share[i] / half) for share in program.shares])
        middle = float((within.mid - program.fixed[i]) / half)
        lows.append(middle - 1 - margin)
        highs.append(middle + 1 + margin)
    for first, last, number in program.groups:
        rows.append([float(first <= j < last) for j in range(len(program.most))])
        lows.append(number)
        highs.append(number)
    with _quiet():
        done = milp(
            np.zeros(len(program.most)),
            integrality=np.ones(len(program.most)),
            bounds=Bounds(0, np.array(program.most, dtype=float)),
            constraints=LinearConstraint(np.array(rows), np.array(lows), np.array(highs)),
            options={"time_limit": left},
        )
    if done.x is not None:
        return [round(x) for x in done.x]
    if done.status == 2:
        return None
    raise TimeoutError


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep what HiGHS writes past Python to the standard output, now and then, out of our JSON."""
    sys.stdout.flush()
    kept, nowhere = os.dup(1), os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 1)
        yield
    finally:
        os.dup2(kept, 1)
        os.close(kept)
        os.close(nowhere)
