"""Bootstrap intervals: by hand, against plain loops, and for what they must not do."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from reproduce.errors import MetricInputError
from reproduce.metrics.statistics import (
    Interval,
    bootstrap_interval,
    bootstrap_interval_of_rows,
    mean,
    patient_sums,
    ratio_of_sums,
)

METHODS = pytest.mark.parametrize("method", ["percentile", "bca"])
PLAIN = {"n_resamples": 2000, "confidence": 0.95, "seed": [1]}


def _sensitivity(rows):
    return rows[..., 0] / (rows[..., 0] + rows[..., 2])


def test_two_patients_by_hand():
    # Means of resamples of 0 and 1: 0, 1/2, 1 with chances 1/4, 1/2, 1/4; the quartiles of so many are 0 or 1/2 and
    # 1/2 or 1, and at 90 % both ends are reached.
    interval = bootstrap_interval(
        np.array([0.0, 1.0]), mean, n_resamples=1000, confidence=0.9, seed=[1], method="percentile"
    )
    assert interval == Interval(0.0, 1.0)


@METHODS
def test_equals_a_plain_loop(method):
    # The same draws, resample by resample, on the rows themselves.
    rng = np.random.default_rng(7)
    rows = rng.poisson(20, (40, 4)).astype(float)
    interval = bootstrap_interval(rows, _sensitivity, method=method, **PLAIN)
    draws = np.random.default_rng([1]).integers(0, 40, (2000, 40), dtype=np.int32)
    plain = [_sensitivity(rows[draw].sum(axis=0)) for draw in draws]
    if method == "percentile":
        expected = np.quantile(plain, [0.025, 0.975])
    else:
        result = stats.bootstrap(
            (np.arange(40),),
            lambda i: _sensitivity(rows[i].sum(axis=0)),
            vectorized=False,
            n_resamples=2000,
            method="BCa",
            rng=np.random.default_rng(3),
        )
        expected = np.array(result.confidence_interval)
        assert abs(np.array([interval.low, interval.high]) - expected).max() < 0.3 * (expected[1] - expected[0]) / 4
        return
    np.testing.assert_allclose([interval.low, interval.high], expected, rtol=1e-12)


@METHODS
def test_rows_and_sums_agree(method):
    values = np.random.default_rng(2).gamma(2, size=60)
    interval = bootstrap_interval(values, mean, method=method, n_resamples=4000, confidence=0.9, seed=[1])
    by_rows = bootstrap_interval_of_rows(
        np.arange(60),
        lambda rows: float(values[rows].mean()),
        method=method,
        n_resamples=4000,
        confidence=0.9,
        seed=[2],
    )
    width = interval.high - interval.low
    assert by_rows.low == pytest.approx(interval.low, abs=0.1 * width)
    assert by_rows.high == pytest.approx(interval.high, abs=0.1 * width)


def test_patients_are_drawn_whole():
    # Four patients, 100 equal values each: the interval is that of four numbers, not of 400.
    patients = np.repeat(["a", "b", "c", "d"], 100)
    values = np.repeat([0.2, 0.4, 0.6, 0.8], 100)
    whole = bootstrap_interval(patient_sums(values, patients), ratio_of_sums, method="percentile", **PLAIN)
    alone = bootstrap_interval(values, mean, method="percentile", **PLAIN)
    assert whole.high - whole.low > 4 * (alone.high - alone.low)


def test_patients_with_more_weigh_more():
    # 1 for one patient's single value, 0 for another's three: the mean over values is 1/4, not 1/2.
    sums = patient_sums(np.array([0.0, 1.0, 0.0, 0.0]), np.array([5, 3, 5, 5]))
    assert sums.tolist() == [[1, 1], [0, 3]]
    assert ratio_of_sums(sums.sum(axis=0)) == 0.25
    assert patient_sums(np.empty(0), np.empty(0)).shape == (0, 2)


def test_bca_moves_with_skewness():
    # For a skewed mean BCa lies to the right of the percentile interval (Efron and Tibshirani, chapter 14).
    values = np.random.default_rng(0).lognormal(sigma=1.5, size=50)
    percentile = bootstrap_interval(values, mean, method="percentile", **PLAIN)
    bca = bootstrap_interval(values, mean, method="bca", **PLAIN)
    assert bca.low > percentile.low
    assert bca.high > percentile.high


@settings(max_examples=20)
@given(st.lists(st.integers(-9, 9), min_size=3, max_size=20), st.sampled_from(["percentile", "bca"]))
def test_moves_with_the_values(values, method):
    # Sums of tenths differ in their last bits once 16 is added; ties with the estimate must stay ties.
    values = np.array(values) / 10
    interval = bootstrap_interval(values, mean, method=method, n_resamples=200, confidence=0.8, seed=[1])
    moved = bootstrap_interval(values + 16, mean, method=method, n_resamples=200, confidence=0.8, seed=[1])
    np.testing.assert_allclose([moved.low, moved.high], [interval.low + 16, interval.high + 16], rtol=1e-9)
    assert not interval.low > interval.high


@METHODS
def test_the_same_seed_gives_the_same_interval(method):
    values = np.random.default_rng(0).random(30)
    first = bootstrap_interval(values, mean, method=method, **PLAIN)
    assert first == bootstrap_interval(values, mean, method=method, **PLAIN)
    assert first != bootstrap_interval(values, mean, method=method, **PLAIN | {"seed": [2]})
    generator = bootstrap_interval(values, mean, method=method, **PLAIN | {"seed": np.random.default_rng([1])})
    assert first == generator


@METHODS
def test_patients_who_are_all_alike(method):
    assert bootstrap_interval(np.full(5, 0.7), mean, method=method, **PLAIN) == Interval(0.7, 0.7)


@METHODS
def test_undefined_in_a_resample_is_undefined(method):
    # One patient alone has positives; some resamples leave them out.
    interval = bootstrap_interval(np.array([[1.0, 2.0], [0, 0], [0, 0]]), ratio_of_sums, method=method, **PLAIN)
    assert math.isnan(interval.low)
    assert math.isnan(interval.high)


def test_bca_without_a_resample_on_one_side():
    # The estimate is the maximum of the statistic, and no resample of twelve patients is all of them.
    values = np.random.default_rng(0).random(12)
    interval = bootstrap_interval(
        values,
        lambda rows: -((rows[..., 0] - values.mean()) ** 2),
        n_resamples=50,
        confidence=0.9,
        seed=[1],
        method="bca",
    )
    assert math.isnan(interval.low)


@pytest.mark.parametrize(
    ("patients", "arguments"),
    [
        (np.array([1.0]), {}),
        (np.empty(0), {}),
        (np.array([1.0, math.nan]), {}),
        (np.array([1.0, 2.0]), {"n_resamples": 0}),
        (np.array([1.0, 2.0]), {"confidence": 95}),
        (np.array([1.0, 2.0]), {"confidence": 0}),
        (np.array([1.0, 2.0]), {"method": "BCa"}),
    ],
)
def test_broken_input(patients, arguments):
    with pytest.raises(MetricInputError):
        bootstrap_interval(patients, mean, **PLAIN | {"method": "percentile"} | arguments)


def test_broken_groups():
    with pytest.raises(MetricInputError):
        patient_sums(np.array([1.0, 2.0]), np.array([1]))
    with pytest.raises(MetricInputError):
        bootstrap_interval_of_rows(np.array(["a", "a"]), lambda rows: 0.0, method="bca", **PLAIN)
