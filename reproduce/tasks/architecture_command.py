"""The command line of the comparison of architectures: X-rays to trainings, scores, files and figures."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Literal

import tyro
from rich.console import Console

from reproduce import paths, provenance
from reproduce.cache_key import cache_key
from reproduce.cohorts.pneumonia_mnist import FILE, find_file, read_part
from reproduce.errors import ArgumentError, DataNotFoundError, ReproduceError
from reproduce.protocol.text import check_reasons
from reproduce.results.architecture_results import write_architectures
from reproduce.results.property_results import PropertyTable
from reproduce.tasks.architecture_pool import run_entries
from reproduce.tasks.architecture_rows import architecture_rows, probability_columns, structure_rows, training_rows
from reproduce.tasks.architecture_training import Place, read_json, run_entry
from reproduce.tasks.architectures import ArchitectureStudy, Entry
from reproduce.tasks.statements import SAMPLES_VARIABLE
from reproduce.tasks.x_rays import load
from reproduce.training.determinism import configure, leave_gpus_to_workers

_STOPPED = 130  # as a shell says of a program that Ctrl-C ended
_CLOCK = "a forward pass with its call from Python, one thread on a CPU, the other process at work beside it"
Draw = Callable[[Path, Path], tuple[Path, ...]]


def main(tables: Mapping[str, PropertyTable], *, script: str, draw: Draw) -> None:
    """Run the script: leave with 0, with 2 for an error told in one text, with 130 for Ctrl-C.

    Args:
        tables: By profile, "cpu" and "smoke".
        script: `__file__` of the script.
        draw: Draws the figures of a results folder into a folder.
    """

    def command(data_root: Path | None = None, profile: Literal["cpu", "smoke"] = "cpu", workers: int = 2) -> None:
        """Train every architecture on the same X-rays with the same budget.

        Args:
            data_root: Folder of pneumoniamnist.npz; $REPRODUCE_DATA or $REPRODUCE_REAL_DATA stands in.
            profile: "smoke" takes seconds, for tests, and is never written to results/.
            workers: Processes that train at a time; results do not depend on it.
        """
        check_reasons(tables["cpu"], *tables.values())
        project = Path(script).resolve().parents[1]
        run(tables[profile], project, data_root, draw=draw, workers=workers)

    try:
        tyro.cli(command, description=next(iter(tables.values())).title)
    except ReproduceError as error:
        sys.stderr.write(f"{type(error).__name__}: {error}\n")
        sys.exit(2)
    except KeyboardInterrupt:
        sys.stderr.write("stopped; trainings that are finished are kept, and the same command goes on from there\n")
        sys.exit(_STOPPED)


def run(table: PropertyTable, project: Path, data_root: Path | None, *, draw: Draw, workers: int) -> Path:
    """Train what is not trained, score, write and draw; the folder of results.

    Args:
        table: What is asked; its study is an `ArchitectureStudy`.
        project: Folder of results/ and figures/; under "smoke" those of the cache stand in.
        data_root: As on the command line.
        draw: As for `main`.
        workers: Likewise.

    Raises:
        DataNotFoundError: No folder is named, or the file is not there.
        ArgumentError: Fewer than one worker.
    """
    start, console = time.perf_counter(), Console(stderr=True, highlight=False)
    if workers < 1:
        raise ArgumentError(expected="a worker or more", got=str(workers), where="--workers", do="take 1 or 2")
    file, cache = _file(data_root), paths.cache_dir(project)
    home = project if table.profile == "cpu" else cache / "smoke"
    leave_gpus_to_workers()
    study = table.study
    digest = provenance.file_digest(file)
    places = {
        entry.name: Place(cache / "architectures" / _key(entry, study, source=digest)[:16], entry.key)
        for entry in study.entries
    }
    run_entries(study, places, file, workers=workers, console=console)
    known = {name: read_json(place.cost) for name, place in places.items()}
    test = read_part(file, "test")
    probabilities = probability_columns(study, places, test.labels)
    results = home / "results" / table.table / f"{table.source}-{table.profile}"
    costs = {name: each["cost"] for name, each in known.items()}
    write_architectures(
        results,
        table,
        architectures=architecture_rows(study, costs, probabilities),
        trainings=training_rows(study, places, probabilities),
        probabilities=probabilities,
        structure=structure_rows(study.basic),
    )
    facts = {
        "versions": provenance.versions(),
        "commit": provenance.commit(),
        "processor": provenance.processor(),
        "source_sha256": digest,
        "clock": _CLOCK,
        "spent": {name: each["spent"] for name, each in known.items()},
        "workers": workers,
        "peak_memory_mib": provenance.peak_memory_mib(),
        "seconds_of_this_start": round(time.perf_counter() - start, 1),
    }
    provenance.write_json(results / "provenance.json", facts)
    drawn = draw(results, home / "figures" / table.table / results.name)
    console.print(f"{table.title}: {len(study.entries)} architectures; {facts['seconds_of_this_start']} s")
    sys.stdout.writelines(f"{path}\n" for path in (*sorted(results.iterdir()), *drawn))
    return results


def _file(data_root: Path | None) -> Path:
    samples = os.environ.get(SAMPLES_VARIABLE)
    named = paths.data_root(data_root) or (Path(samples) if samples else None)
    if named is None:
        do = f"name the folder that holds {FILE} with --data-root; no phantom stands in for X-rays"
        raise DataNotFoundError(expected=f"the X-rays of {FILE}", got="no folder", where="--data-root", do=do)
    return find_file(named)


def _key(entry: Entry, study: ArchitectureStudy, *, source: str) -> str:
    """The `cache_key` of an architecture's outcomes under a budget, on X-rays of a digest."""
    return cache_key(
        *(run_entry, load, configure),
        entry=[entry.name, entry.architecture.build, entry.changed, entry.size],
        budget=[study.n_train, study.images_seen, study.batch_size, study.learning_rate, study.warm_up],
        source=source,
    )
