"""Comparison: architectures trained on the same images with the same budget, compiled once for all seeds."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from reproduce import provenance
from reproduce.cache_key import cache_key
from reproduce.cohorts.pneumonia_mnist import find_file, read_part
from reproduce.results.architecture_results import write_architecture_page
from reproduce.results.cases import write_frame
from reproduce.results.property_results import PropertyTable
from reproduce.tasks.architecture_rows import architecture_rows, probability_columns, structure_rows, training_rows
from reproduce.tasks.architecture_training import Outcomes, read_json, run_entry
from reproduce.tasks.architectures import ArchitectureStudy, Entry
from reproduce.tasks.task import Claims, Context, Page, Task
from reproduce.tasks.x_rays import load
from reproduce.training.determinism import configure
from reproduce.training.pool import Tell, run_units

_MOST_IN_A_PROCESS = 5
_CLOCK = "a forward pass with its call from Python, one thread on a CPU, the other process at work beside it"


def _measure(table: PropertyTable[ArchitectureStudy], context: Context) -> dict[str, Any]:
    file, study = find_file(context.data), table.study
    digest = provenance.file_digest(file)
    outcomes = {
        entry.name: Outcomes(context.cache / "architectures" / _key(entry, study, source=digest)[:16], entry.key)
        for entry in study.entries
    }
    _train(study, outcomes, file, context)
    known = {name: read_json(kept.cost) for name, kept in outcomes.items()}
    probabilities = probability_columns(study, outcomes, read_part(file, "test").labels)
    costs = {name: each["cost"] for name, each in known.items()}
    for name, frame in {
        "architectures": architecture_rows(study, costs, probabilities),
        "trainings": training_rows(study, outcomes, probabilities),
        "probabilities": probabilities,
        "structure": structure_rows(study.basic),
    }.items():
        write_frame(frame, context.folder / f"{name}.csv")
    spent = {name: each["spent"] for name, each in known.items()}
    return {"source_sha256": digest, "clock": _CLOCK, "spent": spent}


def _train(study: ArchitectureStudy, outcomes: dict[str, Outcomes], file: Path, context: Context) -> None:
    """Train every architecture that is not done under every seed, those that take longest first."""

    def effort(entry: Entry) -> float:
        return entry.effort * sum(not outcomes[entry.name].of(seed).exists() for seed in study.seeds)

    left = [each for each in study.entries if not outcomes[each.name].done(study.seeds)]
    left.sort(key=effort, reverse=True)
    total = max(1.0, sum(map(effort, left)))
    run_units(
        [(each, outcomes[each.name], 100 * each.effort / total / study.steps) for each in left],
        _start,
        (study, file),
        efforts=[100 * effort(each) / total for each in left],
        workers=context.workers,
        label="train",
        unit="%",
        most_in_a_process=_MOST_IN_A_PROCESS,
        console=context.console,
        name=lambda unit: unit[0].name,
    )


def _start(number: int, study: ArchitectureStudy, file: Path) -> Callable[[tuple[Entry, Outcomes, float], Tell], None]:
    configure(worker=number, precision="float32")
    data = load(file, n_train=study.n_train)

    def do(unit: tuple[Entry, Outcomes, float], tell: Tell) -> None:
        entry, kept, share = unit
        run_entry(entry, study, data, kept, on_steps=lambda n: tell(n * share))

    return do


def _key(entry: Entry, study: ArchitectureStudy, *, source: str) -> str:
    """Return the `cache_key` of an architecture's outcomes under a budget, on X-rays of a digest."""
    return cache_key(
        *(run_entry, load, configure),
        entry=[entry.name, entry.architecture.build, entry.changed, entry.size],
        budget=[study.n_train, study.images_seen, study.batch_size, study.learning_rate, study.warm_up],
        source=source,
    )


def _write(table: PropertyTable[ArchitectureStudy], whole: PropertyTable, context: Context, _: Claims) -> Page:
    names = {
        "study.entries": ", ".join(entry.name for entry in table.study.entries),
        "study.basic": table.study.basic.name,
    }
    n = write_architecture_page(context.folder, table, whole, names=names)
    return Page(f"{n} architectures; no printed cell")


COMPARISON = Task("comparison", _measure, _write)
