"""A folder of phantom patients: each whole or absent, known again by its parameters and code, never mixed."""

from __future__ import annotations

import functools
import json
import shutil
from collections.abc import Callable, Sequence
from concurrent.futures import as_completed
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from reproduce.cache_key import cache_key
from reproduce.errors import CohortError, FolderInUseError
from reproduce.locks import one_writer
from reproduce.processes import processes
from reproduce.progress import progress_of

PARAMETERS_FILE = "phantom.json"
_UNFINISHED = ".{}.unfinished"  # hidden, so that nobody takes it for a patient


@dataclass(frozen=True)
class PhantomPatient:
    """What decides every byte of a patient, the code aside."""

    seed: int  # of the cohort
    number: int  # from 1
    matrix: int  # rows and columns
    n_slices: int
    slice_spacing_mm: float  # distance and thickness of slices


@dataclass(frozen=True)
class Layout:
    """How patients of one kind lie in a folder."""

    prefix: str  # of a patient's name, e.g. "PHANTOM-"; the number follows
    kind: str  # what the patients are, for their JSON
    fill: Callable[[Path, PhantomPatient], None]  # makes a folder, writes a patient into it, decides its bytes
    n_digits: int = 4  # of the number in a patient's name, with leading zeros

    def name(self, patient: PhantomPatient) -> str:
        """Return the patient ID, which is the name of the folder too."""
        return f"{self.prefix}{patient.number:0{self.n_digits}d}"

    def record(self, patient: PhantomPatient) -> str:
        """Return the patient's JSON, by which a finished patient is known again."""
        record = {"phantom": self.kind, "code": cache_key(self.fill), **asdict(patient)}
        return json.dumps(record, indent=1, sort_keys=True) + "\n"


def write_cohort(folder: Path, patients: Sequence[PhantomPatient], layout: Layout, *, workers: int) -> None:
    """Write a cohort of phantoms, byte for byte the same for the same patients and code.

    Each patient is written under a temporary name and renamed, so what bears its name is whole. Run again, finished
    patients of the same parameters and code stay; others are written anew, and phantom patients of this layout that
    are not asked for are removed. Ctrl-C leaves the finished patients and nothing else.

    Raises:
        FolderInUseError: A folder of a phantom's name holds something else.
        CohortError: No patients are asked for.
    """
    if not patients:
        raise CohortError(expected="at least 1 patient", got="none", where=folder, do="ask for more patients")
    with one_writer(folder):
        _write_missing(folder, patients, layout, workers=workers)


def _write_missing(folder: Path, patients: Sequence[PhantomPatient], layout: Layout, *, workers: int) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    records = {patient: folder / layout.name(patient) / PARAMETERS_FILE for patient in patients}
    try:
        _clear(folder, layout, keep={layout.name(patient) for patient in patients})
        finished = {p for p, path in records.items() if path.is_file() and path.read_text() == layout.record(p)}
        missing = [patient for patient in patients if patient not in finished]
        write_patients(functools.partial(write_patient, folder, layout), missing, workers=workers, n_kept=len(finished))
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


def write_patients(write: Callable[[Any], None], patients: Sequence[Any], *, workers: int, n_kept: int) -> None:
    """Call `write` for each patient, in `workers` processes, and show how far it is on stderr.

    One worker works in this process; more of them import `write`. `n_kept` patients are there already, for the bar.

    Raises:
        ValueError: `workers` is less than 1.
        KeyboardInterrupt: After patients under way have stopped.
        WorkerDiedError: A process was ended from outside.
    """
    if workers < 1:
        raise ValueError(f"expected workers >= 1, got {workers}")
    with progress_of("write phantoms", "patients", n_kept + len(patients), done=n_kept) as advance:
        if min(workers, len(patients)) <= 1:
            for patient in patients:
                write(patient)
                advance()
            return
        do = "give the same command again, with fewer workers; patients who are written are kept"
        with processes(min(workers, len(patients)), where=f"{len(patients)} phantom patients", do=do) as pool:
            jobs = [pool.submit(write, patient) for patient in patients]
            try:
                for job in as_completed(jobs):
                    job.result()
                    advance()
            except BaseException:
                pool.shutdown(wait=True, cancel_futures=True)
                raise


def _clear(folder: Path, layout: Layout, *, keep: set[str]) -> None:
    """Remove phantoms that the cohort does not have; refuse what this writer did not write."""
    for path in sorted(folder.glob(layout.prefix + "*")):
        if not (path / PARAMETERS_FILE).is_file():
            expected, got = f"a phantom patient with its {PARAMETERS_FILE}", "a file or folder of that name without it"
            do = "move it away, or write the cohort to another folder"
            raise FolderInUseError(expected=expected, got=got, where=path, do=do)
        if path.name not in keep:
            shutil.rmtree(path)
