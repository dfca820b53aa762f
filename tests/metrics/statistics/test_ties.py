"""Ties that float64 breaks: printed decimals against whole numbers, and shares against per cent."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reproduce.metrics.ranking import delong_test
from reproduce.metrics.statistics import (
    TestResult,
    bootstrap_interval,
    cliffs_delta,
    cohens_d_paired,
    matched_rank_biserial,
    mean,
    permutation,
    wilcoxon,
)
from reproduce.metrics.statistics.ties import differences

HUNDREDTHS = st.lists(st.tuples(st.integers(60, 100), st.integers(60, 100)), min_size=4, max_size=12).map(
    lambda rows: np.array(rows).T
)
A, B = np.array([0.89, 0.72, 0.81, 0.89]), np.array([1.09, 0.52, 0.76, 1.09])


def test_sizes_that_rounding_sets_apart_are_one():
    # 0.2 three times, as -0.20000000000000007, 0.19999999999999996 and -0.20000000000000007, and 0.05.
    found = differences(A, B, where="test")
    assert len(set(np.abs(A - B))) == 3
    assert len(set(np.abs(found))) == 2
    np.testing.assert_allclose(found, [-0.2, 0.2, 0.05, -0.2], atol=1e-15)


def test_sizes_near_nothing_are_0_and_a_millionth_is_not():
    # 0.1 + 0.2 is not 0.3 in float64; the last decimal of a results file tells values apart.
    assert differences([0.1 + 0.2], [0.3], where="test").tolist() == [0]
    assert differences([0.300001, 0.3], [0.3, 0.300002], where="test") == pytest.approx([1e-6, -2e-6], rel=1e-6)
    # Of volumes in mm3 the rounding is larger, though the differences are not: 0.01 twice.
    apart = differences([123456.78, 654321.09], [123456.77, 654321.08], where="test")
    assert apart[0] == apart[1] > 0


def test_wilcoxon_of_printed_decimals_by_hand():
    # Ranks 3, 3, 1, 3; the positive ones are 3 + 1 = 4 of 10. Eight of the 16 patterns reach 4 or less: none, {1},
    # three of {3}, three of {1, 3}; twice that is all.
    assert wilcoxon(A, B) == TestResult(statistic=4, p_value=1, n=4, n_used=4)


def test_effects_of_printed_decimals_by_hand():
    # Ranks as above: (4 - 6) / 10. Both differences of the second pair are 0.1: no spread.
    assert matched_rank_biserial(A, B) == pytest.approx(-0.2)
    assert math.isnan(cohens_d_paired(np.array([0.89, 0.72]), np.array([0.79, 0.62])))


@given(HUNDREDTHS, st.sampled_from(["wilcox", "pratt"]))
def test_printed_decimals_give_what_whole_numbers_give(pair, zeros):
    a, b = pair / 100
    exact = wilcoxon(*pair, zeros=zeros)
    for given_as in ((a, b), (100 * a, 100 * b)):
        assert wilcoxon(*given_as, zeros=zeros) == exact
        np.testing.assert_equal(matched_rank_biserial(*given_as), matched_rank_biserial(*pair))


@given(HUNDREDTHS)
def test_shares_and_per_cent_have_one_p_value(pair):
    a, b = pair / 100
    reference = np.arange(a.size) % 2 == 0
    settings = {"n_resamples": 64, "seed": [1]}
    for test in (
        lambda a, b: permutation(a, b, **settings).p_value,
        lambda a, b: delong_test(reference, a, b).p_value,
        cliffs_delta,
    ):
        np.testing.assert_allclose(test(a, b), test(*pair), atol=1e-12)
    for method in ("percentile", "bca"):
        share, count = (
            bootstrap_interval(difference, mean, confidence=0.9, method=method, **settings)
            for difference in (a - b, pair[0] - pair[1])
        )
        np.testing.assert_allclose([100 * share.low, 100 * share.high], [count.low, count.high], atol=1e-9)
