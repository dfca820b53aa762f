"""Detection by candidates with scores: free-response ROC and the competition metric of LUNA16 (Setio et al. 2017)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from reproduce.errors import MetricInputError
from reproduce.metrics import inputs
from reproduce.metrics.tolerance import within

CPM_FALSE_PER_SCAN = (0.125, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0)


@dataclass(frozen=True, eq=False)
class ScanHits:
    """What the candidates of one scan came to.

    Attributes:
        nodule_scores: float64 `[n_nodules]`, the best score among the candidates that hit each nodule; -inf for missed.
        false_scores: float64 `[n_false]`, scores of the candidates that hit nothing.
    """

    nodule_scores: np.ndarray
    false_scores: np.ndarray


@dataclass(frozen=True, eq=False)
class FrocCurve:
    """Sensitivity against false candidates per scan, at every distinct score.

    Attributes:
        false_per_scan: float64 `[k]`, not falling, from 0.
        sensitivity: float64 `[k]`, not falling, from 0; nan where there is no nodule.
        thresholds: float64 `[k]`, falling, from inf: candidates with score >= threshold count.
    """

    false_per_scan: np.ndarray
    sensitivity: np.ndarray
    thresholds: np.ndarray


def match_candidates(
    candidates_mm: np.ndarray,
    scores: np.ndarray,
    *,
    nodules_mm: np.ndarray,
    diameters_mm: np.ndarray,
    irrelevant_mm: np.ndarray,
    irrelevant_diameters_mm: np.ndarray,
) -> ScanHits:
    """Candidates of one scan against its nodules, by LUNA16's rule.

    A candidate hits a nodule if its centre is less than the nodule's radius away. A nodule takes the best score among
    its hits; the other hits are ignored. A candidate that lies in two nodules hits both. A candidate that hits no
    nodule but an irrelevant finding is ignored; one that hits nothing is false.

    Args:
        candidates_mm: float `[n, 3]`, centres in world mm.
        scores: float `[n]`, finite; larger = more certain.
        nodules_mm: float `[m, 3]`, centres in world mm, the same axes.
        diameters_mm: float `[m]`, above 0. LUNA16's script takes 10 mm for a negative one; here that is an error.
        irrelevant_mm: float `[k, 3]`, findings that are neither (`annotations_excluded.csv`); `[0, 3]` for none.
        irrelevant_diameters_mm: float `[k]`, above 0.

    Returns:
        The hits; without candidates every nodule is missed.

    Raises:
        MetricInputError: A shape is wrong, a value is nan or infinite, or a diameter is not above 0.
    """
    candidates_mm, scores = _points(candidates_mm, scores, "candidates_mm and scores")
    nodules_mm, diameters_mm = _points(nodules_mm, diameters_mm, "nodules_mm and diameters_mm")
    irrelevant_mm, irrelevant_diameters_mm = _points(
        irrelevant_mm, irrelevant_diameters_mm, "irrelevant_mm and irrelevant_diameters_mm"
    )
    hits = _inside(candidates_mm, nodules_mm, diameters_mm)
    ignored = _inside(candidates_mm, irrelevant_mm, irrelevant_diameters_mm).any(axis=1) | hits.any(axis=1)
    best = np.max(np.where(hits, scores[:, None], -np.inf), axis=0, initial=-np.inf)
    return ScanHits(best, scores[~ignored])


def froc_curve(scans: Sequence[ScanHits]) -> FrocCurve:
    """Sensitivity over all nodules against the mean number of false candidates per scan (Bunch et al. 1978).

    Args:
        scans: Every scan, those without a nodule or a candidate too: they count in the mean.

    Returns:
        The curve from (0, 0); sensitivity is nan where no scan has a nodule.

    Raises:
        MetricInputError: There is no scan.
    """
    if not scans:
        raise MetricInputError(expected="at least one scan", got="none", where="froc_curve", do="pass all test scans")
    nodules = np.concatenate([scan.nodule_scores for scan in scans])
    false = np.concatenate([scan.false_scores for scan in scans])
    thresholds = np.unique(np.concatenate([nodules[nodules > -np.inf], false]))[::-1]
    n_found = nodules.size - np.searchsorted(np.sort(nodules), thresholds, side="left")
    n_false = false.size - np.searchsorted(np.sort(false), thresholds, side="left")
    sensitivity = np.r_[0, n_found] / nodules.size if nodules.size else np.full(thresholds.size + 1, np.nan)
    return FrocCurve(np.r_[0, n_false] / len(scans), sensitivity, np.r_[np.inf, thresholds])


def sensitivity_at(curve: FrocCurve, false_per_scan: Sequence[float]) -> np.ndarray:
    """Sensitivity at given numbers of false candidates per scan, by linear interpolation as in LUNA16's script.

    Beyond the last point of the curve the sensitivity stays what it is there: no more candidates exist.

    Args:
        curve: Of `froc_curve`.
        false_per_scan: Each at least 0.

    Returns:
        float64, one value for each.
    """
    return np.interp(np.asarray(false_per_scan, dtype=np.float64), curve.false_per_scan, curve.sensitivity)


def competition_performance_metric(curve: FrocCurve) -> float:
    """CPM: mean sensitivity at 1/8, 1/4, 1/2, 1, 2, 4 and 8 false candidates per scan (Niemeijer et al. 2011).

    At those rates exactly. Scripts in circulation read the curve on a grid of 10,001 points instead, up to 0.0008 false
    candidates per scan beside the rate.

    Args:
        curve: Of `froc_curve`.

    Returns:
        float64 in [0, 1]; nan where there is no nodule.
    """
    return float(sensitivity_at(curve, CPM_FALSE_PER_SCAN).mean())


def _points(points_mm: np.ndarray, values: np.ndarray, where: str) -> tuple[np.ndarray, np.ndarray]:
    points_mm, values = inputs.finite(points_mm, where=where), inputs.finite(values, where=where)
    wrong = points_mm.ndim != 2 or points_mm.shape[1] != 3 or values.shape != points_mm.shape[:1]
    if wrong or ("diameter" in where and values.size and values.min() <= 0):
        raise MetricInputError(
            expected="points [n, 3] with one value each, diameters above 0",
            got=f"shapes {points_mm.shape} and {values.shape}"
            + (f", smallest value {values.min()}" if values.size else ""),
            where=where,
            do="pass np.empty((0, 3)) and np.empty(0) for none",
        )
    return points_mm, values


def _inside(points_mm: np.ndarray, centres_mm: np.ndarray, diameters_mm: np.ndarray) -> np.ndarray:
    """Which points lie in which sphere, its surface out: bool `[n, m]`."""
    return ~within(diameters_mm / 2, np.linalg.norm(points_mm[:, None] - centres_mm[None], axis=2))
