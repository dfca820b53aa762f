"""Many jobs in a few processes, with a progress bar over all their epochs."""

from __future__ import annotations

import queue
from collections.abc import Sequence
from concurrent.futures import Future
from pathlib import Path

from reproduce.prepared.slices import Prepared
from reproduce.processes import SPAWN, processes, progress_of
from reproduce.protocol import Experiment
from reproduce.training.determinism import configure
from reproduce.training.job import Job, Worker, views

_POLL_S = 0.5


def run_jobs(jobs: Sequence[Job], experiment: Experiment, prepared: Prepared, *, cache: Path, workers: int) -> None:
    """Do all jobs that are not done; each process has its share of the cores and computes deterministically.

    Results do not depend on how many processes there are as long as each has as many threads: a single-threaded
    operation sums in one order. So processes get one thread each on a CPU, however many there are.

    Args:
        jobs: Any number; none to do is fine.
        experiment: Their protocol.
        prepared: The cohort, prepared and resized already.
        cache: As for `job.views`.
        workers: Processes.

    Raises:
        WorkerDiedError: A process was ended from outside.
        ReproduceError: The first that a job raised; the others are stopped, and what they finished is kept.
    """
    pending = [job for job in jobs if not job.done]
    if not pending:
        return
    total = sum(experiment.optimisation_of(job.arm).max_epochs for job in pending)
    epochs_done = SPAWN.Queue()
    n = min(workers, len(pending))
    with (
        processes(
            n,
            where=f"{len(pending)} trainings in {n} processes",
            do="take fewer --workers, or a smaller micro_batch; what is finished is kept",
            begin=_begin,
            arguments=(experiment, prepared, cache, epochs_done),
        ) as pool,
        progress_of("train", "epochs") as progress,
    ):
        bar = progress.add_task("train", total=total)
        futures = [pool.submit(_run, job) for job in pending]
        while not _all_finished(futures):
            try:
                progress.advance(bar, epochs_done.get(timeout=_POLL_S))
            except queue.Empty:
                continue
        for future in futures:
            future.result()


def _all_finished(futures: Sequence[Future]) -> bool:
    """Whether all are done; raises what the first failed one raised."""
    for future in futures:
        if future.done() and (error := future.exception()) is not None:
            raise error
    return all(future.done() for future in futures)


_worker: Worker
_epochs_done = None


def _begin(number: int, experiment: Experiment, prepared: Prepared, cache: Path, epochs_done) -> None:
    global _worker, _epochs_done
    configure(worker=number, precision=experiment.optimisation.precision)
    _worker = Worker(experiment, views(experiment, prepared, cache=cache))
    _epochs_done = epochs_done


def _run(job: Job) -> None:
    done = 0

    def on_epoch(n: int, _) -> None:
        nonlocal done
        _epochs_done.put(n - done)
        done = n

    _worker.run(job, on_epoch=on_epoch)
    _epochs_done.put(_worker.max_epochs(job) - done)
