"""A lung CT with its tumour as RTSTRUCT beside the same outline as voxels, and a structure set without its images."""

import nibabel
import numpy as np
import pydicom
import pytest

from reproduce.cohorts.thoracic import find_cohort
from reproduce.errors import AnnotationMismatchError, CohortError
from reproduce.imaging.dicom import read_series
from reproduce.imaging.dicom_series import find_series
from reproduce.imaging.rtstruct import read_structures
from reproduce.imaging.rtstruct_masks import structure_masks

pytestmark = pytest.mark.real


@pytest.fixture(scope="module")
def patient(real_data):
    folder = real_data / "thoracic" / "lungct_pat_1"
    (found,) = find_series(folder, modality="RTSTRUCT")
    return read_series(folder), read_structures(found.files[0])


def test_the_outline_is_the_mask_voxel_for_voxel(real_data, patient):
    series, structures = patient
    (mask,) = structure_masks(structures, series, outside="refuse").values()
    truth = nibabel.load(real_data / "thoracic" / "lungct_pat_1_truth" / "mask.nii.gz")
    # RAS with x and y falling is LPS with x and y rising: the grids are one, voxel by voxel.
    lps = np.diag([-1.0, -1.0, 1.0, 1.0]) @ truth.affine
    np.testing.assert_allclose(lps, series.volume.affine, atol=1e-3)
    expected = np.asarray(truth.dataobj).transpose(2, 1, 0) > 0
    n_both, n_found = int((mask.voxels & expected).sum()), int(mask.voxels.sum())
    assert (n_found, int(expected.sum())) == (125256, 125256)
    assert 2 * n_both / (n_found + int(expected.sum())) == 1.0
    assert (mask.structure.name, mask.n_drawn, mask.remarks, mask.gaps) == ("GTV-1", 26, (), ())


def test_its_contours_name_no_image(patient):
    _, structures = patient
    (drawn,) = pydicom.dcmread(structures.path).ROIContourSequence
    assert not any("ContourImageSequence" in contour for contour in drawn.ContourSequence)
    assert [contour.geometric_type for contour in structures.structures[0].contours] == ["CLOSED_PLANAR"] * 26
    assert structures.empty_names == ()


def test_a_third_of_a_slice_off_it_finds_the_same_slices(patient):
    """Slices are 3 mm apart; the grid is moved by 1 mm along their normal."""
    series, structures = patient
    (mask,) = structure_masks(structures, series, outside="refuse").values()
    moved = series.volume.affine.copy()
    moved[2, 3] += 1.0
    volume = type(series.volume)(series.volume.voxels, moved, "HU")
    shifted = type(series)(volume, series.sop_uids, series.positions_mm, series.files)
    (other,) = structure_masks(structures, shifted, outside="refuse").values()
    np.testing.assert_array_equal(other.voxels, mask.voxels)


def test_a_tumour_alone_is_no_case_of_five_organs(real_data):
    with pytest.raises(CohortError, match=r"0 of 5 organs, not outlined: oesophagus.* other structures: GTV-1"):
        find_cohort(real_data / "thoracic" / "lungct_pat_1", absent="keep")


def test_ten_structures_one_of_them_empty(real_data):
    found = read_structures(real_data / "thoracic" / "rtss_only" / "rtss.dcm")
    n_contours = {structure.name: len(structure.contours) for structure in found.structures}
    assert n_contours == {
        "BODY": 141,
        "Areola": 0,
        "Borders": 2,
        "Breast": 48,
        "Heart": 33,
        "Lt Lung": 165,
        "Nodes": 4,
        "Scar": 6,
        "Tumor Bed": 18,
        "Tumor Bed Block": 24,
    }
    assert found.empty_names == ("Areola",)
    assert [s.number for s in found.structures] == list(range(1, 11))
    assert found.structures[4].colour_rgb == (255, 128, 0)
    assert found.structures[0].contours[0].points_mm.shape[1] == 3


def test_structures_of_another_patient_are_refused(real_data, patient):
    series, _ = patient
    found = read_structures(real_data / "thoracic" / "rtss_only" / "rtss.dcm")
    with pytest.raises(AnnotationMismatchError, match="the frame of reference"):
        structure_masks(found, series, outside="list")
