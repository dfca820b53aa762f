"""Proposals by hand: the best anchors of each level, moved, clipped and suppressed."""

import numpy as np
from keras import ops

from reproduce.models.detection.proposals import flatten_rpn, propose

FINE = np.array([[0, 0, 10, 10], [1, 0, 11, 10], [30, 30, 40, 40], [-5, 0, 5, 10]], np.float32)
COARSE = np.array([[0, 0, 10, 10]], np.float32)
LOGITS = [np.array([[3.0, 2.0, 1.0, -4.0]], np.float32), np.array([[2.5]], np.float32)]
STILL = [np.zeros((1, 4, 4), np.float32), np.zeros((1, 1, 4), np.float32)]


def proposed(logits=LOGITS, codes=STILL, *, n_candidates=10, n_proposals=10, size=(35, 64)):
    found = propose(logits, codes, (FINE, COARSE), size=size, n_candidates=n_candidates, n_proposals=n_proposals)
    boxes, valid = (ops.convert_to_numpy(part)[0] for part in found)
    return boxes[valid].tolist()


def test_by_hand():
    # 1 falls to 0 (9 of 11 rows); the level above does not suppress; 3 is clipped, as 2 is
    assert proposed() == [[0, 0, 10, 10], [0, 0, 10, 10], [30, 30, 35, 40], [0, 0, 5, 10]]


def test_no_more_than_asked_the_best_of_all_levels():
    assert proposed(n_proposals=2) == [[0, 0, 10, 10], [0, 0, 10, 10]]
    assert proposed(n_proposals=3)[2] == [30, 30, 35, 40]


def test_candidates_are_the_best_of_their_level():
    # anchor 1 alone beside anchor 0, and suppressed by it
    assert proposed(n_candidates=2) == [[0, 0, 10, 10]] * 2


def test_the_code_moves_the_anchor_before_it_is_clipped():
    codes = [np.copy(part) for part in STILL]
    codes[0][0, 2, 0] = 0.2  # down by a fifth of 10 rows
    assert [32, 30, 35, 40] in proposed(codes=codes)


def test_boxes_that_leave_the_image_are_dropped():
    assert proposed(size=(30, 64)) == [[0, 0, 10, 10], [0, 0, 10, 10], [0, 0, 5, 10]]


def test_rpn_outputs_follow_the_order_of_the_anchors():
    objectness = np.arange(2 * 3 * 3, dtype=np.float32).reshape(1, 2, 3, 3)
    code = np.arange(2 * 3 * 12, dtype=np.float32).reshape(1, 2, 3, 12)
    logits, codes = (ops.convert_to_numpy(part) for part in flatten_rpn((objectness, code)))
    assert logits[0].tolist() == list(range(18))
    assert codes.shape == (1, 18, 4)
    assert codes[0, 4].tolist() == [16, 17, 18, 19]  # second cell, second shape
