"""Verdicts as a table in the terminal."""

from __future__ import annotations

from collections.abc import Sequence

from rich import box
from rich.table import Table

from reproduce.reporting.page import interval_text, number, reading_text
from reproduce.reporting.verdict import Verdict


def verdict_table(verdicts: Sequence[Verdict]) -> Table:
    """The printed cells beside ours, one a line; what the audit says of each stands in table.md.

    Args:
        verdicts: In the order of the print; none gives a table without lines.
    """
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for name in ("model", "metric", "read as"):
        table.add_column(name)
    for name in ("printed", "ours", "95 % interval"):
        table.add_column(name, justify="right")
    table.add_column("verdict")
    for v in verdicts:
        unit = v.cell.unit
        printed = v.cell.value if v.cell.published else "–"
        numbers = (printed, number(v.ours, unit), interval_text(v))
        table.add_row(v.cell.model, f"{v.cell.metric} ({unit})", reading_text(v), *numbers, v.word)
    return table
