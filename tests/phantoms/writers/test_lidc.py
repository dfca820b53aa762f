"""The cohort on disk: layout, same bytes, resumed, redone, and whole after a stop."""

import hashlib
import json
import signal
import subprocess
import sys
import time

import pydicom
import pytest
from defusedxml import ElementTree

from reproduce.errors import CohortError, FolderInUseError
from reproduce.phantoms.writers import lidc
from reproduce.phantoms.writers.lidc import write_lidc_cohort

_SMALL = {"seed": 7, "matrix": 40, "n_slices": 9, "slice_spacing_mm": 5.0, "workers": 1}


def _digests(folder):
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


@pytest.fixture(scope="module")
def cohort(tmp_path_factory):
    folder = tmp_path_factory.mktemp("cohort")
    write_lidc_cohort(folder, n_patients=2, **_SMALL)
    return folder


def test_layout_is_that_of_lidc_idri(cohort):
    assert sorted(p.name for p in cohort.iterdir()) == ["PHANTOM-0001", "PHANTOM-0002"]
    for number, patient in enumerate(sorted(cohort.iterdir()), start=1):
        (xml,) = patient.glob("*/*/*.xml")
        assert xml.name == f"{number:03d}.xml"
        slices = [pydicom.dcmread(path) for path in sorted(xml.parent.glob("*.dcm"))]
        assert len(slices) == 9
        assert {part.PatientID for part in slices} == {patient.name}
        assert {part.StudyInstanceUID for part in slices} == {xml.parent.parent.name}
        assert {part.SeriesInstanceUID for part in slices} == {xml.parent.name}
        assert len({part.SOPInstanceUID for part in slices}) == 9
        heights = [float(part.ImagePositionPatient[2]) for part in slices]
        assert heights != sorted(heights) != heights[::-1]  # names say nothing about order
        root = ElementTree.parse(xml).getroot()
        named = {e.text for e in root.iter("{http://www.nih.gov}imageSOP_UID")}
        assert named <= {part.SOPInstanceUID for part in slices}
        at = {part.SOPInstanceUID: float(part.ImagePositionPatient[2]) for part in slices}
        for roi in root.iter("{http://www.nih.gov}roi"):
            assert float(roi[0].text) == at[roi[1].text]


def test_patients_share_no_identifier(cohort):
    uids = [{p.name for p in patient.glob("*")} | {p.name for p in patient.glob("*/*")} for patient in cohort.iterdir()]
    assert uids[0] & uids[1] == {"phantom.json"}


def test_same_parameters_give_the_same_bytes_whatever_the_workers(cohort, tmp_path):
    write_lidc_cohort(tmp_path, n_patients=2, **{**_SMALL, "workers": 2})
    assert _digests(tmp_path) == _digests(cohort)


def test_finished_patients_stay_and_missing_ones_are_written(cohort, tmp_path):
    write_lidc_cohort(tmp_path, n_patients=1, **_SMALL)
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*") if path.is_file()}
    write_lidc_cohort(tmp_path, n_patients=2, **_SMALL)
    assert {path: path.stat().st_mtime_ns for path in before} == before
    assert _digests(tmp_path) == _digests(cohort)


def test_other_parameters_are_written_anew_and_surplus_patients_go(cohort, tmp_path):
    write_lidc_cohort(tmp_path, n_patients=2, **_SMALL)
    old = _digests(tmp_path)
    write_lidc_cohort(tmp_path, n_patients=1, **{**_SMALL, "seed": 8})
    assert [p.name for p in tmp_path.iterdir()] == ["PHANTOM-0001"]
    assert not set(_digests(tmp_path).values()) & set(old.values())
    assert json.loads((tmp_path / "PHANTOM-0001" / "phantom.json").read_text())["seed"] == 8


def test_other_code_is_written_anew(tmp_path):
    write_lidc_cohort(tmp_path, n_patients=1, **_SMALL)
    record = tmp_path / "PHANTOM-0001" / "phantom.json"
    record.write_text(record.read_text().replace('"code": "', '"code": "0'))
    write_lidc_cohort(tmp_path, n_patients=1, **_SMALL)
    assert len(json.loads(record.read_text())["code"]) == 64  # one character less again


def test_a_failure_leaves_whole_patients_alone(cohort, tmp_path, monkeypatch):
    write = lidc.write_ct_series

    def stumble(folder, *args, **kwargs):
        write(folder, *args, **kwargs)
        if "PHANTOM-0002" in str(folder):
            raise OSError("disk full")

    monkeypatch.setattr(lidc, "write_ct_series", stumble)
    with pytest.raises(OSError, match="disk full"):
        write_lidc_cohort(tmp_path, n_patients=2, **_SMALL)
    assert [p.name for p in tmp_path.iterdir()] == ["PHANTOM-0001"]
    monkeypatch.undo()
    write_lidc_cohort(tmp_path, n_patients=2, **_SMALL)
    assert _digests(tmp_path) == _digests(cohort)


def _start(folder, n_patients):
    call = f"write_lidc_cohort(Path({str(folder)!r}), n_patients={n_patients}, **{ {**_SMALL, 'workers': 2}!r})"
    code = "from pathlib import Path\nfrom reproduce.phantoms.writers.lidc import write_lidc_cohort\n" + call
    return subprocess.Popen([sys.executable, "-c", code], stderr=subprocess.PIPE, text=True)


@pytest.mark.slow
@pytest.mark.parametrize("blow", [signal.SIGINT, signal.SIGKILL])
def test_stopped_half_way_it_goes_on(cohort, tmp_path, blow):
    process = _start(tmp_path, 300)
    deadline = time.monotonic() + 60
    while len(list(tmp_path.glob("PHANTOM-*"))) < 2 and time.monotonic() < deadline:
        time.sleep(0.05)
    process.send_signal(blow)
    _, stderr = process.communicate(timeout=60)
    assert process.returncode != 0
    if blow == signal.SIGINT:
        assert "KeyboardInterrupt" in stderr
        assert not list(tmp_path.glob(".*"))
    written = [p for p in tmp_path.iterdir() if not p.name.startswith(".")]
    assert 2 <= len(written) < 300
    for patient in written:
        assert len(list(patient.glob("*/*/*.dcm"))) == 9
    time.sleep(1.0)  # workers of a killed parent see its end
    write_lidc_cohort(tmp_path, n_patients=2, **_SMALL)
    assert _digests(tmp_path) == _digests(cohort)


def test_a_foreign_folder_is_refused(tmp_path):
    (tmp_path / "PHANTOM-0001").mkdir()
    (tmp_path / "PHANTOM-0001" / "mine.txt").write_text("keep me")
    with pytest.raises(FolderInUseError, match="without it"):
        write_lidc_cohort(tmp_path, n_patients=1, **_SMALL)
    assert (tmp_path / "PHANTOM-0001" / "mine.txt").read_text() == "keep me"


def test_no_patients_are_refused(tmp_path):
    with pytest.raises(CohortError, match="at least 1 patient"):
        write_lidc_cohort(tmp_path, n_patients=0, **_SMALL)
