"""Metrics of images, averaged over several trainings of one network, with bootstrap intervals.

A bootstrap over test cases alone takes the trainings for all that there could be, one over trainings alone the cases.
Here both are drawn, each by itself (Owen 2007, "The pigeonhole bootstrap"), which is rather too wide than too narrow.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from reproduce.errors import MetricInputError
from reproduce.metrics.formulas import OF_IMAGES, Metric
from reproduce.metrics.statistics.bootstrap import Interval, Seed


@dataclass(frozen=True, eq=False)
class SeedScore:
    """What the trainings of one network reach in one metric.

    Attributes:
        values: float64 `[k]`, of each training; nan where it is undefined.
        interval: Bootstrap interval of their mean.
    """

    values: np.ndarray
    interval: Interval


@dataclass(frozen=True)
class _Counted:
    """Counts of many resamples, each float64 `[n_resamples]`."""

    tp: np.ndarray
    fp: np.ndarray
    fn: np.ndarray
    tn: np.ndarray


def seed_scores(
    reference: np.ndarray,
    probabilities: np.ndarray,
    *,
    n_resamples: int,
    confidence: float,
    seed: Seed,
    threshold: float = 0.5,
    metrics: Sequence[Metric] = OF_IMAGES,
) -> dict[str, SeedScore]:
    """Return the scores of each training, and intervals of their means, by name of the metric.

    Resamples draw as many trainings as there are, and cases within each label, so that none lacks a label.

    Args:
        reference: bool `[n]`, both values in it.
        probabilities: `[k, n]`, one row a training, in [0, 1].
        n_resamples: At least 1.
        confidence: In (0, 1), e.g. 0.95.
        seed: Seed words of a named stream, or a generator.
        threshold: A probability above it is positive.
        metrics: Some of `formulas.OF_IMAGES`.

    Raises:
        MetricInputError: Shapes do not fit, a label is absent, there is no training, or a number is out of its range.
    """
    reference, probabilities = np.asarray(reference), np.asarray(probabilities, dtype=np.float64)
    _require(reference, probabilities, n_resamples, confidence)
    positive, negative = probabilities[:, reference], probabilities[:, ~reference]
    rng = np.random.default_rng(seed)
    k, p, n = len(probabilities), positive.shape[1], negative.shape[1]
    trainings, positives, negatives = (_counts(rng, m, n_resamples) for m in (k, p, n))
    # the last row is the sample itself
    positives, negatives = np.vstack([positives, np.ones(p)]), np.vstack([negatives, np.ones(n)])
    drawn = {metric.name: np.empty((k, n_resamples + 1)) for metric in metrics}
    for i in range(k):
        tp, tn = positives @ (positive[i] > threshold), negatives @ (negative[i] <= threshold)
        counted = _Counted(tp, n - tn, p - tp, tn)
        for metric in metrics:
            if metric.ratios:
                drawn[metric.name][i] = metric.of(counted)
            else:  # 1 where ranked right, 1/2 where equal
                above = (np.sign(positive[i][:, None] - negative[i]) + 1) / 2
                drawn[metric.name][i] = ((positives @ above) * negatives).sum(axis=1) / (p * n)
    tails = [(1 - confidence) / 2, (1 + confidence) / 2]
    return {
        name: SeedScore(
            values[:, -1],
            Interval(*map(float, np.nanquantile((trainings * values[:, :-1].T).sum(axis=1) / k, tails))),
        )
        for name, values in drawn.items()
    }


def _counts(rng: np.random.Generator, n: int, n_resamples: int) -> np.ndarray:
    """How often each of `n` is drawn, float64 `[n_resamples, n]`."""
    return rng.multinomial(n, np.full(n, 1 / n), size=n_resamples).astype(np.float64)


def _require(reference: np.ndarray, said: np.ndarray, n_resamples: int, confidence: float) -> None:
    checks = (
        (reference.dtype == bool and reference.ndim == 1, "a boolean reference [n]", f"{reference.dtype}"),
        (0 < reference.sum() < reference.size, "both labels", f"{reference.sum()} positive of {reference.size}"),
        (said.ndim == 2 and said.shape[1:] == reference.shape, "probabilities [k, n]", f"shape {said.shape}"),
        (said.size > 0 and bool(((said >= 0) & (said <= 1)).all()), "probabilities in [0, 1]", "others, or none"),
        (n_resamples >= 1, "a resample or more", str(n_resamples)),
        (0 < confidence < 1, "a confidence in (0, 1)", str(confidence)),
    )
    for right, expected, got in checks:
        if not right:
            raise MetricInputError(expected=expected, got=got, where="seed_scores", do="check what is compared")
