"""Patients written by several processes at once, with a bar, and stopped cleanly by Ctrl-C."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from typing import TypeVar

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

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
    """
    if workers < 1:
        raise ValueError(f"expected workers >= 1, got {workers}")
    columns = (TextColumn("phantom patients"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("", total=n_kept + len(patients), completed=n_kept)
        for _ in _written(write, patients, min(workers, len(patients))):
            progress.advance(task)


def _written(write: Callable[[Patient], None], patients: Sequence[Patient], workers: int) -> Iterator[None]:
    """One item for each patient that is done."""
    if workers <= 1:
        for patient in patients:
            yield write(patient)
        return
    # Not forked: TensorFlow's threads, if the parent has any, do not survive a fork.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, mp_context=context, initializer=_follow_parent) as pool:
        jobs = [pool.submit(write, patient) for patient in patients]
        try:
            for job in as_completed(jobs):
                yield job.result()
        except BaseException:
            pool.shutdown(wait=True, cancel_futures=True)
            raise


def _follow_parent() -> None:
    """Leave Ctrl-C to the parent, and end with it: a pool's workers outlive a parent that is killed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    multiprocessing.parent_process().join()
    os._exit(1)
