"""Units of work in a few processes, with a progress bar over all of them; what is done is never done again."""

from __future__ import annotations

import queue
from collections.abc import Callable, Hashable, Sequence
from concurrent.futures import Future
from contextlib import suppress
from typing import Any

from rich.console import Console

from reproduce.processes import SPAWN, processes
from reproduce.progress import progress_of
from reproduce.protocol import Experiment
from reproduce.training.determinism import configure
from reproduce.training.job import CohortInputs, Job, Worker

_POLL_S = 0.5
# TensorFlow keeps some of each model that a process has compiled; fresh processes have none of it. They are not
# replaced one by one: under `max_tasks_per_child` Python hangs (gh-115634).
_PARTS = "rerun the command with fewer --workers; finished work is kept"

Tell = Callable[[float], None]


def run_units(
    units: Sequence[Hashable],
    start: Callable[..., Callable[[Any, Tell], None]],
    arguments: tuple,
    *,
    efforts: Sequence[float],
    workers: int,
    label: str,
    unit: str,
    most_in_a_process: int | None = None,
    console: Console | None = None,
    name: Callable[[Any], str] = str,
) -> None:
    """Do units of work in processes that compute alike however many they are: on a CPU each has one thread.

    Args:
        units: What is to be done, in this order; anything that another process can be given; none is fine.
        start: Called once in each process with its number and `arguments`; returns the function that does a unit, which
            is called with the unit and a function that takes how much effort has been spent since it was last told.
        arguments: Further arguments of `start`.
        efforts: Effort of each unit, in what the bar counts.
        workers: Processes.
        label: Name of the work, e.g. "train".
        unit: What the bar counts, e.g. "epochs".
        most_in_a_process: Units after which a process gives way to a fresh one; None for all.
        console: Where the bar is; None is standard error.
        name: Name of a unit, for the line that says that it is done where there is no terminal.

    Raises:
        WorkerDiedError: A process was ended from outside; what it finished is kept.
        ReproduceError: The first that a unit raised; the others are stopped, and what is finished is kept.
    """
    if not units:
        return
    spent, n = SPAWN.Queue(), min(workers, len(units))
    size = len(units) if most_in_a_process is None else n * most_in_a_process
    pairs = list(zip(units, efforts, strict=True))
    with progress_of(label, unit, sum(efforts), console=console) as advance:
        for first in range(0, len(pairs), size):
            where = f"{len(units)} units of work in {n} processes"
            with processes(n, where=where, do=_PARTS, begin=_begin, arguments=(start, arguments, spent)) as pool:
                left = {pool.submit(_run, each, effort): each for each, effort in pairs[first : first + size]}
                while left:
                    with suppress(queue.Empty):
                        advance(spent.get(timeout=_POLL_S))
                        while True:
                            advance(spent.get_nowait())
                    for future in _finished(left):
                        advance(0.0, finished=name(left.pop(future)))


def _finished(left: dict[Future, Any]) -> list[Future]:
    """Return those that are done; raises what the first failed one raised."""
    done = [future for future in left if future.done()]
    for future in done:
        future.result()
    return done


_do: Callable[[Any, Tell], None]
_spent: Any = None


def _begin(number: int, start: Callable[..., Callable[[Any, Tell], None]], arguments: tuple, spent: Any) -> None:
    global _do, _spent
    _do, _spent = start(number, *arguments), spent


def _run(each: Any, effort: float) -> None:
    told = 0.0

    def tell(more: float) -> None:
        nonlocal told
        told += more
        _spent.put(more)

    _do(each, tell)
    _spent.put(effort - told)


def run_jobs(
    jobs: Sequence[Job], experiment: Experiment, make_inputs: Callable[[], CohortInputs], *, workers: int
) -> None:
    """Do all jobs that are not done; see `run_units`.

    Args:
        jobs: Any number; none to do is fine.
        experiment: Their protocol.
        make_inputs: Called in each process; anything that can be pickled.
        workers: Processes.
    """
    pending = [job for job in jobs if not job.done]
    efforts = [experiment.optimisation_of(job.arm).max_epochs for job in pending]
    given = (experiment, make_inputs)
    run_units(pending, _start_worker, given, efforts=efforts, workers=workers, label="train", unit="epochs")


def _start_worker(
    number: int, experiment: Experiment, make_inputs: Callable[[], CohortInputs]
) -> Callable[[Job, Tell], None]:
    configure(worker=number, precision=experiment.optimisation.precision)
    worker = Worker(experiment, make_inputs())

    def do(job: Job, tell: Tell) -> None:
        done = 0

        def on_epoch(n: int, _: object) -> None:
            nonlocal done
            tell(n - done)
            done = n

        worker.run(job, on_epoch=on_epoch)

    return do
