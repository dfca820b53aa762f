"""Lesions found, missed and false, by hand."""

import numpy as np
import pytest

from reproduce.errors import MetricInputError
from reproduce.metrics.confusion import Counts
from reproduce.metrics.detection import lesion_counts, match_lesions


def _row(*values):
    return np.array(values)[None, None]


def test_found_missed_and_false():
    labels = _row(1, 1, 1, 1, 0, 0, 2, 2, 0, 0, 0)
    prediction = _row(0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1).astype(bool)
    # Lesion 1: one voxel of four; lesion 2: none; the last mark touches nothing.
    assert lesion_counts(labels, prediction, min_overlap=0) == Counts(tp=1, fp=1, fn=1, tn=0)
    assert lesion_counts(labels, prediction, min_overlap=0.25) == Counts(tp=1, fp=1, fn=1, tn=0)
    # Too little of lesion 1: missed, but the mark that touches it is not false.
    assert lesion_counts(labels, prediction, min_overlap=0.26) == Counts(tp=0, fp=1, fn=2, tn=0)


def test_one_mark_on_two_lesions_and_two_marks_on_one():
    labels = _row(1, 0, 2, 0, 7, 7, 7)
    prediction = _row(1, 1, 1, 0, 1, 0, 1).astype(bool)
    assert lesion_counts(labels, prediction, min_overlap=0.6) == Counts(tp=3, fp=0, fn=0, tn=0)


@pytest.mark.parametrize(("n_found", "n", "share"), [(7, 100, 0.07), (7, 50, 0.14), (7, 25, 0.28), (11, 20, 0.55)])
def test_a_lesion_covered_by_just_the_share_is_found(n_found, n, share):
    labels = np.ones((1, 1, n), int)
    prediction = np.arange(n)[None, None] < n_found
    assert lesion_counts(labels, prediction, min_overlap=share).tp == 1
    assert lesion_counts(labels, np.arange(n)[None, None] < n_found - 1, min_overlap=share).tp == 0


def test_a_share_that_no_decimal_holds_is_that_of_the_counts():
    # 5 / 7 has no finite decimal; the float nearest to it is the share that the caller names.
    assert lesion_counts(np.ones((1, 1, 7), int), np.arange(7)[None, None] < 5, min_overlap=5 / 7).tp == 1


def test_corners_connect():
    prediction = np.zeros((3, 3, 3), bool)
    prediction[0, 0, 0] = prediction[1, 1, 1] = True
    nothing = np.zeros((3, 3, 3), int)
    assert lesion_counts(nothing, prediction, min_overlap=0).fp == 1
    prediction[1, 1, 1], prediction[2, 2, 2] = False, True
    assert lesion_counts(nothing, prediction, min_overlap=0).fp == 2


@pytest.mark.parametrize("shape", [(2, 3, 4), (0, 3, 4)])
def test_nothing_at_all(shape):
    assert lesion_counts(np.zeros(shape, int), np.zeros(shape, bool), min_overlap=0.5) == Counts(0, 0, 0, 0)
    match = match_lesions(np.zeros(shape, int), np.zeros(shape, int), min_iou=0.5)
    assert match.counts == Counts(0, 0, 0, 0)


def test_partners_by_hand():
    reference = _row(4, 4, 4, 4, 0, 9, 9, 0, 0)
    prediction = _row(0, 5, 5, 5, 5, 0, 3, 3, 8)
    # 4 with 5: 3 of 5; 9 with 3: 1 of 3.
    match = match_lesions(reference, prediction, min_iou=0.3)
    assert match.pairs.tolist() == [[4, 5], [9, 3]]
    np.testing.assert_allclose(match.iou, [3 / 5, 1 / 3])
    assert (match.missed.tolist(), match.false.tolist()) == ([], [8])
    strict = match_lesions(reference, prediction, min_iou=0.5)
    assert strict.counts == Counts(tp=1, fp=2, fn=1, tn=0)
    assert (strict.missed.tolist(), strict.false.tolist()) == ([9], [3, 8])


def test_partners_are_unique_and_the_sum_is_largest():
    # 1 fits a with 2/4 and b with 2/4; 2 fits b alone with 2/6: a greedy choice of (1, b) would leave 2 without.
    reference = _row(1, 1, 1, 1, 2, 2, 2, 2)
    prediction = _row(1, 1, 2, 2, 2, 2, 0, 0)
    match = match_lesions(reference, prediction, min_iou=0.1)
    assert match.pairs.tolist() == [[1, 1], [2, 2]]
    np.testing.assert_allclose(match.iou, [2 / 4, 2 / 6])


def test_only_one_side_has_lesions():
    some, none = _row(0, 3, 0), _row(0, 0, 0)
    assert match_lesions(some, none, min_iou=0.5).missed.tolist() == [3]
    assert match_lesions(none, some, min_iou=0.5).false.tolist() == [3]


@pytest.mark.parametrize(
    ("labels", "prediction", "min_overlap"),
    [
        (_row(0, 1), _row(0, 1), 0.5),
        (_row(0, -1), _row(False, True), 0.5),
        (_row(0.0, 1.0), _row(False, True), 0.5),
        (_row(0, 1), _row(False, True, True), 0.5),
        (_row(0, 1)[0], _row(False, True)[0], 0.5),
        (_row(0, 1), _row(False, True), 1.5),
        (_row(0, 1), _row(False, True), -0.1),
    ],
)
def test_broken_input(labels, prediction, min_overlap):
    with pytest.raises(MetricInputError):
        lesion_counts(labels, prediction, min_overlap=min_overlap)


def test_a_match_without_overlap_is_none():
    with pytest.raises(MetricInputError):
        match_lesions(_row(0, 1), _row(0, 1), min_iou=0)
