"""From phantom files to cases: the reader of BraTS finds every patient, and what was drawn."""

import numpy as np
import pytest

from reproduce.cohorts.brats import find_cohort, read_case
from reproduce.cohorts.brats_layouts import PUBLISHED
from reproduce.phantoms.brain.contrast import MODALITIES
from reproduce.phantoms.brain.mri import draw_patient
from reproduce.phantoms.writers.brats import write_brats_cohort

_GRID = {"matrix": 48, "n_slices": 10, "slice_spacing_mm": 12.0}


@pytest.fixture(scope="module")
def cohort(tmp_path_factory):
    folder = tmp_path_factory.mktemp("brats")
    write_brats_cohort(folder, n_patients=3, seed=2, workers=1, **_GRID)
    return find_cohort(folder, layouts=PUBLISHED, broken="refuse")


def test_every_patient_is_found(cohort):
    assert [scan.patient for scan in cohort.scans] == [f"BraTS-PHANTOM-000{number}" for number in (1, 2, 3)]


def test_a_case_is_what_was_drawn_where_it_was_drawn(cohort):
    for number, scan in enumerate(cohort.scans, start=1):
        case, drawn = read_case(scan), draw_patient(2, number, **_GRID)
        for channel, modality in enumerate(MODALITIES):
            np.testing.assert_array_equal(case.image.voxels[..., channel], drawn.images[modality].voxels)
        np.testing.assert_array_equal(case.reference.voxels, drawn.reference.voxels)
        np.testing.assert_allclose(case.image.affine, drawn.reference.affine, atol=1e-4)
