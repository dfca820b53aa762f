"""A diff as text for the terminal, as Markdown, or as JSON."""

from __future__ import annotations

import io
import json
import math
from collections.abc import Sequence
from dataclasses import asdict

from rich.console import Console, Group
from rich.text import Text

from reproduce.results import markdown
from reproduce.results.diff import CellLine, RunDiff, SentenceLine, StatementLine
from reproduce.results.terminal import (
    CELL_HEAD,
    RIGHT,
    STATEMENT_HEAD,
    cell_texts,
    cells_table,
    statement_texts,
    statements_table,
)

NO_TABLES = "nothing to compare\n"


def diff_text(diffs: Sequence[RunDiff], *, width: int, colour: bool) -> str:
    """Render the runs for a terminal, one after the other.

    Args:
        diffs: None gives a sentence that says so.
        width: Characters in a line.
        colour: Whether to mark the verdicts with colours.
    """
    if not diffs:
        return NO_TABLES
    out = io.StringIO()
    console = Console(file=out, width=width, force_terminal=colour, no_color=not colour, highlight=False, markup=False)
    for each in diffs:
        console.print(Group(Text(each.run.title, style="bold"), Text(f"{each.run.name}: {each.summary}")))
        if each.cells:
            console.print(cells_table(each.cells, with_delta=True))
        for line in each.sentences:
            console.print(f"  {line.place}: {line.statement}: {line.verdict}")
        if each.statements:
            console.print(f"  statements, tested on {source_text(each)}")
            console.print(statements_table(each.statements))
    lines = [line.rstrip() for line in out.getvalue().splitlines()]
    return "\n".join(lines).rstrip("\n") + "\n"


def diff_markdown(diffs: Sequence[RunDiff]) -> str:
    """Render the runs as Markdown, a section each."""
    if not diffs:
        return NO_TABLES
    parts = []
    for each in diffs:
        parts += [
            f"## {each.run.title}",
            "",
            f"`{each.run.name}`: **{each.summary}**",
            "",
            *(_cells(each.cells) if each.cells else ()),
            "",
        ]
        parts += [f"- {s.place}: {s.statement}: **{s.verdict}**" for s in each.sentences]
        if each.statements:
            parts += [f"Statements, tested on {source_text(each)}:", "", *_statements(each.statements), ""]
    return "\n".join(parts)


def diff_json(diffs: Sequence[RunDiff]) -> str:
    """Render the runs as a JSON list; numbers in the unit of their cell, null where undefined."""
    runs = [
        {
            "table": each.run.table,
            "run": each.run.path.name,
            "source": each.run.source,
            "profile": each.run.profile,
            "caveats": list(each.run.caveats),
            "summary": each.summary,
            "cells": [_plain(cell) for cell in each.cells],
            "statements": [_plain(line) for line in each.statements],
            "sentences": [_plain(line) for line in each.sentences],
        }
        for each in diffs
    ]
    return json.dumps(runs, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def source_text(each: RunDiff) -> str:
    """Return what statements were tested on, e.g. "phantom, cpu profile"."""
    return f"{each.run.source}, {each.run.profile} profile"


def _cells(cells: Sequence[CellLine]) -> list[str]:
    return markdown.table(CELL_HEAD, (cell_texts(cell).values() for cell in cells), right=RIGHT)


def _statements(statements: Sequence[StatementLine]) -> list[str]:
    rows = (statement_texts(line) | {"statement": f"{line.text} ({line.place})"} for line in statements)
    return markdown.table(STATEMENT_HEAD, (row.values() for row in rows), right=RIGHT)


def _plain(line: CellLine | StatementLine | SentenceLine) -> dict[str, object]:
    return {key: None if isinstance(v, float) and math.isnan(v) else v for key, v in asdict(line).items()}
