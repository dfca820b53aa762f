"""Suppression by hand, and against the greedy loop of the papers."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from keras import ops

from reproduce.models.detection.boxes import iou_matrix
from reproduce.models.detection.proposals import nms


def kept(boxes, scores, *, valid=None, groups=None, iou_threshold=0.5, n_kept=10):
    """Of one image the indices that survive, best first."""
    boxes, scores = np.array(boxes, np.float32)[None], np.array(scores, np.float32)[None]
    valid = np.ones(scores.shape, bool) if valid is None else np.array(valid)[None]
    groups = np.zeros(scores.shape, np.int32) if groups is None else np.array(groups, np.int32)[None]
    found = nms(boxes, scores, valid, groups=groups, iou_threshold=iou_threshold, n_kept=n_kept)
    index, alive = (ops.convert_to_numpy(part)[0] for part in found)
    return index[alive].tolist()


# Of 10 x 4; each overlaps the next by 8 of 12 rows (2/3), the one after by 6 of 14 (3/7).
CHAIN = [[0, 0, 10, 4], [2, 0, 12, 4], [4, 0, 14, 4], [6, 0, 16, 4]]


def test_a_suppressed_box_suppresses_nothing():
    # 0 kills 1, so that 2 lives, and kills 3
    assert kept(CHAIN, [0.9, 0.8, 0.7, 0.6]) == [0, 2]


def test_survivors_come_in_the_order_of_their_scores():
    assert kept(CHAIN, [0.6, 0.7, 0.8, 0.9]) == [3, 1]
    assert kept([[0, 0, 1, 1], [5, 5, 6, 6], [9, 9, 10, 10]], [0.1, 0.9, 0.5]) == [1, 2, 0]


def test_an_overlap_of_exactly_the_threshold_is_allowed():
    halves = [[0, 0, 4, 4], [0, 0, 2, 4]]
    assert kept(halves, [0.9, 0.8], iou_threshold=0.5) == [0, 1]
    assert kept(halves, [0.9, 0.8], iou_threshold=0.49) == [0]


def test_groups_do_not_suppress_each_other():
    assert kept([CHAIN[0]] * 3, [0.9, 0.8, 0.7], groups=[1, 2, 1]) == [0, 1]


def test_what_is_not_valid_neither_lives_nor_suppresses():
    assert kept(CHAIN, [0.9, 0.8, 0.7, 0.6], valid=[False, True, True, True]) == [1, 3]
    assert kept(CHAIN, [0.9, 0.8, 0.7, 0.6], valid=[False] * 4) == []


def test_no_more_than_asked_are_kept():
    apart = [[i, 0, i + 1, 1] for i in range(5)]
    assert kept(apart, [0.1, 0.5, 0.3, 0.4, 0.2], n_kept=2) == [1, 3]


def test_of_equal_scores_the_first_counts():
    assert kept([CHAIN[0]] * 3, [0.5, 0.5, 0.5]) == [0]


def test_images_of_a_batch_are_apart():
    boxes = np.array([CHAIN, CHAIN], np.float32)
    scores = np.array([[0.9, 0.8, 0.7, 0.6], [0.6, 0.7, 0.8, 0.9]], np.float32)
    valid, groups = np.ones((2, 4), bool), np.zeros((2, 4), np.int32)
    found = nms(boxes, scores, valid, groups=groups, iou_threshold=0.5, n_kept=4)
    index, alive = (ops.convert_to_numpy(part) for part in found)
    assert [row[flags].tolist() for row, flags in zip(index, alive, strict=True)] == [[0, 2], [3, 1]]


def greedy(boxes, scores, threshold):
    overlap = ops.convert_to_numpy(iou_matrix(boxes, boxes))
    alive = []
    for i in np.argsort(-scores, kind="stable"):
        if all(overlap[i, j] <= threshold for j in alive):
            alive.append(int(i))
    return alive


@settings(deadline=None, max_examples=20)
@given(st.integers(0, 2**31), st.floats(0.1, 0.9))
def test_it_is_the_greedy_loop(seed, threshold):
    rng = np.random.default_rng(seed)
    low = rng.uniform(0, 20, (40, 2))
    boxes = np.hstack([low, low + rng.uniform(1, 20, (40, 2))]).astype(np.float32)
    scores = rng.permutation(40).astype(np.float32)
    assert kept(boxes, scores, iou_threshold=threshold, n_kept=40) == greedy(boxes, scores, threshold)


@pytest.mark.parametrize("n", [1, 60])
def test_a_chain_as_long_as_the_list_is_decided_to_its_end(n):
    # boxes of 10 rows, one row on each: 0.8 is exceeded by the next (9/11), not by the one after (8/12)
    chain = [[i, 0, i + 10, 1] for i in range(n)]
    assert kept(chain, np.arange(n, 0, -1), iou_threshold=0.8, n_kept=n) == list(range(0, n, 2))
