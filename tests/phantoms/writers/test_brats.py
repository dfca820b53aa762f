"""The BraTS cohort on disk: layout, headers, marks, same bytes, resumed."""

import gzip
import hashlib
import json

import nibabel
import numpy as np
import pytest

from reproduce.errors import ArgumentError, CohortError, FolderInUseError
from reproduce.phantoms.brain.mri import draw_patient
from reproduce.phantoms.writers.brats import write_brats_cohort

_GRID = {"matrix": 32, "n_slices": 12, "slice_spacing_mm": 12.0}
_SMALL = {"seed": 7, "workers": 1, **_GRID}
_SUFFIXES = ("flair", "seg", "t1", "t1ce", "t2")


def _digests(folder):
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


@pytest.fixture(scope="module")
def cohort(tmp_path_factory):
    folder = tmp_path_factory.mktemp("brats")
    write_brats_cohort(folder, n_patients=2, **_SMALL)
    return folder


def _images(cohort):
    return {path.name: nibabel.load(path) for path in sorted(cohort.glob("*/*.nii.gz"))}


def test_layout_is_that_of_brats_2021(cohort):
    names = [f"BraTS-PHANTOM-000{number}" for number in (1, 2)]
    files = [f"{name}/{name}_{suffix}.nii.gz" for name in names for suffix in _SUFFIXES]
    assert sorted(_digests(cohort)) == sorted([*files, *(f"{name}/phantom.json" for name in names)])


def test_files_hold_what_was_drawn(cohort):
    drawn = draw_patient(7, 2, **_GRID)
    images = _images(cohort)
    for suffix, volume in (*drawn.images.items(), ("seg", drawn.reference)):
        stored = np.asanyarray(images[f"BraTS-PHANTOM-0002_{suffix}.nii.gz"].dataobj)
        assert stored.dtype == (np.uint8 if suffix == "seg" else np.int16)
        np.testing.assert_array_equal(stored, volume.voxels.transpose(2, 1, 0))


def test_headers_place_all_five_alike_by_qform_and_sform(cohort):
    for name, image in _images(cohort).items():
        # 7.5 mm pixels: first centre at edge -0.5 + 3.75; y at -239.5 + 3.75; z at 77 - 5.5 * 12; x and y turned to RAS
        expected = np.array([[-7.5, 0, 0, -3.25], [0, -7.5, 0, 235.75], [0, 0, 12, 11], [0, 0, 0, 1]])
        for affine, code in (image.get_qform(coded=True), image.get_sform(coded=True)):
            assert code > 0
            np.testing.assert_allclose(affine, expected, atol=1e-4, err_msg=name)
        assert image.header.get_xyzt_units()[0] == "mm"
        assert image.shape == (32, 32, 12)


def test_every_file_says_that_it_is_a_phantom(cohort):
    for image in _images(cohort).values():
        assert image.header["descrip"].item().startswith(b"PHANTOM")
        assert image.header["aux_file"].item() == b"PHANTOM"
    record = json.loads((cohort / "BraTS-PHANTOM-0002" / "phantom.json").read_text())
    assert len(record.pop("code")) == 64
    assert record == {"phantom": "brain MRI in the layout of BraTS 2021", "seed": 7, "number": 2, **_GRID}


def test_gzip_holds_no_time_and_no_name(cohort):
    for path in cohort.glob("*/*.nii.gz"):
        head = path.read_bytes()[:10]
        assert head[3] == 0  # flags: no name, no comment
        assert head[4:8] == bytes(4)  # time
        assert len(gzip.decompress(path.read_bytes())) > 352


def test_same_parameters_give_the_same_bytes_whatever_the_workers(cohort, tmp_path):
    write_brats_cohort(tmp_path, n_patients=2, **{**_SMALL, "workers": 2})
    assert _digests(tmp_path) == _digests(cohort)


def test_finished_patients_stay_and_missing_ones_are_written(cohort, tmp_path):
    write_brats_cohort(tmp_path, n_patients=1, **_SMALL)
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*") if path.is_file()}
    write_brats_cohort(tmp_path, n_patients=2, **_SMALL)
    assert {path: path.stat().st_mtime_ns for path in before} == before
    assert _digests(tmp_path) == _digests(cohort)


def test_another_seed_is_written_anew_and_surplus_patients_go(cohort, tmp_path):
    write_brats_cohort(tmp_path, n_patients=2, **_SMALL)
    write_brats_cohort(tmp_path, n_patients=1, **{**_SMALL, "seed": 8})
    assert [path.name for path in tmp_path.iterdir()] == ["BraTS-PHANTOM-0001"]
    assert not set(_digests(tmp_path).values()) & set(_digests(cohort).values())


def test_a_foreign_folder_is_refused(tmp_path):
    mine = tmp_path / "BraTS-PHANTOM-0001" / "mine.txt"
    mine.parent.mkdir()
    mine.write_text("keep me")
    with pytest.raises(FolderInUseError, match="without it"):
        write_brats_cohort(tmp_path, n_patients=1, **_SMALL)
    assert mine.read_text() == "keep me"


def test_no_patients_and_no_room_for_a_tumour_are_refused(tmp_path):
    with pytest.raises(CohortError, match="at least 1 patient"):
        write_brats_cohort(tmp_path, n_patients=0, **_SMALL)
    with pytest.raises(ArgumentError, match="40 mm"):
        write_brats_cohort(tmp_path, n_patients=1, **{**_SMALL, "slice_spacing_mm": 1.0})
    assert not list(tmp_path.iterdir())
