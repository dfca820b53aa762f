"""The search for one confusion matrix that prints several scores, exact in whole numbers.

The scores that are linear in the counts, whatever P and N, cut a cone out of all matrices. Its edges are exact: without
one no matrix of any size prints the scores, and with them the share of positives is bounded. For each P and N that is
left, "the score lies in [a, b]" is a pair of linear inequalities in TP and TN, which bound TP (Fourier and Motzkin)
and, for each TP, TN. A score that is not linear bounds TN by bisection, since it is monotone there.
"""

from __future__ import annotations

import time
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations

from reproduce.audit.interval import SHARES, Interval
from reproduce.audit.make_up import LARGEST_TEST_SET, MakeUp
from reproduce.audit.matrix import Form, Forms, Matrix, Score, dot

LIMIT_S = 10.0
"""Seconds after which a search is given up as not decided."""

Row = tuple[int, int, int]
"""a TP + b TN + c >= 0."""
_AXES: tuple[Form, ...] = ((1, 0, 0, 0), (0, 1, 0, 0), (0, 0, 1, 0), (0, 0, 0, 1))


@dataclass(frozen=True)
class Level:
    """A score and the interval that its print leaves open."""

    score: Score
    share: Interval

    def printed_by(self, matrix: Matrix) -> bool:
        """Whether the matrix prints it."""
        return self.score.prints(self.share, matrix)


@dataclass(frozen=True)
class Answer:
    """What a search found.

    Attributes:
        matrix: A confusion matrix that prints every level; None where none was found.
        proven: Whether there is none where none was found.
        reason: Why nothing is proven, for reading; "" otherwise.
    """

    matrix: Matrix | None
    proven: bool = True
    reason: str = ""


def find_matrix(levels: Sequence[Level], made_up: MakeUp, *, seconds: float = LIMIT_S) -> Answer:
    """Return a confusion matrix that prints every level, or that there is none, or why neither is known.

    Args:
        levels: Scores with their intervals.
        made_up: What is known of the numbers of positives and negatives.
        seconds: Time after which the search is given up.
    """
    # With P and N known the cone would save nothing.
    edges = [] if made_up.known else cone(levels)
    shares = SHARES if made_up.known else prevalences(edges)
    if shares is None:
        return Answer(None)
    end = time.monotonic() + seconds
    try:
        if made_up.open and _impossible_side(levels, made_up, end):
            return Answer(None)
        for positives, negatives in made_up.pairs(shares):
            if (found := _with(levels, positives, negatives, end)) is not None:
                return Answer(found)
    except TimeoutError:
        return Answer(None, proven=False, reason=f"not decided in {seconds:g} s")
    if made_up.holds_all(shares):
        return Answer(None)
    if made_up.unknown and (found := large_matrix(levels, edges)) is not None:
        return Answer(found)
    return Answer(None, proven=False, reason=f"no test set up to {LARGEST_TEST_SET} cases prints it")


def cone(levels: Sequence[Level]) -> list[Form]:
    """Return the edges of the cone of all matrices that print the levels linear in the counts; none where it is empty.

    An edge is where three of the planes meet; all planes go through 0, so each is a vector of four minors.
    """
    planes = [*_AXES, *(plane for level in levels if level.score.free for plane in _planes(level, *level.score.free))]
    edges: set[Form] = set()
    for a, b, c in combinations(planes, 3):
        edge = _crossing(a, b, c)
        if sum(edge) < 0:
            edge = (-edge[0], -edge[1], -edge[2], -edge[3])
        if any(edge) and all(dot(plane, edge) >= 0 for plane in planes):
            edges.add(edge)
    # A test set has positives and negatives; the edges of an empty one fulfil every plane.
    filled = any(tp + fn for tp, fn, _, _ in edges) and any(fp + tn for _, _, fp, tn in edges)
    return sorted(edges) if filled else []


def prevalences(edges: Sequence[Form]) -> Interval | None:
    """Return the shares of positives of all matrices in a cone; None for an empty one."""
    shares = [Fraction(tp + fn, tp + fn + fp + tn) for tp, fn, fp, tn in edges]
    return Interval(min(shares), max(shares)) if shares else None


def _impossible_side(levels: Sequence[Level], made_up: MakeUp, end: float) -> bool:
    """Whether the scores of the positives alone, or of the negatives alone, fit none of the numbers that are known."""
    rest = range(1, made_up.total[-1])
    for numbers, others, positive in ((made_up.positives, (2, 3), True), (made_up.negatives, (0, 1), False)):
        own = [level for level in levels if level.score.free and not _holds(level.score.free, others)]
        pairs = ((n, 1) if positive else (1, n) for n in numbers)
        if own and numbers != rest and all(_with(own, p, n, end) is None for p, n in pairs):
            return True
    return False


def _holds(forms: Forms, which: tuple[int, int]) -> bool:
    return any(form[i] for form in forms for i in which)


