"""From single scans to the numbers of a table: every metric at every level, pooled and per case, with intervals."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from reproduce.metrics.formulas import OF_COUNTS, OF_SCANS, existing
from reproduce.metrics.statistics.bootstrap import bootstrap_interval, ratio_of_sums
from reproduce.randomness import seed_words

N_RESAMPLES = 2000
CONFIDENCE = 0.95


@dataclass(frozen=True)
class Summary:
    """One number with its interval, as a share of 1, or in mm.

    Attributes:
        model, region, metric, level: What was measured; the region may be a mean over several.
        average: "pooled" (counts of all scans and seeds added, then the ratio; for metrics with `ratios` alone) or
            "per_case" (the metric of each scan, averaged over seeds and scans; scans where it is undefined are out).
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


def summarise(cases: pd.DataFrame, means: Mapping[str, tuple[str, ...]]) -> list[Summary]:
    """Return every (model, region, level, metric, average) of a table of cases, in the order of their first appearance.

    Args:
        cases: Table that `case_frame` returns, of one experiment.
        means: Name of each mean over regions, with those; it is the mean of the regions' values, each region weighing
            the same, and a region that no scan defines left out.
    """
    found: list[Summary] = []
    for (model, level), group in cases.groupby(["model", "level"], sort=False):
        regions = {region: [rows] for region, rows in group.groupby("region", sort=False)}
        of_means = {name: [rows for each in members for rows in regions[each]] for name, members in means.items()}
        for region, parts in (regions | of_means).items():
            found += _of_region((model, region, level), parts)
    return found


def _of_region(key: tuple[str, str, str], parts: list[pd.DataFrame]) -> Iterator[Summary]:
    model, region, level = key
    for metric in existing((*OF_COUNTS, *OF_SCANS), level):
        by_average = {"per_case": [_per_case(rows, metric.name) for rows in parts]}
        if metric.ratios:
            shares = [_shares(rows, above, below) for rows in parts for above, below in metric.ratios]
            by_average = {"pooled": shares} | by_average
        for average, terms in by_average.items():
            yield Summary(model, region, metric.name, level, average, *_measure(terms, (*key, metric.name, average)))


def _shares(rows: pd.DataFrame, above: Sequence[str], below: Sequence[str]) -> pd.DataFrame:
    sums = {"above": sum(rows[count] for count in above), "below": sum(rows[count] for count in below)}
    return rows[["seed", "patient"]].assign(**{name: values.astype(float) for name, values in sums.items()})


def _per_case(rows: pd.DataFrame, metric: str) -> pd.DataFrame:
    there = rows.dropna(subset=[metric])
    return there[["seed", "patient"]].assign(above=there[metric], below=1.0)


def _measure(terms: list[pd.DataFrame], name: tuple[str, ...]) -> tuple[int, float, float, float, float]:
    """Return patients, value, low, high and spread over seeds of the mean of sum(above) / sum(below) over the terms."""
    terms = [term for term in terms if term["below"].sum() > 0]
    if not terms:
        return 0, math.nan, math.nan, math.nan, math.nan
    by_patient = [term.groupby("patient")[["above", "below"]].sum() for term in terms]
    sums = pd.concat(by_patient, axis=1, keys=range(len(terms))).fillna(0.0).sort_index()
    sums = sums[sums.xs("below", axis=1, level=1).sum(axis=1) > 0]
    value = float(np.mean([_ratio(term) for term in terms]))
    seeds = sorted(set().union(*(term["seed"] for term in terms)))
    by_seed = [np.mean([_ratio(term[term["seed"] == seed]) for term in terms]) for seed in seeds]
    spread = float(np.std(by_seed, ddof=1)) if len(by_seed) > 1 else math.nan
    low = high = math.nan
    if len(sums) > 1:
        interval = bootstrap_interval(
            sums.to_numpy(),
            _mean_of_ratios,
            n_resamples=N_RESAMPLES,
            confidence=CONFIDENCE,
            seed=seed_words("bootstrap", *name),
            method="percentile",
        )
        low, high = interval.low, interval.high
    return len(sums), value, low, high, spread


def _mean_of_ratios(sums: np.ndarray) -> np.ndarray:
    """Return the mean of those ratios that are defined, of columns above, below, above, below, ..."""
    ratios = np.stack([ratio_of_sums(sums[..., i : i + 2]) for i in range(0, sums.shape[-1], 2)])
    n_defined = np.count_nonzero(~np.isnan(ratios), axis=0)
    return np.where(n_defined > 0, np.nansum(ratios, axis=0) / np.maximum(n_defined, 1), np.nan)


def _ratio(rows: pd.DataFrame) -> float:
    below = rows["below"].sum()
    return float(rows["above"].sum() / below) if below > 0 else math.nan
