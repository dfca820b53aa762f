"""Architectures trained in a few processes, with a progress bar over all their steps; what is done is never done again.

As in `training.pool` each process has one thread on a CPU, so that results do not depend on how many there are.
"""

from __future__ import annotations

import itertools
import queue
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from pathlib import Path

from rich.console import Console

from reproduce.processes import SPAWN, processes, progress_of
from reproduce.tasks.architecture_training import Place, run_entry
from reproduce.tasks.architectures import ArchitectureStudy, Entry
from reproduce.tasks.x_rays import load
from reproduce.training.determinism import configure

_POLL_S = 0.5
# TensorFlow keeps some of each model that a process has compiled; fresh processes have none of it. They are not
# replaced one by one: under `max_tasks_per_child` Python hangs (gh-115634).
_ARCHITECTURES_A_PROCESS = 5


def run_entries(
    study: ArchitectureStudy, places: Mapping[str, Place], file: Path, *, workers: int, console: Console
) -> None:
    """Train every architecture that is not done under every seed, those that take longest first.

    Args:
        study: The budget.
        places: By name of architecture, where its outcomes lie.
        file: Of the X-rays.
        workers: Processes.
        console: Where the bar is, and a line for each architecture that is done.

    Raises:
        WorkerDiedError: A process was ended from outside; what it finished is kept.
        ReproduceError: The first that a training raised, likewise.
    """
    efforts = {each.name: each.effort * _n_left(places[each.name], study) for each in study.entries}
    left = [each for each in study.entries if not places[each.name].done(study.seeds)]
    if not left:
        return
    pending = sorted(left, key=lambda each: -efforts[each.name])
    spent = SPAWN.Queue()
    n = min(workers, len(pending))
    share = len(pending) / max(1.0, sum(efforts[each.name] for each in pending))
    with progress_of("train", "architectures", console=console) as progress:
        bar = progress.add_task("train", total=len(pending))
        done = itertools.count(1)
        for some in _parts(pending, n * _ARCHITECTURES_A_PROCESS):
            with processes(
                n,
                where=f"{len(pending)} architectures in {n} processes",
                do="take fewer --workers; what is finished is kept, and the same command goes on from there",
                begin=_begin,
                arguments=(study, file, spent),
            ) as pool:
                futures = {pool.submit(_run, each, places[each.name]): each.name for each in some}
                for name in _watched(futures, spent, lambda effort: progress.advance(bar, effort * share)):
                    progress.console.print(f"{name}: done, {next(done)} of {len(pending)}")


def _parts(entries: Sequence[Entry], size: int) -> list[Sequence[Entry]]:
    return [entries[start : start + size] for start in range(0, len(entries), size)]


def _n_left(place: Place, study: ArchitectureStudy) -> int:
    return sum(not place.outcome(seed).exists() for seed in study.seeds)


def _watched(futures: dict[Future, str], spent, on_effort: Callable[[float], None]) -> Iterator[str]:
    """The name of each that is done; tells of the effort meanwhile, and raises what the first failed one raised."""
    told: set[Future] = set()
    while len(told) < len(futures):
        for future in [each for each in futures if each.done() and each not in told]:
            future.result()
            told.add(future)
            yield futures[future]
        try:
            on_effort(spent.get(timeout=_POLL_S))
        except queue.Empty:
            continue


_study: ArchitectureStudy
_data = None
_spent = None


def _begin(number: int, study: ArchitectureStudy, file: Path, spent) -> None:
    global _study, _data, _spent
    configure(worker=number, precision="float32")
    _study, _data, _spent = study, load(file, n_train=study.n_train), spent


def _run(entry: Entry, place: Place) -> None:
    effort = entry.effort / _study.steps
    run_entry(entry, _study, _data, place, on_steps=lambda n: _spent.put(n * effort))
