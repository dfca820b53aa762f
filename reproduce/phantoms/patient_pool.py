"""Patients written by several processes at once, with a bar, and stopped cleanly by Ctrl-C."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import as_completed
from typing import TypeVar

from reproduce.processes import processes, progress_of

Patient = TypeVar("Patient")


def write_patients(write: Callable[[Patient], None], patients: Sequence[Patient], *, workers: int, n_kept: int) -> None:
    """Call `write` for each patient, in `workers` processes, and show how far it is on stderr.

    Args:
        write: A function that another process can import.
        patients: Whom to write; none is no work.
        workers: Processes, at least 1; 1 works in this process.
        n_kept: Patients who are there already, for the bar.

    Raises:
        ValueError: `workers` is less than 1.
        KeyboardInterrupt: After patients under way have stopped.
        WorkerDiedError: A process was ended from outside.
    """
    if workers < 1:
        raise ValueError(f"expected workers >= 1, got {workers}")
    with progress_of("write phantoms", "patients") as progress:
        task = progress.add_task("", total=n_kept + len(patients), completed=n_kept)
        for _ in _written(write, patients, min(workers, len(patients))):
            progress.advance(task)


def _written(write: Callable[[Patient], None], patients: Sequence[Patient], workers: int) -> Iterator[None]:
    """One item for each patient that is done."""
    if workers <= 1:
        for patient in patients:
            yield write(patient)
        return
    do = "give the same command again, with fewer workers; patients who are written are kept"
    with processes(workers, where=f"{len(patients)} phantom patients", do=do) as pool:
        jobs = [pool.submit(write, patient) for patient in patients]
        try:
            for job in as_completed(jobs):
                yield job.result()
        except BaseException:
            pool.shutdown(wait=True, cancel_futures=True)
            raise
