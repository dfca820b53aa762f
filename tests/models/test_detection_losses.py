"""Losses of Mask R-CNN by hand, one value an image."""

import math

import numpy as np
import pytest
from keras import ops

from reproduce.models.detection.losses import (
    binary_cross_entropy,
    class_loss,
    code_loss,
    mask_loss,
    objectness_loss,
    smooth_l1,
)


def array(tensor):
    return ops.convert_to_numpy(tensor)


def test_smooth_l1_by_hand():
    # beta 1/9: 0.5 * 0.1^2 * 9 below it, |d| - 1/18 from it on; both are 1/18 at it
    found = array(smooth_l1(np.array([0.0, 0.1, -0.1, 1 / 9, 1.0, -2.0], np.float32)))
    assert found == pytest.approx([0, 0.045, 0.045, 1 / 18, 1 - 1 / 18, 2 - 1 / 18])


def test_binary_cross_entropy_by_hand():
    logits = np.array([0.0, math.log(3), -math.log(3), 1e4, -1e4], np.float32)
    # s = 1/2, 3/4, 1/4, 1, 0
    ones, zeros = array(binary_cross_entropy(logits, 1.0)), array(binary_cross_entropy(logits, 0.0))
    assert ones == pytest.approx([math.log(2), -math.log(0.75), -math.log(0.25), 0, 1e4])
    assert zeros == pytest.approx([math.log(2), -math.log(0.25), -math.log(0.75), 1e4, 0])


def test_objectness_counts_the_chosen_alone():
    logits = np.array([[math.log(3), math.log(3), 50.0], [0.0, 9.0, 9.0]], np.float32)
    positive = np.array([[True, False, False], [False, False, False]])
    chosen = np.array([[True, True, False], [True, False, False]])
    expected = [(-math.log(0.75) - math.log(0.25)) / 2, math.log(2)]
    assert array(objectness_loss(logits, positive, chosen)) == pytest.approx(expected)


def test_code_is_divided_by_all_that_are_chosen():
    code = np.array([[[1, 0, 0, 0], [0, 2, 0, 0], [7, 7, 7, 7], [9, 9, 9, 9]]], np.float32)
    positive = np.array([[True, True, False, False]])
    chosen = np.array([[True, True, True, False]])
    found = array(code_loss(code, np.zeros_like(code), positive, chosen))
    assert found == pytest.approx([((1 - 1 / 18) + (2 - 1 / 18)) / 3])


def test_class_by_hand():
    logits = np.log(np.array([[[0.5, 0.25, 0.25], [0.1, 0.2, 0.7], [1, 1, 1]]], np.float32))
    found = array(class_loss(logits, np.array([[0, 2, 1]]), np.array([[True, True, False]])))
    assert found == pytest.approx([-(math.log(0.5) + math.log(0.7)) / 2])


def test_mask_is_the_mean_over_positive_boxes_and_bins():
    logits = np.zeros((1, 2, 2, 2), np.float32)
    logits[0, 0, 0, 0] = math.log(3)
    target = np.ones_like(logits)
    found = array(mask_loss(logits, target, np.array([[True, False]])))
    assert found == pytest.approx([(-math.log(0.75) + 3 * math.log(2)) / 4])


def test_nothing_chosen_costs_nothing():
    none, logits = np.zeros((2, 3), bool), np.ones((2, 3), np.float32)
    code, masks = np.ones((2, 3, 4), np.float32), np.ones((2, 3, 2, 2), np.float32)
    assert array(objectness_loss(logits, none, none)).tolist() == [0, 0]
    assert array(code_loss(code, 9 * code, none, none)).tolist() == [0, 0]
    assert array(class_loss(code, np.zeros((2, 3), np.int32), none)).tolist() == [0, 0]
    assert array(mask_loss(masks, masks, none)).tolist() == [0, 0]
