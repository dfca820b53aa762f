"""How well scores rank positives above negatives: ROC-AUC, average precision, DeLong's variance and test."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import stats

from reproduce.errors import MetricInputError
from reproduce.metrics import inputs
from reproduce.metrics.statistics.bootstrap import Interval


@dataclass(frozen=True)
class DeLongTest:
    """Two correlated areas under the ROC curve, compared.

    Attributes:
        auc_a: Of the first scores, in [0, 1].
        auc_b: Of the second scores.
        z: Difference a - b over its standard error; nan where that is 0 and so is the difference.
        p_value: Two sided, in [0, 1].
    """

    auc_a: float
    auc_b: float
    z: float
    p_value: float


def roc_auc(reference: np.ndarray, scores: np.ndarray) -> float:
    """Area under the ROC curve: P(score of a positive > of a negative) + P(equal) / 2 (Hanley and McNeil 1982).

    Exact: from mid-ranks, so ties are right and no grid of thresholds is involved.

    Args:
        reference: bool `[n]`.
        scores: float `[n]`, finite; larger = more positive.

    Returns:
        float64 in [0, 1]; nan without a positive or without a negative.

    Raises:
        MetricInputError: `reference` is not boolean, the shapes differ, or a score is nan or infinite.
    """
    reference, scores = _pairs(reference, scores, where="roc_auc")
    n_positive = int(np.count_nonzero(reference))
    n_negative = reference.size - n_positive
    if not n_positive or not n_negative:
        return np.nan
    ranks = stats.rankdata(scores)
    return float((ranks[reference].sum() - n_positive * (n_positive + 1) / 2) / (n_positive * n_negative))


def roc_curve(reference: np.ndarray, scores: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The ROC curve at every distinct score.

    Args:
        reference: bool `[n]`.
        scores: float `[n]`, finite; larger = more positive.

    Returns:
        float64 `[k + 1]` each: false positive rate, true positive rate, threshold (positive where score >= threshold),
        from (0, 0, inf) to (1, 1, smallest score). Rates are nan where their class is absent.

    Raises:
        MetricInputError: As for `roc_auc`.
    """
    reference, scores = _pairs(reference, scores, where="roc_curve")
    tp, fp, thresholds = _cumulative(reference, scores)
    with np.errstate(invalid="ignore"):
        fpr, tpr = np.r_[0, fp] / np.count_nonzero(~reference), np.r_[0, tp] / np.count_nonzero(reference)
    return fpr, tpr, np.r_[np.inf, thresholds]


def average_precision(reference: np.ndarray, scores: np.ndarray) -> float:
    """Sum over distinct scores of (recall - previous recall) x precision, without interpolation (as scikit-learn).

    Not the trapezoidal area under the precision-recall curve, which is too large (Davis and Goadrich 2006), nor the
    interpolated one of PASCAL VOC.

    Args:
        reference: bool `[n]`.
        scores: float `[n]`, finite; larger = more positive. Equal scores are one step.

    Returns:
        float64 in [0, 1]; nan without a positive.

    Raises:
        MetricInputError: As for `roc_auc`.
    """
    reference, scores = _pairs(reference, scores, where="average_precision")
    n_positive = np.count_nonzero(reference)
    if not n_positive:
        return np.nan
    tp, fp, _ = _cumulative(reference, scores)
    return float((np.diff(tp, prepend=0) / n_positive * (tp / (tp + fp))).sum())


