"""Measurements that take minutes: one unit for each group and seed, in a few processes, each kept once it is done."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import FIRST_EXCEPTION, wait
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from reproduce.cache_key import cache_key
from reproduce.processes import processes, progress_of
from reproduce.protocol.section import Section
from reproduce.provenance import file_digest, write_json
from reproduce.tasks.x_rays import Data, Row, load
from reproduce.training.determinism import configure

_WORKERS = 2
_POLL_S = 0.5


@dataclass(frozen=True)
class BySeed:
    """A measure whose units do not depend on each other.

    Attributes:
        measure: Called with data, study, group and seeds; yields (seed, rows) for each of the seeds.
        groups: Each is measured in a process of its own, so that what it compiles serves all seeds.
    """

    measure: Callable[[Data, Section, str, Sequence[int]], Iterable[tuple[int, list[Row]]]]
    groups: tuple[str, ...]

    @property
    def __name__(self) -> str:
        """As that of any other measure."""
        return self.measure.__name__


def kept_rows(each: BySeed, study: Section, file: Path, cache: Path, *, console: Console) -> list[Row]:
    """All rows of a measure; those of units that are done are read, not measured again.

    Args:
        each: The measure.
        study: With a `training`, whose seeds and number of X-rays hold.
        file: Of the X-rays.
        cache: Folder of what can be made again.
        console: Where the bar is.

    Raises:
        WorkerDiedError: A process was ended from outside; what is finished is kept.
        ReproduceError: The first that a unit raised, likewise.
    """
    key = cache_key(_begin, _run, measure=each.measure, study=study, source=file_digest(file))
    folder = cache / "studies" / key[:16]
    units = [(group, seed) for group in each.groups for seed in study.training.seeds]
    left = {
        group: [seed for g, seed in units if g == group and not _place(folder, g, seed).exists()]
        for group in each.groups
    }
    pending = {group: seeds for group, seeds in left.items() if seeds}
    if pending:
        _measure(each, study, file, folder, pending, n_units=len(units), console=console)
    return [tuple(row) for unit in units for row in json.loads(_place(folder, *unit).read_text())]


def _place(folder: Path, group: str, seed: int) -> Path:
    return folder / f"{group}-seed{seed}.json"


def _measure(
    each: BySeed,
    study: Section,
    file: Path,
    folder: Path,
    pending: dict[str, list[int]],
    *,
    n_units: int,
    console: Console,
) -> None:
    """Measure in processes, a group each, until all units are done."""
    with (
        processes(
            min(_WORKERS, len(pending)),
            where=each.__name__,
            do="give the same command again; what is finished is kept",
            begin=_begin,
        ) as pool,
        progress_of(each.__name__, "units", console=console) as progress,
    ):
        bar = progress.add_task("measure", total=n_units)
        futures = {pool.submit(_run, each, study, file, folder, *group) for group in pending.items()}
        while futures:
            done, futures = wait(futures, timeout=_POLL_S, return_when=FIRST_EXCEPTION)
            for future in done:
                future.result()
            progress.update(bar, completed=sum(1 for _ in folder.glob("*-seed*.json")))


def _begin(_number: int) -> None:
    configure(worker=0, precision="float32")


def _run(each: BySeed, study: Section, file: Path, folder: Path, group: str, seeds: Sequence[int]) -> None:
    data = load(file, n_train=study.training.n_train)
    for seed, rows in each.measure(data, study, group, seeds):
        write_json(_place(folder, group, seed), rows)
