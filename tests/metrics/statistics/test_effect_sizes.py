"""Effect sizes by hand."""

import math

import numpy as np
import pytest

from reproduce.errors import MetricInputError
from reproduce.metrics.statistics import cliffs_delta, cohens_d_paired, matched_rank_biserial


def test_cohens_d_by_hand():
    # Differences 1, 2, 3: mean 2, standard deviation 1.
    assert cohens_d_paired(np.array([1.0, 2, 3]), np.zeros(3)) == pytest.approx(2)
    assert cohens_d_paired(np.zeros(3), np.array([1.0, 2, 3])) == pytest.approx(-2)


def test_rank_biserial_by_hand():
    # Differences 1, 2, -3, 0: ranks 1, 2, 3 without the zero; (1 + 2 - 3) / 6 = 0. Without the negative one: 1.
    assert matched_rank_biserial(np.array([1.0, 2, 0, 5]), np.array([0.0, 0, 3, 5])) == 0
    assert matched_rank_biserial(np.array([1.0, 2]), np.zeros(2)) == 1
    assert matched_rank_biserial(np.array([1.0, 0]), np.array([0.0, 3])) == pytest.approx((1 - 2) / 3)


def test_cliffs_delta_by_hand():
    # Pairs of {1, 2} with {0, 2, 3}: wins 2, losses 3, one tie.
    assert cliffs_delta(np.array([1.0, 2]), np.array([0.0, 2, 3])) == pytest.approx((2 - 3) / 6)
    assert cliffs_delta(np.array([5.0]), np.array([1.0, 2])) == 1


def test_undefined():
    assert math.isnan(cohens_d_paired(np.array([1.0]), np.array([0.0])))
    assert math.isnan(cohens_d_paired(np.array([1.1, 2.1]), np.array([0.1, 1.1])))
    assert math.isnan(cohens_d_paired(np.empty(0), np.empty(0)))
    assert math.isnan(matched_rank_biserial(np.ones(3), np.ones(3)))
    assert math.isnan(cliffs_delta(np.empty(0), np.ones(3)))


@pytest.mark.parametrize("effect", [cohens_d_paired, matched_rank_biserial])
def test_broken_input(effect):
    with pytest.raises(MetricInputError):
        effect(np.zeros(2), np.zeros(3))
    with pytest.raises(MetricInputError):
        effect(np.zeros(2), np.array([0, math.inf]))


def test_broken_groups():
    with pytest.raises(MetricInputError):
        cliffs_delta(np.array([math.nan]), np.zeros(2))
