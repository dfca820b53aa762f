"""Scores of single scans: one row per model, seed, fold, scan, region and level, with the counts they come from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path

import pandas as pd

from reproduce.errors import ResultsError
from reproduce.metrics.confusion import Counts
from reproduce.provenance import write_text

DECIMALS = 6

# For each metric the numerator and denominator as sums of counts; 0/0 is undefined, and written as an empty field.
RATIOS = {
    "accuracy": (("tp", "tn"), ("tp", "fp", "fn", "tn")),
    "sensitivity": (("tp",), ("tp", "fn")),
    "specificity": (("tn",), ("tn", "fp")),
    "precision": (("tp",), ("tp", "fp")),
    "dice": (("tp", "tp"), ("tp", "tp", "fp", "fn")),
}
# True negatives of lesions cannot be counted, so these ratios do not exist for them.
NEEDS_NEGATIVES = frozenset({"accuracy", "specificity"})


@dataclass(frozen=True)
class CaseScore:
    """Counts of one region of one scan at one level.

    Attributes:
        model, seed, fold: Who predicted it.
        patient, scan: Whose it is.
        region: E.g. "nodule".
        level: "pixel", "slice", "lesion" or "patient".
        counts: tp fp fn tn.
    """

    model: str
    seed: int
    fold: int
    patient: str
    scan: str
    region: str
    level: str
    counts: Counts


@dataclass(frozen=True)
class SliceDecisions:
    """What a model decided on the slices of a scan, for tests on paired decisions.

    Attributes:
        model, seed, fold, patient, scan: As in `CaseScore`.
        reference: One character a slice from z = 0, "1" if it holds the first region, else "0".
        prediction: Likewise, as decided.
    """

    model: str
    seed: int
    fold: int
    patient: str
    scan: str
    reference: str
    prediction: str


def case_frame(scores: Sequence[CaseScore]) -> pd.DataFrame:
    """The scores as a table, sorted, with every metric beside the counts (nan where it is undefined)."""
    keys = [field.name for field in fields(CaseScore) if field.name != "counts"]
    rows = [{**{key: getattr(s, key) for key in keys}, **asdict(s.counts)} for s in scores]
    frame = pd.DataFrame(rows, columns=[*keys, "tp", "fp", "fn", "tn"]).sort_values(keys, ignore_index=True)
    for metric, (above, below) in RATIOS.items():
        denominator = sum(frame[count] for count in below)
        value = sum(frame[count] for count in above) / denominator.where(denominator > 0)
        undefined = (frame["level"] == "lesion") & (metric in NEEDS_NEGATIVES)
        frame[metric] = value.mask(undefined)
    return frame


def slice_frame(decisions: Sequence[SliceDecisions]) -> pd.DataFrame:
    """The decisions as a table, sorted."""
    keys = [field.name for field in fields(SliceDecisions)]
    frame = pd.DataFrame([asdict(each) for each in decisions], columns=keys)
    return frame.sort_values(keys, ignore_index=True)


def write_frame(frame: pd.DataFrame, path: Path) -> None:
    """Write a table as CSV: UTF-8, LF, fixed decimals, empty for undefined, whole or not at all."""
    write_text(path, frame.to_csv(index=False, float_format=f"%.{DECIMALS}f", lineterminator="\n"))


def read_frame(path: Path, **settings) -> pd.DataFrame:
    """A table of a results folder.

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
