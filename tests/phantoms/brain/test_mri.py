"""Whole patients: contrasts, sizes, what a threshold makes of them, and one anatomy on every grid."""

import numpy as np
import pytest
from scipy import ndimage

from reproduce.errors import ArgumentError
from reproduce.phantoms.brain.contrast import MODALITIES, Tissue
from reproduce.phantoms.brain.mri import draw_patient

_GRID = {"matrix": 96, "n_slices": 40, "slice_spacing_mm": 4.0}


@pytest.fixture(scope="module")
def patients():
    """Eight patients at 96x96x40."""
    return [draw_patient(3, number, **_GRID) for number in range(1, 9)]


@pytest.fixture(scope="module")
def fine():
    """The first of them on a grid twice as fine."""
    return draw_patient(3, 1, matrix=192, n_slices=80, slice_spacing_mm=2.0)


def _median(patient, modality, where):
    return np.median(patient.images[modality].voxels[where])


@pytest.mark.parametrize(
    ("modality", "bright_to_dark"),
    [
        ("t1", (Tissue.WHITE, Tissue.GREY, Tissue.CSF)),
        ("t1ce", (Tissue.WHITE, Tissue.GREY, Tissue.CSF)),
        ("t2", (Tissue.CSF, Tissue.GREY, Tissue.WHITE)),
        ("flair", (Tissue.WHITE, Tissue.CSF)),
    ],
)
def test_tissues_have_the_order_of_the_modality(patients, modality, bright_to_dark):
    for patient in patients:
        signals = [_median(patient, modality, patient.tissues == tissue) for tissue in bright_to_dark]
        assert signals == sorted(signals, reverse=True)
        assert len(set(signals)) == len(signals)


def test_cortex_without_fluid_in_it_is_brighter_than_white_matter_on_flair(fine):
    fluid = ndimage.binary_dilation(fine.tissues <= Tissue.CSF)
    grey = (fine.tissues == Tissue.GREY) & ~fluid
    assert grey.sum() > 1000
    assert _median(fine, "flair", grey) > _median(fine, "flair", fine.tissues == Tissue.WHITE)


def test_a_tumour_stands_out_as_its_parts_do(patients):
    for patient in patients:
        labels, white = patient.reference.voxels, patient.tissues == Tissue.WHITE
        assert _median(patient, "flair", labels == 2) > 1.05 * _median(patient, "flair", white)
        assert _median(patient, "t2", labels > 0) > 1.1 * _median(patient, "t2", white)
        if patient.tumour.enhances:
            assert _median(patient, "t1ce", labels == 4) > 1.1 * _median(patient, "t1ce", white)
            assert _median(patient, "t1ce", labels == 4) > 1.25 * _median(patient, "t1ce", labels == 1)


def test_a_threshold_on_flair_is_no_segmentation(patients):
    thresholds = np.arange(0.2, 4, 0.1)
    scores = []
    for patient in patients:
        flair, reference = patient.images["flair"].voxels.astype(float), patient.reference.voxels > 0
        inside = flair != 0
        standard = (flair - flair[inside].mean()) / flair[inside].std()
        found = (standard[None] > thresholds[:, None, None, None]) & inside
        overlap = (found & reference).sum(axis=(1, 2, 3))
        scores.append(2 * overlap / (found.sum(axis=(1, 2, 3)) + reference.sum()))
    scores = np.array(scores)
    assert scores.mean(axis=0).max() < 0.6  # the best threshold for all, chosen with the reference
    assert scores.max(axis=1).mean() < 0.65  # and the best for each
    assert scores.max() > 0.4  # for the tumour is bright


def test_a_tumour_has_its_share_of_brain_and_slices(patients):
    shares = [(p.reference.voxels > 0).sum() / (p.tissues > 0).sum() for p in patients]
    assert 0.01 < min(shares) < 0.03
    assert max(shares) < 0.09
    for patient, share in zip(patients, shares, strict=True):
        assert share == pytest.approx(patient.tumour.share, rel=0.15)
    slices = np.mean([(p.reference.voxels > 0).any(axis=(1, 2)).mean() for p in patients])
    assert 0.22 < slices < 0.45