def delong_covariance(reference: np.ndarray, scores: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Areas under several ROC curves on the same units, and their covariance (DeLong et al. 1988).

    By the mid-ranks of Sun and Xu (2014): n log n instead of positives x negatives.

    Args:
        reference: bool `[n]`.
        scores: float `[k, n]`, finite; one row per model.

    Returns:
        float64 `[k]` areas, and float64 `[k, k]` covariance; nan where a class has fewer than two units, since each
        contributes a variance over its units (the areas only where a class is absent).

    Raises:
        MetricInputError: `reference` is not boolean, a row has another length, or a score is nan or infinite.
    """
    scores = np.atleast_2d(np.asarray(scores, dtype=np.float64))
    reference = np.asarray(reference)
    areas = np.array([roc_auc(reference, row) for row in scores])
    n_positive = int(np.count_nonzero(reference))
    n_negative = reference.size - n_positive
    if min(n_positive, n_negative) < 2:
        return areas, np.full((len(scores), len(scores)), np.nan)
    ranks = stats.rankdata(scores, axis=1)
    # For each positive the share of negatives below it, for each negative the share of positives above it.
    below = (ranks[:, reference] - stats.rankdata(scores[:, reference], axis=1)) / n_negative
    above = 1 - (ranks[:, ~reference] - stats.rankdata(scores[:, ~reference], axis=1)) / n_positive
    return areas, np.atleast_2d(np.cov(below)) / n_positive + np.atleast_2d(np.cov(above)) / n_negative


def delong_interval(reference: np.ndarray, scores: np.ndarray, *, confidence: float) -> Interval:
    """Normal interval of an area under the ROC curve with DeLong's variance, cut to [0, 1].

    Units must be independent: with several per patient, bootstrap patients instead.

    Args:
        reference: bool `[n]`.
        scores: float `[n]`, finite.
        confidence: In (0, 1), e.g. 0.95.

    Returns:
        nan at both ends where a class has fewer than two units; of no width for a perfect ranking, whose variance is 0.

    Raises:
        MetricInputError: As for `roc_auc`, or the confidence lies outside (0, 1).
    """
    inputs.within(confidence, np.nextafter(0, 1), np.nextafter(1, 0), where="delong_interval, confidence")
    (area,), ((variance,),) = delong_covariance(reference, scores)
    half = stats.norm.ppf((1 + confidence) / 2) * np.sqrt(variance)
    return Interval(float(np.clip(area - half, 0, 1)), float(np.clip(area + half, 0, 1)))


def delong_test(reference: np.ndarray, scores_a: np.ndarray, scores_b: np.ndarray) -> DeLongTest:
    """Whether two models rank the same units differently well, two sided (DeLong et al. 1988).

    Args:
        reference: bool `[n]`; independent units.
        scores_a: float `[n]`, finite.
        scores_b: float `[n]`, finite, of the same units.

    Returns:
        p = 1 where both rank alike; p nan where a class has fewer than two units; p = 0 where the areas differ and the
        variance of their difference is 0.

    Raises:
        MetricInputError: As for `roc_auc`.
    """
    (auc_a, auc_b), covariance = delong_covariance(reference, np.stack([scores_a, scores_b]))
    variance = covariance[0, 0] + covariance[1, 1] - 2 * covariance[0, 1]
    difference = auc_a - auc_b
    if np.isnan(variance):
        return DeLongTest(float(auc_a), float(auc_b), np.nan, np.nan)
    # What is left of a variance that cancels out is rounding.
    if variance <= 1e-15:
        same = abs(difference) <= 1e-15
        return DeLongTest(float(auc_a), float(auc_b), np.nan if same else np.copysign(np.inf, difference), float(same))
    z = difference / np.sqrt(variance)
    return DeLongTest(float(auc_a), float(auc_b), float(z), float(2 * stats.norm.sf(abs(z))))


def _pairs(reference: np.ndarray, scores: np.ndarray, *, where: str) -> tuple[np.ndarray, np.ndarray]:
    scores = inputs.finite(scores, where=where)
    reference = np.asarray(reference)
    inputs.same_shape(reference, scores, where=where)
    if reference.dtype != np.bool_ or reference.ndim != 1:
        raise MetricInputError(
            expected="a boolean reference [n]",
            got=f"dtype {reference.dtype}, shape {reference.shape}",
            where=where,
            do="compare labels with == label, and flatten, first",
        )
    return reference, scores


def _cumulative(reference: np.ndarray, scores: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """True and false positives with score >= each distinct score, and those scores, falling."""
    order = np.argsort(-scores, kind="stable")
    falling = scores[order]
    last = np.flatnonzero(np.r_[falling[1:] != falling[:-1], True][: falling.size])
    tp = np.cumsum(reference[order])[last]
    return tp, last + 1 - tp, falling[last]
