"""Measurements that take minutes: one unit for each group and seed, in a few processes, each kept once it is done."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

from rich.console import Console

from reproduce.cache_key import cache_key
from reproduce.provenance import file_digest, write_json
from reproduce.tasks.x_rays import Data, Row, TrainedStudy, load
from reproduce.training.determinism import configure
from reproduce.training.pool import Tell, run_units

Study = TypeVar("Study", bound=TrainedStudy)


@dataclass(frozen=True)
class BySeed(Generic[Study]):
    """A measure whose units do not depend on each other.

    Attributes:
        measure: Called with data, study, group and seeds; yields (seed, rows) for each of the seeds.
        groups: Each is measured in a process of its own, so that what it compiles serves all seeds.
    """

    measure: Callable[[Data, Study, str, Sequence[int]], Iterable[tuple[int, list[Row]]]]
    groups: tuple[str, ...]

    @property
    def __name__(self) -> str:
        """Return the name of the measure."""
        return self.measure.__name__


def kept_rows(
    each: BySeed, study: TrainedStudy, file: Path, cache: Path, *, workers: int, console: Console
) -> list[Row]:
    """Return all rows of a measure; those of units that are done are read, not measured again.

    Args:
        each: The measure.
        study: Its `training` says seeds and number of X-rays.
        file: The file of X-rays.
        cache: Folder of what can be made again.
        workers: Processes.
        console: Console for the progress bar.

    Raises:
        WorkerDiedError: A process was ended from outside; what is finished is kept.
        ReproduceError: The first that a unit raised; what is finished is kept.
    """
    key = cache_key(_start, measure=each.measure, study=study, source=file_digest(file))
    folder, seeds = cache / "studies" / key[:16], study.training.seeds
    left = {group: [seed for seed in seeds if not _path(folder, group, seed).exists()] for group in each.groups}
    pending = [(group, tuple(seeds)) for group, seeds in left.items() if seeds]
    run_units(
        pending,
        _start,
        (each, study, file, folder),
        efforts=[len(seeds) for _, seeds in pending],
        workers=workers,
        label=each.__name__,
        unit="units",
        name=lambda group_and_seeds: group_and_seeds[0],
        console=console,
    )
    units = [(group, seed) for group in each.groups for seed in seeds]
    return [tuple(row) for unit in units for row in json.loads(_path(folder, *unit).read_text())]


def _path(folder: Path, group: str, seed: int) -> Path:
    return folder / f"{group}-seed{seed}.json"


def _start(_: int, each: BySeed, study: TrainedStudy, file: Path, folder: Path) -> Callable[[tuple, Tell], None]:
    configure(worker=0, precision="float32")
    data = load(file, n_train=study.training.n_train)

    def do(unit: tuple[str, tuple[int, ...]], tell: Tell) -> None:
        for seed, rows in each.measure(data, study, *unit):
            write_json(_path(folder, unit[0], seed), rows)
            tell(1)

    return do
