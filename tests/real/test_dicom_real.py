"""Real CT series: LIDC-IDRI-0001 and -0003, and a lung CT with its outline as voxels."""

import csv
import random
import shutil

import nibabel
import numpy as np
import pydicom
import pytest

from reproduce.errors import MissingSliceError, SeveralSeriesError
from reproduce.imaging.dicom import find_series, read_series
from reproduce.imaging.volume import Volume, require_same_grid

pytestmark = pytest.mark.real


@pytest.mark.parametrize(("patient", "n_slices", "pixel_mm"), [("0001", 41, 0.703125), ("0003", 38, 0.820312)])
def test_the_size_and_spacing_of_lidc(real_data, patient, n_slices, pixel_mm):
    series = read_series(real_data / "lidc_idri" / f"LIDC-IDRI-{patient}")
    assert series.volume.shape == (n_slices, 512, 512)
    assert series.volume.voxels.dtype == np.int16
    assert series.volume.spacing_mm == pytest.approx((2.5, pixel_mm, pixel_mm), abs=1e-6)
    assert len(set(series.sop_uids)) == n_slices
    np.testing.assert_allclose(np.diff(series.positions_mm), 2.5, atol=1e-6)
    assert series.files.patient_id == f"LIDC-IDRI-{patient}"


@pytest.mark.parametrize("patient", ["0001", "0003"])
def test_every_slice_of_lidc_holds_the_pixels_of_its_file(real_data, patient):
    series = read_series(real_data / "lidc_idri" / f"LIDC-IDRI-{patient}")
    stored = {}
    for path in series.files.files:
        dataset = pydicom.dcmread(path)
        stored[dataset.SOPInstanceUID] = (dataset.pixel_array.astype(int), dataset.ImagePositionPatient[2])
    for z, uid in enumerate(series.sop_uids):
        pixels, position_mm = stored[uid]
        assert series.positions_mm[z] == position_mm
        # Both headers mean -2000, written as 63536 and as -2000; slope 1, intercept -1024.
        wanted = np.where(pixels == -2000, -1024, pixels - 1024)
        np.testing.assert_array_equal(series.volume.voxels[z], wanted)
    # Outside the field of view these two hold not their padding value but -1024, which no header explains.
    assert (series.volume.voxels[:, 0, 0] == -2048).all()


def test_nodules_of_luna_lie_where_lidc_shows_tissue(real_data):
    # Printed centroids of the readers' outlines, in pixels (x, y); LUNA16 gives the same nodules in world mm.
    printed = {"0001": [(316, 367)], "0003": [(367, 350), (308, 198), (221, 219)]}
    with (real_data / "luna16" / "annotations.csv").open() as file:
        rows = list(csv.DictReader(file))
    for patient, centroids in printed.items():
        series = read_series(real_data / "lidc_idri" / f"LIDC-IDRI-{patient}")
        world_mm = [
            [float(row[f"coord{axis}"]) for axis in "XYZ"]
            for row in rows
            if row["seriesuid"] == series.files.series_uid
        ]
        index = series.volume.index_zyx(np.array(world_mm))
        apart = np.linalg.norm(index[:, None, :0:-1] - np.array(centroids), axis=-1)  # [LUNA16, printed], pixels
        assert apart.min(axis=0).max() < 1.5
        assert sorted(apart.argmin(axis=0)) == list(range(len(centroids)))
        for z, y, x in np.rint(index).astype(int):
            assert series.volume.voxels[z, y, x] > -300  # a solid nodule; lung is at -850


def test_shuffled_and_renamed_files_give_the_same(real_data, tmp_path):
    before = read_series(real_data / "lidc_idri" / "LIDC-IDRI-0001")
    paths = list(before.files.files)
    random.Random(0).shuffle(paths)
    for number, path in enumerate(paths):
        (tmp_path / str(number % 3)).mkdir(exist_ok=True)
        (tmp_path / str(number % 3) / f"{number}.bin").symlink_to(path)
    after = read_series(tmp_path)
    np.testing.assert_array_equal(after.volume.voxels, before.volume.voxels)
    assert after.volume.affine.tolist() == before.volume.affine.tolist()
    assert after.sop_uids == before.sop_uids


def test_a_slice_taken_out_of_lidc_is_missed(real_data, tmp_path):
    shutil.copytree(real_data / "lidc_idri" / "LIDC-IDRI-0003", tmp_path, dirs_exist_ok=True)
    series = read_series(tmp_path)
    of_uid = {pydicom.dcmread(path, stop_before_pixels=True).SOPInstanceUID: path for path in series.files.files}
    of_uid[series.sop_uids[5]].unlink()
    with pytest.raises(MissingSliceError, match=f"none at {series.positions_mm[5]:.2f} mm"):
        read_series(tmp_path)


def test_two_patients_are_two_series(real_data):
    assert [len(series.files) for series in find_series(real_data / "lidc_idri")] == [38, 41]
    with pytest.raises(SeveralSeriesError, match="41 slices"):
        read_series(real_data / "lidc_idri")


def test_the_lung_ct_is_that_of_its_outline_voxel_by_voxel(real_data):
    series = read_series(real_data / "thoracic" / "lungct_pat_1")
    truth = real_data / "thoracic" / "lungct_pat_1_truth"
    to_lps = np.diag([-1.0, -1.0, 1.0, 1.0])  # NIfTI's world is RAS
    for name, unit in (("mask.nii.gz", "label"), ("phantom.nii.gz", "HU")):
        image = nibabel.load(truth / name)
        reference = Volume(np.asarray(image.dataobj).T, to_lps @ image.affine, unit)
        require_same_grid(series.volume, reference, names=("DICOM", name), tolerance_mm=1e-3)
    np.testing.assert_array_equal(series.volume.voxels, reference.voxels)
