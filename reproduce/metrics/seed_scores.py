"""Metrics of images, averaged over several trainings of one network, with bootstrap intervals.

A bootstrap over test cases alone takes the trainings for all that there could be, one over trainings alone the cases.
Here both are drawn, each by itself (Owen 2007, "The pigeonhole bootstrap"), which is rather too wide than too narrow.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from types import SimpleNamespace

import numpy as np

from reproduce.errors import MetricInputError
from reproduce.metrics import inputs
from reproduce.metrics.formulas import AUC, OF_IMAGES, Metric
from reproduce.metrics.statistics.bootstrap import Interval, Seed, percentile_interval


@dataclass(frozen=True, eq=False)
class SeedScore:
    """What the trainings of one network reach in one metric.

    Attributes:
        values: float64 `[k]`, of each training; nan where it is undefined.
        interval: Bootstrap interval of their mean; nan at both ends where a resample has none.
    """

    values: np.ndarray
    interval: Interval


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
    reference, probabilities = np.asarray(reference), inputs.probabilities(probabilities, where="seed_scores")
    inputs.masks(reference, reference, where="seed_scores")
    inputs.resampling(n_resamples, confidence, where="seed_scores")
    _require_both_labels(reference, probabilities)
    positive, negative = probabilities[:, reference], probabilities[:, ~reference]
    rng = np.random.default_rng(seed)
    k, p, n = len(probabilities), positive.shape[1], negative.shape[1]
    trainings, positives, negatives = (_counts(rng, m, n_resamples) for m in (k, p, n))
    # the last row is the sample itself
    positives, negatives = np.vstack([positives, np.ones(p)]), np.vstack([negatives, np.ones(n)])
    drawn = {metric.name: np.empty((k, n_resamples + 1)) for metric in metrics}
    for i in range(k):
        tp, tn = positives @ (positive[i] > threshold), negatives @ (negative[i] <= threshold)
        counts = SimpleNamespace(tp=tp, fp=n - tn, fn=p - tp, tn=tn)
        for metric in metrics:
            if metric == AUC:  # 1 where ranked right, 1/2 where equal
                above = (np.sign(positive[i][:, None] - negative[i]) + 1) / 2
                drawn[metric.name][i] = ((positives @ above) * negatives).sum(axis=1) / (p * n)
            else:
                drawn[metric.name][i] = metric.of(counts)
    means = {name: (trainings * values[:, :-1].T).sum(axis=1) / k for name, values in drawn.items()}
    return {
        name: SeedScore(values[:, -1], percentile_interval(means[name], confidence=confidence))
        for name, values in drawn.items()
    }


def _counts(rng: np.random.Generator, n: int, n_resamples: int) -> np.ndarray:
    """How often each of `n` is drawn, float64 `[n_resamples, n]`."""
    return rng.multinomial(n, np.full(n, 1 / n), size=n_resamples).astype(np.float64)


def _require_both_labels(reference: np.ndarray, probabilities: np.ndarray) -> None:
    n_positive = int(np.count_nonzero(reference))
    fits = probabilities.ndim == 2 and len(probabilities) and probabilities.shape[1:] == reference.shape
    if not fits or n_positive in (0, reference.size):
        raise MetricInputError(
            expected="a reference [n] with both labels, and probabilities [k, n] of one training or more",
            got=f"{n_positive} positives in shape {reference.shape}, and shape {probabilities.shape}",
            where="seed_scores",
            do="check what is compared",
        )
