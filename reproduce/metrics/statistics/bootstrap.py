"""Bootstrap intervals that resample patients, never voxels, slices or lesions.

Slices of one patient are alike, so intervals that resample slices are too narrow. Here a patient is drawn with all that
belongs to them. Statistics that depend on the patients through sums alone (a mean, a pooled sensitivity, a pooled Dice)
are computed for all resamples at once.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy.special import ndtr, ndtri

from reproduce.errors import MetricInputError
from reproduce.metrics import inputs
from reproduce.metrics.statistics.ties import rounding_of

Method = Literal["percentile", "bca"]
Seed = Sequence[int] | np.random.Generator

# So many drawn patients are held at once, which stay in the cache.
_DRAWS_AT_ONCE = 1 << 18


@dataclass(frozen=True)
class Interval:
    """Lower and upper end; nan at both where it is undefined, see `bootstrap_interval`."""

    low: float
    high: float


def mean(rows: np.ndarray) -> np.ndarray:
    """Statistic: the mean over patients of their one value; `rows` is `[..., 1]`."""
    return rows[..., 0]


def ratio_of_sums(rows: np.ndarray) -> np.ndarray:
    """Statistic: sum of column 0 over sum of column 1, e.g. of `patient_sums`; nan where the latter is 0."""
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(rows[..., 1] != 0, rows[..., 0] / rows[..., 1], np.nan)


def patient_sums(values: np.ndarray, patients: np.ndarray) -> np.ndarray:
    """One row per patient, (sum of their values, number of their values), for `ratio_of_sums`.

    Args:
        values: `[n]`, finite; e.g. the Dice of each lesion or image.
        patients: `[n]`, whose value it is: integers or strings.

    Returns:
        float64 `[n_patients, 2]`, in the sorted order of the patients; `[0, 2]` for empty input.

    Raises:
        MetricInputError: The lengths differ, or a value is nan or infinite.
    """
    values, patients = inputs.finite(values, where="patient_sums"), np.asarray(patients)
    inputs.same_shape(values, patients, where="patient_sums")
    _, numbers = np.unique(patients, return_inverse=True)
    return np.stack([np.bincount(numbers, weights=values), np.bincount(numbers)], axis=1).astype(np.float64)


def bootstrap_interval(
    patients: np.ndarray,
    statistic: Callable[[np.ndarray], np.ndarray],
    *,
    n_resamples: int,
    confidence: float,
    seed: Seed,
    method: Method,
) -> Interval:
    """Interval of a statistic that depends on the patients through sums (Efron and Tibshirani 1993, chapters 13, 14).

    Args:
        patients: `[n_patients]`, one value each, or `[n_patients, k]`, e.g. (tp, fp, fn, tn); finite.
        statistic: Maps mean rows over patients, float64 `[..., k]`, to `[...]`. Ratios of sums are the same from means:
            `mean`, `ratio_of_sums`, or `lambda row: row[..., 0] / (row[..., 0] + row[..., 2])` for the pooled
            sensitivity of (tp, fp, fn, tn).
        n_resamples: Number of resamples, at least 1.
        confidence: In (0, 1), e.g. 0.95.
        seed: Seed words of a named stream, or a generator.
        method: "percentile", or "bca" (bias corrected and accelerated, Efron 1987; the acceleration is the jackknife's,
            over patients).

    Returns:
        The interval. Both ends are the one value where all resamples agree. They are nan where the statistic is nan in
        any resample (leaving those out would make the interval one of another population), and for "bca" where all
        resamples lie on one side of the estimate, so that the bias is infinite.

    Raises:
        MetricInputError: Fewer than two patients, a value that is not finite, or an argument outside its range.
    """
    rows = inputs.finite(patients, where="bootstrap_interval")
    rows = rows[:, None] if rows.ndim == 1 else rows
    n = _require_patients(rows.shape[0], n_resamples, confidence, method)
    rng = np.random.default_rng(seed)
    columns = np.ascontiguousarray(rows.T)
    at_once = max(1, _DRAWS_AT_ONCE // n)
    resampled = np.empty(n_resamples)
    for start in range(0, n_resamples, at_once):
        draws = rng.integers(0, n, (min(at_once, n_resamples - start), n), dtype=np.int32)
        sums = np.stack([column.take(draws).sum(axis=1) for column in columns], axis=1)
        resampled[start : start + at_once] = statistic(sums / n)
    estimate = float(statistic(columns.sum(axis=1) / n))
    if method == "percentile":
        return percentile_interval(resampled, confidence=confidence)
    return _bca_interval(resampled, estimate, statistic((rows.sum(axis=0) - rows) / (n - 1)), confidence)


def bootstrap_interval_of_rows(
    patients: np.ndarray,
    statistic: Callable[[np.ndarray], float],
    *,
    n_resamples: int,
    confidence: float,
    seed: Seed,
    method: Method,
) -> Interval:
    """Interval of any statistic over rows that belong to patients: a median, an area under a curve.

    One call of `statistic` per resample, so slower than `bootstrap_interval`.

    Args:
        patients: `[n_rows]`, whose row it is: integers or strings.
        statistic: Maps row numbers, int64 `[m]` with repetitions, to a number, e.g.
            `lambda rows: float(np.median(values[rows]))`.
        n_resamples: As for `bootstrap_interval`, and so the rest of the arguments, what is returned and what is raised.
        confidence: In (0, 1).
        seed: Seed words of a named stream, or a generator.
        method: "percentile" or "bca".
    """
    names, numbers = np.unique(np.asarray(patients), return_inverse=True)
    n = _require_patients(names.size, n_resamples, confidence, method)
    rows_of = np.split(np.argsort(numbers, kind="stable"), np.cumsum(np.bincount(numbers))[:-1])
    rng = np.random.default_rng(seed)
    draws = (rng.integers(0, n, n) for _ in range(n_resamples))
    resampled = np.array([statistic(np.concatenate([rows_of[i] for i in draw])) for draw in draws], np.float64)
    estimate = float(statistic(np.concatenate(rows_of)))
    if method == "percentile":
        return percentile_interval(resampled, confidence=confidence)
    left_out = np.array([statistic(np.concatenate(rows_of[:i] + rows_of[i + 1 :])) for i in range(n)])
    return _bca_interval(resampled, estimate, left_out, confidence)


def _require_patients(n: int, n_resamples: int, confidence: float, method: Method) -> int:
    inputs.one_of(method, ("percentile", "bca"), where="bootstrap_interval, method")
    inputs.resampling(n_resamples, confidence, where="bootstrap_interval")
    if n < 2:
        do = "print the value without an interval: a single patient says nothing of the spread between patients"
        raise MetricInputError(expected="at least two patients", got=str(n), where="bootstrap_interval", do=do)
    return n


def percentile_interval(resampled: np.ndarray, *, confidence: float) -> Interval:
    """Interval between two percentiles of resampled statistics; nan and equal ones are as for `bootstrap_interval`."""
    return _between(resampled, _tails(confidence))


def _bca_interval(resampled: np.ndarray, estimate: float, left_out: np.ndarray, confidence: float) -> Interval:
    """Efron 1987, equations 2.3 and 6.6: between the percentiles that bias and acceleration ask for.

    Resamples equal to the estimate count half, as in SciPy: for a discrete statistic either choice alone is a bias.
    """
    above, rounding = resampled - estimate, rounding_of(resampled)
    below = (np.count_nonzero(above < -rounding) + np.count_nonzero(above <= rounding)) / (2 * above.size)
    if np.isnan(left_out).any():
        return Interval(np.nan, np.nan)
    if below in (0.0, 1.0):
        # All on one side: without an end, unless they are one value.
        return _between(resampled, np.full(2, np.nan))
    bias = ndtri(below)
    apart = left_out.mean() - left_out
    spread = (apart**2).sum()
    acceleration = (apart**3).sum() / (6 * spread**1.5) if spread else 0.0
    normal = bias + ndtri(_tails(confidence))
    return _between(resampled, ndtr(bias + normal / (1 - acceleration * normal)))


def _tails(confidence: float) -> np.ndarray:
    return np.array([(1 - confidence) / 2, (1 + confidence) / 2])


def _between(resampled: np.ndarray, percentiles: np.ndarray) -> Interval:
    """The interval between two percentiles; without ends where one of them, or a resample, is nan."""
    # A statistic of few patients has few values: whether they are equal must not hang on the last bit.
    if np.ptp(resampled) <= rounding_of(resampled):
        return Interval(float(resampled[0]), float(resampled[0]))
    if np.isnan(resampled).any() or np.isnan(percentiles).any():
        return Interval(np.nan, np.nan)
    low, high = np.quantile(resampled, percentiles)
    return Interval(float(low), float(high))
