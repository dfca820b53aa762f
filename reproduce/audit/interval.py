"""Closed intervals with exact rational bounds: what a rounded number can have been before it was rounded."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from fractions import Fraction
from itertools import product


@dataclass(frozen=True)
class Interval:
    """Every real number from `low` to `high`, both included.

    Attributes:
        low: Lower bound, exact.
        high: Upper bound, exact, not below `low`.

    Raises:
        ValueError: `low` exceeds `high`: there is no empty interval, functions return None instead.
    """

    low: Fraction
    high: Fraction

    def __post_init__(self) -> None:
        object.__setattr__(self, "low", Fraction(self.low))
        object.__setattr__(self, "high", Fraction(self.high))
        if self.low > self.high:
            raise ValueError(f"expected low <= high, got {float(self.low)} > {float(self.high)}")

    @property
    def mid(self) -> Fraction:
        """The middle, which for a rounded number is the number as printed."""
        return (self.low + self.high) / 2

    def meet(self, other: Interval) -> Interval | None:
        """Return the part that both intervals share, or None where they share nothing; a single point is shared."""
        low, high = max(self.low, other.low), min(self.high, other.high)
        return Interval(low, high) if low <= high else None

    def gap(self, other: Interval) -> Fraction:
        """Return distance between two disjoint intervals; 0 where they meet."""
        return max(Fraction(0), other.low - self.high, self.low - other.high)

    def scaled(self, factor: Fraction | int) -> Interval:
        """Return the interval times a factor that is not negative."""
        return Interval(self.low * factor, self.high * factor)

    def clipped(self, within: Interval) -> Interval:
        """Return the interval with both bounds moved into another."""
        return Interval(*(min(max(end, within.low), within.high) for end in (self.low, self.high)))

    def text(self, digits: int) -> str:
        """Return both bounds in decimals, e.g. "[0.2453, 0.2830]", rounded to the nearest for reading only."""
        return f"[{float(self.low):.{digits}f}, {float(self.high):.{digits}f}]"


SHARES = Interval(Fraction(0), Fraction(1))


def rounded(value: str, decimals: int) -> Interval:
    """Return the interval v +- half a unit in the last place of a printed number.

    Both ends belong to it, because documents do not say which way they round a half.

    Args:
        value: The number as printed, e.g. "91".
        decimals: Decimals that it was rounded to; 1 makes [90.95, 91.05] of "91".

    Raises:
        ValueError: `value` is not a decimal number.
    """
    half = Fraction(1, 2 * 10**decimals)
    return Interval(Fraction(value) - half, Fraction(value) + half)


def common(intervals: Iterable[Interval]) -> Interval | None:
    """Return the part that all of one or more intervals share, or None where they share nothing.

    Raises:
        ValueError: There are no intervals.
    """
    several = tuple(intervals)
    low, high = max(each.low for each in several), min(each.high for each in several)
    return Interval(low, high) if low <= high else None


def corners(function: Callable[..., Fraction], *arguments: Interval) -> Interval:
    """Return the range of a function over a box of intervals, exact where it is monotone in each argument.

    A function that is monotone in one argument for every fixed value of the others, in whichever direction, takes its
    extremes at corners of the box. The caller vouches for the monotonicity.

    Args:
        function: Takes one rational number for each interval.
        arguments: The sides of the box.
    """
    values = [function(*corner) for corner in product(*((side.low, side.high) for side in arguments))]
    return Interval(min(values), max(values))


def whole_numbers(interval: Interval, n: int) -> range:
    """Return the whole numbers k for which k / n lies in the interval; empty where there is none.

    Args:
        interval: Shares of `n`.
        n: At least 1.
    """
    return range(math.ceil(interval.low * n), math.floor(interval.high * n) + 1)
