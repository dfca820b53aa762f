"""One strip for each printed cell: the print with its rounding and tolerance, and ours with its interval."""

from __future__ import annotations

import math
from collections.abc import Sequence

from reproduce.audit.interval import rounded
from reproduce.report.drawing import Box, Dot, Drawing, Line, Scale, Shape, padded
from reproduce.results import verdict_words as words
from reproduce.results.diff import CellLine
from reproduce.results.number_format import interval, number

WIDTH, HEIGHT = 180.0, 26.0
_MIDDLE = HEIGHT / 2


def strips(cells: Sequence[CellLine]) -> list[Drawing]:
    """Return a drawing for each cell; cells of one unit share their axis, but each count has its own.

    Args:
        cells: Of one run, in the order of the print; none gives none.
    """
    return [_strip(cell, Scale(*_ends(cell, cells), 4, WIDTH - 4)) for cell in cells]


def axis_text(cells: Sequence[CellLine], unit: str) -> str:
    """Return the ends of the axis of a unit, e.g. "60.0 to 100.0 %"; "" for counts."""
    own = [cell for cell in cells if cell.unit == unit]
    if unit == "count" or not own:
        return ""
    return f"{interval(*_ends(own[0], cells), unit)} {unit}"


def _ends(cell: CellLine, cells: Sequence[CellLine]) -> tuple[float, float]:
    own = [cell] if cell.unit == "count" else [each for each in cells if each.unit == cell.unit]
    low, high = padded([value for each in own for value in _values(each)], 0.08)
    most = {"%": 100.0, "ratio": 1.0}.get(cell.unit, math.inf)
    return max(low, 0.0), min(high, most)


def _values(cell: CellLine) -> list[float]:
    printed = float(cell.printed) if cell.printed else math.nan
    tolerance = 0.0 if math.isnan(cell.tolerance) else cell.tolerance
    return [printed - tolerance, printed + tolerance, cell.ours, cell.low, cell.high]


def _strip(cell: CellLine, scale: Scale) -> Drawing:
    shapes: list[Shape] = [Line(4, _MIDDLE, WIDTH - 4, _MIDDLE, "axis")]
    if cell.printed:
        value = float(cell.printed)
        if not math.isnan(cell.tolerance):
            shapes.append(_box(scale, value - cell.tolerance, value + cell.tolerance, 9, "tolerance"))
        half = rounded(cell.printed, len(cell.printed.partition(".")[2]))
        shapes.append(_box(scale, float(half.low), float(half.high), 12, "printed"))
    if not math.isnan(cell.ours):
        known = not (math.isnan(cell.low) or math.isnan(cell.high))
        low, high = (cell.low, cell.high) if known else (cell.ours, cell.ours)
        shapes.append(Line(scale(low), _MIDDLE, scale(high), _MIDDLE, "interval"))
        css = "ours unlike" if cell.verdict == words.NOT_COMPARABLE else "ours"
        shapes.append(Dot(scale(cell.ours), _MIDDLE, css))
    return Drawing(WIDTH, HEIGHT, _title(cell), tuple(shapes))


def _box(scale: Scale, low: float, high: float, half_height: float, css: str) -> Box:
    """Return a box at least two units wide, or a print of three decimals could not be seen."""
    left, right = scale(low), scale(high)
    width = max(right - left, 2.0)
    return Box(round((left + right - width) / 2, 2), _MIDDLE - half_height, round(width, 2), 2 * half_height, css)


def _title(cell: CellLine) -> str:
    printed = f"printed {cell.printed}" if cell.printed else "nothing printed"
    ends = "" if math.isnan(cell.low) else f", 95 % interval {interval(cell.low, cell.high, cell.unit)}"
    return f"{cell.model}, {cell.metric}: {printed}, ours {number(cell.ours, cell.unit)}{ends}"
