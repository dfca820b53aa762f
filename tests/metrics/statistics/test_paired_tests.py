"""Paired tests: p-values counted by hand, and against every sign pattern."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from reproduce.errors import MetricInputError
from reproduce.metrics.statistics import TestResult, holm, mcnemar, permutation, wilcoxon

small_pairs = st.lists(st.tuples(st.integers(-4, 4), st.integers(-4, 4)), min_size=1, max_size=8).map(
    lambda rows: np.array(rows, float).T
)


def test_wilcoxon_by_hand():
    # Differences 1, 2, 3, -4: ranks the same, sums 6 and 4; of 16 patterns, sums up to 4 are 0, 1, 2, 3, 3, 4, 4: 7.
    a, b = np.array([1.0, 2, 3, 0]), np.array([0.0, 0, 0, 4])
    assert wilcoxon(a, b) == TestResult(statistic=4, p_value=14 / 16, n=4, n_used=4)


def test_wilcoxon_policies_for_zeros():
    # Differences 0, 1, 2. Left out: ranks 1, 2; sum of - ranks 0; 2 x 1/4. Pratt: ranks 2, 3; the same chance.
    a, b = np.array([5.0, 1, 2]), np.array([5.0, 0, 0])
    assert wilcoxon(a, b, zeros="wilcox") == TestResult(0, 0.5, 3, 2)
    # With a negative one the ranks matter: 0, 0, 1, -2, 3 has + ranks 1 + 3 = 4, or by Pratt 3 + 5 = 8 of 12.
    a, b = np.array([0.0, 0, 1, 0, 3]), np.array([0.0, 0, 0, 2, 0])
    assert wilcoxon(a, b, zeros="wilcox").statistic == 2
    assert wilcoxon(a, b, zeros="pratt").statistic == 4


@given(small_pairs, st.sampled_from(["wilcox", "pratt"]))
def test_wilcoxon_equals_every_sign_pattern(pair, zeros):
    difference = pair[0] - pair[1]
    kept = difference if zeros == "pratt" else difference[difference != 0]
    ranks = stats.rankdata(np.abs(kept))[kept != 0]
    result = wilcoxon(*pair, zeros=zeros)
    sums = [
        sum(r for r, plus in zip(ranks, signs, strict=True) if plus)
        for signs in itertools.product((0, 1), repeat=ranks.size)
    ]
    expected = min(1.0, 2 * np.mean([s <= result.statistic for s in sums]))
    assert result.p_value == pytest.approx(expected if ranks.size else 1.0, abs=1e-12)
    assert wilcoxon(*pair[::-1], zeros=zeros) == result


def test_wilcoxon_agrees_with_scipy_where_it_is_exact():
    rng = np.random.default_rng(0)
    for n in (6, 20, 49):
        a, b = rng.random(n), rng.random(n)
        assert wilcoxon(a, b).p_value == pytest.approx(stats.wilcoxon(a, b, method="exact").pvalue, abs=1e-12)


def test_wilcoxon_of_many_pairs():
    rng = np.random.default_rng(0)
    a = rng.random(301)
    b = a + rng.normal(0.01, 0.1, 301)
    many = wilcoxon(a, b)
    assert many.p_value == pytest.approx(stats.wilcoxon(a, b, method="approx").pvalue, abs=1e-12)
    # At the border both ways agree.
    assert wilcoxon(a[1:], b[1:]).p_value == pytest.approx(
        stats.wilcoxon(a[1:], b[1:], method="approx").pvalue, abs=1e-3
    )


@pytest.mark.parametrize("test", [wilcoxon, lambda a, b: permutation(a, b, n_resamples=10, seed=[1])])
def test_equal_pairs_say_nothing(test):
    a = np.array([0.1, 0.2])
    result = test(a, a)
    assert (result.p_value, result.n, result.n_used) == (1, 2, 0)
    assert test(np.empty(0), np.empty(0)).p_value == 1


def test_mcnemar_by_hand():
    # Only a right: 5; only b right: 1. Two sided binomial: 2 x (1 + 6) / 64.
    a = np.array([1] * 5 + [0] + [1] * 3 + [0], bool)
    b = np.array([0] * 5 + [1] + [1] * 3 + [0], bool)
    assert mcnemar(a, b) == TestResult(5, pytest.approx(14 / 64), 10, 6)
    assert mcnemar(b, a).p_value == pytest.approx(14 / 64)
    assert mcnemar(a, a) == TestResult(0, 1, 10, 0)
    assert mcnemar(np.zeros(0, bool), np.zeros(0, bool)).p_value == 1


def test_permutation_by_hand():
    # Differences 1, 2, 4: of eight patterns only all + and all - are as far from 0 as 7.
    a, b = np.array([1.0, 2, 4]), np.zeros(3)
    assert permutation(a, b, n_resamples=8, seed=[1]) == TestResult(pytest.approx(7 / 3), 0.25, 3, 3)


@settings(max_examples=30)
@given(small_pairs)
def test_permutation_equals_every_pattern(pair):
    difference = pair[0] - pair[1]
    sums = [abs(np.dot(signs, difference)) for signs in itertools.product((-1, 1), repeat=difference.size)]
    expected = np.mean([s >= abs(difference.sum()) - 1e-9 for s in sums])
    assert permutation(*pair, n_resamples=256, seed=[1]).p_value == pytest.approx(expected)


def test_permutation_by_chance():
    rng = np.random.default_rng(0)
    a = rng.random(40)
    b = a - 0.02 + rng.normal(0, 0.05, 40)
    drawn = permutation(a, b, n_resamples=20_000, seed=[1])
    t = stats.ttest_rel(a, b).pvalue
    assert drawn.p_value == pytest.approx(t, abs=0.01)
    assert drawn == permutation(a, b, n_resamples=20_000, seed=[1])
    # Never 0: the pattern that was observed is one of them.
    assert permutation(a, a - 1, n_resamples=99, seed=[1]).p_value == 0.01


def test_holm_by_hand():
    # Sorted 0.01, 0.02, 0.03, 0.04 times 4, 3, 2, 1: 0.04, 0.06, 0.06, 0.06.
    np.testing.assert_allclose(holm(np.array([0.03, 0.01, 0.04, 0.02])), [0.06, 0.04, 0.06, 0.06])
    assert holm(np.array([0.6, 0.7])).tolist() == [1, 1]
    assert holm(np.empty(0)).size == 0


@given(st.lists(st.floats(0, 1), min_size=1, max_size=10))
def test_holm_laws(p_values):
    p_values = np.array(p_values)
    adjusted = holm(p_values)
    assert (adjusted >= p_values).all()
    assert (adjusted <= np.minimum(1, p_values * p_values.size)).all()
    order = np.argsort(p_values, kind="stable")
    assert (np.diff(adjusted[order]) >= 0).all()


def test_broken_input():
    pair = np.array([0.1, 0.2]), np.array([0.1, math.nan])
    for test in (wilcoxon, lambda a, b: permutation(a, b, n_resamples=10, seed=[1])):
        with pytest.raises(MetricInputError):
            test(*pair)
        with pytest.raises(MetricInputError):
            test(np.zeros(2), np.zeros(3))
    with pytest.raises(MetricInputError):
        wilcoxon(np.zeros(2), np.ones(2), zeros="drop")
    with pytest.raises(MetricInputError):
        permutation(np.zeros(2), np.ones(2), n_resamples=0, seed=[1])
    with pytest.raises(MetricInputError):
        mcnemar(np.array([1, 0]), np.array([1, 0]))
    for p_value in (-0.1, 1.1, math.nan):
        with pytest.raises(MetricInputError):
            holm(np.array([0.5, p_value]))
