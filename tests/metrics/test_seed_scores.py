"""Accuracy and AUROC over trainings: by hand, beside the library's own, and intervals that hold what they must."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reproduce.errors import MetricInputError
from reproduce.metrics.confusion import count, f1
from reproduce.metrics.ranking import roc_auc
from reproduce.metrics.seed_scores import seed_scores

REFERENCE = np.array([True, True, False, False])
SETTINGS = {"n_resamples": 200, "confidence": 0.95, "seed": 1}


def test_by_hand():
    said = [[0.9, 0.4, 0.4, 0.1], [0.6, 0.7, 0.5, 0.8]]
    found = seed_scores(REFERENCE, said, **SETTINGS)
    # first: 0.9 right, 0.4 wrong, both normals right: 3/4; second: both right, 0.5 is not above the half, 0.8 wrong
    assert found["accuracy"].values.tolist() == [0.75, 0.75]
    # pairs of the first: 0.9 above both, 0.4 equal to 0.4 and above 0.1: (1 + 1 + 1/2 + 1) / 4
    # of the second: 0.6 above 0.5, below 0.8; 0.7 likewise: 2/4
    assert found["auc"].values.tolist() == [0.875, 0.5]


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_areas_are_those_of_ranking_and_intervals_hold_the_mean(seed):
    rng = np.random.default_rng(seed)
    reference = np.arange(40) % 3 == 0
    said = np.round(rng.random((3, 40)), 1)  # many ties
    found = seed_scores(reference, said, n_resamples=400, confidence=0.99, seed=seed)
    np.testing.assert_allclose(found["auc"].values, [roc_auc(reference, row) for row in said])
    np.testing.assert_allclose(found["accuracy"].values, ((said > 0.5) == reference).mean(axis=1))
    assert found["auc"].interval.low <= found["auc"].values.mean() <= found["auc"].interval.high
    accuracy = found["accuracy"]
    assert accuracy.interval.low <= accuracy.values.mean() <= accuracy.interval.high
    for row, f1_of in zip(said, found["f1"].values, strict=True):
        assert f1_of == pytest.approx(f1(count(reference, row > 0.5)))


def test_trainings_that_differ_widen_the_interval_of_equal_cases():
    right, wrong = np.where(REFERENCE, 0.9, 0.1), np.where(REFERENCE, 0.1, 0.9)
    same = seed_scores(REFERENCE, [right, right], **SETTINGS)["accuracy"].interval
    assert (same.low, same.high) == (1.0, 1.0)
    apart = seed_scores(REFERENCE, [right, wrong], **SETTINGS)["accuracy"].interval
    assert (apart.low, apart.high) == (0.0, 1.0)


def test_the_same_seed_the_same_interval():
    said = np.random.default_rng(2).random((2, 4))
    one, other, third = (
        seed_scores(REFERENCE, said, n_resamples=50, confidence=0.9, seed=seed)["auc"].interval for seed in (1, 1, 2)
    )
    assert one == other
    assert one != third


@pytest.mark.parametrize(
    ("reference", "said", "settings", "match"),
    [
        ([1, 0], [[0.5, 0.5]], {}, "boolean"),
        ([True, True], [[0.5, 0.5]], {}, "both labels"),
        ([], np.empty((1, 0)), {}, "boolean|both labels"),
        ([True, False], [[0.5, 0.5, 0.5]], {}, "probabilities"),
        ([True, False], np.empty((0, 2)), {}, "probabilities"),
        ([True, False], [[0.5, np.nan]], {}, "finite"),
        ([True, False], [[0.5, 1.5]], {}, "in \\[0, 1\\]"),
        ([True, False], [[0.5, 0.5]], {"n_resamples": 0}, "n_resamples"),
        ([True, False], [[0.5, 0.5]], {"confidence": 1.0}, "confidence"),
    ],
)
def test_what_cannot_be_scored_is_named(reference, said, settings, match):
    with pytest.raises(MetricInputError, match=match):
        seed_scores(np.array(reference), said, **SETTINGS | settings)
