"""Targets of anchors, proposals and masks, by hand."""

import numpy as np
import pytest
from keras import ops

from reproduce.models.detection.boxes import decode
from reproduce.models.detection.instances import instances
from reproduce.models.detection.proposals import RPN_WEIGHTS, Proposals
from reproduce.models.detection.targets import HEAD_WEIGHTS, head_targets, mask_targets, rpn_targets


def array(tensor):
    return ops.convert_to_numpy(tensor)


def image(**regions):
    """One-hot mask of 16x16 with rectangles y0, x0, y1, x1 by the number of their region, of 3 regions."""
    labels = np.zeros((16, 16), int)
    for name, (y0, x0, y1, x1) in regions.items():
        labels[y0:y1, x0:x1] = int(name[1:])
    return np.eye(3, dtype=np.float32)[labels][None]


TWO = image(r1=(2, 2, 8, 10), r2=(10, 4, 14, 8))
ANCHORS = np.array([[2, 2, 8, 10], [2, 2, 8, 11], [9, 4, 14, 9], [0, 12, 4, 16], [2, 2, 8, 6]], np.float32)


def test_rpn_targets_by_hand():
    # anchor 0 is instance 0; 1 overlaps it by 48 / 54; 2 is the best of instance 1 (16 of 25); 3 touches nothing; 4
    # holds half of instance 0, too little to be positive and too much to be negative
    targets = rpn_targets(ANCHORS, instances(TWO), seed=0)
    index, positive, chosen = (array(part)[0] for part in targets.sampled)
    assert sorted(index[positive]) == [0, 1, 2]
    assert index[chosen & ~positive].tolist() == [3]
    assert chosen.sum() == 4
    code = array(targets.code)[0]
    moved = array(decode(code, ANCHORS[index], weights=RPN_WEIGHTS))
    expected = {0: [2, 2, 8, 10], 1: [2, 2, 8, 10], 2: [10, 4, 14, 8]}
    for i in np.flatnonzero(positive):
        assert moved[i] == pytest.approx(expected[index[i]], abs=1e-4)


def test_an_image_without_instance_has_negative_anchors_alone():
    targets = rpn_targets(ANCHORS, instances(image()), seed=0)
    assert not array(targets.sampled.positive).any()
    assert array(targets.sampled.chosen).all()
    assert np.isfinite(array(targets.code)).all()


def heads(mask, boxes, valid=None, n_sampled=8):
    boxes = np.array([boxes], np.float32)
    valid = np.ones(boxes.shape[:2], bool) if valid is None else np.array([valid])
    proposals = Proposals(boxes, valid)
    return head_targets(proposals, instances(mask), n_sampled=n_sampled, mask_bins=4, seed=0)


def test_instances_are_proposals_themselves():
    targets = heads(TWO, [[0, 12, 4, 16]])
    positive = array(targets.positive)[0]
    assert positive.tolist() == [True, True, False]  # a quarter of 8 at the most; three boxes in all
    boxes, labels = array(targets.boxes)[0], array(targets.label)[0]
    assert {tuple(box): label for box, label in zip(boxes.tolist(), labels.tolist(), strict=True)} == {
        (2, 2, 8, 10): 1,
        (10, 4, 14, 8): 2,
        (0, 12, 4, 16): 0,
    }
    assert array(targets.code)[0, :2] == pytest.approx(0, abs=1e-6)
    assert array(targets.mask).shape == (1, 2, 4, 4)
    # the box is the instance; bins at its edge read up to an eighth a side from beyond it, corners twice
    assert array(targets.mask).min() == pytest.approx(0.875**2)
    assert array(targets.mask)[:, :, 1:3, 1:3] == pytest.approx(1.0)


def test_proposals_that_are_not_valid_are_not_chosen():
    targets = heads(image(), [[0, 0, 4, 4], [4, 4, 8, 8]], valid=[False, True])
    chosen = array(targets.chosen)[0]
    assert chosen.sum() == 1
    assert array(targets.boxes)[0][chosen].tolist() == [[4, 4, 8, 8]]
    assert not array(targets.positive).any()


def test_a_proposal_of_half_overlap_is_learned_as_its_instance():
    only = image(r2=(4, 4, 12, 12))
    targets = heads(only, [[4, 4, 8, 12], [4, 4, 7, 12]], n_sampled=16)
    boxes, labels, positive = (array(part)[0] for part in (targets.boxes, targets.label, targets.positive))
    assert {
        tuple(box): label for box, label in zip(boxes[positive].tolist(), labels[positive].tolist(), strict=True)
    } == {
        (4, 4, 12, 12): 2,
        (4, 4, 8, 12): 2,
    }
    moved = array(decode(array(targets.code)[0], boxes, weights=HEAD_WEIGHTS))
    assert moved[positive] == pytest.approx(np.array([[4, 4, 12, 12]] * 2), abs=1e-4)


def test_a_mask_target_is_the_instance_in_the_box():
    masks = np.zeros((1, 8, 8, 2), np.float32)
    masks[0, 2:4, 2:6, 0] = 1  # the upper half of the box
    masks[0, :, :, 1] = 1
    boxes = np.array([[[2, 2, 6, 6], [2, 2, 6, 6]]], np.float32)
    found = array(mask_targets(masks, boxes, np.array([[0, 1]]), n_bins=4))
    # Bins of one pixel, points a quarter of a pixel from its centre: a bin at an edge of the object takes an eighth of
    # its value from beyond the edge.
    rows, columns = [0.875, 0.875, 0.125, 0], [0.875, 1, 1, 0.875]
    assert found[0, 0] == pytest.approx(np.outer(rows, columns), abs=1e-6)
    assert found[0, 1] == pytest.approx(1.0)