def test_labels_are_those_of_brats_and_enhance_where_the_tumour_does(patients):
    assert {patient.tumour.enhances for patient in patients} == {True, False}
    for patient in patients:
        labels = set(np.unique(patient.reference.voxels))
        assert labels == ({0, 1, 2, 4} if patient.tumour.enhances else {0, 1, 2})
        assert patient.reference.voxels.dtype == np.uint8


def test_an_enhancing_rim_lies_between_the_necrosis_and_the_rest(patients):
    for patient in patients:
        if patient.tumour.enhances:
            labels = patient.reference.voxels
            around = ndimage.binary_dilation(labels == 1) & (labels != 1)
            assert (labels[around] == 4).mean() > 0.5


def test_background_is_0_in_all_modalities_and_nothing_is_labelled_there(patients):
    for patient in patients:
        outside = ~ndimage.binary_dilation(patient.tissues > 0)
        assert all(not image.voxels[outside].any() for image in patient.images.values())
        assert not patient.reference.voxels[patient.tissues == 0].any()
        assert all(image.voxels.dtype == np.int16 for image in patient.images.values())
        assert 0.13 < (patient.tissues > 0).mean() < 0.23  # 1.6 of 8.9 million voxels, 0.18, in a patient of BraTS


def test_both_halves_are_nearly_alike_but_for_the_tumour(patients):
    for patient in patients:
        white = patient.images["t1"].voxels * (patient.tissues == Tissue.WHITE)
        middle = round(float(np.mean(np.nonzero(patient.tissues)[2])))
        left, right = white[..., middle + 1 :] > 0, white[..., :middle][..., ::-1] > 0
        n = min(left.shape[-1], right.shape[-1])
        left, right = left[..., :n], right[..., :n]
        assert 0.6 < 2 * (left & right).sum() / (left.sum() + right.sum()) < 0.98


def test_the_same_patient_on_another_grid_is_the_same_patient(patients, fine):
    for coarse_map, fine_map in (
        (patients[0].reference.voxels > 0, fine.reference.voxels > 0),
        (patients[0].tissues > 0, fine.tissues > 0),
    ):
        pooled = fine_map.reshape(40, 2, 96, 2, 96, 2).mean(axis=(1, 3, 5)) > 0.5
        assert 2 * (pooled & coarse_map).sum() / (pooled.sum() + coarse_map.sum()) > 0.85


def test_patients_differ_and_are_drawn_again_alike(patients):
    again = draw_patient(3, 2, **_GRID)
    for modality in MODALITIES:
        np.testing.assert_array_equal(again.images[modality].voxels, patients[1].images[modality].voxels)
        assert not np.array_equal(again.images[modality].voxels, patients[2].images[modality].voxels)
    np.testing.assert_array_equal(again.reference.voxels, patients[1].reference.voxels)
    assert len({patient.images["t1"].voxels.max() for patient in patients}) > 5


def test_the_grid_is_that_of_brats_in_lps(patients):
    # field 240 mm over 96: 2.5 mm. First voxel of 1 mm at (0, -239, 0): edge at (-0.5, -239.5), so 0.75 further on;
    # the middle slice of BraTS, 77 mm, less 19.5 slices of 4 mm
    expected = np.diag([2.5, 2.5, 4.0, 1.0])
    expected[:3, 3] = 0.75, -238.25, -1.0
    np.testing.assert_allclose(patients[0].images["t1"].affine, expected)
    np.testing.assert_allclose(patients[0].reference.affine, expected)


def test_a_low_stack_still_shows_the_tumour():
    patient = draw_patient(3, 1, matrix=48, n_slices=10, slice_spacing_mm=4.0)
    assert (patient.reference.voxels > 0).any(axis=(1, 2)).sum() >= 3


@pytest.mark.parametrize(
    "broken", [{"matrix": 16}, {"n_slices": 2}, {"n_slices": 5}, {"slice_spacing_mm": float("nan")}]
)
def test_a_grid_that_can_show_no_tumour_is_refused(broken):
    with pytest.raises(ArgumentError, match="matrix >= 32"):
        draw_patient(3, 1, **{**_GRID, **broken})
