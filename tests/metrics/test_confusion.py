"""Counts and ratios, by hand."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from reproduce.errors import MetricInputError
from reproduce.metrics.confusion import (
    Counts,
    accuracy,
    balanced_accuracy,
    count,
    f1,
    mcc,
    precision,
    sensitivity,
    specificity,
)

masks = hnp.mutually_broadcastable_shapes(num_shapes=1, max_dims=3, max_side=5).flatmap(
    lambda shapes: st.tuples(*[hnp.arrays(np.bool_, shapes.input_shapes[0])] * 2)
)


def test_counts_of_a_row():
    reference = np.array([1, 1, 1, 0, 0, 0, 0], bool)
    prediction = np.array([1, 1, 0, 1, 0, 0, 0], bool)
    assert count(reference, prediction) == Counts(tp=2, fp=1, fn=1, tn=3)


def test_counts_across_blocks_and_orders():
    rng = np.random.default_rng(0)
    reference, prediction = rng.random((3, 700, 1001)) < 0.3, rng.random((3, 700, 1001)) < 0.4
    expected = Counts(
        int((reference & prediction).sum()),
        int((~reference & prediction).sum()),
        int((reference & ~prediction).sum()),
        int((~reference & ~prediction).sum()),
    )
    fortran = np.asfortranarray(reference), np.asfortranarray(prediction)
    assert count(reference, prediction) == expected
    assert count(*fortran) == expected
    assert count(fortran[0], prediction) == expected
    assert count(reference[:, ::2], prediction[:, ::2]).n == 3 * 350 * 1001


def test_counts_of_nothing():
    assert count(np.zeros((0, 4), bool), np.zeros((0, 4), bool)) == Counts(0, 0, 0, 0)


def test_counts_add():
    assert Counts(1, 2, 3, 4) + Counts(10, 20, 30, 40) == Counts(11, 22, 33, 44)


@given(masks)
def test_counts_swap_with_the_masks(pair):
    forward, backward = count(*pair), count(*pair[::-1])
    assert (forward.tp, forward.fp, forward.fn, forward.tn) == (backward.tp, backward.fn, backward.fp, backward.tn)
    assert forward.n == pair[0].size


@pytest.mark.parametrize("other", [np.zeros(3), np.zeros(3, np.uint8), np.zeros(4, bool), np.zeros((3, 1), bool)])
def test_masks_that_are_none_or_do_not_fit(other):
    with pytest.raises(MetricInputError):
        count(np.zeros(3, bool), other)


def test_ratios_by_hand():
    # 100 units: sensitivity 30/40, specificity 50/60, precision 30/40.
    counts = Counts(tp=30, fp=10, fn=10, tn=50)
    assert accuracy(counts) == 0.8
    assert sensitivity(counts) == 0.75
    assert specificity(counts) == pytest.approx(5 / 6, abs=1e-15)
    assert precision(counts) == 0.75
    assert f1(counts) == 0.75
    assert balanced_accuracy(counts) == pytest.approx((3 / 4 + 5 / 6) / 2, abs=1e-15)
    # (30*50 - 10*10) / sqrt(40*40*60*60) = 1400 / 2400
    assert mcc(counts) == pytest.approx(7 / 12, abs=1e-15)


def test_ratios_without_what_they_divide_by():
    assert all(
        math.isnan(ratio(Counts(0, 0, 0, 0)))
        for ratio in (accuracy, sensitivity, specificity, precision, f1, balanced_accuracy, mcc)
    )
    no_positive = Counts(tp=0, fp=2, fn=0, tn=3)
    assert math.isnan(sensitivity(no_positive))
    assert math.isnan(balanced_accuracy(no_positive))
    assert math.isnan(mcc(no_positive))
    assert f1(no_positive) == 0
    assert math.isnan(precision(Counts(tp=0, fp=0, fn=2, tn=3)))
    assert math.isnan(specificity(Counts(tp=2, fp=0, fn=2, tn=0)))


def test_mcc_at_the_size_of_a_ct():
    # Each factor is near 3.5e7, their product near 1e30: beyond 64 bits.
    counts = Counts(tp=17_000_000, fp=17_000_000, fn=17_000_000, tn=17_000_000)
    assert mcc(counts) == 0
    assert mcc(Counts(tp=17_000_000, fp=0, fn=0, tn=17_000_000)) == 1
    assert mcc(Counts(tp=0, fp=17_000_000, fn=17_000_000, tn=0)) == -1
