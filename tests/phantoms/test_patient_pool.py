"""Work is done once for each patient, and errors come through."""

import functools
from pathlib import Path

import pytest

from reproduce.errors import CohortError
from reproduce.phantoms.patient_pool import write_patients


def _touch(folder: Path, name: str) -> None:
    (folder / name).touch(exist_ok=False)


def _refuse(name: str) -> None:
    raise CohortError(expected="a patient", got=name, where="test", do="nothing")


def test_in_this_process_every_patient_is_written(tmp_path):
    write_patients(functools.partial(_touch, tmp_path), ["a", "b", "c"], workers=1, n_kept=0)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a", "b", "c"]


def test_nobody_to_write_is_no_work(tmp_path):
    write_patients(functools.partial(_touch, tmp_path), [], workers=2, n_kept=3)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("workers", [1, 2])
def test_an_error_comes_through_whole(workers):
    with pytest.raises(CohortError, match="expected a patient, got [ab]"):
        write_patients(_refuse, ["a", "b"], workers=workers, n_kept=0)


def test_no_workers_are_refused():
    with pytest.raises(ValueError, match="workers >= 1"):
        write_patients(_refuse, ["a"], workers=0, n_kept=0)
