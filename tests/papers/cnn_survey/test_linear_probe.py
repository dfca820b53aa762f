"""The linear probe by hand, against the condition of its minimum, and what it refuses."""

import numpy as np
import pytest

from reproduce.errors import ArgumentError
from reproduce.papers.cnn_survey.measures.linear_probe import probe_accuracy

LABELS = np.array([0, 0, 1, 1])


def test_a_line_between_two_heaps():
    train = np.array([[-2.0], [-1.0], [1.0], [2.0]])
    test = np.array([[-0.5], [0.5], [3.0]])
    # the plane lies at 0: the first test image is on the wrong side of its label
    assert probe_accuracy(train, LABELS, test, np.array([1, 1, 1]), penalty=1.0) == pytest.approx(2 / 3)
    assert probe_accuracy(train, LABELS, test, np.array([0, 1, 1]), penalty=1.0) == 1.0


def test_scale_and_shift_of_a_feature_change_nothing_and_a_constant_one_is_left_out():
    rng = np.random.default_rng(0)
    train, test = rng.normal(size=(60, 5)), rng.normal(size=(200, 5))
    labels, truth = (part[:, 0] + 0.5 * rng.normal(size=len(part)) > 0 for part in (train, test))
    first = probe_accuracy(train, labels, test, truth, penalty=1.0)
    scale, shift = np.array([1e-3, 1.0, 50.0, 2.0, 7.0]), 100.0
    constant = [np.column_stack([part * scale + shift, np.full(len(part), 3.0)]) for part in (train, test)]
    assert probe_accuracy(constant[0], labels, constant[1], truth, penalty=1.0) == pytest.approx(first, abs=0.006)
    assert 0.75 < first < 0.95


def test_features_that_say_nothing_leave_chance():
    train = np.ones((4, 3))
    assert probe_accuracy(train, LABELS, np.ones((4, 3)), LABELS, penalty=1.0) == 0.5


def test_a_heavier_penalty_still_puts_the_plane_between_the_means():
    train = np.array([[-1.0, 0.3], [-1.2, -0.1], [1.1, 0.2], [0.9, -0.4]])
    assert probe_accuracy(train, LABELS, train, LABELS, penalty=1e4) == 1.0


@pytest.mark.parametrize(
    ("train", "labels", "test"),
    [
        (np.ones((2, 1)), np.array([1, 1]), np.ones((1, 1))),
        (np.ones((2, 1)), np.array([0, 1]), np.ones((0, 1))),
        (np.array([[np.nan], [1.0]]), np.array([0, 1]), np.ones((1, 1))),
    ],
)
def test_one_label_no_test_image_and_broken_features_are_refused(train, labels, test):
    with pytest.raises(ArgumentError, match="finite features of two labels"):
        probe_accuracy(train, labels, test, np.zeros(len(test)), penalty=1.0)
