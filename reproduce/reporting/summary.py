"""From single scans to the numbers of a table: every metric at every level, pooled and per case, with intervals."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from reproduce.metrics.statistics.bootstrap import bootstrap_interval, ratio_of_sums
from reproduce.randomness import seed_words
from reproduce.reporting.cases import NEEDS_NEGATIVES, RATIOS

N_RESAMPLES = 2000
CONFIDENCE = 0.95


@dataclass(frozen=True)
class Summary:
    """One number with its interval, as a share of 1.

    Attributes:
        model, region, metric, level: What was measured.
        average: "pooled" (counts of all scans and seeds added, then the ratio) or "per_case" (the ratio of each scan,
            averaged over seeds and scans; scans where it is 0/0 are left out).
        n: Patients that enter.
        value: nan where no scan defines it.
        low, high: Bootstrap over patients, percentile, 95 %; nan with fewer than two patients.
        seed_sd: Standard deviation over seeds (n - 1); nan with one seed.
    """

    model: str
    region: str
    metric: str
    level: str
    average: str
    n: int
    value: float
    low: float
    high: float
    seed_sd: float


def summarise(cases: pd.DataFrame) -> list[Summary]:
    """Every (model, region, level, metric, average) of a table of cases, in the order of their first appearance.

    Args:
        cases: Of `case_frame`, one experiment.
    """
    groups = cases.groupby(["model", "region", "level"], sort=False)
    return [summary for key, group in groups for summary in _of_group(key, group)]


def _of_group(key: tuple[str, str, str], group: pd.DataFrame) -> Iterator[Summary]:
    model, region, level = key
    for metric, (above, below) in RATIOS.items():
        if level == "lesion" and metric in NEEDS_NEGATIVES:
            continue
        shares = pd.DataFrame(
            {
                "seed": group["seed"],
                "patient": group["patient"],
                "above": sum(group[count] for count in above).astype(float),
                "below": sum(group[count] for count in below).astype(float),
            }
        )
        defined = shares[shares["below"] > 0]
        per_case = defined.assign(above=defined["above"] / defined["below"], below=1.0)
        for average, rows in (("pooled", shares), ("per_case", per_case)):
            yield Summary(model, region, metric, level, average, *_measure(rows, (*key, metric, average)))


def _measure(rows: pd.DataFrame, name: tuple[str, ...]) -> tuple[int, float, float, float, float]:
    """Patients, value, low, high and spread over seeds of sum(above) / sum(below)."""
    sums = rows.groupby("patient")[["above", "below"]].sum()
    sums = sums[sums["below"] > 0]
    value = _ratio(rows)
    by_seed = [_ratio(own) for _, own in rows.groupby("seed")]
    spread = float(np.std(by_seed, ddof=1)) if len(by_seed) > 1 else float("nan")
    low = high = float("nan")
    if len(sums) > 1:
        interval = bootstrap_interval(
            sums.to_numpy(),
            ratio_of_sums,
            n_resamples=N_RESAMPLES,
            confidence=CONFIDENCE,
            seed=seed_words("bootstrap", *name),
            method="percentile",
        )
        low, high = interval.low, interval.high
    return len(sums), value, low, high, spread


def _ratio(rows: pd.DataFrame) -> float:
    below = rows["below"].sum()
    return float(rows["above"].sum() / below) if below > 0 else float("nan")
