"""Prevalence that accuracy, sensitivity and specificity imply together, for one column and for several."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations

from reproduce.audit.interval import SHARES, Interval, common, corners


@dataclass(frozen=True)
class Rates:
    """One column of a table: shares of 1 that one confusion matrix would give.

    Attributes:
        accuracy: (TP + TN) / N.
        sensitivity: TP / (TP + FN).
        specificity: TN / (TN + FP).
        dice: 2 TP / (2 TP + FP + FN), which only the search for counts looks at; None where it is not printed.
    """

    accuracy: Interval
    sensitivity: Interval
    specificity: Interval
    dice: Interval | None = None


def prevalence(rates: Rates) -> Interval | None:
    """Return every share of positives p at which the three rates can come from one confusion matrix.

    Accuracy is a weighted mean, A = p S + (1 - p) C, so p = (C - A) / (C - S). For a fixed p the right-hand side takes
    every value from that of the lower bounds of S and C to that of the upper ones; p is possible where this range
    meets the interval of A. Both conditions are linear in p, so the answer is exact also where S and C overlap.

    Returns:
        Interval within [0, 1], or None where no p is possible: accuracy then lies outside sensitivity and specificity.
    """
    s, c, a = rates.sensitivity, rates.specificity, rates.accuracy
    below = _where_not_positive(c.low - a.high, s.low - c.low)
    above = _where_not_positive(a.low - c.high, c.high - s.high)
    return common((below, above)) if below and above else None


def expected_accuracy(rates: Rates, at: Interval) -> Interval:
    """Return accuracy p S + (1 - p) C at the prevalences `at`; the printed accuracy is not used."""
    return corners(lambda p, s, c: p * s + (1 - p) * c, at, rates.sensitivity, rates.specificity)


def mean_accuracy(sensitivity: Interval, specificity: Interval, at: Interval) -> Interval:
    """Return the mean accuracies over folds that mean sensitivity S and mean specificity C leave possible.

    Accuracy p s + (1 - p) c is linear in each of p, s and c, so the means (S, C, A) lie in the convex hull of the
    corners: s and c of 0 or 1, p at an end l or h of `at`. With w the weight of the corners in which both are 1,

        A <= h S + (1 - l) C - (h - l) w,  A >= l S + (1 - h) C + (h - l) w,

    both widest at the least possible w, S + C - 1 or 0. Both bounds rise with S and with C.
    """
    low, high, spread = at.low, at.high, at.high - at.low

    def least(s: Fraction, c: Fraction) -> Fraction:
        return low * s + (1 - high) * c + spread * max(Fraction(0), s + c - 1)

    def most(s: Fraction, c: Fraction) -> Fraction:
        return high * s + (1 - low) * c - spread * max(Fraction(0), s + c - 1)

    return Interval(least(sensitivity.low, specificity.low), most(sensitivity.high, specificity.high))


def shared_prevalence(columns: Sequence[Rates]) -> Interval | None:
    """Return the prevalences that fit every column at once; None where no test set can give all the columns."""
    possible = [interval for rates in columns if (interval := prevalence(rates)) is not None]
    return common(possible) if len(possible) == len(columns) else None


def least_covariance(columns: Sequence[Rates], departing: Collection[int]) -> Fraction | None:
    """Return the least covariance that averaging over folds must bring in to print what pooling cannot.

    A mean over folds k of p_k S_k + (1 - p_k) C_k equals p S + (1 - p) C + cov_k(p_k, S_k - C_k), with plain means on
    the right and one p_k for all the columns. The answer minimises over p in [0, 1] the largest |cov| of the departing
    columns, while the others keep a covariance of 0. By Cauchy-Schwarz, sd(S_k - C_k) is then at least the answer
    divided by sd(p_k).

    Args:
        columns: Two or more columns of one test set.
        departing: Positions of the columns that may have a covariance.

    Returns:
        Share of 1, 0 where pooling can print them too; None where the columns that may not depart fit no prevalence.
    """
    lines = [_misfit_lines(rates) for rates in columns]
    candidates = {Fraction(0), Fraction(1)}
    flat = [line for pair in lines for line in (*pair, *((-at0, -slope) for at0, slope in pair), (Fraction(0),) * 2)]
    for (at0, slope), (other0, other_slope) in combinations(flat, 2):
        if slope != other_slope:
            candidates.add((other0 - at0) / (slope - other_slope))
    best = None
    for p in sorted(each for each in candidates if 0 <= each <= 1):
        misfit = [max(Fraction(0), *(at0 + slope * p for at0, slope in pair)) for pair in lines]
        if any(value > 0 for i, value in enumerate(misfit) if i not in departing):
            continue
        largest = max((misfit[i] for i in departing), default=Fraction(0))
        best = largest if best is None else min(best, largest)
    return best


def _misfit_lines(rates: Rates) -> tuple[tuple[Fraction, Fraction], tuple[Fraction, Fraction]]:
    """Return how far p S + (1 - p) C lies above, and below, the accuracy, each as (value at 0, slope) in p."""
    s, c, a = rates.sensitivity, rates.specificity, rates.accuracy
    return (c.low - a.high, s.low - c.low), (a.low - c.high, c.high - s.high)


def _where_not_positive(at0: Fraction, slope: Fraction) -> Interval | None:
    """Return the p in [0, 1] with at0 + slope * p <= 0."""
    if slope == 0:
        return SHARES if at0 <= 0 else None
    root = -at0 / slope
    low, high = (Fraction(0), min(root, Fraction(1))) if slope > 0 else (max(root, Fraction(0)), Fraction(1))
    return Interval(low, high) if low <= high else None
