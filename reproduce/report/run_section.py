"""What the report says of one run, gathered from its results folder."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from reproduce.cohorts.splits import Fold, read_splits
from reproduce.errors import ResultsError
from reproduce.figures.overlays import read_overlays
from reproduce.report.case_rows import CASE_COLUMNS, CaseTable, case_table
from reproduce.report.cell_strips import axis_text, strips
from reproduce.report.curves import HISTORY_COLUMNS, curves
from reproduce.report.drawing import Drawing
from reproduce.report.pictures import Picture, address, pictures
from reproduce.results.diff import TABLE_COLUMNS, RunDiff
from reproduce.results.folders import RunFolder, damage_named
from reproduce.results.number_format import UNITS

SILENT = "silent: "
# Longer ones stay in results/: a page is for reading.
LONGEST_TABLE = 40
_TOLD = {f"{name}.csv" for name in ("reproduced", "table", "statements", "cases", "slices", "history", "ledger")}


@dataclass(frozen=True)
class Decision:
    """One choice of the protocol; `silent` where the document does not make it."""

    field: str
    value: str
    place: str
    silent: bool


@dataclass(frozen=True)
class SmallTable:
    """A CSV of a results folder; its rows where it is short enough to read, else none."""

    name: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    n_rows: int


@dataclass(frozen=True)
class RunSection:
    """Everything of one run; what its folder does not have is empty or None.

    Attributes:
        diff: Printed cells beside ours, and the statements.
        strips: A drawing for each cell; `axes` says for each unit what their ends are.
        levels: The rows of table.csv.
        curves: (model, drawing).
        pictures: Slices from the worst patient to the best.
        cases: Scans, the worst first.
        folds: Who trains, stops and tests.
        decisions: Choices of the protocol, in its order.
        remarks: Paragraphs of a protocol that has no list of decisions.
        included, excluded: Scans of the ledger; for those left out the reasons with their counts.
        provenance: (name, value) of provenance.json, flat.
        figures: (file name, address) of figures that only their script can draw.
        tables: Further CSV files.
    """

    diff: RunDiff
    strips: list[Drawing]
    axes: dict[str, str]
    levels: list[dict[str, str]]
    curves: list[tuple[str, Drawing]]
    pictures: list[Picture]
    cases: CaseTable | None
    folds: tuple[Fold, ...]
    decisions: list[Decision]
    remarks: list[str]
    included: int
    excluded: dict[str, int]
    provenance: list[tuple[str, str]]
    figures: list[tuple[str, str]]
    tables: list[SmallTable]

    @property
    def anchor(self) -> str:
        """Return the id of the section within the page."""
        return self.diff.run.name.replace("/", "-")

    @property
    def pictured(self) -> dict[str, int]:
        """Return the number of each patient with a picture, from 1."""
        return {picture.patient: number for number, picture in enumerate(self.pictures, start=1)}


def run_section(diff: RunDiff, figures: Path) -> RunSection:
    """Return the section of a run.

    Args:
        diff: Of `diff_run`.
        figures: The folder of all figures.

    Raises:
        ResultsError: A file of the folder is broken.
        LeakageError: A patient stands on two sides of its folds.
    """
    with damage_named(diff.run.path):
        return _run_section(diff, figures)


def _run_section(diff: RunDiff, figures: Path) -> RunSection:
    run = diff.run
    models = tuple(dict.fromkeys(cell.model for cell in diff.cells))
    ledger = _rows(run, "ledger.csv", ("status", "reason"))
    protocol, levels = run.protocol, run.rows("table.csv", TABLE_COLUMNS)
    strange = {row["unit"] for row in levels if "unit" in row} - set(UNITS)
    if strange:
        expected, got, do = f"units of {', '.join(UNITS)}", ", ".join(sorted(strange)), "run the table's script again"
        raise ResultsError(expected=expected, got=got, where=run.path / "table.csv", do=do)
    region = next((row.get("region", "") for row in levels if row["verdict"]), "")
    return RunSection(
        diff=diff,
        strips=strips(diff.cells),
        axes={unit: axis_text(diff.cells, unit) for unit in dict.fromkeys(cell.unit for cell in diff.cells)},
        levels=levels,
        curves=curves(_rows(run, "history.csv", HISTORY_COLUMNS), models),
        pictures=pictures(*read_overlays(run.path / "overlays.npz")) if _has(run, "overlays.npz") else [],
        cases=case_table(_rows(run, "cases.csv", CASE_COLUMNS), models, region=region)
        if run.kind == "segmentation"
        else None,
        folds=read_splits(run.path / "splits.json") if _has(run, "splits.json") else (),
        decisions=decided_by(protocol.get("decisions", ())),
        remarks=[part.replace("\n", " ") for part in protocol.get("remarks", "").strip().split("\n\n") if part],
        included=sum(row["status"] == "in" for row in ledger),
        excluded=dict(Counter(row["reason"] for row in ledger if row["status"] != "in").most_common()),
        provenance=_flat(run.json("provenance.json"), "") if _has(run, "provenance.json") else [],
        figures=_figures(run, figures),
        tables=[_small_table(run, path.name) for path in sorted(run.path.glob("*.csv")) if path.name not in _TOLD],
    )


def _has(run: RunFolder, file: str) -> bool:
    return (run.path / file).is_file()


def _rows(run: RunFolder, file: str, columns: Sequence[str]) -> list[dict[str, str]]:
    return run.rows(file, columns) if _has(run, file) else []


def decided_by(found: Sequence[dict[str, str]]) -> list[Decision]:
    """Return the choices of a protocol.json: those of the document, and ours where it is silent."""
    return [
        Decision(each["field"], each["value"], each["place"].removeprefix(SILENT), not each["place"][:3].isdecimal())
        for each in found
    ]


def _figures(run: RunFolder, figures: Path) -> list[tuple[str, str]]:
    """Return figures of a table whose curves and pictures the report cannot draw itself."""
    if _has(run, "history.csv"):
        return []
    return [(path.name, address(path.read_bytes())) for path in sorted(figures.glob(f"{run.table}_*.png"))]


def _small_table(run: RunFolder, file: str) -> SmallTable:
    rows = run.rows(file, ())
    head = tuple(rows[0]) if rows else ()
    shown = rows if len(rows) <= LONGEST_TABLE else []
    return SmallTable(file, head, tuple(tuple(row.values()) for row in shown), len(rows))


def _flat(value: object, path: str) -> list[tuple[str, str]]:
    if isinstance(value, dict):
        return [pair for key, inner in value.items() for pair in _flat(inner, f"{path} {key}".strip())]
    return [(path, value if isinstance(value, str) else json.dumps(value))]
