"""One confusion matrix, and one score of it: formula, range, exact value."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

from reproduce.audit.interval import Interval

Form = tuple[int, int, int, int]
"""Coefficients of TP, FN, FP and TN."""
Forms = tuple[Form, Form]
"""Numerator and denominator."""


@dataclass(frozen=True)
class Matrix:
    """One confusion matrix.

    Attributes:
        tp: Positives found.
        fn: Positives missed.
        fp: Negatives called positive.
        tn: Negatives right.
    """

    tp: int
    fn: int
    fp: int
    tn: int

    @property
    def counts(self) -> Form:
        """TP, FN, FP and TN."""
        return self.tp, self.fn, self.fp, self.tn

    @property
    def text(self) -> str:
        """The counts for reading, e.g. "TP 54, FN 9, FP 16, TN 161"."""
        return f"TP {self.tp}, FN {self.fn}, FP {self.fp}, TN {self.tn}"


@dataclass(frozen=True)
class Score:
    """One score of a confusion matrix.

    Attributes:
        name: As a Cell names it.
        formula: In TP, FN, FP, TN, P and N, or in scores named here.
        source: Who defined it.
        quotient: Numerator and denominator of the value, or of its signed square where `power` is 2.
        forms: The two as linear forms, for known P and N; None where there are none.
        free: The two as linear forms that hold whatever P and N; None where there are none.
        aliases: Other names in print.
        low, high: Its range; None for no upper end.
        power: 2 for a square root.
    """

    name: str
    formula: str
    source: str
    quotient: Callable[[Matrix], tuple[int, int]]
    forms: Callable[[int, int], Forms] | None = None
    free: Forms | None = None
    aliases: tuple[str, ...] = ()
    low: int = 0
    high: int | None = 1
    power: int = 1

    def value(self, matrix: Matrix) -> Fraction | None:
        """Return the exact value, or its signed square where `power` is 2; None where only the denominator is 0."""
        top, bottom = self.quotient(matrix)
        if bottom:
            return Fraction(top, bottom)
        return None if top else Fraction(0)

    def raised(self, share: Interval) -> Interval:
        """Return an interval of the score as one of `value`: of its signed squares where `power` is 2."""
        return share if self.power == 1 else Interval(share.low * abs(share.low), share.high * abs(share.high))

    def prints(self, share: Interval, matrix: Matrix) -> bool:
        """Whether the value of a matrix lies in the interval that a print leaves open."""
        value, ends = self.value(matrix), self.raised(share)
        return value is not None and ends.low <= value <= ends.high


def dot(form: Form, counts: Form) -> int:
    """Return the value of a linear form."""
    return sum(a * b for a, b in zip(form, counts, strict=True))
