"""Cells and statements as tables in the terminal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich import box
from rich.table import Table
from rich.text import Text

from reproduce.results import verdict_words as words
from reproduce.results.diff import CellLine, StatementLine, means_text
from reproduce.results.number_format import UNDEFINED, in_unit, interval, number, p_text, reading, signed

if TYPE_CHECKING:  # `verdict` brings pandas, which `reproduce diff` does without
    from reproduce.results.verdict import Verdict

_STYLES = {
    words.WITHIN: "green",
    words.OUTSIDE: "red",
    words.UNREACHABLE: "magenta",
    words.SUPPORTED: "green",
    words.CONTRADICTED: "red",
}


def verdict_table(verdicts: Sequence[Verdict]) -> Table:
    """Lay out the printed cells of a run that has just ended beside ours, one a line; none gives no lines."""
    return cells_table([_line(verdict) for verdict in verdicts], with_delta=False)


def cells_table(cells: Sequence[CellLine], *, with_delta: bool) -> Table:
    """Lay out the printed cells beside ours, one a line, in the order of the print.

    Args:
        cells: None gives a table without lines.
        with_delta: Whether to show the difference and the reason of the verdict.
    """
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for name in ("model", "metric", "read as"):
        table.add_column(name)
    for name in ("printed", "ours", "95 % interval", *(("delta",) if with_delta else ())):
        table.add_column(name, justify="right")
    for name in ("verdict", *(("reason",) if with_delta else ())):
        table.add_column(name)
    for c in cells:
        numbers = [c.printed or UNDEFINED, number(c.ours, c.unit), interval(c.low, c.high, c.unit)]
        word = Text(c.verdict, style=_STYLES.get(c.verdict, ""))
        end = [signed(c.delta, c.unit), word, c.reason] if with_delta else [word]
        read = reading(c.level, c.average) if c.level else UNDEFINED
        table.add_row(c.model, f"{c.metric} ({c.unit})", read, *numbers, *end)
    return table


def statements_table(statements: Sequence[StatementLine]) -> Table:
    """Lay out the statements with their test, one a line."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("statement")
    for name in ("means per case", "n", "test", "p", "p (Holm)", "effect"):
        table.add_column(name, justify="right")
    table.add_column("verdict")
    for s in statements:
        numbers = (str(s.n), s.test, p_text(s.p_value), p_text(s.p_holm), number(s.effect, "ratio"))
        table.add_row(s.text, means_text(s), *numbers, Text(s.verdict, style=_STYLES.get(s.verdict, "")))
    return table


def _line(v: Verdict) -> CellLine:
    unit, summary = v.cell.unit, v.summary
    read = (v.reading.level, v.reading.average, summary.n, v.cell.value if v.cell.published else "")
    numbers = (v.ours, in_unit(summary.low, unit), in_unit(summary.high, unit), v.delta, v.reading.tolerance)
    return CellLine(v.cell.model, v.cell.metric, unit, *read, *numbers, v.word, "", v.audit)
