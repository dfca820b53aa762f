"""The mean of a metric over cases and regions, in the order in which a convention takes it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from reproduce.metrics.confusion import Counts
from reproduce.metrics.overlap import dice_from_counts
from reproduce.scoring.cases import CaseScores
from reproduce.scoring.conventions import Convention
from reproduce.scoring.regions import Members, RegionSet

Metric = Literal["dice", "hd95"]


@dataclass(frozen=True)
class Mean:
    """What one convention prints of one metric, over one set of regions.

    Attributes:
        convention: Its name.
        metric: "dice" or "hd95".
        unit: "ratio", "mm" or "voxels".
        regions: Name of the set.
        by_region: Mean of each region, nan where nothing counts; with the background where the convention counts it.
        overall: Mean over the regions.
        n_left_out: Values of a case and a region that are left out.
    """

    convention: str
    metric: Metric
    unit: str
    regions: str
    by_region: dict[str, float]
    overall: float
    n_left_out: int


@dataclass(frozen=True, eq=False)
class Table:
    """A metric of each case and region under one convention.

    Attributes:
        convention: Which.
        metric: "dice" or "hd95".
        values: float64 `[n_cases, n_regions]`; nan is left out of the means.
        counts: int64 `[n_cases, n_regions, 4]`: TP, FP, FN, TN.
    """

    convention: Convention
    metric: Metric
    values: np.ndarray
    counts: np.ndarray

    def without(self, i: int) -> Table:
        """Return the table without its case number `i`."""
        return Table(self.convention, self.metric, np.delete(self.values, i, 0), np.delete(self.counts, i, 0))

    def by_region(self) -> list[float]:
        """Return the mean of each region, or its Dice over all voxels of all cases."""
        if self.convention.average == "pooled" and self.metric == "dice":
            pooled = (Counts(*(int(n) for n in region)) for region in self.counts.sum(axis=0))
            return [dice_from_counts(counts, both_empty=self.convention.dice.both) for counts in pooled]
        return [_mean(column, self.convention.nothing) for column in self.values.T]

    def overall(self) -> float:
        """Return the mean over cases and regions."""
        if self.convention.average == "regions first":
            return _mean(np.array([_mean(row, math.nan) for row in self.values]), self.convention.nothing)
        means = np.array(self.by_region())
        if self.convention.undefined_region == "counts" and np.isnan(means).any():
            return math.nan
        return _mean(means, self.convention.nothing)


def regions_of(convention: Convention, metric: Metric, regions: RegionSet) -> dict[str, Members]:
    """Return the regions that a convention averages: with the background, which has no HD95, where it counts it."""
    return regions.with_background() if convention.background and metric == "dice" else dict(regions.regions)


def table_of(convention: Convention, metric: Metric, regions: RegionSet, cases: Sequence[CaseScores]) -> Table:
    """Return a metric of all cases and of the regions that a convention averages."""
    members = list(regions_of(convention, metric, regions).values())
    values, counts = np.empty((len(cases), len(members))), np.empty((len(cases), len(members), 4), dtype=np.int64)
    for i, case in enumerate(cases):
        for k, each in enumerate(members):
            found = case.region(each).counts
            counts[i, k] = found.tp, found.fp, found.fn, found.tn
            values[i, k] = case.dice(each, convention) if metric == "dice" else case.hd95(each, convention)
    return Table(convention, metric, values, counts)


def means_of(convention: Convention, regions: RegionSet, cases: Sequence[CaseScores]) -> list[Mean]:
    """Return the mean Dice under a convention, and its mean HD95 where it has one."""
    metrics: list[tuple[Metric, str]] = [("dice", "ratio")]
    if convention.form is not None:
        metrics.append(("hd95", convention.form.unit))
    found = []
    for metric, unit in metrics:
        table = table_of(convention, metric, regions, cases)
        names = regions_of(convention, metric, regions)
        by_region = dict(zip(names, table.by_region(), strict=True))
        n_left_out = int(np.count_nonzero(np.isnan(table.values)))
        found.append(Mean(convention.name, metric, unit, regions.name, by_region, table.overall(), n_left_out))
    return found


def _mean(values: np.ndarray, nothing: float) -> float:
    counted = values[~np.isnan(values)]
    return float(counted.mean()) if counted.size else nothing
