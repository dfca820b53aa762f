"""What marks a phantom patient: its parameters, and the code that it is drawn by."""

import json
from pathlib import Path

import pytest

from reproduce.phantoms.writers.cohort_folder import Layout, PhantomPatient, write_cohort
from reproduce.phantoms.writers.lidc import LIDC_LAYOUT


def _fill(folder: Path, patient: PhantomPatient) -> None:
    folder.mkdir()
    (folder / "number.txt").write_text(str(patient.number))


def _patients(*numbers: int) -> list[PhantomPatient]:
    return [PhantomPatient(seed=1, number=n, matrix=8, n_slices=2, slice_spacing_mm=1.0) for n in numbers]


_LAYOUT = Layout("P-", "test", _fill)


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
    write_cohort(tmp_path, _patients(1), Layout("Q-", "test", _fill), workers=1)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["P-0001", "P-0002", "Q-0001"]


def test_a_layout_says_how_many_digits_a_patient_has(tmp_path):
    write_cohort(tmp_path, _patients(1, 12), Layout("patient", "test", _fill, n_digits=3), workers=1)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["patient001", "patient012"]


@pytest.mark.parametrize(
    ("module", "old", "new", "matters"),
    [
        ("reproduce.phantoms.chest.ct", "stream(", "stream(1, ", True),
        ("reproduce.randomness", "range(0, 32, 4)", "range(0, 32, 8)", True),
        ("reproduce.phantoms.brain.mri", "stream(", "stream(1, ", False),
    ],
)
def test_the_code_of_a_patient_is_what_draws_it(edit, module, old, new, matters):
    (patient,) = _patients(1)
    before = LIDC_LAYOUT.record(patient)
    edit(module, old, new)
    assert (LIDC_LAYOUT.record(patient) != before) == matters
