"""Ranking metrics by hand and against all pairs."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reproduce.errors import MetricInputError
from reproduce.metrics.ranking import (
    average_precision,
    delong_covariance,
    delong_interval,
    delong_test,
    roc_auc,
    roc_curve,
)

# Positives 0.9, 0.5, 0.5; negatives 0.5, 0.1.
REFERENCE = np.array([True, True, True, False, False])
SCORES = np.array([0.9, 0.5, 0.5, 0.5, 0.1])
samples = st.lists(st.tuples(st.booleans(), st.integers(0, 5)), min_size=1, max_size=30).map(
    lambda rows: (np.array([r[0] for r in rows]), np.array([r[1] for r in rows], float))
)


def test_by_hand():
    # Pairs won: 2 + (1/2 + 1) + (1/2 + 1) = 5 of 6.
    assert roc_auc(REFERENCE, SCORES) == pytest.approx(5 / 6)
    fpr, tpr, thresholds = roc_curve(REFERENCE, SCORES)
    assert fpr.tolist() == [0, 0, 0.5, 1]
    assert tpr.tolist() == [0, pytest.approx(1 / 3), 1, 1]
    assert thresholds.tolist() == [math.inf, 0.9, 0.5, 0.1]
    # Recall 1/3 at precision 1, then to 1 at precision 3/4.
    assert average_precision(REFERENCE, SCORES) == pytest.approx(1 / 3 + 2 / 3 * 3 / 4)


def test_delong_by_hand():
    # Share of negatives below each positive: 1, 3/4, 3/4; variance 1/48. Share of positives above each negative: 4/6,
    # 1; variance 1/18. Variance of the area: 1/48/3 + 1/18/2.
    areas, covariance = delong_covariance(REFERENCE, SCORES)
    assert areas.tolist() == [pytest.approx(5 / 6)]
    assert covariance.tolist() == [[pytest.approx(1 / 144 + 1 / 36)]]
    half = 1.959963984540054 * math.sqrt(5 / 144)
    interval = delong_interval(REFERENCE, SCORES, confidence=0.95)
    assert interval.low == pytest.approx(5 / 6 - half)
    assert interval.high == 1


@given(samples)
def test_area_is_the_share_of_pairs(sample):
    reference, scores = sample
    if reference.all() or not reference.any():
        assert math.isnan(roc_auc(reference, scores))
        return
    difference = scores[reference][:, None] - scores[~reference][None]
    share = (difference > 0).mean() + (difference == 0).mean() / 2
    assert roc_auc(reference, scores) == pytest.approx(share, abs=1e-12)
    fpr, tpr, _ = roc_curve(reference, scores)
    assert np.trapezoid(tpr, fpr) == pytest.approx(share, abs=1e-12)


@given(samples)
def test_ranks_alone_matter(sample):
    reference, scores = sample
    np.testing.assert_equal(roc_auc(reference, np.exp(scores)), roc_auc(reference, scores))
    np.testing.assert_equal(average_precision(reference, 3 * scores - 7), average_precision(reference, scores))
    if reference.any() and not reference.all():
        assert roc_auc(reference, -scores) == pytest.approx(1 - roc_auc(reference, scores), abs=1e-12)


@given(samples, st.integers(0, 2**32 - 1))
def test_delong_is_the_variance_of_its_placements(sample, seed):
    # DeLong et al. 1988, equations 4 to 6: mean and covariance of psi over all pairs, by the definition.
    reference, one = sample
    scores = np.stack([one, np.random.default_rng(seed).integers(0, 4, one.size)])
    areas, covariance = delong_covariance(reference, scores)
    if min(reference.sum(), (~reference).sum()) < 2:
        assert np.isnan(covariance).all()
        return
    apart = scores[:, reference][:, :, None] - scores[:, ~reference][:, None, :]
    psi = (apart > 0) + (apart == 0) / 2
    expected = np.cov(psi.mean(axis=2)) / reference.sum() + np.cov(psi.mean(axis=1)) / (~reference).sum()
    np.testing.assert_allclose(areas, psi.mean(axis=(1, 2)), atol=1e-12)
    np.testing.assert_allclose(covariance, expected, atol=1e-12)


def test_delong_of_two_models():
    rng = np.random.default_rng(0)
    reference = rng.random(200) < 0.4
    good, poor = reference + rng.normal(size=200), reference + 5 * rng.normal(size=200)
    test = delong_test(reference, good, poor)
    assert test.auc_a > test.auc_b
    assert test.p_value < 0.001
    back = delong_test(reference, poor, good)
    assert back.z == pytest.approx(-test.z)
    assert back.p_value == pytest.approx(test.p_value)


def test_delong_of_equal_and_of_perfect_models():
    same = delong_test(REFERENCE, SCORES, 2 * SCORES)
    assert same.p_value == 1
    assert math.isnan(same.z)
    reference = np.array([True, True, False, False])
    rising, falling = np.array([4.0, 3, 2, 1]), np.array([1.0, 2, 3, 4])
    perfect = delong_test(reference, rising, falling)
    assert (perfect.auc_a, perfect.auc_b, perfect.z, perfect.p_value) == (1, 0, math.inf, 0)
    interval = delong_interval(reference, rising, confidence=0.95)
    assert (interval.low, interval.high) == (1, 1)


def test_undefined_without_both_classes():
    one_class, scores = np.array([True, True]), np.array([0.1, 0.2])
    assert math.isnan(roc_auc(one_class, scores))
    assert math.isnan(roc_auc(~one_class, scores))
    assert math.isnan(average_precision(~one_class, scores))
    assert average_precision(one_class, scores) == 1
    assert math.isnan(delong_interval(np.array([True, False, False]), np.array([3.0, 2, 1]), confidence=0.9).low)
    assert math.isnan(delong_test(np.array([True, False]), np.array([3.0, 2]), np.array([3.0, 2])).p_value)
    nothing = np.zeros(0, bool), np.zeros(0)
    assert math.isnan(roc_auc(*nothing))
    assert math.isnan(average_precision(*nothing))
    assert [len(column) for column in roc_curve(*nothing)] == [1, 1, 1]


@pytest.mark.parametrize("metric", [roc_auc, roc_curve, average_precision])
@pytest.mark.parametrize(
    ("reference", "scores"),
    [
        (np.array([0, 1]), np.array([0.1, 0.2])),
        (np.array([False, True]), np.array([0.1, math.nan])),
        (np.array([False, True]), np.array([0.1, 0.2, 0.3])),
        (np.array([[False, True]]), np.array([[0.1, 0.2]])),
    ],
)
def test_broken_input(metric, reference, scores):
    with pytest.raises(MetricInputError):
        metric(reference, scores)


def test_confidence_is_a_share():
    with pytest.raises(MetricInputError):
        delong_interval(REFERENCE, SCORES, confidence=95)
