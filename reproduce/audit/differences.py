"""Printed improvements against the levels that they compare: in points and relative."""

from __future__ import annotations

from fractions import Fraction

from reproduce.audit.interval import Interval, corners


def in_points(new: Interval, old: Interval) -> Interval:
    """Return the difference new - old, in the unit of both."""
    return Interval(new.low - old.high, new.high - old.low)


def relative(new: Interval, old: Interval) -> Interval | None:
    """Return the difference new / old - 1, as a share of the old level; None where the old level can be 0."""
    return corners(lambda n, o: n / o - 1, new, old) if old.low > 0 else None


def level_after(base: Interval, gain: Fraction, *, is_relative: bool) -> Interval:
    """Return the level that a gain leads to, as a share of 1; one above 1 says that the gain is impossible.

    Args:
        base: The level before, as a share of 1.
        gain: The gain as a share of 1.
        is_relative: Whether it multiplies the base (base * (1 + gain)) or adds to it (base + gain).
    """
    if is_relative:
        return base.scaled(1 + gain)
    return Interval(base.low + gain, base.high + gain)
