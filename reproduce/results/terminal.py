"""Cells and statements as tables in the terminal."""

from __future__ import annotations

import shutil
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

_WIDEST = 160
CELL_HEAD = (
    *("model", "metric", "read as", "printed", "ours", "95 % interval", "delta"),
    *("verdict", "reason", "audit"),
)
STATEMENT_HEAD = ("statement", "means per case", "n", "test", "p", "p (Holm)", "effect", "verdict")
RIGHT = {"printed", "ours", "95 % interval", "delta", "n", "p", "p (Holm)", "effect"}
"""Columns of numbers, which stand on the right."""
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
    left_out = {"audit"} if with_delta else {"audit", "delta", "reason"}
    return _table([name for name in CELL_HEAD if name not in left_out], [cell_texts(cell) for cell in cells])


def statements_table(statements: Sequence[StatementLine]) -> Table:
    """Lay out the statements with their test, one a line."""
    return _table(STATEMENT_HEAD, [statement_texts(line) for line in statements])


def cell_texts(c: CellLine) -> dict[str, str]:
    """Return a printed cell beside ours as texts by column of `CELL_HEAD`."""
    read = reading(c.level, c.average) if c.level else UNDEFINED
    numbers = (c.printed or UNDEFINED, number(c.ours, c.unit), interval(c.low, c.high, c.unit), signed(c.delta, c.unit))
    texts = (c.model, f"{c.metric} ({c.unit})", read, *numbers, c.verdict, c.reason, c.audit)
    return dict(zip(CELL_HEAD, texts, strict=True))


def statement_texts(s: StatementLine) -> dict[str, str]:
    """Return a statement with its test as texts by column of `STATEMENT_HEAD`."""
    numbers = (str(s.n), s.test, p_text(s.p_value), p_text(s.p_holm), number(s.effect, "ratio"))
    return dict(zip(STATEMENT_HEAD, (s.text, means_text(s), *numbers, s.verdict), strict=True))


def _table(head: Sequence[str], rows: Sequence[dict[str, str]]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for name in head:
        table.add_column(name, justify="right" if name in RIGHT else "left")
    for row in rows:
        styles = {"verdict": _STYLES.get(row["verdict"], "")}
        table.add_row(*(Text(row[name], style=styles[name]) if name in styles else row[name] for name in head))
    return table


def _line(v: Verdict) -> CellLine:
    unit, summary = v.cell.unit, v.summary
    read = (v.reading.level, v.reading.average, summary.n, v.cell.value if v.cell.published else "")
    numbers = (v.ours, in_unit(summary.low, unit), in_unit(summary.high, unit), v.delta, v.reading.tolerance)
    return CellLine(v.cell.model, v.cell.metric, unit, *read, *numbers, v.word, "", v.audit)


def terminal_width() -> int:
    """Return the columns that text may take: those of the terminal, 40 to 160; 160 where there is none."""
    return max(40, min(_WIDEST, shutil.get_terminal_size(fallback=(_WIDEST, 24)).columns))
