"""Counts at four levels of masks drawn by hand."""

import numpy as np
import pytest

from reproduce.metrics.confusion import Counts
from reproduce.protocol import Decision
from reproduce.scoring import native_masks, score_scan, slice_decisions


def decision(threshold=0.5, lesion_overlap=0.5):
    because = {"threshold": "silent: it is a test", "lesion_overlap": "silent: it is a test"}
    return Decision(threshold=threshold, lesion_overlap=lesion_overlap, because=because)


@pytest.fixture
def labels():
    """Four slices of 4x4: lesion 1 has four voxels in slice 0, lesion 2 one voxel in slice 2."""
    found = np.zeros((4, 4, 4), np.uint8)
    found[0, 1:3, 1:3] = 1
    found[2, 0, 0] = 2
    return found


@pytest.fixture
def masks():
    """Half of lesion 1 is found; in slice 2 two voxels are marked that touch no lesion."""
    found = np.zeros((4, 4, 4, 1), bool)
    found[0, 1, 1:3] = True
    found[2, 3, 2:4] = True
    return found


ANY = {"nodule": ()}


def test_four_levels_by_hand(labels, masks):
    found = score_scan(labels, masks, None, regions=ANY, decision=decision())
    assert found == {
        "nodule": {
            "pixel": Counts(2, 2, 3, 64 - 7),
            "slice": Counts(2, 0, 0, 2),  # slice 2 is rightly positive, for a wrong reason
            "lesion": Counts(1, 1, 1, 0),  # lesion 1 is found by half of it, lesion 2 missed, one mark is false
            "patient": Counts(1, 0, 0, 0),
        }
    }


def test_a_slice_head_decides_slices_and_nothing_else(labels, masks):
    without = score_scan(labels, masks, None, regions=ANY, decision=decision())["nodule"]
    scores = np.array([0.9, 0.5, 0.49, 0.0], np.float32)  # positive from 0.5 on: slices 0 and 1
    with_head = score_scan(labels, masks, scores, regions=ANY, decision=decision())["nodule"]
    assert with_head["slice"] == Counts(1, 1, 1, 1)
    assert {level: with_head[level] for level in ("pixel", "lesion", "patient")} == {
        level: without[level] for level in ("pixel", "lesion", "patient")
    }


def test_more_overlap_asked_for_makes_a_half_found_lesion_missed(labels, masks):
    found = score_scan(labels, masks, None, regions=ANY, decision=decision(lesion_overlap=0.51))["nodule"]
    assert found["lesion"] == Counts(0, 1, 2, 0)


def test_nothing_in_nothing(labels, masks):
    found = score_scan(labels * 0, masks & False, None, regions=ANY, decision=decision())["nodule"]
    assert found == {
        "pixel": Counts(0, 0, 0, 64),
        "slice": Counts(0, 0, 0, 4),
        "lesion": Counts(0, 0, 0, 0),
        "patient": Counts(0, 0, 0, 1),
    }


def test_regions_have_masks_and_labels_of_their_own_and_the_head_speaks_of_the_first(labels, masks):
    both = np.concatenate([masks, masks[..., ::-1, :, :] & False], axis=-1)
    both[2, 0, 0, 1] = True
    scores = np.zeros(4, np.float32)
    found = score_scan(labels, both, scores, regions={"one": (1,), "two": (2,)}, decision=decision())
    assert found["one"]["pixel"] == Counts(2, 2, 2, 58)
    assert found["one"]["slice"] == Counts(0, 0, 1, 3)  # the head says no everywhere
    assert found["two"]["pixel"] == Counts(1, 0, 0, 63)
    assert found["two"]["slice"] == Counts(1, 0, 0, 3)  # by its voxels, whatever the head says
    assert found["two"]["lesion"] == Counts(1, 0, 0, 0)


def test_tissues_that_touch_are_one_lesion_and_numbered_nodules_that_touch_are_two():
    labels = np.zeros((1, 1, 6), np.uint8)
    labels[0, 0, :2], labels[0, 0, 2:4], labels[0, 0, 5] = 1, 2, 2
    masks = (labels == 1)[..., None]
    tissues = score_scan(labels, masks, None, regions={"both": (1, 2)}, decision=decision())["both"]
    assert tissues["lesion"] == Counts(1, 0, 1, 0)  # 2 of the 4 voxels of one part; the part at the end is missed
    nodules = score_scan(labels, masks, None, regions=ANY, decision=decision())["nodule"]
    assert nodules["lesion"] == Counts(1, 0, 1, 0)  # nodule 1 is found, nodule 2 missed
    strict = decision(lesion_overlap=0.6)
    assert score_scan(labels, masks, None, regions={"both": (1, 2)}, decision=strict)["both"]["lesion"].tp == 0
    assert score_scan(labels, masks, None, regions=ANY, decision=strict)["nodule"]["lesion"].tp == 1


def test_slices_by_voxels_and_by_head():
    mask = np.zeros((3, 2, 2), bool)
    mask[1, 0, 0] = True
    assert slice_decisions(mask, None, decision()).tolist() == [False, True, False]
    assert slice_decisions(mask, np.array([0.5, 0.4, 0.6]), decision()).tolist() == [True, False, True]


def test_a_probability_equal_to_the_threshold_is_positive():
    probabilities = np.array([0.49, 0.5, 0.51, 1.0], np.float16).reshape(1, 2, 2, 1)
    assert native_masks(probabilities, (2, 2), 0.5).ravel().tolist() == [False, True, True, True]


@pytest.mark.parametrize(("threshold", "row"), [(0.5, [0, 0, 1, 1]), (0.25, [0, 1, 1, 1]), (0.76, [0, 0, 0, 1])])
def test_probabilities_are_interpolated_before_they_are_compared(threshold, row):
    # two pixels 0 and 1 on a grid of four with shared outer edges: 0, 1/4, 3/4, 1
    probabilities = np.array([[0, 1], [0, 1]], np.float16).reshape(1, 2, 2, 1)
    found = native_masks(probabilities, (4, 4), threshold)
    assert found.shape == (1, 4, 4, 1)
    assert found[0, ..., 0].astype(int).tolist() == [row] * 4


def test_a_grid_that_is_not_square_and_a_smaller_one():
    probabilities = np.full((2, 4, 4, 3), 0.7, np.float16)
    for shape in ((6, 5), (2, 3)):
        found = native_masks(probabilities, shape, 0.5)
        assert found.shape == (2, *shape, 3)
        assert found.all()
