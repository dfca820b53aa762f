"""Running a table: data, folds, training in worker processes, scores, results, figures."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import tyro
from rich.console import Console
from rich.markup import escape

from reproduce import paths
from reproduce.cache_key import cache_key
from reproduce.cohorts.splits import Fold, held_out_fold, patient_folds, write_splits
from reproduce.errors import ProtocolError, ReproduceError
from reproduce.figures.draw import draw_run
from reproduce.figures.overlays import write_overlays
from reproduce.figures.worst_cases import FILE as WORST
from reproduce.figures.worst_cases import write_worst
from reproduce.papers.xue2025 import figures as document000
from reproduce.prepared.slices import Prepared
from reproduce.protocol import Experiment, HeldOut, Validation, VolumeArm
from reproduce.protocol.text import check_reasons, protocol_id
from reproduce.provenance import commit, peak_memory_mib, processor, versions, write_json
from reproduce.results.folders import find_runs, read_run
from reproduce.results.run_result import PHANTOM, Run
from reproduce.results.table_markdown import verdict_line
from reproduce.results.terminal import verdict_table
from reproduce.results.writer import write_results
from reproduce.tasks.evaluation import evaluate
from reproduce.tasks.worst import worst_cases
from reproduce.training.determinism import configure, leave_gpus_to_workers, n_gpus
from reproduce.training.job import Job, Worker, views
from reproduce.training.pool import run_jobs

PROFILES = ("paper", "cpu", "smoke")


@dataclass(frozen=True)
class Options:
    """What a table's script takes from the command line.

    Attributes:
        profile: "paper" is what the document prints, "cpu" the same scaled down to minutes on two cores, "smoke" takes
            seconds and is never written to results/. Left out: paper where a GPU is seen, else cpu.
        data_root: Folder of the real data set in its own layout. Left out: $REPRODUCE_DATA, or else a phantom cohort.
        folds: Another number of folds than the protocol's.
        seeds: Another number of seeds than the protocol's, counted from its first.
        official_split: Divide the patients as the data set does, where it comes with a division.
        workers: Processes that train at a time. Left out: one a GPU, or two without one.
    """

    profile: Literal["paper", "cpu", "smoke"] | None = None
    data_root: Path | None = None
    folds: int | None = None
    seeds: int | None = None
    official_split: bool = False
    workers: int | None = None


def main(profiles: Mapping[str, Experiment], *, script: str, arguments: Sequence[str] | None = None) -> None:
    """Run a table from the command line and leave with exit code 0, 2 for an error told in one text, 130 for Ctrl-C.

    Args:
        profiles: The experiment under each of `PROFILES`.
        script: `__file__` of the script; results/ and figures/ lie beside its folder.
        arguments: Of the command line; None takes the process's own.
    """
    description = profiles["paper"].title
    options = tyro.cli(Options, args=arguments, description=description, config=(tyro.conf.OmitSubcommandPrefixes,))
    console = Console(stderr=True, highlight=False, width=None if sys.stderr.isatty() else 120)
    try:
        with _script_stays_home():
            run_table(profiles, options, project=Path(script).resolve().parents[1], console=console)
    except ReproduceError as error:
        console.print(f"[bold red]{type(error).__name__}[/]: {escape(str(error))}")
        sys.exit(2)
    except KeyboardInterrupt:
        console.print("stopped; what is finished is kept, and the same command goes on from there")
        sys.exit(130)


@contextmanager
def _script_stays_home():
    """Hide the script from worker processes: each would run it again, and import TensorFlow just to write DICOM."""
    main_module = sys.modules["__main__"]
    path = vars(main_module).pop("__file__", None)
    try:
        yield
    finally:
        if path is not None:
            main_module.__file__ = path


def run_table(profiles: Mapping[str, Experiment], options: Options, *, project: Path, console: Console) -> Path:
    """Run a table and return its results folder.

    Args:
        profiles: The experiment under each of `PROFILES`.
        options: See `Options`.
        project: Folder of results/ and figures/.
        console: Where it says what it does.

    Raises:
        ReproduceError: Whatever a user can act on.
    """
    check_reasons(profiles["paper"], *profiles.values())
    started = time.monotonic()
    name = options.profile or ("paper" if n_gpus() else "cpu")
    experiment = _overridden(profiles[name], options)
    root, cache = paths.data_root(options.data_root), paths.cache_dir(project)
    workers = options.workers or n_gpus() or 2
    leave_gpus_to_workers()
    source = experiment.source if root else PHANTOM
    console.print(f"{experiment.title}\n  source {source}, profile {name}, protocol {protocol_id(experiment)[:12]}")
    if root is None:
        root = cache / "phantoms" / f"{experiment.table}-{name}"
        console.print(
            f"  no --data-root: a phantom cohort is written to {root}; its numbers are no evidence", soft_wrap=True
        )
        experiment.phantom(root, workers=workers)
    prepared: Prepared = experiment.preparation.cohort(root, cache)
    seen = views(experiment, prepared, cache=cache)
    folds = folds_of(experiment, seen.patients)
    jobs = jobs_of(experiment, prepared, folds, cache=cache)
    prepared_s = time.monotonic() - started
    run_jobs(jobs, experiment, prepared, cache=cache, workers=workers)
    trained_s = time.monotonic() - started - prepared_s
    found = evaluate(jobs, experiment, prepared)
    run = Run(experiment, profiles["paper"], source, found.cases, found.slices, found.history, found.costs)
    results = (cache / "smoke" / "results" if name == "smoke" else project / "results") / experiment.table
    folder = results / f"{source}-{name}"
    verdicts = write_results(run, folder)
    write_splits(folds, folder / "splits.json")
    (folder / "ledger.csv").write_bytes(prepared.ledger.read_bytes())
    write_overlays(folder / "overlays.npz", found.overlays, [arm.name for arm in experiment.arms])
    if isinstance(experiment.arms[-1], VolumeArm):
        write_worst(folder / WORST, worst_cases(found.cases, jobs, experiment, seen.volumes))
    seconds = {"prepare": prepared_s, "train_and_predict": trained_s, "all": time.monotonic() - started}
    write_json(folder / "provenance.json", _provenance(prepared, workers, seconds, jobs))
    figures = (cache / "smoke" if name == "smoke" else project) / "figures"
    drawn = [*draw_run(read_run(folder), figures)]
    if experiment.table in document000.TABLES:
        drawn += document000.draw_document000(find_runs(results.parent, ()), figures)
    if verdicts:
        console.print(verdict_table(verdicts))
    console.print(f"verdict: {verdict_line(run, verdicts)}")
    console.print(f"results: {folder}\nfigures: {drawn[0].parent}", soft_wrap=True)
    console.print(f"time: {seconds['all'] / 60:.1f} minutes")
    return folder


def jobs_of(experiment: Experiment, prepared: Prepared, folds: Sequence[Fold], *, cache: Path) -> list[Job]:
    """All trainings of an experiment, the last arm first, each in a folder of its own `cache_key`.

    Title, phantom, statements and other arms are no part of it, nor are the seeds: who changes one arm trains that one
    again, and who asks for more seeds trains those.

    Args:
        experiment: As it is run.
        prepared: Its cohort.
        folds: Of `folds_of`.
        cache: Folder for what can be made again.
    """
    jobs = []
    for arm in reversed(experiment.arms):
        key = cache_key(
            *(Worker, views, configure),
            protocol=replace(experiment, title="", phantom=None, arms=(arm,), validation=None, statements=()),
            regions=list(experiment.preparation.regions.items()),  # their order is that of the channels
            folds=folds,
            prepared=prepared.key,
        )
        runs = cache / "runs" / experiment.table / key[:16]
        jobs += [
            Job(arm, seed, fold, runs / f"{arm.name}-seed{seed}-fold{fold.index}")
            for seed in experiment.validation.seeds
            for fold in folds
        ]
    return jobs


def _overridden(experiment: Experiment, options: Options) -> Experiment:
    validation = experiment.validation
    if options.folds is not None:
        if isinstance(validation, HeldOut):
            raise ProtocolError(
                expected="a table whose patients are divided into folds",
                got=f"--folds {options.folds} for {experiment.table}, which divides them once",
                where="command line",
                do="leave --folds out",
            )
        validation = validation.changed(f"command line: --folds {options.folds}", n_folds=options.folds)
    if options.official_split:
        if not isinstance(validation, HeldOut) or validation.official is None:
            raise ProtocolError(
                expected="a table whose data set comes with a division",
                got=f"--official-split for {experiment.table}",
                where="command line",
                do="leave --official-split out",
            )
        validation = validation.changed("command line: --official-split", division="official")
    if options.seeds is not None:
        first = validation.seeds[0]
        seeds = tuple(range(first, first + options.seeds))
        validation = validation.changed(f"command line: --seeds {options.seeds}", seeds=seeds)
    too_few_workers = options.workers is not None and options.workers < 1
    too_few_folds = isinstance(validation, Validation) and validation.n_folds < 2
    if not validation.seeds or too_few_folds or too_few_workers:
        raise ProtocolError(
            expected="at least one seed, two folds and one worker",
            got=f"--seeds {options.seeds} --folds {options.folds} --workers {options.workers}",
            where="command line",
            do="give 1 seed or worker or more, 2 folds or more, or leave the option out",
        )
    return replace(experiment, validation=validation)


def folds_of(experiment: Experiment, patients: Sequence[str]) -> tuple[Fold, ...]:
    """How an experiment divides some patients: into folds, or once."""
    v = experiment.validation
    if isinstance(v, HeldOut):
        official = v.official if v.division == "official" else None
        return (held_out_fold(patients, shares=v.shares, official=official, seed=v.split_seed),)
    return patient_folds(patients, n_folds=v.n_folds, validation_share=v.validation_share, seed=v.split_seed)


def _provenance(prepared: Prepared, workers: int, seconds: Mapping[str, float], jobs: Sequence[Job]) -> dict:
    """What a run was made from and what it cost; a resumed run too has one set of versions.

    Trainings that are kept were made with those of now: others have another `cache_key`, patch level of Python aside.
    """
    per_slice, training = _by_arm(jobs, "seconds_per_slice"), _by_arm(jobs, "cpu_seconds")
    return {
        "versions": versions(),
        "commit": commit(),
        "processor": processor(),
        "gpus": n_gpus(),
        "workers": workers,
        "source_key": prepared.key,
        "seconds_per_slice": {arm: round(mean, 5) for arm, mean in per_slice.items()},
        "training_cpu_seconds": {arm: round(mean, 1) for arm, mean in training.items()},
        "seconds": {name: round(value, 1) for name, value in seconds.items()},
        "peak_memory_mib": {name: round(value) for name, value in peak_memory_mib().items()},
        "finished": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
    }


def _by_arm(jobs: Sequence[Job], what: str) -> dict[str, float]:
    """The mean of what each arm's jobs spent, by name."""
    by_arm: dict[str, list[float]] = {}
    for job in jobs:
        by_arm.setdefault(job.arm.name, []).append(job.spent[what])
    return {arm: sum(values) / len(values) for arm, values in sorted(by_arm.items())}
