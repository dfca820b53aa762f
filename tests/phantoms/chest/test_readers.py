"""Readers disagree, within bounds, and outline what is there."""

import itertools

import numpy as np
import pytest

from reproduce.phantoms.chest.lesions import NODULE, SMALL_NODULE
from reproduce.phantoms.chest.readers import conspicuity


def _dice(a, b):
    return 2 * (a & b).sum() / (a.sum() + b.sum())


def _masks(scan, reader_mask):
    """Masks of all readers by lesion."""
    masks = {}
    for reading in scan.readings:
        for mark in reading.nodules:
            masks.setdefault(mark.lesion, []).append(reader_mask(mark, scan.image.shape))
    return masks


@pytest.fixture(scope="module")
def masks(chests, reader_mask):
    return [_masks(scan, reader_mask) for scan in chests]


def test_first_nodule_is_outlined_by_three_readers_at_least(chests, masks):
    for scan, by_lesion in zip(chests, masks, strict=True):
        assert len(scan.readings) == 4
        assert 3 <= len(by_lesion[0]) <= 4


def test_readers_outline_the_same_thing_differently(masks):
    dice = [_dice(a, b) for by in masks for drawn in by.values() for a, b in itertools.combinations(drawn, 2)]
    assert len(dice) > 30
    assert 0.75 < np.median(dice) < 0.95
    assert np.percentile(dice, 5) > 0.6
    assert np.percentile(dice, 75) < 0.99  # some small ones come out alike on pixels of 3 mm


def test_half_of_the_readers_come_close_to_the_truth(chests, masks):
    dice = []
    for scan, by_lesion in zip(chests, masks, strict=True):
        for i, drawn in by_lesion.items():
            if len(drawn) >= 3 and scan.lesions[i].diameter_mm >= 8:
                dice.append(_dice(np.mean(drawn, axis=0) >= 0.5, scan.nodule_labels == i + 1))
    assert np.mean(dice) > 0.8


def test_some_nodules_are_missed_and_some_marks_are_no_nodules(chests, masks):
    n_readers = [len(drawn) for by in masks for drawn in by.values()]
    assert min(n_readers) < 4 == max(n_readers)
    kinds = {scan.lesions[mark.lesion].kind for scan in chests for r in scan.readings for mark in r.non_nodules}
    assert kinds - {NODULE, SMALL_NODULE}


def test_points_lie_on_their_lesions(chests):
    n_points = 0
    for scan in chests:
        for reading in scan.readings:
            for point in (*reading.small_nodules, *reading.non_nodules):
                index = scan.grid.index_zyx(scan.lesions[point.lesion].centre_mm)
                assert np.abs(index - (point.slice_index, point.y, point.x)).max() <= 0.5
                n_points += 1
    assert n_points > 10


def test_every_outlined_slice_encloses_something_within_a_pixel_of_a_lung(chest, reader_mask):
    lungs = chest.structures["lung_left"] | chest.structures["lung_right"]
    for reading in chest.readings:
        for mark in reading.nodules:
            mask = reader_mask(mark, chest.image.shape)
            assert sorted(np.flatnonzero(mask.any(axis=(1, 2)))) == sorted(mark.outlines)
            # the lesion hides in the lung mask: nodules are part of the lungs here
            assert (mask & lungs).sum() > 0.7 * mask.sum()


def test_conspicuity_grows_with_size(chests):
    lesions = [lesion for scan in chests for lesion in scan.lesions if lesion.texture == "solid"]
    lesions.sort(key=lambda lesion: lesion.diameter_mm)
    assert 0 <= conspicuity(lesions[0]) < 0.35
    assert 0.8 < conspicuity(lesions[-1]) <= 1
