"""A verification as text: a short table, counts, both arithmetics, and what they mean for a reviewer."""

from __future__ import annotations

import io
import math
from collections.abc import Mapping
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table

from reproduce.checks.verify import NOT_REGENERATED, SAME, WITHIN, Verification
from reproduce.results.number_format import UNDEFINED
from reproduce.results.spread import NOT_MEASURED

_MOST_SHOWN = 20
_HEAD = ("cell", "committed", "again", "difference", "numerical spread", "regenerated")


def verification_text(found: Verification, *, width: int) -> str:
    """Return what a verification says, for a terminal.

    Shown are the cells that have a verdict, and of the others those that differ, the first `_MOST_SHOWN`.

    Args:
        found: The verification.
        width: Characters in a line.
    """
    differ = [cell for cell in found.cells if cell.word != SAME]
    shown = [cell for cell in found.cells if cell.judged or cell in differ[:_MOST_SHOWN]]
    out = io.StringIO()
    console = Console(file=out, width=width, no_color=True, highlight=False, markup=False)
    console.print(f"{found.run.title}\n{found.run.name}")
    if shown:
        table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
        for name in _HEAD:
            table.add_column(name, justify="left" if name in ("cell", "regenerated") else "right")
        for cell in shown:
            numbers = (_number(cell.difference, UNDEFINED), _number(cell.spread, NOT_MEASURED))
            table.add_row(cell.name, cell.committed or UNDEFINED, cell.again or UNDEFINED, *numbers, cell.word)
        console.print(table)
    if left := sum(cell not in shown for cell in differ):
        console.print(f"{left} more cells differ")
    console.print(f"{len(found.cells)} cells: {', '.join(f'{n} {word}' for word, n in found.counts.items())}")
    if found.cases is not None:
        console.print(f"cases.csv: {found.cases[0]} of {found.cases[1]} rows have the same bytes")
    for name, side in (("committed", found.committed), ("again", found.again)):
        console.print(f"{name}: {_side(side)}")
    for name, ours, other in found.versions:
        console.print(f"version of {name}: committed {ours}, again {other}")
    console.print(words(found))
    return "\n".join(line.rstrip() for line in out.getvalue().splitlines()) + "\n"


def words(found: Verification) -> str:
    """Say what a verification means, to a reviewer on whatever machine."""
    counts = found.counts
    if not found.protocol:
        return "The script has another protocol today than this results folder: run the table again (see `make stale`)."
    if counts[NOT_REGENERATED] == 0 and counts[WITHIN] == 0:
        return "The table is regenerated to the byte."
    if counts[NOT_REGENERATED] == 0:
        return (
            "The table is regenerated: what differs is no more than the same training moves under other arithmetic, as "
            "it does on another processor."
        )
    if found.committed == found.again and not found.versions:
        return "Not regenerated, on the same processor, arithmetic and versions: the code has moved (see `make stale`)."
    unmeasured = any(math.isnan(cell.spread) for cell in found.cells if cell.word == NOT_REGENERATED)
    if unmeasured:
        return (
            "Not regenerated here. Processor, arithmetic or versions are others than those of the committed table, and "
            "the numerical spread of some cells is not measured, so nothing tells whether that alone explains them: "
            f"`reproduce spread {found.run.name}` measures it."
        )
    return (
        "Not regenerated here: some cells moved further than other arithmetic moved them in a training of one fold. "
        "Processor, arithmetic or versions are others than those of the committed table; do not take its numbers as "
        "reproduced on this machine."
    )


def _number(value: float, undefined: str) -> str:
    return undefined if math.isnan(value) else f"{value:.6f}"


def _side(side: Mapping[str, Any]) -> str:
    arithmetic = side["arithmetic"]
    if isinstance(arithmetic, Mapping):
        texts = {name: " ".join(value) if isinstance(value, list) else value for name, value in arithmetic.items()}
        arithmetic = ", ".join(f"{name} {text}" for name, text in sorted(texts.items()))
    return f"processor {side['processor']}; arithmetic {arithmetic}"
