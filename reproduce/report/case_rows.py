"""One row for each scan with the score of every model, the worst first."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from reproduce.results.folders import optional_number

CASE_COLUMNS = ("model", "seed", "fold", "patient", "scan", "region", "level", "tp", "fp", "fn", "tn", "dice")
# A browser sorts and filters so many rows at once; cases.csv has them all.
MOST = 2000


@dataclass(frozen=True)
class CaseRow:
    """A scan with its scores.

    Attributes:
        patient, scan: Names in cases.csv.
        fold: Fold that tests it.
        reference: Positive units of the reference, e.g. voxels.
        scores: For each model its metric, averaged over seeds; nan where it is undefined.
    """

    patient: str
    scan: str
    fold: int
    reference: int
    scores: tuple[float, ...]

    @property
    def worst(self) -> float:
        """Return the score of the last model, which rows are sorted by; undefined ones come last."""
        return math.inf if math.isnan(self.scores[-1]) else self.scores[-1]


@dataclass(frozen=True)
class CaseTable:
    """The scans of a run.

    Attributes:
        level, region, metric: What is scored.
        models: In the order of the scores.
        rows: From the worst to the best by the last model, at most `MOST`.
        left_out: How many rows are not here.
    """

    level: str
    region: str
    metric: str
    models: tuple[str, ...]
    rows: tuple[CaseRow, ...]
    left_out: int


def case_table(cases: Sequence[dict[str, str]], models: Sequence[str], *, region: str) -> CaseTable | None:
    """Return the scans of a cases.csv by Dice on pixels, without pixels by accuracy at the first level.

    Args:
        cases: Rows with `CASE_COLUMNS`; none gives None.
        models: Models of the table, in the order of the print.
        region: The one that the printed cells are read on.
    """
    cases = [row for row in cases if row["region"] == region]
    if not cases:
        return None
    pixels = any(row["level"] == "pixel" for row in cases)
    level, metric = ("pixel", "dice") if pixels else (cases[0]["level"], "accuracy")
    found: dict[tuple[str, str], list[dict[str, str]]] = defaultdict(list)
    for row in cases:
        if row["level"] == level:
            found[row["patient"], row["scan"]].append(row)
    rows = [_row(patient, scan, own, metric, models) for (patient, scan), own in found.items()]
    rows.sort(key=lambda row: (row.worst, row.patient, row.scan))
    return CaseTable(level, region, metric, tuple(models), tuple(rows[:MOST]), max(len(rows) - MOST, 0))


def _row(patient: str, scan: str, own: list[dict[str, str]], metric: str, models: Sequence[str]) -> CaseRow:
    scores = tuple(_mean([row[metric] for row in own if row["model"] == model]) for model in models)
    return CaseRow(patient, scan, int(own[0]["fold"]), int(own[0]["tp"]) + int(own[0]["fn"]), scores)


def _mean(texts: Sequence[str]) -> float:
    defined = [value for value in (optional_number(text, "cases.csv") for text in texts) if not math.isnan(value)]
    return sum(defined) / len(defined) if defined else math.nan
