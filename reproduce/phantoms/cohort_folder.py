"""A folder of phantom patients: each whole or absent, known again by its parameters and code, never mixed."""

from __future__ import annotations

import functools
import json
import shutil
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from reproduce.cache_key import cache_key
from reproduce.errors import CohortError, FolderInUseError
from reproduce.phantoms.patient_pool import write_patients

PARAMETERS_FILE = "phantom.json"
_UNFINISHED = ".{}.unfinished"  # hidden, so that nobody takes it for a patient


@dataclass(frozen=True)
class PhantomPatient:
    """What decides every byte of a patient, the code aside."""

    seed: int
    number: int
    matrix: int
    n_slices: int
    slice_spacing_mm: float


@dataclass(frozen=True)
class Layout:
    """How patients of one kind lie in a folder.

    Attributes:
        prefix: Of a patient's name, e.g. "PHANTOM-"; the number follows in four digits.
        kind: What the patients are, for their JSON.
        fill: Makes a folder and writes the files of a patient into it, and decides their bytes; a function that another
            process can import.
    """

    prefix: str
    kind: str
    fill: Callable[[Path, PhantomPatient], None]

    def name(self, patient: PhantomPatient) -> str:
        """Patient ID and name of the folder."""
        return f"{self.prefix}{patient.number:04d}"

    def record(self, patient: PhantomPatient) -> str:
        """The patient's JSON, by which a finished patient is known again."""
        record = {"phantom": self.kind, "code": cache_key(self.fill), **asdict(patient)}
        return json.dumps(record, indent=1, sort_keys=True) + "\n"


def write_cohort(folder: Path, patients: Sequence[PhantomPatient], layout: Layout, *, workers: int) -> None:
    """Write a cohort of phantoms, byte for byte the same for the same patients and code.

    Each patient is written under a temporary name and renamed, so what bears its name is whole. Run again, finished
    patients of the same parameters and code stay; others are written anew, and phantom patients of this layout that
    are not asked for are removed. Ctrl-C leaves the finished patients and nothing else.

    Args:
        folder: Made if need be.
        patients: Whom to write, at least one.
        layout: How.
        workers: Processes; 1 draws in this one. More are started by `spawn`: a script needs its
            `if __name__ == "__main__"`.

    Raises:
        FolderInUseError: A folder of a phantom's name holds something else.
        CohortError: No patients are asked for.
    """
    if not patients:
        raise CohortError(expected="at least 1 patient", got="none", where=folder, do="ask for more patients")
    folder.mkdir(parents=True, exist_ok=True)
    _clear(folder, layout, keep={layout.name(patient) for patient in patients})
    missing = [patient for patient in patients if not _is_finished(folder, patient, layout)]
    write = functools.partial(write_patient, folder, layout)
    try:
        write_patients(write, missing, workers=workers, n_kept=len(patients) - len(missing))
    finally:
        for rest in folder.glob(_UNFINISHED.format(layout.prefix + "*")):
            shutil.rmtree(rest)


def write_patient(folder: Path, layout: Layout, patient: PhantomPatient) -> None:
    """Draw one patient and write it whole or not at all."""
    name = layout.name(patient)
    unfinished = folder / _UNFINISHED.format(name)
    for leftover in (unfinished, folder / name):
        if leftover.exists():
            shutil.rmtree(leftover)
    layout.fill(unfinished, patient)
    (unfinished / PARAMETERS_FILE).write_text(layout.record(patient))
    unfinished.rename(folder / name)


def _clear(folder: Path, layout: Layout, *, keep: set[str]) -> None:
    """Remove unfinished patients and phantoms that the cohort does not have; refuse what this writer did not write."""
    for path in sorted(folder.glob(_UNFINISHED.format(layout.prefix + "*"))):
        shutil.rmtree(path)
    for path in sorted(folder.glob(layout.prefix + "*")):
        if not (path / PARAMETERS_FILE).is_file():
            raise FolderInUseError(
                expected=f"a phantom patient with its {PARAMETERS_FILE}",
                got="a file or folder of that name without it",
                where=path,
                do="move it away, or write the cohort to another folder",
            )
        if path.name not in keep:
            shutil.rmtree(path)


def _is_finished(folder: Path, patient: PhantomPatient, layout: Layout) -> bool:
    path = folder / layout.name(patient) / PARAMETERS_FILE
    return path.is_file() and path.read_text() == layout.record(patient)
