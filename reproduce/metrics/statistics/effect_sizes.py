"""How large a difference is, beside how sure one is of it."""

from __future__ import annotations

import numpy as np
from scipy import stats

from reproduce.metrics import inputs
from reproduce.metrics.statistics.ties import differences


def cohens_d_paired(a: np.ndarray, b: np.ndarray) -> float:
    """Mean of a - b over its standard deviation (d_z; Cohen 1988, section 2.3.5; ddof 1).

    Args:
        a: `[n]`, finite; one value per patient.
        b: `[n]`, finite, in the same order of patients.

    Returns:
        float64; nan with fewer than two pairs, or where all differences are one number (no spread to measure against).

    Raises:
        MetricInputError: The shapes differ, or a value is nan or infinite.
    """
    difference = differences(a, b, where="cohens_d_paired")
    if difference.size < 2 or (difference == difference[0]).all():
        return np.nan
    return float(difference.mean() / difference.std(ddof=1))


def matched_rank_biserial(a: np.ndarray, b: np.ndarray) -> float:
    """(sum of + ranks - sum of - ranks) / sum of ranks of |a - b|, in [-1, 1] (Kerby 2014).

    The effect size that goes with Wilcoxon's signed-rank test; 1 where `a` is larger in every pair. Pairs that are
    equal are left out.

    Args:
        a: `[n]`, finite; one value per patient.
        b: `[n]`, finite, in the same order of patients.

    Returns:
        float64; nan where every pair is equal, or there is none.

    Raises:
        MetricInputError: The shapes differ, or a value is nan or infinite.
    """
    difference = differences(a, b, where="matched_rank_biserial")
    difference = difference[difference != 0]
    if difference.size == 0:
        return np.nan
    ranks = stats.rankdata(np.abs(difference))
    return float((ranks * np.sign(difference)).sum() / ranks.sum())


def cliffs_delta(a: np.ndarray, b: np.ndarray) -> float:
    """P(a > b) - P(a < b) for two independent groups, in [-1, 1] (Cliff 1993).

    Args:
        a: `[n]`, finite.
        b: `[m]`, finite; other patients than those of `a`.

    Returns:
        float64; nan where a group is empty.

    Raises:
        MetricInputError: A value is nan or infinite.
    """
    a, b = inputs.finite(a, where="cliffs_delta").ravel(), inputs.finite(b, where="cliffs_delta").ravel()
    if a.size == 0 or b.size == 0:
        return np.nan
    ranks = stats.rankdata(np.concatenate([a, b]))
    n_larger_and_half_ties = ranks[: a.size].sum() - a.size * (a.size + 1) / 2
    return float(2 * n_larger_and_half_ties / (a.size * b.size) - 1)
