"""Numbers as text: the one place that rounds a result for reading, in terminal, Markdown, HTML and JSON alike."""

from __future__ import annotations

import math

_DECIMALS = {"%": 1, "points": 1, "ratio": 3, "count": 0, "mm": 1}
UNITS = tuple(_DECIMALS)
UNDEFINED = "–"


def in_unit(share: float, unit: str) -> float:
    """Return a share of 1 in "%" or as a "ratio"."""
    return 100 * share if unit == "%" else share


def number(value: float, unit: str) -> str:
    """Format a number: one decimal of a percentage or mm, three of a ratio, none of a count, a dash for nan.

    Args:
        value: Number in its unit; nan for undefined.
        unit: "%", "points", "ratio", "count" or "mm".
    """
    return UNDEFINED if math.isnan(value) else f"{value:.{_DECIMALS[unit]}f}"


def signed(value: float, unit: str) -> str:
    """Format a difference with its sign: "+1.2", "-0.018", "+0" for none; a dash for undefined."""
    return UNDEFINED if math.isnan(value) else f"{value:+.{_DECIMALS[unit]}f}"


def interval(low: float, high: float, unit: str) -> str:
    """Format an interval in its unit, e.g. "61.0 to 72.5"; one dash where it is undefined."""
    if math.isnan(low) or math.isnan(high):
        return UNDEFINED
    return f"{number(low, unit)} to {number(high, unit)}"


def p_text(p_value: float) -> str:
    """Format a p-value, e.g. "0.031", "< 0.001", a dash for none."""
    if math.isnan(p_value):
        return UNDEFINED
    return "< 0.001" if p_value < 0.001 else f"{p_value:.3f}"


def reading(level: str, average: str) -> str:
    """Return how a cell is read, e.g. "slice, pooled"."""
    return f"{level}, {average.replace('_', ' ')}"


def as_printed(value: float, printed: str, unit: str) -> str:
    """Format a number with as many decimals as the print has in its column, but no fewer than `number`; "" for nan.

    Args:
        value: Number in its unit.
        printed: The number of the document as text, e.g. "95.2".
        unit: See `number`.
    """
    if math.isnan(value):
        return ""
    decimals = max(len(printed.partition(".")[2]), _DECIMALS[unit])
    return f"{value:.{decimals}f}"
