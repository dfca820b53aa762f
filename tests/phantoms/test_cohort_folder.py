"""What marks a phantom patient: its parameters, and the code that it is drawn by."""

import json
from pathlib import Path

import pytest

from reproduce.phantoms import cohort_folder
from reproduce.phantoms.cohort_folder import Layout, PhantomPatient, write_cohort


def _fill(folder: Path, patient: PhantomPatient) -> None:
    folder.mkdir()
    (folder / "number.txt").write_text(str(patient.number))


def _patients(*numbers: int) -> list[PhantomPatient]:
    return [PhantomPatient(seed=1, number=n, matrix=8, n_slices=2, slice_spacing_mm=1.0) for n in numbers]


_LAYOUT = Layout("P-", "test", "shapes.py", _fill)


def test_a_patient_is_its_files_and_its_record(tmp_path):
    write_cohort(tmp_path, _patients(1, 12), _LAYOUT, workers=1)
    assert sorted(str(p.relative_to(tmp_path)) for p in tmp_path.rglob("*.*")) == [
        *("P-0001/number.txt", "P-0001/phantom.json", "P-0012/number.txt", "P-0012/phantom.json"),
    ]
    record = json.loads((tmp_path / "P-0012" / "phantom.json").read_text())
    assert len(record.pop("code")) == 64
    said = {"phantom": "test", "seed": 1, "number": 12, "matrix": 8, "n_slices": 2, "slice_spacing_mm": 1.0}
    assert record == said


def test_folders_of_another_layout_are_left_alone(tmp_path):
    write_cohort(tmp_path, _patients(1, 2), _LAYOUT, workers=1)
    write_cohort(tmp_path, _patients(1), Layout("Q-", "test", "shapes.py", _fill), workers=1)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["P-0001", "P-0002", "Q-0001"]


@pytest.fixture
def room(tmp_path, monkeypatch):
    """A room of three modules: a draws on b, c stands alone."""
    (tmp_path / "a.py").write_text("from reproduce.phantoms.b import f\n")
    (tmp_path / "b.py").write_text("f = 1\n")
    (tmp_path / "c.py").write_text("")
    (tmp_path / "cohort_folder.py").write_text("import json\n")
    monkeypatch.setattr(cohort_folder, "_ROOM", tmp_path)
    cohort_folder.room_digest.cache_clear()
    yield tmp_path
    cohort_folder.room_digest.cache_clear()


@pytest.mark.parametrize(("changed", "matters"), [("a", True), ("b", True), ("cohort_folder", True), ("c", False)])
def test_the_code_of_a_patient_is_what_its_module_draws_on(room, changed, matters):
    before = cohort_folder.room_digest("a.py")
    with (room / f"{changed}.py").open("a") as module:
        module.write("g = 2\n")
    cohort_folder.room_digest.cache_clear()
    assert (cohort_folder.room_digest("a.py") != before) == matters
