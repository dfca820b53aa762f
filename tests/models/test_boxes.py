"""Boxes by hand and by properties: area, overlap, code, clipping."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from keras import ops

from reproduce.models.detection.boxes import area, clip_to, decode, encode, iou_matrix


def array(tensor):
    return ops.convert_to_numpy(tensor)


def boxes(*rows):
    return np.array(rows, np.float32).reshape(-1, 4)


@st.composite
def some_boxes(draw, n=3):
    low = draw(st.lists(st.tuples(*[st.integers(0, 50)] * 2), min_size=n, max_size=n))
    side = draw(st.lists(st.tuples(*[st.integers(1, 30)] * 2), min_size=n, max_size=n))
    return np.hstack([np.array(low), np.array(low) + np.array(side)]).astype(np.float32)


def test_area_by_hand():
    # 3 by 4; without extent along y; ends before its start
    assert array(area(boxes([1, 2, 4, 6], [1, 2, 1, 6], [4, 2, 1, 6]))).tolist() == [12, 0, 0]


def test_overlap_by_hand():
    first = boxes([0, 0, 4, 4], [0, 0, 0, 0])
    second = boxes([0, 0, 4, 4], [2, 2, 6, 6], [4, 0, 8, 4], [0, 0, 2, 4], [0, 0, 0, 0])
    # the same; 4 of 16 + 16 - 4 = 28; they touch; half of it; an empty box; two empty boxes
    assert array(iou_matrix(first, second)[0]) == pytest.approx([1, 4 / 28, 0, 0.5, 0])
    assert array(iou_matrix(first, second)[1]).tolist() == [0] * 5


@settings(deadline=None, max_examples=25)
@given(some_boxes(), some_boxes())
def test_overlap_is_symmetric_and_a_share(first, second):
    overlap = array(iou_matrix(first, second))
    assert ((overlap >= 0) & (overlap <= 1)).all()
    assert overlap == pytest.approx(array(iou_matrix(second, first)).T)
    assert np.diagonal(array(iou_matrix(first, first))) == pytest.approx(1)


def test_code_by_hand():
    anchor, box = boxes([0, 0, 10, 20]), boxes([5, 5, 25, 15])
    # centres (5, 10) and (15, 10), sides (10, 20) and (20, 10): one side down, none across, twice as high, half as wide
    assert array(encode(box, anchor, weights=(1.0, 1.0)))[0] == pytest.approx([1, 0, math.log(2), -math.log(2)])
    assert array(encode(box, anchor, weights=(10.0, 5.0)))[0] == pytest.approx(
        [10, 0, 5 * math.log(2), -5 * math.log(2)]
    )


@settings(deadline=None, max_examples=25)
@given(some_boxes(), some_boxes(), st.sampled_from([(1.0, 1.0), (10.0, 5.0)]))
def test_a_box_comes_back_from_its_code(first, anchors, weights):
    code = encode(first, anchors, weights=weights)
    assert array(decode(code, anchors, weights=weights)) == pytest.approx(first, abs=1e-3)


def test_a_code_of_zero_is_the_anchor():
    anchors = boxes([1, 2, 7, 5], [0, 0, 1, 1])
    assert array(decode(np.zeros((2, 4), np.float32), anchors, weights=(10.0, 5.0))) == pytest.approx(anchors)


def test_a_huge_code_magnifies_by_62_and_a_half():
    moved = array(decode(boxes([0, 0, 1e6, 1e6]), boxes([0, 0, 2, 4]), weights=(1.0, 1.0)))[0]
    assert moved[2:] - moved[:2] == pytest.approx([2 * 62.5, 4 * 62.5], rel=1e-5)


def test_empty_boxes_have_a_finite_code():
    empty, box = boxes([0, 0, 0, 0]), boxes([0, 0, 3, 3])
    assert np.isfinite(array(encode(empty, box, weights=(10.0, 5.0)))).all()
    assert np.isfinite(array(encode(box, empty, weights=(10.0, 5.0)))).all()


def test_clipping_by_hand():
    inside, beyond, outside = [1, 1, 3, 3], [-2, -1, 9, 9], [20, 1, 30, 3]
    clipped = array(clip_to(boxes(inside, beyond, outside), (6, 8)))
    assert clipped.tolist() == [inside, [0, 0, 6, 8], [6, 1, 6, 3]]
    assert array(area(clipped)).tolist() == [4, 48, 0]
