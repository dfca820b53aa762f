"""A scan of BraTS as a case: order of modalities, numbering of labels, axes, and where the brain is."""

from dataclasses import replace

import nibabel as nib
import numpy as np
import pytest

from reproduce.cohorts.brats import brain_of, find_cohort, read_case
from reproduce.cohorts.brats_layouts import BRATS_2013_TWO, BRATS_2017, BRATS_2023, LABEL_NAMES, PUBLISHED, REGIONS
from reproduce.errors import AnnotationFormatError, GeometryError, IntensityError


def only(root, layouts=PUBLISHED):
    (scan,) = find_cohort(root, layouts=layouts, broken="refuse").scans
    return scan


@pytest.mark.parametrize(
    ("layout", "present"), [(BRATS_2017, (1, 2, 4)), (BRATS_2023, (1, 2, 3))], ids=["2017 to 2021", "2023 on"]
)
def test_every_release_gives_one_order_and_one_numbering(brats, tmp_path, layout, present):
    brats.write_scan(tmp_path / "HGG" / "BraTS-GLI-00005-0001-000", "BraTS-GLI-00005-0001-000", layout, present=present)
    scan = only(tmp_path)
    case = read_case(scan)
    assert scan.layout == layout.name
    assert case.image.voxels.dtype == np.float32
    assert case.image.voxels.shape == (2, 3, 4, 4)
    assert case.image.voxels[1, 2, 3].tolist() == [10.0, 20.0, 30.0, 40.0]  # flair, t1, t1ce, t2
    assert case.reference.voxels.dtype == np.uint8
    assert case.reference.voxels[0, :, 1].tolist() == [1, 2, 4]
    assert case.label_names == LABEL_NAMES
    assert np.array_equal(case.image.affine, np.eye(4))


def test_regions_are_nested_sums_of_tissues():
    assert REGIONS == {"WT": (1, 2, 4), "TC": (1, 4), "ET": (4,)}
    assert set(REGIONS["ET"]) < set(REGIONS["TC"]) < set(REGIONS["WT"])


@pytest.mark.parametrize(("layout", "present", "alien"), [(BRATS_2017, (1, 3), 3), (BRATS_2023, (1, 4), 4)])
def test_labels_of_another_release_are_refused(brats, tmp_path, layout, present, alien):
    brats.write_scan(tmp_path, "BraTS-GLI-00005-000", layout, present=present)
    with pytest.raises(AnnotationFormatError, match=rf"labels \[{alien}\] too") as caught:
        read_case(only(tmp_path))
    assert layout.name in str(caught.value)
    assert layout.reference in str(caught.value)


def test_a_reference_without_tumour_is_read(brats, tmp_path):
    brats.write_scan(tmp_path, "BraTS-PHANTOM-0003", present=())
    assert read_case(only(tmp_path)).reference.voxels.max() == 0


def test_the_brain_is_what_is_not_zero_in_any_modality(brats, tmp_path):
    brats.write_scan(tmp_path, "BraTS-PHANTOM-0001")
    flair = brats.image(10.0)
    flair[2] = 0  # not brain in FLAIR alone
    brats.save(tmp_path / "BraTS-PHANTOM-0001_flair.nii.gz", flair)
    scan = only(tmp_path)
    brain = brain_of(scan, read_case(scan).image)
    assert brain.dtype == bool
    assert brain.sum() == 3 * 3 * 2  # i = 1, 2, 3, all j and k, with the voxel below zero
    assert brain[0, 0, 1]
    assert not brain[:, :, 0].any()


def test_two_modalities_and_five_labels_are_mapped_by_a_layout(brats, tmp_path):
    brats.sample_2013(tmp_path)
    scan = only(tmp_path, (BRATS_2013_TWO,))
    case = read_case(scan)
    assert (scan.patient, scan.scan) == ("pat0006", "pat0006")
    assert case.image.voxels[1, 2, 3].tolist() == [9.0, 29.0]
    assert case.reference.voxels[0, :, 1].tolist() == [1, 1, 4]  # 3, non-enhancing, belongs to the core
    assert brain_of(scan, case.image).sum() == 18  # from the file: no voxel of the images is 0


def test_a_brain_mask_on_another_grid_is_refused(brats, tmp_path):
    folder = brats.sample_2013(tmp_path)
    brats.save(folder / "brainmask.nii.gz", np.ones((4, 3, 3), np.float32))
    scan = only(tmp_path, (BRATS_2013_TWO,))
    with pytest.raises(GeometryError, match=r"path-\w+\.nii\.gz"):
        brain_of(scan, read_case(scan).image)


def test_an_empty_brain_mask_is_refused(brats, tmp_path):
    folder = brats.sample_2013(tmp_path)
    brats.save(folder / "brainmask.nii.gz", np.zeros(brats.SHAPE, np.float32))
    scan = only(tmp_path, (BRATS_2013_TWO,))
    with pytest.raises(IntensityError, match="without voxels"):
        brain_of(scan, read_case(scan).image)


def test_a_layout_of_the_caller_is_read(brats, tmp_path):
    cavity = replace(BRATS_2023, name="2024 with cavities", labels={**BRATS_2023.labels, 4: 0})
    brats.write_scan(tmp_path, "BraTS-GLI-00005-000", cavity, present=(3, 4))
    assert read_case(only(tmp_path, (cavity,))).reference.voxels[0, :, 1].tolist() == [4, 0, 0]


def test_files_in_another_axis_order_become_the_same_case(brats, tmp_path):
    brats.write_scan(tmp_path / "lps", "BraTS-PHANTOM-0001")
    before = read_case(only(tmp_path / "lps"))
    for path in (tmp_path / "lps").iterdir():
        turned = nib.as_closest_canonical(nib.load(path)).as_reoriented([[2, 1], [0, -1], [1, 1]])
        (tmp_path / "other").mkdir(exist_ok=True)
        turned.to_filename(tmp_path / "other" / path.name)
    after = read_case(only(tmp_path / "other"))
    assert np.array_equal(before.image.voxels, after.image.voxels)
    assert np.array_equal(before.reference.voxels, after.reference.voxels)
    assert np.array_equal(before.image.affine, after.image.affine)
