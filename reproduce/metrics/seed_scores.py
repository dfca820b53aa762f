"""Accuracy and area under the ROC curve, averaged over several trainings of one network, with bootstrap intervals.

A bootstrap over test cases alone takes the trainings for all that there could be, one over trainings alone the cases.
Here both are drawn, each by itself (Owen 2007, "The pigeonhole bootstrap"), which is rather too wide than too narrow.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from reproduce.errors import MetricInputError
from reproduce.metrics.statistics.bootstrap import Interval, Seed

_THRESHOLD = 0.5


@dataclass(frozen=True, eq=False)
class SeedScores:
    """What the trainings of one network reach.

    Attributes:
        accuracies: float64 `[k]`, of each training, in [0, 1].
        aurocs: Likewise areas under the ROC curve.
        accuracy: Bootstrap interval of their mean.
        auroc: Likewise.
    """

    accuracies: np.ndarray
    aurocs: np.ndarray
    accuracy: Interval
    auroc: Interval


def seed_scores(
    reference: np.ndarray, probabilities: np.ndarray, *, n_resamples: int, confidence: float, seed: Seed
) -> SeedScores:
    """Scores of each training, and intervals of their means.

    Resamples draw as many trainings as there are, and cases within each label, so that none lacks a label.

    Args:
        reference: bool `[n]`, both values in it.
        probabilities: `[k, n]`, one row a training, in [0, 1]; above 0.5 is positive.
        n_resamples: At least 1.
        confidence: In (0, 1), e.g. 0.95.
        seed: Seed words of a named stream, or a generator.

    Raises:
        MetricInputError: Shapes do not fit, a label is absent, there is no training, or a number is out of its range.
    """
    reference, said = np.asarray(reference), np.asarray(probabilities, dtype=np.float64)
    _require(reference, said, n_resamples, confidence)
    positive, negative = said[:, reference], said[:, ~reference]
    rng = np.random.default_rng(seed)
    k, p, n = len(said), positive.shape[1], negative.shape[1]
    trainings, positives, negatives = (_counts(rng, m, n_resamples) for m in (k, p, n))
    accuracies, aurocs = np.empty((k, n_resamples)), np.empty((k, n_resamples))
    whole = []
    for i in range(k):
        hit, spared = positive[i] > _THRESHOLD, negative[i] <= _THRESHOLD
        above = (np.sign(positive[i][:, None] - negative[i]) + 1) / 2  # 1 where ranked right, 1/2 where equal
        accuracies[i] = (positives @ hit + negatives @ spared) / (p + n)
        aurocs[i] = ((positives @ above) * negatives).sum(axis=1) / (p * n)
        whole.append(((hit.sum() + spared.sum()) / (p + n), above.mean()))
    tails = [(1 - confidence) / 2, (1 + confidence) / 2]
    ends = [np.quantile((trainings * each.T).sum(axis=1) / k, tails) for each in (accuracies, aurocs)]
    return SeedScores(*np.array(whole).T, *(Interval(float(low), float(high)) for low, high in ends))


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
