"""What an activation costs in time, beside ReLU: measured, so another number each time, and told apart from results."""

from __future__ import annotations

import time
from collections.abc import Sequence

import keras
import numpy as np

from reproduce.metrics.statistics import bootstrap_interval, mean
from reproduce.papers.cnn_survey.measures.small_cnns import Unit
from reproduce.randomness import seed_words

_SHAPE = (64, 28, 28, 32)


def time_ratios(units: Sequence[Unit], *, repeats: int) -> dict[str, dict[str, float]]:
    """Return the time of one pass forward through each activation, as a multiple of the first one's.

    In each repeat all of them are timed one after the other, and ratios are taken within a repeat, so that a machine
    that grows slower weighs on all alike.

    Args:
        units: The first is what the others are compared with.
        repeats: At least 2.

    Returns:
        For each but the first the geometric mean of its ratios, "ratio", and the 95 % bootstrap interval over the
        repeats, "low" and "high".
    """
    features = keras.ops.convert_to_tensor(np.random.default_rng(1).normal(size=_SHAPE).astype(np.float32))
    layers = [unit.layer(name=unit.name) for unit in units]
    for layer in layers:
        layer(features)
    seconds = np.array([[_seconds(layer, features) for layer in layers] for _ in range(repeats)])
    ratios = {}
    for i, unit in enumerate(units[1:], start=1):
        logs = np.log(seconds[:, i] / seconds[:, 0])
        seed = seed_words("times", unit.name)
        interval = bootstrap_interval(logs, mean, n_resamples=2000, confidence=0.95, seed=seed, method="percentile")
        values = np.exp([logs.mean(), interval.low, interval.high])
        ratios[unit.name] = dict(zip(("ratio", "low", "high"), np.round(values, 3).tolist(), strict=True))
    return ratios


def _seconds(layer: keras.Layer, features: keras.KerasTensor) -> float:
    """Return the seconds of one pass; the result is read, since a backend may return before it is computed."""
    start = time.perf_counter()
    keras.ops.convert_to_numpy(layer(features))
    return time.perf_counter() - start
