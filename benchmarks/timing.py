"""Sides of a comparison timed in turn in one run, the rows that come of it, and the CSV that every benchmark writes."""

from __future__ import annotations

import csv
import math
import os
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

RESULTS = Path(__file__).parent / "results"
CPU_MS, WALL_MS = "ms of processor, 1 thread", "ms of wall clock, 2 cores"


class DifferentResultsError(Exception):
    """Two sides did not compute the same, so that their times are not compared."""


@dataclass(frozen=True)
class Row:
    """One comparison.

    Attributes:
        what: The work.
        peer: The other library, with its version.
        ours: Our median, in `unit`; NaN where nothing was timed.
        theirs: That of the peer.
        unit: What is measured, and with how many threads.
        ratio: Median over the rounds of theirs over ours; above 1 ours is faster.
        lowest: The smallest of these ratios.
        highest: The largest.
        goal: The ratio that was aimed at; NaN where none was.
        check: What was compared before anything was timed, or why nothing was timed.
    """

    what: str
    peer: str
    ours: float
    theirs: float
    unit: str
    ratio: float
    lowest: float
    highest: float
    goal: float
    check: str

    def text(self) -> dict[str, str]:
        """Return the fields as they are written, an empty text for NaN."""
        numbers = {"ours": ".4g", "theirs": ".4g", "ratio": ".2f", "lowest": ".2f", "highest": ".2f", "goal": "g"}
        fields = {name: getattr(self, name) for name in self.__dataclass_fields__}
        written = {n: "" if math.isnan(fields[n]) else format(fields[n], form) for n, form in numbers.items()}
        return {name: written.get(name, value) for name, value in fields.items()}


def version(library: str) -> str:
    """Return a distribution with its version as installed."""
    return f"{library} {metadata.version(library)}"


def not_timed(what: str, peer: str, reason: str, *, goal: float = math.nan) -> Row:
    """Return a row without figures that says why."""
    nothing = math.nan
    return Row(what, peer, nothing, nothing, "", nothing, nothing, nothing, goal, f"not timed: {reason}")


def require_same(condition: bool, difference: str) -> None:
    """Return if both sides computed the same.

    Raises:
        DifferentResultsError: They did not; the text says how far apart they are.
    """
    if not condition:
        raise DifferentResultsError(difference)


def in_turn(
    sides: Mapping[str, Callable[[], object]], *, rounds: int, clock: Callable[[], Any] = time.process_time
) -> dict[str, list[Any]]:
    """Return the milliseconds of each side in each round, all sides in a shuffled order in every round.

    The clock gives seconds, or an array of several clocks' seconds.

    So a busy moment of the machine meets all, and no side always finds the caches as the same other one leaves them. A
    first round, in which functions are traced and files come into memory, does not count.
    """
    taken: dict[str, list[Any]] = {name: [] for name in sides}
    for i in range(rounds + 1):
        for name in np.random.default_rng(i).permutation(list(sides)):
            started = clock()
            sides[str(name)]()
            if i:
                taken[str(name)].append(1e3 * (clock() - started))
    return taken


def compared(
    what: str,
    peer: str,
    ours: Sequence[float],
    theirs: Sequence[float],
    *,
    unit: str = CPU_MS,
    goal: float = math.nan,
    check: str,
) -> Row:
    """Return the row of two sides of `in_turn`: medians, and the median of the ratios within the rounds."""
    ratios = [other / own for own, other in zip(ours, theirs, strict=True)]
    middle = statistics.median
    numbers = middle(ours), middle(theirs), unit, middle(ratios), min(ratios), max(ratios)
    return Row(what, peer, *numbers, goal, check)


def write_rows(path: Path, rows: Sequence[Mapping[str, object]]) -> None:
    """Write rows of the same keys as CSV and show them."""
    path.parent.mkdir(exist_ok=True)
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, rows[0], lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    show(rows)


def show(rows: Sequence[Mapping[str, object]], title: str | None = None) -> None:
    """Print rows of the same keys as a table."""
    table = Table(*rows[0], title=title)
    for row in rows:
        table.add_row(*map(str, row.values()))
    Console().print(table)


def markdown(rows: Sequence[Mapping[str, object]]) -> str:
    """Return rows of the same keys as a table of Markdown."""
    lines = ["| " + " | ".join(rows[0]) + " |", "|" + " --- |" * len(rows[0])]
    return "\n".join([*lines, *("| " + " | ".join(map(str, row.values())) + " |" for row in rows)]) + "\n"


def one_thread() -> None:
    """Hold the libraries that ask the environment to one thread; called before they are imported."""
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "ITK_GLOBAL_DEFAULT_NUMBER_OF_THREADS"):
        os.environ[name] = "1"
