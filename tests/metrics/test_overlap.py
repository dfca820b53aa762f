"""Dice, IoU and volume similarity, by hand and by their laws."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from reproduce.errors import MetricInputError
from reproduce.metrics.confusion import Counts
from reproduce.metrics.overlap import (
    dice,
    dice_from_counts,
    iou,
    iou_from_counts,
    volume_similarity,
    volume_similarity_from_counts,
)

volumes = hnp.array_shapes(min_dims=3, max_dims=3, max_side=4).flatmap(
    lambda shape: st.tuples(hnp.arrays(np.bool_, shape), hnp.arrays(np.bool_, shape))
)
policies = st.sampled_from([0.0, 1.0])


def test_by_hand():
    # |A| = 4, |B| = 3, |A and B| = 2, |A or B| = 5.
    reference = np.array([1, 1, 1, 1, 0, 0], bool)
    prediction = np.array([0, 0, 1, 1, 1, 0], bool)
    assert dice(reference, prediction, both_empty=math.nan) == pytest.approx(4 / 7, abs=1e-15)
    assert iou(reference, prediction, both_empty=math.nan) == pytest.approx(2 / 5, abs=1e-15)
    assert volume_similarity(reference, prediction, both_empty=math.nan) == pytest.approx(6 / 7, abs=1e-15)


@pytest.mark.parametrize("metric", [dice, iou, volume_similarity])
def test_empty_masks(metric):
    none, some = np.zeros(3, bool), np.array([0, 1, 0], bool)
    assert math.isnan(metric(none, none, both_empty=math.nan))
    assert metric(none, none, both_empty=1.0) == 1
    assert metric(np.zeros((0, 2), bool), np.zeros((0, 2), bool), both_empty=0.5) == 0.5
    assert metric(none, some, both_empty=1.0) == 0
    assert metric(some, none, both_empty=1.0) == 0


def test_sizes_alone_make_volume_similarity():
    assert volume_similarity_from_counts(Counts(tp=0, fp=5, fn=5, tn=0), both_empty=math.nan) == 1


def test_probabilities_are_refused():
    with pytest.raises(MetricInputError, match="threshold"):
        dice(np.zeros(3, bool), np.zeros(3), both_empty=math.nan)


@given(volumes, policies)
def test_symmetric_and_bounded(pair, both_empty):
    for metric in (dice, iou, volume_similarity):
        value = metric(*pair, both_empty=both_empty)
        assert 0 <= value <= 1
        assert value == metric(*pair[::-1], both_empty=both_empty)


@given(volumes, policies)
def test_iou_follows_from_dice(pair, both_empty):
    d = dice(*pair, both_empty=both_empty)
    assert iou(*pair, both_empty=both_empty) == pytest.approx(d / (2 - d), abs=1e-15)


@given(volumes, st.sampled_from([0, 1, 2]), policies)
def test_unchanged_by_flip_and_by_empty_margin(pair, axis, both_empty):
    flipped = [np.flip(mask, axis) for mask in pair]
    padded = [np.pad(mask, 2) for mask in pair]
    for metric in (dice, iou, volume_similarity):
        assert metric(*flipped, both_empty=both_empty) == metric(*pair, both_empty=both_empty)
        assert metric(*padded, both_empty=both_empty) == metric(*pair, both_empty=both_empty)


@given(*[st.integers(0, 10**12)] * 4)
def test_counts_beyond_memory(tp, fp, fn, tn):
    counts = Counts(tp, fp, fn, tn)
    d = dice_from_counts(counts, both_empty=0.0)
    assert 0 <= d <= 1
    assert iou_from_counts(counts, both_empty=0.0) <= d
