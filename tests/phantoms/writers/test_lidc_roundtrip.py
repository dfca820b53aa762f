"""The phantom cohort goes through the loader of LIDC-IDRI unharmed: files in, the drawn truth out."""

import numpy as np
import pytest

from reproduce.cohorts.lidc import find_cohort, read_case, read_nodules
from reproduce.phantoms.writers.lidc import write_lidc_cohort

_SIZE = {"matrix": 128, "n_slices": 22, "slice_spacing_mm": 2.5}
_N = 3


@pytest.fixture(scope="module")
def cohort(tmp_path_factory):
    folder = tmp_path_factory.mktemp("roundtrip")
    write_lidc_cohort(folder, n_patients=_N, seed=5, workers=1, **_SIZE)
    return find_cohort(folder)


@pytest.fixture
def drawn(chests):
    """The same patients, drawn in memory: seed, matrix and slices are those of the fixture."""
    return chests[:_N]


def test_all_patients_are_found_once(cohort):
    assert [scan.patient for scan in cohort.scans] == [f"PHANTOM-{i:04d}" for i in range(1, _N + 1)]


def test_image_is_the_drawn_one_in_its_place(cohort, drawn):
    for scan, truth in zip(cohort.scans, drawn, strict=True):
        case = read_case(scan, consensus=0.5, min_readers=1)
        np.testing.assert_allclose(case.image.affine, truth.image.affine, atol=1e-4)
        inside = truth.structures["body"]
        np.testing.assert_array_equal(case.image.voxels[inside], truth.image.voxels[inside])
        assert case.image.voxels.min() >= -1024  # padding is no density


def test_reference_is_the_consensus_of_the_drawn_readers(cohort, drawn, reader_mask):
    for scan, truth in zip(cohort.scans, drawn, strict=True):
        by_lesion = {}
        for reading in truth.readings:
            for mark in reading.nodules:
                by_lesion.setdefault(mark.lesion, []).append(reader_mask(mark, truth.image.shape))
        expected = np.zeros(truth.image.shape, bool)
        for masks in by_lesion.values():
            if len(masks) >= 3:
                expected |= np.mean(masks, axis=0) >= 0.5
        case = read_case(scan, consensus=0.5, min_readers=3)
        np.testing.assert_array_equal(case.reference.voxels > 0, expected)


def test_nodules_come_out_within_a_pixel_of_the_truth(cohort, drawn):
    n_nodules = 0
    for scan, truth in zip(cohort.scans, drawn, strict=True):
        nodules = [nodule for nodule in read_nodules(scan, consensus=0.5) if len(nodule.readers) >= 3]
        centres = [truth.grid.index_zyx(lesion.centre_mm) for lesion in truth.lesions]
        for nodule in nodules:
            apart = min(np.linalg.norm((centre - nodule.centroid_zyx)[1:]) for centre in centres)
            assert apart <= 1.0
            n_nodules += 1
    assert n_nodules >= _N
