"""A drawn patient: the same again, with the densities of a chest, and hard for a threshold."""

import numpy as np
import pytest

from reproduce.phantoms.chest.ct import draw_patient
from reproduce.phantoms.chest.painting import STRUCTURES

_SMALL = {"matrix": 64, "n_slices": 20, "slice_spacing_mm": 2.5}


def _mean_hu(scan, name, *, shrink=3):
    from scipy import ndimage

    inside = ndimage.binary_erosion(scan.structures[name], np.ones((1, 3, 3)), iterations=shrink)
    return float(scan.image.voxels[inside].mean())


def test_same_arguments_give_the_same_patient():
    a, b = draw_patient(3, 2, **_SMALL), draw_patient(3, 2, **_SMALL)
    np.testing.assert_array_equal(a.image.voxels, b.image.voxels)
    np.testing.assert_array_equal(a.image.affine, b.image.affine)
    assert [len(r.nodules) for r in a.readings] == [len(r.nodules) for r in b.readings]


def test_another_patient_or_seed_gives_another():
    voxels = [draw_patient(seed, i, **_SMALL).image.voxels for seed, i in ((3, 2), (3, 3), (4, 2))]
    assert not np.array_equal(voxels[0], voxels[1])
    assert not np.array_equal(voxels[0], voxels[2])


def test_densities_are_those_of_tissue(chest):
    assert chest.image.voxels.dtype == np.int16
    assert -900 < _mean_hu(chest, "lung_left") < -740
    assert -900 < _mean_hu(chest, "lung_right") < -740
    assert 30 < _mean_hu(chest, "heart") < 260  # to 260 with contrast medium
    assert 20 < _mean_hu(chest, "spinal_cord", shrink=1) < 70
    assert (chest.image.voxels[chest.structures["body"]] > 400).mean() > 0.003  # bone
    air = chest.image.voxels[:, 30:50, 120:136]
    assert not chest.structures["body"][:, 30:50, 120:136].any()
    assert -1024 <= air.mean() < -970


def test_lung_is_denser_at_the_back(chests):
    gains = []
    for scan in chests:
        lungs = scan.structures["lung_left"] | scan.structures["lung_right"]
        y = np.nonzero(lungs)[1]
        values = scan.image.voxels[lungs]
        low, high = np.percentile(y, [25, 75])
        gains.append(np.median(values[y >= high]) - np.median(values[y <= low]))
    assert np.mean(gains) > 10


def test_structures_are_disjoint_parts_of_the_body_on_their_sides(chest):
    assert tuple(chest.structures) == STRUCTURES
    parts = [chest.structures[name] for name in STRUCTURES[1:]]
    assert np.sum(parts, axis=0).max() == 1
    assert all(part.any() for part in parts)
    assert not (np.any(parts, axis=0) & ~chest.structures["body"]).any()
    left = np.nonzero(chest.structures["lung_left"])[2].mean()
    right = np.nonzero(chest.structures["lung_right"])[2].mean()
    assert left > right + 40  # LPS: x grows to the left of the patient


def test_nodules_are_labelled_where_they_are(chest):
    for i, lesion in enumerate(chest.lesions):
        voxels = np.argwhere(chest.nodule_labels == i + 1)
        if lesion.kind == "nodule":
            assert np.linalg.norm((voxels.mean(axis=0) - chest.grid.index_zyx(lesion.centre_mm))[1:]) < 4
        else:
            assert len(voxels) == 0


def test_a_threshold_in_the_lung_finds_vessels_instead_of_nodules(chests):
    best = 0.0
    for threshold in (-600, -500, -400, -300, -200, -100):
        dice = []
        for scan in chests:
            lungs = scan.structures["lung_left"] | scan.structures["lung_right"]
            found, truth = lungs & (scan.image.voxels > threshold), scan.nodule_labels > 0
            dice.append(2 * (found & truth).sum() / (found.sum() + truth.sum()))
        best = max(best, float(np.mean(dice)))
    assert best < 0.4


def test_a_third_or_so_of_the_slices_shows_a_nodule(chests):
    share = np.mean([(scan.nodule_labels > 0).any(axis=(1, 2)).mean() for scan in chests])
    assert 0.25 < share < 0.6


def test_field_of_view_belongs_to_the_patient_not_to_the_matrix():
    fields = [draw_patient(1, 1, **{**_SMALL, "matrix": m}).grid.pixel_mm * m for m in (32, 64)]
    assert fields[0] == pytest.approx(fields[1], abs=1e-3)
    assert 0.6 * 512 - 0.1 < fields[0] < 0.9 * 512 + 0.1


@pytest.mark.parametrize("wrong", [{"matrix": 16}, {"n_slices": 2}, {"slice_spacing_mm": 0.0}])
def test_arguments_out_of_range_are_refused(wrong):
    with pytest.raises(ValueError, match="expected matrix"):
        draw_patient(0, 1, **{**_SMALL, **wrong})
