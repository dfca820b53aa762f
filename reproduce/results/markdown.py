"""Tables in Markdown."""

from __future__ import annotations

from collections.abc import Container, Iterable, Sequence


def row(fields: Iterable[object]) -> str:
    """Return a row of a Markdown table; a bar in a text would end its cell, so it is escaped."""
    return "| " + " | ".join(str(field).replace("|", "\\|") for field in fields) + " |"


def table(head: Sequence[str], rows: Iterable[Iterable[object]], *, right: Container[str] = frozenset()) -> list[str]:
    """Return the lines of a Markdown table: its head, the rule below it, and its rows; some columns on the right."""
    rule = "".join("|---:" if name in right else "|---" for name in head)
    return [row(head), f"{rule}|", *map(row, rows)]
