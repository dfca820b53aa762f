"""Scores of single scans: one row per model, seed, fold, scan, region and level, with the counts they come from."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import pandas as pd

from reproduce.errors import ResultsError
from reproduce.metrics.confusion import Counts
from reproduce.metrics.formulas import DICE, MIOU, OF_COUNTS, OF_SCANS, Metric
from reproduce.provenance import write_text

DECIMALS = 6

# What history.csv follows on the validation slices, of the cell's region.
CURVES = (DICE, MIOU)
# What cost.csv has of each model.
COSTS = ("parameters", "multiply_adds", "activation_bytes")


@dataclass(frozen=True)
class CaseScore:
    """Counts of one region of one scan at one level.

    Attributes:
        model, seed, fold: Arm, random seed and fold of the prediction.
        patient, scan: Names of patient and scan.
        region: E.g. "nodule".
        level: "pixel", "slice", "lesion" or "patient".
        counts: tp fp fn tn.
        of_scan: Each of `formulas.OF_SCANS` at the level "pixel"; empty at other levels.
    """

    model: str
    seed: int
    fold: int
    patient: str
    scan: str
    region: str
    level: str
    counts: Counts
    of_scan: Mapping[Metric, float]


@dataclass(frozen=True)
class SliceDecisions:
    """What a model decided on the slices of a scan, for tests on paired decisions.

    Attributes:
        model, seed, fold, patient, scan: See `CaseScore`.
        reference: One character a slice from z = 0, "1" if it holds the first region, else "0".
        prediction: The decisions in the same form.
    """

    model: str
    seed: int
    fold: int
    patient: str
    scan: str
    reference: str
    prediction: str


def case_frame(scores: Sequence[CaseScore]) -> pd.DataFrame:
    """Return the scores as a sorted table, with every metric beside the counts (nan where it is undefined)."""
    keys = ["model", "seed", "fold", "patient", "scan", "region", "level"]
    of_scans = [metric.name for metric in OF_SCANS]
    rows = [
        {name: getattr(s, name) for name in keys}
        | asdict(s.counts)
        | {metric.name: s.of_scan.get(metric, math.nan) for metric in OF_SCANS}
        for s in scores
    ]
    frame = pd.DataFrame(rows, columns=[*keys, "tp", "fp", "fn", "tn", *of_scans])
    frame = frame.sort_values(keys, ignore_index=True)
    return pd.concat([with_metrics(frame.drop(columns=of_scans)), frame[of_scans]], axis=1)


def with_metrics(frame: pd.DataFrame) -> pd.DataFrame:
    """Return a table of counts with every metric of `formulas.OF_COUNTS` as its columns, nan where it is undefined."""
    columns = {
        metric.name: pd.Series(metric.of(frame), frame.index, dtype=float).where(frame["level"].isin(metric.levels))
        for metric in OF_COUNTS
    }
    return frame.assign(**columns)


def of_region(cases: pd.DataFrame, region: str, means: Mapping[str, tuple[str, ...]]) -> pd.DataFrame:
    """Return the rows of a measured region, or of all regions that a mean is taken over.

    Args:
        cases: Table that `case_frame` returns.
        region: Its name.
        means: See `protocol.Decision`.
    """
    return cases[cases["region"].isin(means.get(region, (region,)))]


def slice_frame(decisions: Sequence[SliceDecisions]) -> pd.DataFrame:
    """Return the decisions as a sorted table."""
    keys = [field.name for field in fields(SliceDecisions)]
    frame = pd.DataFrame([asdict(each) for each in decisions], columns=keys)
    return frame.sort_values(keys, ignore_index=True)


def write_frame(frame: pd.DataFrame, path: Path) -> None:
    """Write a table as CSV: UTF-8, LF, fixed decimals, empty for undefined, whole or not at all."""
    write_text(path, frame.to_csv(index=False, float_format=f"%.{DECIMALS}f", lineterminator="\n"))


def read_frame(path: Path, **settings: Any) -> pd.DataFrame:
    """Read a table of a results folder.

    Args:
        path: A CSV that `write_frame` wrote.
        settings: For `pandas.read_csv`, e.g. dtypes.

    Raises:
        ResultsError: It is not there, or is no CSV.
    """
    do = "run the table's script again"
    if not path.is_file():
        raise ResultsError(expected="a results file", got="nothing there", where=path, do=do)
    try:
        return pd.read_csv(path, **settings)
    except ValueError as error:
        raise ResultsError(expected="a CSV of results", got=str(error), where=path, do=do) from error
