"""Confusion matrices and the averages of IoU, by hand."""

import math

import numpy as np
import pytest

from reproduce.errors import MetricInputError
from reproduce.metrics.confusion import Counts
from reproduce.metrics.labels import (
    class_counts,
    class_dice,
    class_iou,
    confusion_matrix,
    frequency_weighted_iou,
    mean_iou_per_case,
    mean_iou_per_class,
    mean_iou_pooled,
)

# Case 1: class 1 has IoU 6/8, class 2 has 1/3. Case 2: class 1 has IoU 1/2, class 2 is nowhere.
CASE_1 = np.array([[90, 1, 1], [1, 6, 0], [1, 0, 1]])
CASE_2 = np.array([[10, 1, 0], [0, 1, 0], [0, 0, 0]])
CASES = np.stack([CASE_1, CASE_2])
FOREGROUND = {"classes": [1, 2], "both_empty": math.nan}


def test_confusion_matrix_by_hand():
    reference = np.array([[0, 0, 1], [2, 2, 1]], np.uint8)
    prediction = np.array([[0, 1, 1], [2, 0, 1]], np.int16)
    expected = [[1, 1, 0], [0, 2, 0], [1, 0, 1]]
    assert confusion_matrix(reference, prediction, n_classes=3).tolist() == expected


def test_confusion_matrix_of_many_classes_in_a_small_type():
    # 200 x 201 + 200 overflows uint8 and int16.
    labels = np.array([200], np.uint8)
    assert confusion_matrix(labels, labels, n_classes=201)[200, 200] == 1


def test_confusion_matrix_of_nothing():
    nothing = np.zeros((0, 3), int)
    assert confusion_matrix(nothing, nothing, n_classes=2).tolist() == [[0, 0], [0, 0]]


def test_class_against_the_rest():
    assert class_counts(CASE_1, 1) == Counts(tp=6, fp=1, fn=1, tn=93)


def test_per_class():
    np.testing.assert_allclose(class_iou(CASE_1, both_empty=math.nan), [90 / 94, 6 / 8, 1 / 3])
    np.testing.assert_allclose(class_dice(CASE_1, both_empty=math.nan), [180 / 184, 12 / 14, 2 / 4])
    np.testing.assert_equal(class_iou(CASE_2, both_empty=math.nan)[2], math.nan)
    assert class_iou(CASE_2, both_empty=1.0)[2] == 1


def test_three_averages_three_numbers():
    # Pooled: class 1 has 7 of 10, class 2 has 1 of 3.
    assert mean_iou_pooled(CASES, **FOREGROUND) == pytest.approx((7 / 10 + 1 / 3) / 2)
    # Per case: (3/4 + 1/3) / 2 and 1/2.
    assert mean_iou_per_case(CASES, **FOREGROUND) == pytest.approx(((3 / 4 + 1 / 3) / 2 + 1 / 2) / 2)
    # Per class: (3/4 + 1/2) / 2 and 1/3.
    assert mean_iou_per_class(CASES, **FOREGROUND) == pytest.approx(((3 / 4 + 1 / 2) / 2 + 1 / 3) / 2)
    # Weighted with 7 + 1 and 2 voxels.
    assert frequency_weighted_iou(CASES, classes=[1, 2]) == pytest.approx((8 * 7 / 10 + 2 / 3) / 10)


def test_an_absent_class_that_counts():
    counted = {"classes": [1, 2], "both_empty": 1.0}
    assert mean_iou_per_case(CASES, **counted) == pytest.approx(((3 / 4 + 1 / 3) / 2 + (1 / 2 + 1) / 2) / 2)


def test_the_background_counts_where_it_is_named():
    with_background = mean_iou_pooled(CASES, classes=[0, 1, 2], both_empty=math.nan)
    assert with_background == pytest.approx((100 / 105 + 7 / 10 + 1 / 3) / 3)


def test_no_case_and_no_class():
    none = np.zeros((0, 2, 2), int)
    for average in (mean_iou_pooled, mean_iou_per_case, mean_iou_per_class):
        assert math.isnan(average(none, classes=[1], both_empty=math.nan))
        assert math.isnan(average(np.zeros((1, 2, 2), int), classes=[1], both_empty=math.nan))
    assert math.isnan(frequency_weighted_iou(none, classes=[1]))


@pytest.mark.parametrize(
    ("reference", "prediction"),
    [
        (np.array([0, 4]), np.array([0, 1])),
        (np.array([0, 1]), np.array([-1, 1])),
        (np.array([0, 1]), np.array([0.0, 1.0])),
        (np.array([0, 1]), np.array([0])),
    ],
)
def test_values_that_are_no_class(reference, prediction):
    with pytest.raises(MetricInputError):
        confusion_matrix(reference, prediction, n_classes=4)


def test_a_single_matrix_is_no_stack():
    with pytest.raises(MetricInputError):
        mean_iou_pooled(CASE_1, **FOREGROUND)
