"""The cohort in the layout of LCTSC: names, references, bytes, and the drawn organs back through its reader."""

import hashlib
import json

import numpy as np
import pydicom
import pytest
from scipy import ndimage

from reproduce.cohorts.thoracic import find_cohort, read_case
from reproduce.cohorts.thoracic_organs import LABEL_NAMES
from reproduce.errors import CohortError, FolderInUseError
from reproduce.phantoms.chest.ct import draw_patient
from reproduce.phantoms.writers.lctsc import write_lctsc_cohort

_GRID = {"matrix": 96, "n_slices": 6, "slice_spacing_mm": 20.0}
_N = 2


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("lctsc")
    write_lctsc_cohort(folder, n_patients=_N, seed=5, workers=1, **_GRID)
    return folder


@pytest.fixture(scope="module")
def cohort(folder):
    return find_cohort(folder, absent="refuse")


@pytest.fixture(scope="module")
def drawn():
    return [draw_patient(5, i, **_GRID) for i in range(1, _N + 1)]


def _digests(folder):
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def test_layout_is_that_of_lctsc(folder):
    assert sorted(p.name for p in folder.iterdir()) == [f"PHANTOM-{i:04d}" for i in range(1, _N + 1)]
    for patient in folder.iterdir():
        (study,) = (path for path in patient.iterdir() if path.is_dir())
        kinds = {}
        for series in study.iterdir():
            files = [pydicom.dcmread(path, stop_before_pixels=True) for path in sorted(series.iterdir())]
            assert {file.SeriesInstanceUID for file in files} == {series.name}
            assert {file.StudyInstanceUID for file in files} == {study.name}
            assert {file.PatientID for file in files} == {patient.name}
            kinds[files[0].Modality] = files
        assert {kind: len(files) for kind, files in kinds.items()} == {"CT": 6, "RTSTRUCT": 1}
        heights = [float(part.ImagePositionPatient[2]) for part in kinds["CT"]]
        assert heights != sorted(heights) != heights[::-1]  # names say nothing about order
        names = [roi.ROIName for roi in kinds["RTSTRUCT"][0].StructureSetROISequence]
        assert names == ["Esophagus", "Heart", "Lung_L", "Lung_R", "SpinalCord"]
        assert {part.FrameOfReferenceUID for part in kinds["CT"]} == {
            kinds["RTSTRUCT"][0].ReferencedFrameOfReferenceSequence[0].FrameOfReferenceUID
        }


def test_every_patient_is_in_with_five_organs(cohort):
    assert cohort.ledger.reasons() == {("in", "CT with 5 of 5 organs"): _N}


def test_organs_come_back_as_they_were_drawn(cohort, drawn):
    for scan, truth in zip(cohort.scans, drawn, strict=True):
        case = read_case(scan, outside="refuse")
        np.testing.assert_allclose(case.image.affine, truth.image.affine, atol=1e-4)
        for label, name in LABEL_NAMES.items():
            np.testing.assert_array_equal(case.reference.voxels == label, truth.structures[name], err_msg=name)


def test_oesophagus_cord_and_lungs_are_on_most_slices_and_the_heart_on_some(cohort):
    for scan in cohort.scans:
        labels = read_case(scan, outside="refuse").reference.voxels
        on = {name: (labels == label).any(axis=(1, 2)).mean() for label, name in LABEL_NAMES.items()}
        assert min(on["oesophagus"], on["spinal_cord"], on["lung_left"], on["lung_right"]) >= 0.9
        assert on["heart"] >= 0.3


def test_organs_differ_from_what_lies_around_them(drawn):
    """Medians in HU within an organ, and two to three pixels around it."""
    gaps = {"oesophagus": [], "spinal_cord": [], "heart": []}
    for scan in drawn:
        for name, found in gaps.items():
            inside = scan.structures[name]
            near = ndimage.binary_dilation(inside, np.ones((1, 3, 3)), iterations=3)
            shell = near & ~ndimage.binary_dilation(inside, np.ones((1, 3, 3)))
            found.append(np.median(scan.image.voxels[inside]) - np.median(scan.image.voxels[shell]))
    assert 5 < np.mean(gaps["oesophagus"]) < 150  # fat around its wall
    assert np.mean(gaps["spinal_cord"]) < -20  # bone around its canal
    assert np.mean(gaps["heart"]) > 100  # mostly lung


def test_same_parameters_give_the_same_bytes_and_finished_patients_stay(folder, tmp_path):
    write_lctsc_cohort(tmp_path, n_patients=1, seed=5, workers=1, **_GRID)
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*") if path.is_file()}
    write_lctsc_cohort(tmp_path, n_patients=_N, seed=5, workers=1, **_GRID)
    assert {path: path.stat().st_mtime_ns for path in before} == before
    assert _digests(tmp_path) == _digests(folder)


def test_another_seed_is_written_anew(tmp_path):
    small = {"matrix": 40, "n_slices": 6, "slice_spacing_mm": 20.0, "workers": 1}
    write_lctsc_cohort(tmp_path, n_patients=1, seed=1, **small)
    old = _digests(tmp_path)
    write_lctsc_cohort(tmp_path, n_patients=1, seed=2, **small)
    assert not set(old.values()) & set(_digests(tmp_path).values())
    assert json.loads((tmp_path / "PHANTOM-0001" / "phantom.json").read_text())["seed"] == 2


def test_a_foreign_folder_and_no_patients_are_refused(tmp_path):
    with pytest.raises(CohortError, match="at least 1 patient"):
        write_lctsc_cohort(tmp_path, n_patients=0, seed=5, workers=1, **_GRID)
    (tmp_path / "PHANTOM-0001").mkdir()
    with pytest.raises(FolderInUseError, match="without it"):
        write_lctsc_cohort(tmp_path, n_patients=1, seed=5, workers=1, **_GRID)
