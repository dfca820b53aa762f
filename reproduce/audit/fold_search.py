"""The search for confusion matrices of several folds whose scores have printed means.

Where every score is linear in TP and TN at the P and N of each fold, the sums of TP and of TN over the folds of one
make-up are the unknowns of an integer program; otherwise, how many of these folds have each of the matrices that a fold
can have. Solutions are checked in exact fractions before they are called matrices that print the means.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import product

from reproduce.audit.integer_program import MARGIN, Program, solve
from reproduce.audit.interval import Interval
from reproduce.audit.matrix import Matrix
from reproduce.audit.matrix_search import Level

_NEAR, _NEAR_S = 2, 1.0
MOST_CHOICES = 200_000
"""Folds with more matrices than these are not enumerated."""

Pair = tuple[int, int]
"""Positives and negatives of one fold."""
Read = Callable[[Sequence[int]], dict[Pair, list[Matrix]]]
"""Makes matrices of the folds of each make-up from the whole numbers of a program."""


@dataclass(frozen=True)
class Folds:
    """What the search of one make-up found.

    Attributes:
        matrices: One confusion matrix for each fold, in their order; empty where none were found.
        proven: Whether there are none where none were found.
    """

    matrices: tuple[Matrix, ...]
    proven: bool = True


def find_folds(levels: Sequence[Level], folds: Sequence[Pair], *, end: float, near: Sequence[Matrix] = ()) -> Folds:
    """Return matrices of folds of known make-up whose means print every level.

    Args:
        levels: Scores, none of them a root, with the intervals of their means.
        folds: Positives and negatives of each fold.
        end: Time of `time.monotonic` after which the search is given up.
        near: One matrix for each fold: only those with nearly its counts are tried, and nothing is proven.
    """
    if near:
        return Folds(_search_near(levels, near, end), proven=False)
    groups = Counter(folds)
    linear = all(linear_form(level, pair) for level in levels for pair in groups)
    if not linear and sum((p + 1) * (n + 1) for p, n in groups) > MOST_CHOICES:
        return Folds((), proven=False)
    try:
        program, read = _sums(levels, groups) if linear else _choices(levels, groups, end)
        counts = solve(program, margin=0.0, end=end)
        if counts is None:
            counts = solve(program, margin=MARGIN, end=end)
    except TimeoutError:
        return Folds((), proven=False)
    if counts is None:
        return Folds((), proven=program.fine)
    by_pair = read(counts)
    matrices = tuple(by_pair[pair].pop() for pair in folds)
    return Folds(matrices) if prints(levels, matrices) else Folds((), proven=False)


def _search_near(levels: Sequence[Level], near: Sequence[Matrix], end: float) -> tuple[Matrix, ...]:
    kept: list[Matrix] = []
    program = _program(levels)
    for m in near:
        first = len(kept)
        for tp in range(max(0, m.tp - _NEAR), min(m.tp + m.fn, m.tp + _NEAR) + 1):
            for tn in range(max(0, m.tn - _NEAR), min(m.fp + m.tn, m.tn + _NEAR) + 1):
                matrix = Matrix(tp, m.tp + m.fn - tp, m.fp + m.tn - tn, tn)
                values = [value for level in levels if (value := level.score.value(matrix)) is not None]
                if len(values) == len(levels):
                    kept.append(matrix)
                    program.most.append(1)
                    program.shares.append([value / len(near) for value in values])
        program.groups.append((first, len(kept), 1))
    try:
        counts = solve(program, margin=0.0, end=min(end, time.monotonic() + _NEAR_S))
    except TimeoutError:
        return ()
    matrices = tuple(matrix for matrix, count in zip(kept, counts or (), strict=False) if count)
    return matrices if len(matrices) == len(near) and prints(levels, matrices) else ()


def _program(levels: Sequence[Level]) -> Program:
    return Program([level.share for level in levels], [Fraction(0)] * len(levels))


def prints(levels: Sequence[Level], matrices: Sequence[Matrix]) -> bool:
    """Whether the means over folds lie in every interval, in exact fractions."""
    for level in levels:
        values = [value for matrix in matrices if (value := level.score.value(matrix)) is not None]
        if len(values) < len(matrices) or not values:
            return False
        if not level.share.low <= sum(values) / len(values) <= level.share.high:
            return False
    return True


def linear_form(level: Level, pair: Pair) -> tuple[Fraction, Fraction, Fraction] | None:
    """Return (a, b, c) of a score a TP + b TN + c at known P and N; None where it is not linear there."""
    (p, n), forms = pair, level.score.forms
    if forms is None:
        return None
    top, bottom = forms(p, n)
    if bottom[0] != bottom[1] or bottom[2] != bottom[3]:
        return None
    below = bottom[1] * p + bottom[2] * n
    constant = Fraction(top[1] * p + top[2] * n, below)
    return Fraction(top[0] - top[1], below), Fraction(top[3] - top[2], below), constant


def _sums(levels: Sequence[Level], groups: Counter[Pair]) -> tuple[Program, Read]:
    """Return the program whose unknowns are the sums of TP and of TN over the folds of each make-up."""

    def read(counts: Sequence[int]) -> dict[Pair, list[Matrix]]:
        found = {}
        for i, ((p, n), m) in enumerate(groups.items()):
            parts = zip(_even(counts[2 * i], m), _even(counts[2 * i + 1], m), strict=True)
            found[p, n] = [Matrix(tp, p - tp, n - tn, tn) for tp, tn in parts]
        return found

    k = groups.total()
    program = _program(levels)
    for (p, n), m in groups.items():
        lines = [line for level in levels if (line := linear_form(level, (p, n)))]
        program.most += [m * p, m * n]
        program.shares += [[line[i] / k for line in lines] for i in (0, 1)]
        program.fixed = [old + m * line[2] / k for old, line in zip(program.fixed, lines, strict=True)]
    return program, read


def _even(total: int, parts: int) -> list[int]:
    return [total // parts + (i < total % parts) for i in range(parts)]


def _choices(levels: Sequence[Level], groups: Counter[Pair], end: float) -> tuple[Program, Read]:
    """Return the program whose unknowns are how many folds have each matrix that one of them can have."""
    k = groups.total()
    bounds = [_bounds(level, k) for level in levels]
    kept: list[tuple[Pair, Matrix]] = []
    program = _program(levels)
    for (p, n), m in groups.items():
        first = len(kept)
        for tp, tn in product(range(p + 1), range(n + 1)):
            if tn == 0 and time.monotonic() > end:
                raise TimeoutError
            matrix = Matrix(tp, p - tp, n - tn, tn)
            if (values := _values(levels, bounds, matrix)) is not None:
                kept.append(((p, n), matrix))
                program.most.append(m)
                program.shares.append([value / k for value in values])
        program.groups.append((first, len(kept), m))

    def read(counts: Sequence[int]) -> dict[Pair, list[Matrix]]:
        found: dict[Pair, list[Matrix]] = {}
        for (pair, matrix), count in zip(kept, counts, strict=True):
            found.setdefault(pair, []).extend([matrix] * count)
        return found

    return program, read


def _values(levels: Sequence[Level], bounds: Sequence[Interval], matrix: Matrix) -> list[Fraction] | None:
    """Return the value of each level; None where one of them has none within its bounds."""
    values = []
    for level, within in zip(levels, bounds, strict=True):
        top, bottom = level.score.quotient(matrix)
        if top * within.low.denominator < within.low.numerator * bottom:
            return None
        if top * within.high.denominator > within.high.numerator * bottom:
            return None
        if (value := level.score.value(matrix)) is None:
            return None
        values.append(value)
    return values


def _bounds(level: Level, k: int) -> Interval:
    """Return what one of k folds can have at all: the other k - 1 are at best at the ends of the score's range."""
    low, high = level.score.low, level.score.high
    least = Fraction(low) if high is None else k * level.share.low - (k - 1) * high
    return Interval(least, k * level.share.high - (k - 1) * low)
