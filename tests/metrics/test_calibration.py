"""Calibration by hand."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reproduce.errors import MetricInputError
from reproduce.metrics.calibration import brier_score, expected_calibration_error, reliability_curve

PROBABILITY = np.array([0.0, 0.1, 0.5, 0.6, 0.9, 1.0])
REFERENCE = np.array([False, True, False, True, True, True])
samples = st.lists(st.tuples(st.booleans(), st.floats(0, 1)), min_size=1, max_size=40).map(
    lambda rows: (np.array([r[0] for r in rows]), np.array([r[1] for r in rows]))
)


def test_equal_width_by_hand():
    # Two bins: [0, 0.5] holds 0, 0.1, 0.5, mean 0.2, one of three positive; (0.5, 1] holds the rest, mean 2.5/3, all.
    curve = reliability_curve(REFERENCE, PROBABILITY, n_bins=2, bins="equal_width")
    assert curve.n.tolist() == [3, 3]
    np.testing.assert_allclose(curve.predicted, [0.2, 2.5 / 3])
    np.testing.assert_allclose(curve.observed, [1 / 3, 1])
    error = expected_calibration_error(REFERENCE, PROBABILITY, n_bins=2, bins="equal_width")
    assert error == pytest.approx((1 / 3 - 0.2) / 2 + (1 - 2.5 / 3) / 2)


def test_equal_mass_by_hand():
    # Three bins of two; equal width would put 0, 0.1 | 0.5, 0.6 | 0.9, 1 as well, so the first two are moved together.
    probability = np.array([0.0, 0.01, 0.02, 0.03, 0.9, 1.0])
    curve = reliability_curve(REFERENCE, probability, n_bins=3, bins="equal_mass")
    assert curve.n.tolist() == [2, 2, 2]
    np.testing.assert_allclose(curve.predicted, [0.005, 0.025, 0.95])
    assert curve.observed.tolist() == [0.5, 0.5, 1]
    assert reliability_curve(REFERENCE, probability, n_bins=3, bins="equal_width").n.tolist() == [4, 2]


def test_equal_mass_keeps_ties_together():
    curve = reliability_curve(REFERENCE, np.full(6, 0.5), n_bins=3, bins="equal_mass")
    assert curve.n.tolist() == [6]


def test_brier_by_hand():
    # Squares: 0, 0.81, 0.25, 0.16, 0.01, 0.
    assert brier_score(REFERENCE, PROBABILITY) == pytest.approx(1.23 / 6)


def test_a_share_of_votes_lies_in_the_bin_that_ends_with_it():
    # Of seven votes five: in (4/7, 5/7], beside 0.7, and not beside 0.72 in (5/7, 6/7].
    curve = reliability_curve(np.array([True, False, True]), np.array([5 / 7, 0.7, 0.72]), n_bins=7, bins="equal_width")
    assert curve.n.tolist() == [2, 1]


@given(samples, st.integers(1, 20), st.sampled_from(["equal_width", "equal_mass"]))
def test_laws(sample, n_bins, bins):
    curve = reliability_curve(*sample, n_bins=n_bins, bins=bins)
    assert curve.n.sum() == sample[0].size
    assert (curve.n > 0).all()
    assert (np.diff(curve.predicted) >= -1e-12).all()
    error = expected_calibration_error(*sample, n_bins=n_bins, bins=bins)
    # Bins average the gap of the whole, so they never make it smaller.
    assert abs(sample[0].mean() - sample[1].mean()) <= error + 1e-9
    assert error <= 1 + 1e-12
    assert 0 <= brier_score(*sample) <= 1


def test_certain_and_right_is_perfect():
    certain = REFERENCE.astype(float)
    assert expected_calibration_error(REFERENCE, certain, n_bins=10, bins="equal_width") == 0
    assert brier_score(REFERENCE, certain) == 0


@pytest.mark.parametrize("bins", ["equal_width", "equal_mass"])
def test_nothing(bins):
    nothing = np.zeros(0, bool), np.zeros(0)
    assert reliability_curve(*nothing, n_bins=3, bins=bins).n.size == 0
    assert math.isnan(expected_calibration_error(*nothing, n_bins=3, bins=bins))
    assert math.isnan(brier_score(*nothing))


@pytest.mark.parametrize("probability", [np.array([0.5, 1.1]), np.array([-0.1, 0.5]), np.array([0.5, math.nan])])
def test_no_probabilities(probability):
    with pytest.raises(MetricInputError):
        brier_score(np.array([True, False]), probability)


def test_broken_input():
    with pytest.raises(MetricInputError):
        brier_score(np.array([1, 0]), np.array([0.1, 0.2]))
    with pytest.raises(MetricInputError):
        brier_score(np.array([True]), np.array([0.1, 0.2]))
    with pytest.raises(MetricInputError):
        reliability_curve(REFERENCE, PROBABILITY, n_bins=0, bins="equal_width")
    with pytest.raises(MetricInputError):
        reliability_curve(REFERENCE, PROBABILITY, n_bins=2, bins="equal")