def _planes(level: Level, top: Form, bottom: Form) -> tuple[Form, Form]:
    """Return the forms that are not negative where top / bottom is not below, and not above, the interval."""
    low, high = level.share.low, level.share.high
    a, b = ([end.denominator * t - end.numerator * u for t, u in zip(top, bottom, strict=True)] for end in (low, high))
    return (a[0], a[1], a[2], a[3]), (-b[0], -b[1], -b[2], -b[3])


def _crossing(a: Form, b: Form, c: Form) -> Form:
    """Return the vector on which three forms are 0: their minors with alternating signs."""

    def minor(i: int, j: int, k: int) -> int:
        return (
            a[i] * (b[j] * c[k] - b[k] * c[j]) - a[j] * (b[i] * c[k] - b[k] * c[i]) + a[k] * (b[i] * c[j] - b[j] * c[i])
        )

    return minor(1, 2, 3), -minor(0, 2, 3), minor(0, 1, 3), -minor(0, 1, 2)


def _with(levels: Sequence[Level], positives: int, negatives: int, end: float) -> Matrix | None:
    """Return the matrix of known P and N that prints the levels, with the fewest TP, then the fewest TN.

    Raises:
        TimeoutError: The clock has passed `end`.
    """
    rows: list[Row] = [(0, 1, 0), (0, -1, negatives)]
    bent: list[Level] = []
    for level in levels:
        forms = level.score.free or (level.score.forms(positives, negatives) if level.score.forms else None)
        if forms is None:
            bent.append(level)
            continue
        for tp, fn, fp, tn in _planes(level, *forms):
            rows.append((tp - fn, tn - fp, fn * positives + fp * negatives))
    if time.monotonic() > end:
        raise TimeoutError
    for tp in _range_of_tp(rows, positives):
        if tp % 1000 == 0 and time.monotonic() > end:
            raise TimeoutError
        low, high = _range_of_tn(rows, tp)
        for level in bent:
            low, high = _narrowed(level, tp, positives, negatives, low, high)
        for tn in _ends(low, high):
            matrix = Matrix(tp, positives - tp, negatives - tn, tn)
            if all(level.printed_by(matrix) for level in levels):
                return matrix
    return None


def _range_of_tp(rows: Sequence[Row], positives: int) -> range:
    """Return the TP for which some real TN fulfils every row."""
    low, high = 0, positives
    lower = [row for row in rows if row[1] > 0]
    upper = [row for row in rows if row[1] < 0]
    flat = [(a, c) for a, b, c in rows if b == 0]
    flat += [(b * d - e * a, b * f - e * c) for a, b, c in lower for d, e, f in upper]
    for slope, constant in flat:
        if slope > 0:
            low = max(low, -(constant // slope))
        elif slope < 0:
            high = min(high, constant // -slope)
        elif constant < 0:
            return range(0)
    return range(low, high + 1)


def _range_of_tn(rows: Sequence[Row], tp: int) -> tuple[int, int]:
    """Return fewest and most TN that fulfil every row; where there are none the first is larger."""
    low = max(-((a * tp + c) // b) for a, b, c in rows if b > 0)
    return low, min((a * tp + c) // -b for a, b, c in rows if b < 0)


def _narrowed(level: Level, tp: int, positives: int, negatives: int, low: int, high: int) -> tuple[int, int]:
    """Return the TN from `low` to `high` for which a score that rises with TN lies in its interval."""
    ends = level.score.raised(level.share)

    def above(tn: int, bound: Fraction, *, or_at: bool) -> bool:
        top, bottom = level.score.quotient(Matrix(tp, positives - tp, negatives - tn, tn))
        left, right = top * bound.denominator, bound.numerator * bottom
        # 0 / 0 counts as 0, and a number by 0 as more than any bound.
        left, right = (left, right) if bottom or top else (0, bound.numerator)
        return left > right or (or_at and left == right)

    if low > high or not above(high, ends.low, or_at=True) or above(low, ends.high, or_at=False):
        return 1, 0
    numbers = range(low, high + 1)
    first = bisect_left(numbers, True, key=lambda tn: above(tn, ends.low, or_at=True))
    after = bisect_left(numbers, True, key=lambda tn: above(tn, ends.high, or_at=False))
    return low + first, low + after - 1


def _ends(low: int, high: int) -> Iterator[int]:
    """Yield two numbers from below and one from above: a value 0 / 0 stands at an end, and nowhere else."""
    yield from sorted({low, min(low + 1, high), high}) if low <= high else ()


def large_matrix(levels: Sequence[Level], edges: Sequence[Form]) -> Matrix | None:
    """Return a large matrix near the middle of the cone that prints every level; None where none is found."""
    if not edges:
        return None
    middle = [sum(Fraction(edge[i], sum(edge)) for edge in edges) / len(edges) for i in range(4)]
    for n in (10**k for k in range(4, 13)):
        tp, fn, fp, tn = (round(share * n) for share in middle)
        matrix = Matrix(tp, fn, fp, tn)
        if min(tp + fn, fp + tn) >= 1 and all(level.printed_by(matrix) for level in levels):
            return matrix
    return None
