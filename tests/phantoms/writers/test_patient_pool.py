"""Work is done once for each patient, and errors come through."""

import functools
from pathlib import Path

import pytest

from reproduce.phantoms.writers.cohort_folder import PhantomPatient, write_patient, write_patients
from reproduce.phantoms.writers.lidc import LIDC_LAYOUT


def _touch(folder: Path, name: str) -> None:
    (folder / name).touch(exist_ok=False)


def test_in_this_process_every_patient_is_written(tmp_path):
    write_patients(functools.partial(_touch, tmp_path), ["a", "b", "c"], workers=1, n_kept=0)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a", "b", "c"]


def test_nobody_to_write_is_no_work(tmp_path):
    write_patients(functools.partial(_touch, tmp_path), [], workers=2, n_kept=3)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("workers", [1, 2])
def test_an_error_of_a_patient_comes_through(tmp_path, workers):
    too_small = [PhantomPatient(seed=0, number=i, matrix=8, n_slices=9, slice_spacing_mm=2.5) for i in (1, 2)]
    with pytest.raises(ValueError, match="matrix >= 32"):
        write_patients(functools.partial(write_patient, tmp_path, LIDC_LAYOUT), too_small, workers=workers, n_kept=0)
    assert not list(tmp_path.iterdir())


def test_no_workers_are_refused():
    with pytest.raises(ValueError, match="workers >= 1"):
        write_patients(print, ["a"], workers=0, n_kept=0)
