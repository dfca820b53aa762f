"""Instances of a mask, and the boxes that belong to them, by hand."""

import numpy as np
import pytest
from keras import ops

from reproduce.models.detection.instances import Instances, instances, match, of_instance


def array(tensor):
    return ops.convert_to_numpy(tensor)


def one_hot(labels, n_regions):
    return np.eye(n_regions, dtype=np.float32)[np.asarray(labels)][None]


def test_a_region_is_one_instance_with_all_its_parts():
    labels = np.zeros((5, 6), int)
    labels[1, 2] = labels[3, 4] = 1  # two pixels of one region, apart from each other
    labels[0, 0] = 3
    found = instances(one_hot(labels, 4))
    # pixels 1..3 by 2..4, edges 1 to 4 by 2 to 5; region 2 is absent
    assert array(found.boxes)[0].tolist() == [[1, 2, 4, 5], [0, 0, 0, 0], [0, 0, 1, 1]]
    assert array(found.valid)[0].tolist() == [True, False, True]
    assert array(found.masks)[0].sum(axis=(0, 1)).tolist() == [2, 0, 1]


def test_the_last_pixel_and_the_whole_image():
    corner = np.zeros((3, 4), int)
    corner[2, 3] = 1
    assert array(instances(one_hot(corner, 2)).boxes)[0].tolist() == [[2, 3, 3, 4]]
    assert array(instances(one_hot(np.ones((3, 4), int), 2)).boxes)[0].tolist() == [[0, 0, 3, 4]]


def test_background_alone_has_no_instance():
    found = instances(one_hot(np.zeros((3, 4), int), 3))
    assert not array(found.valid).any()
    assert not array(found.boxes).any()


def objects(*boxes, valid=None):
    boxes = np.array([boxes], np.float32)
    valid = np.ones(boxes.shape[:2], bool) if valid is None else np.array([valid])
    return Instances(boxes, valid, np.zeros((1, 4, 4, boxes.shape[1]), np.float32))


def matched(boxes, found, **settings):
    settings = {"positive_iou": 0.7, "negative_iou": 0.3, "keep_best": False} | settings
    result = match(np.array([boxes], np.float32), found, **settings)
    return [array(part)[0].tolist() for part in result]


# Against [0, 0, 10, 10]: the same; 7 of 10 rows (0.7); half (0.5); 3 of 10 rows (0.3); 2 of 10 rows (0.2)
LADDER = [[0, 0, rows, 10] for rows in (10, 7, 5, 3, 2)]


def test_thresholds_by_hand():
    _, positive, negative = matched(LADDER, objects([0, 0, 10, 10]), negative_iou=0.31)
    assert positive == [True, True, False, False, False]
    assert negative == [False, False, False, True, True]


def test_each_box_goes_to_the_instance_that_it_overlaps_most():
    instance, positive, _ = matched([[0, 0, 10, 10], [20, 20, 29, 30]], objects([20, 20, 30, 30], [0, 0, 10, 9]))
    assert instance == [1, 0]
    assert positive == [True, True]


def test_the_best_box_of_an_instance_is_positive_however_small_its_overlap():
    far = objects([0, 0, 10, 10], [0, 50, 10, 60])
    boxes = [*LADDER[1:], [0, 58, 10, 68], [0, 59, 10, 69]]  # 2 of 18 columns; 1 of 19
    instance, positive, negative = matched(boxes, far, keep_best=True, positive_iou=0.8)
    assert instance[-2:] == [1, 1]
    assert positive == [True, False, False, False, True, False]
    assert negative[-2:] == [False, True]
    assert not any(matched(boxes, far, positive_iou=0.8)[1])


def test_equally_good_boxes_are_all_kept():
    boxes = [[0, 0, 10, 20], [0, -10, 10, 10]]  # both hold the instance, and as much again
    assert matched(boxes, objects([0, 0, 10, 10]), keep_best=True)[1] == [True, True]


@pytest.mark.parametrize("keep_best", [True, False])
def test_without_an_instance_every_box_is_background(keep_best):
    nothing = objects([0, 0, 0, 0], [0, 0, 10, 10], valid=[False, False])
    _, positive, negative = matched([*LADDER, [0, 0, 0, 0]], nothing, keep_best=keep_best)
    assert positive == [False] * 6
    assert negative == [True] * 6


def test_values_of_the_instance_of_each_box():
    values = np.array([[[1, 2], [3, 4]]], np.float32)
    assert array(of_instance(values, np.array([[1, 0, 1]], np.int32)))[0].tolist() == [[3, 4], [1, 2], [3, 4]]
