"""Detections and their union, by hand."""

import numpy as np
import pytest
from keras import ops

from reproduce.models.detection.detections import Detections, detect, paste, semantic_map
from reproduce.models.detection.proposals import Proposals
from reproduce.models.detection.targets import mask_targets


def array(tensor):
    return ops.convert_to_numpy(tensor)


def detected(probabilities, boxes, *, valid=None, score_threshold=0.3, n_detections=10):
    logits = np.log(np.array([probabilities], np.float32))
    boxes = np.array([boxes], np.float32)
    valid = np.ones(boxes.shape[:2], bool) if valid is None else np.array([valid])
    codes = np.zeros((*logits.shape, 4), np.float32)
    settings = {"score_threshold": score_threshold, "n_detections": n_detections}
    found = detect(logits, codes, Proposals(boxes, valid), size=(32, 32), **settings)
    parts = zip(*(array(part)[0] for part in found), strict=True)
    return [(box.tolist(), round(float(score), 4), int(label)) for box, score, label, alive in parts if alive]


HERE, NEAR, FAR = [0, 0, 10, 10], [1, 0, 11, 10], [20, 20, 30, 30]


def test_by_hand():
    found = detected([[0.1, 0.8, 0.1], [0.2, 0.7, 0.1], [0.1, 0.3, 0.6]], [HERE, NEAR, FAR])
    # the second is of the class of the first and overlaps it; 0.3 is not above the threshold
    assert found == [(HERE, 0.8, 1), (FAR, 0.6, 2)]


def test_classes_do_not_suppress_each_other():
    found = detected([[0.1, 0.8, 0.1], [0.2, 0.1, 0.7]], [HERE, NEAR])
    assert found == [(HERE, 0.8, 1), (NEAR, 0.7, 2)]


def test_one_proposal_may_be_of_two_classes():
    assert detected([[0.1, 0.5, 0.4]], [HERE]) == [(HERE, 0.5, 1), (HERE, 0.4, 2)]


def test_background_proposals_that_are_not_valid_and_empty_boxes_are_not_found():
    assert detected([[0.8, 0.1, 0.1]], [HERE]) == []
    assert detected([[0.1, 0.8, 0.1]], [HERE], valid=[False]) == []
    assert detected([[0.1, 0.8, 0.1]], [[40, 40, 50, 50]]) == []


def test_no_more_than_asked():
    assert detected([[0.1, 0.8, 0.1], [0.3, 0.1, 0.6]], [HERE, FAR], n_detections=1) == [(HERE, 0.8, 1)]


def test_a_full_mask_fills_its_box():
    full = array(paste(np.ones((1, 1, 4, 4), np.float32), np.array([[[2, 3, 6, 9]]], np.float32), size=(8, 12)))
    expected = np.zeros((8, 12))
    expected[2:6, 3:9] = 1
    assert full[0, 0] == pytest.approx(expected)


def test_a_mask_of_one_pixel_a_bin_is_copied():
    mask = np.random.default_rng(0).random((4, 4)).astype(np.float32)
    pasted = array(paste(mask[None, None], np.array([[[1, 2, 5, 6]]], np.float32), size=(8, 8)))
    assert pasted[0, 0, 1:5, 2:6] == pytest.approx(mask, abs=1e-6)


def test_between_bins_it_is_linear():
    mask = np.array([[0, 0], [1, 1]], np.float32)[None, None]
    pasted = array(paste(mask, np.array([[[0, 0, 4, 4]]], np.float32), size=(4, 4)))
    # centres of pixels at 1/8, 3/8, 5/8, 7/8 of the box; of bins at 1/4, 3/4; beyond those the bin's own value
    assert pasted[0, 0, :, 0] == pytest.approx([0, 0.25, 0.75, 1])


def test_an_empty_box_holds_nothing():
    assert not array(paste(np.ones((1, 1, 4, 4), np.float32), np.zeros((1, 1, 4), np.float32), size=(6, 6))).any()


def test_paste_undoes_the_mask_target():
    y, x = np.mgrid[:64, :64] + 0.5
    disc = (((y - 30) / 21) ** 2 + ((x - 34) / 17) ** 2 < 1).astype(np.float32)
    rows, columns = (np.flatnonzero(disc.any(axis=axis)) for axis in (1, 0))
    box = np.array([[[rows[0], columns[0], rows[-1] + 1, columns[-1] + 1]]], np.float32)
    target = mask_targets(disc[None, ..., None], box, np.array([[0]]), n_bins=28)
    back = array(paste(target, box, size=(64, 64)))[0, 0] >= 0.5
    assert 2 * (back & (disc > 0)).sum() / (back.sum() + disc.sum()) > 0.98


def found(scores, labels, valid):
    scores = np.array([scores], np.float32)
    return Detections(np.zeros((1, scores.shape[1], 4)), scores, np.array([labels], np.int32), np.array([valid]))


def test_the_better_score_wins_an_overlap():
    pasted = np.zeros((1, 3, 1, 5), np.float32)
    pasted[0, 0, 0, :2] = 0.6  # best score, class 2
    pasted[0, 1, 0, 1:3] = 0.9  # class 1
    pasted[0, 2, 0, :] = 1.0  # not valid
    pasted[0, 0, 0, 3] = 0.49
    regions = semantic_map(pasted, found([0.9, 0.8, 0.7], [2, 1, 1], [True, True, False]), n_regions=3)
    assert array(regions).dtype == np.float32
    assert array(regions)[0, 0].argmax(axis=-1).tolist() == [2, 2, 1, 0, 0]
    assert (array(regions).sum(axis=-1) == 1).all()


def test_without_detection_all_is_background():
    regions = array(semantic_map(np.ones((1, 1, 2, 2), np.float32), found([0.1], [1], [False]), n_regions=3))
    assert (regions[..., 0] == 1).all()
