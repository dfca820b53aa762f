"""Our own numbers against a rerun of them, cell by cell, as strictly as those of a paper."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from reproduce.options import options_given
from reproduce.rerun import Folders, arithmetic_of, rerun
from reproduce.results.folders import RunFolder, damage_named, optional_number, read_object, read_rows
from reproduce.results.spread import CELL, FILE, NumericalSpread, cell_of, read_spread
from reproduce.scripts import script_of

SAME, WITHIN, NOT_REGENERATED = "same bytes", "within numerical spread", "not regenerated"
WORDS = (SAME, WITHIN, NOT_REGENERATED)
# Files whose rows are the cells of a kind without table.csv, and the columns that name a row.
_CELLS = {
    "statements": ("measurements.csv", ("quantity", "condition", "x", "seed")),
    "comparison": ("architectures.csv", ("architecture",)),
}
_TABLE = ("table.csv", CELL)
_SPREAD = "numerical_spread"
# Files hold six decimals; what float64 adds in a difference of two of them.
_ROUNDING = 1e-9


@dataclass(frozen=True)
class CellCheck:
    """A cell of a committed table beside the same cell of a rerun.

    Attributes:
        name: What names it in its file.
        committed, again: Its value in both, as the files have it; "" for undefined or for no such cell.
        difference: Distance of the two; nan where one is undefined.
        spread: Its numerical spread; nan where that is not measured.
        word: One of `WORDS`.
        judged: Whether the cell has a verdict, as a printed one has.
    """

    name: str
    committed: str
    again: str
    difference: float
    spread: float
    word: str
    judged: bool


@dataclass(frozen=True)
class Verification:
    """A committed run beside its rerun.

    Attributes:
        run: The committed run.
        cells: Every cell of either, in the order of the committed table.
        cases: Rows of cases.csv that have the same bytes, and rows of the committed one; None of a kind without cases.
        protocol: Whether both ran the same protocol.
        committed, again: Processor and arithmetic of both, as `arithmetic_of` returns them.
        versions: Libraries that have other versions, as (name, committed, again).
    """

    run: RunFolder
    cells: tuple[CellCheck, ...]
    cases: tuple[int, int] | None
    protocol: bool
    committed: Mapping[str, Any]
    again: Mapping[str, Any]
    versions: tuple[tuple[str, str, str], ...]

    @property
    def counts(self) -> dict[str, int]:
        """Return how many cells got each word."""
        return {word: sum(cell.word == word for cell in self.cells) for word in WORDS}

    @property
    def exit_code(self) -> int:
        """Return 0 where every cell is regenerated, to the byte or within its spread, else 1."""
        return int(self.counts[NOT_REGENERATED] > 0)


def verify(run: RunFolder, folders: Folders, *, scripts: Path) -> Verification:
    """Run a committed table again, by the profile, source and options of its results folder, and compare.

    Args:
        run: The committed run.
        folders: Those of the rerun; what is finished in its cache is not done again.
        scripts: Folder of the scripts.

    Raises:
        ReproduceError: The committed run cannot be read, or not be run again.
    """
    again = folders.out / "results" / run.name
    again.mkdir(parents=True, exist_ok=True)
    (again / FILE).unlink(missing_ok=True)
    if (run.path / FILE).is_file():  # so that pages which show the spread can have the same bytes
        (again / FILE).write_bytes((run.path / FILE).read_bytes())
    options = ["--profile", run.profile, *options_given(run.protocol)]
    return compare(run, rerun(script_of(run.table, scripts), run.name, options, folders, variables={}))


def compare(run: RunFolder, again: RunFolder) -> Verification:
    """Compare a committed run with a rerun of it.

    Raises:
        ResultsError: A file of either is missing or broken.
    """
    with damage_named(run.path):
        provenance, other = (read_object(each.path / "provenance.json") for each in (run, again))
        return Verification(
            run,
            cells=tuple(_cells(run, again)),
            cases=_cases(run, again),
            protocol=run.protocol.get("protocol_id") == again.protocol.get("protocol_id"),
            committed=arithmetic_of(provenance),
            again=arithmetic_of(other),
            versions=_other_versions(provenance.get("versions", {}), other.get("versions", {})),
        )


def _other_versions(committed: Mapping[str, str], again: Mapping[str, str]) -> tuple[tuple[str, str, str], ...]:
    names = [name for name in sorted({*committed, *again}) if committed.get(name) != again.get(name)]
    return tuple((name, committed.get(name, "none"), again.get(name, "none")) for name in names)


def _cells(run: RunFolder, again: RunFolder) -> list[CellCheck]:
    file, key = _CELLS.get(run.kind, _TABLE)
    spread = read_spread(run.path)
    ours, others = ({_key(row, key): row for row in read_rows(each.path / file, ())} for each in (run, again))
    names = dict.fromkeys((*ours, *others))
    return [_check(name, ours.get(name, {}), others.get(name, {}), spread, run.path / file) for name in names]


def _key(row: Mapping[str, str], columns: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(row[name] for name in columns if name in row)


def _check(
    name: tuple[str, ...], ours: Mapping[str, str], other: Mapping[str, str], spread: NumericalSpread, where: Path
) -> CellCheck:
    committed, again = (row.get("value", "") for row in (ours, other))
    difference = math.nan
    if committed and again:
        difference = abs(optional_number(committed, where) - optional_number(again, where))
    moves = spread.by_cell.get(cell_of(ours), math.nan)
    if ours and {**ours, _SPREAD: ""} == {**other, _SPREAD: ""}:
        word = SAME
    elif difference <= moves + _ROUNDING and all(ours.get(c) == other.get(c) for c in ("n", "verdict")):
        word = WITHIN
    else:
        word = NOT_REGENERATED
    return CellCheck(" ".join(name), committed, again, difference, moves, word, bool(ours.get("verdict")))


def _cases(run: RunFolder, again: RunFolder) -> tuple[int, int] | None:
    if not (run.path / "cases.csv").is_file():
        return None
    ours, others = (
        Counter((each.path / "cases.csv").read_bytes().splitlines()[1:])
        if (each.path / "cases.csv").is_file()
        else Counter()
        for each in (run, again)
    )
    return (ours & others).total(), ours.total()
