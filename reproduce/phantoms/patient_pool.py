"""Patients written by several processes at once, with a bar, and stopped cleanly by Ctrl-C."""

from __future__ import annotations

from collections.abc import Callable, Sequence
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
        if min(workers, len(patients)) <= 1:
            for patient in patients:
                write(patient)
                progress.advance(task)
            return
        do = "give the same command again, with fewer workers; patients who are written are kept"
        with processes(min(workers, len(patients)), where=f"{len(patients)} phantom patients", do=do) as pool:
            jobs = [pool.submit(write, patient) for patient in patients]
            try:
                for job in as_completed(jobs):
                    job.result()
                    progress.advance(task)
            except BaseException:
                pool.shutdown(wait=True, cancel_futures=True)
                raise
