"""Whole-number checks: is there a test set of n cases that gives the printed shares?"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from reproduce.audit.interval import Interval, whole_numbers
from reproduce.audit.matrix import Matrix
from reproduce.audit.prevalence import Rates, shared_prevalence


@dataclass(frozen=True)
class Counts:
    """A test set and what each column counts on it.

    Attributes:
        n: Cases.
        positives: How many of them are positive.
        hits: (TP, TN) of each column, in the order of the columns.
    """

    n: int
    positives: int
    hits: tuple[tuple[int, int], ...]

    @property
    def matrices(self) -> tuple[Matrix, ...]:
        """The confusion matrix of each column."""
        negatives = self.n - self.positives
        return tuple(Matrix(tp, self.positives - tp, negatives - tn, tn) for tp, tn in self.hits)


def attainable(share: Interval, n: int) -> bool:
    """Whether some whole number of `n` rounds to the printed share (the GRIM test of Brown and Heathers 2017).

    Args:
        share: The printed share of 1, as an interval.
        n: What it is a share of, at least 1.
    """
    return bool(whole_numbers(share, n))


def smallest_counts(columns: Sequence[Rates], limit: int) -> Counts | None:
    """Return the smallest test set with whole-number counts that gives every column at once.

    Among the sets of that size: the one with the fewest positives, then the fewest TP.

    Args:
        columns: The columns; all share N and the positives. Where they have a Dice it is of the same counts.
        limit: Largest N to try.

    Returns:
        None where there is none up to `limit`, or, whatever the limit, where the columns share no prevalence.
    """
    share = shared_prevalence(columns)
    if share is None:
        return None
    bounds = [_bounds(each) for each in columns]
    for n in range(2, limit + 1):
        # A rate needs a denominator: at least one positive and one negative.
        for positives in range(max(1, math.ceil(share.low * n)), min(n - 1, math.floor(share.high * n)) + 1):
            hits = tuple(pair for column in bounds if (pair := _hits(column, n, positives)))
            if len(hits) == len(bounds):
                return Counts(n=n, positives=positives, hits=hits)
    return None


def counts_given(rates: Rates, positives: int, negatives: int) -> tuple[int, int] | None:
    """Return (TP, TN) that give a column on a test set of known make-up, with the fewest TP, or None.

    Args:
        rates: The column.
        positives: At least 1.
        negatives: At least 1.
    """
    return _hits(_bounds(rates), positives + negatives, positives)


@dataclass(frozen=True)
class _Bounds:
    """An interval as four integers: the inner loop runs on those, tenfold faster than on fractions."""

    low_up: int
    low_down: int
    high_up: int
    high_down: int

    @staticmethod
    def of(interval: Interval) -> _Bounds:
        low, high = interval.low, interval.high
        return _Bounds(low.numerator, low.denominator, high.numerator, high.denominator)

    def within(self, n: int) -> tuple[int, int]:
        """Return smallest and largest k with k / n in the interval; where there is none the first is larger."""
        return -(-self.low_up * n // self.low_down), self.high_up * n // self.high_down

    def fewest_negatives(self, tp: int, n: int) -> int:
        """Return the fewest TN of N cases, TP of them hits, for which Dice is not below the interval."""
        return tp + n - (2 * tp * self.low_down // self.low_up) if self.low_up > 0 else 0

    def most_negatives(self, tp: int, n: int) -> int:
        """Return the most TN for which Dice is not above the interval."""
        return tp + n - -(-2 * tp * self.high_down // self.high_up) if self.high_up > 0 else n if not tp else -1


def _bounds(rates: Rates) -> list[_Bounds]:
    shares = (rates.accuracy, rates.sensitivity, rates.specificity, rates.dice)
    return [_Bounds.of(share) for share in shares if share is not None]


def _hits(column: list[_Bounds], n: int, positives: int) -> tuple[int, int] | None:
    """Return (TP, TN) with the fewest TP, then the fewest TN, or None.

    Without Dice TP and TN range freely, so their sum takes every value between. Dice is 2 TP / (TP + N - TN).
    """
    accuracy, sensitivity, specificity, *dice = column
    right_low, right_high = accuracy.within(n)
    tp_low, tp_high = sensitivity.within(positives)
    tn_low, tn_high = specificity.within(n - positives)
    if tp_low > tp_high or tn_low > tn_high:
        return None
    if max(right_low, tp_low + tn_low) > min(right_high, tp_high + tn_high):
        return None
    for tp in range(max(tp_low, right_low - tn_high), min(tp_high, right_high - tn_low) + 1):
        low, high = max(tn_low, right_low - tp), min(tn_high, right_high - tp)
        for each in dice:
            low, high = max(low, each.fewest_negatives(tp, n)), min(high, each.most_negatives(tp, n))
        if low <= high:
            return tp, low
    return None
