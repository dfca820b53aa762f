"""Running a table of any kind: data, measurements, pages, figures, provenance."""

from __future__ import annotations

import errno
import os
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import tyro
from rich.console import Console
from rich.markup import escape

from reproduce import paths
from reproduce.errors import STOPPED, DataNotFoundError, ProtocolError, ReproduceError
from reproduce.figures.table_figures import draw_run
from reproduce.protocol import Experiment, HeldOut, Validation
from reproduce.protocol.text import check_reasons, protocol_id
from reproduce.provenance import commit, peak_memory_mib, processor, require_writable, versions, write_json
from reproduce.results.folders import RunFolder, read_object, read_run
from reproduce.results.property_results import NO_DATA
from reproduce.results.terminal import verdict_table
from reproduce.results.verdict_words import PHANTOM
from reproduce.tasks.dry_run import card_of, hold_to, tell
from reproduce.tasks.task import Claims, Context, Task
from reproduce.training.determinism import leave_gpus_to_workers, n_gpus
from reproduce.training.precision import computed_here, trained_otherwise

PROFILES = ("paper", "cpu", "smoke")
SAMPLES_VARIABLE = "REPRODUCE_REAL_DATA"
_REFUSALS = (
    *(errno.ENOSPC, errno.EDQUOT, errno.EACCES, errno.EPERM, errno.EROFS),
    *(errno.EISDIR, errno.ENOTDIR, errno.EEXIST),
)
_AFTER_OS_ERROR = "do:    free space or allow access there; finished work is kept: rerun the command to resume"
# Writes files that only one table has: called with the run and the folder of all figures; returns their paths.
Further = Callable[[RunFolder, Path], Iterable[Path]]


@dataclass(frozen=True)
class Options:
    """What a table's script takes from the command line.

    Attributes:
        profile: "paper" is what the document prints, "cpu" the same scaled down to minutes on two cores, "smoke" takes
            seconds and is never written to results/. Left out: paper where a GPU is seen, else cpu.
        data_root: Folder of the real data set in its own layout. Left out: $REPRODUCE_DATA, or else a phantom cohort.
        out: Folder in which results/ and figures/ are written instead of the project.
        folds: Another number of folds than the protocol's.
        seeds: Another number of seeds than the protocol's, counted from its first.
        official_split: Divide the patients as the data set does, where it comes with a division.
        workers: Processes that train at a time. Left out: one a GPU, or two without one.
        pages: Train nothing: write tables, pages and figures again from the cases in the results folder.
        precision: Another precision than the protocol's; half precision only where the machine computes in it.
        micro_batch: Other images at a time than the protocol's, for a smaller memory; gradients are accumulated.
        dry_run: Train and write nothing: say parameters, operations, memory, steps, hours and disk of each model.
        over_budget: Train although the table's budget of processor time does not hold on this processor.
        card: For --dry-run: a GPU by its name, e.g. "RTX 3090", or by its memory, e.g. "24 GB"; else this machine.
    """

    profile: Literal["paper", "cpu", "smoke"] | None = None
    data_root: Path | None = None
    out: Path | None = None
    folds: int | None = None
    seeds: int | None = None
    official_split: bool = False
    workers: int | None = None
    pages: bool = False
    precision: Literal["float32", "mixed_bfloat16", "mixed_float16"] | None = None
    micro_batch: int | None = None
    dry_run: bool = False
    card: str | None = None
    over_budget: bool = False


def main(
    profiles: Mapping[str, Any],
    task: Task,
    *,
    script: str,
    claims: Claims = Claims(),  # noqa: B008  (frozen, and empty)
    further: Further | None = None,
    budget_s: float | None = None,
    arguments: Sequence[str] | None = None,
) -> None:
    """Run a table from the command line; exit with 0, with 2 after one text for an error, with 130 for Ctrl-C.

    Args:
        profiles: The table under each of its profiles, some of `PROFILES`, the one that the others are made from first.
        task: What kind of table it is.
        script: `__file__` of the script; results/ and figures/ lie beside its folder.
        claims: What a document prints of the table.
        further: Writes files that only this table has.
        budget_s: Processor seconds that the training of all models on one fold may take; told by `--dry-run`, and held
            to before any training where there is no GPU, `smoke` aside.
        arguments: Arguments of the command line; None takes those of the process.
    """
    description = next(iter(profiles.values())).title
    options = tyro.cli(Options, args=arguments, description=description, config=(tyro.conf.OmitSubcommandPrefixes,))
    told_as_errors(
        lambda console: run_table(
            profiles,
            task,
            options,
            project=Path(script).resolve().parents[1],
            console=console,
            claims=claims,
            further=further,
            budget_s=budget_s,
        )
    )


def told_as_errors(do: Callable[[Console], object]) -> None:
    """Call a function with a console; exit with 2 after one text for an error, with 130 for Ctrl-C."""
    console = Console(stderr=True, highlight=False, width=None if sys.stderr.isatty() else 120)
    try:
        with _script_stays_home():
            do(console)
    except ReproduceError as error:
        console.print(f"[bold red]{type(error).__name__}[/]: {escape(str(error))}")
        sys.exit(2)
    except OSError as error:  # the disk is full or a file is in the way, met by a library that writes by itself
        if error.errno not in _REFUSALS:
            raise
        console.print(f"[bold red]{type(error).__name__}[/]: {escape(str(error))}\n  {_AFTER_OS_ERROR}")
        sys.exit(2)
    except KeyboardInterrupt:
        console.print("Stopped. Finished work is kept; rerun the command to resume.")
        sys.exit(STOPPED)


@contextmanager
def _script_stays_home() -> Iterator[None]:
    """Hide the script from worker processes: each would run it again, and import TensorFlow just to write DICOM."""
    main_module = sys.modules["__main__"]
    path = vars(main_module).pop("__file__", None)
    try:
        yield
    finally:
        if path is not None:
            main_module.__file__ = path


def run_table(
    profiles: Mapping[str, Any],
    task: Task,
    options: Options,
    *,
    project: Path,
    console: Console,
    claims: Claims = Claims(),  # noqa: B008
    further: Further | None = None,
    budget_s: float | None = None,
) -> Path:
    """Run a table and return its results folder.

    Args:
        profiles: See `main`, and so for `task`, `claims` and `further`.
        task: What kind of table it is.
        options: See `Options`.
        project: Folder of results/ and figures/.
        console: Console for messages.
        claims: What a document prints of the table.
        further: Writes files that only this table has.
        budget_s: See `main`.

    Raises:
        ReproduceError: Whatever a user can act on.
    """
    started = time.monotonic()
    whole = next(iter(profiles.values()))
    check_reasons(whole, *profiles.values())
    card = None if options.card is None else card_of(options.card)
    if card is not None and not options.dry_run:
        raise _refused("--card beside --dry-run", "--card alone", "give --dry-run too; a run takes this machine")
    experiment = overridden(_profile(profiles, options), options)
    gpus = n_gpus()
    cache, workers = paths.cache_dir(project), options.workers or gpus or 2
    leave_gpus_to_workers()
    root, source = data_of(experiment, task, options)
    name = experiment.profile
    home = options.out or (cache / "smoke" if name == "smoke" else project)
    folder = home.absolute() / "results" / experiment.table / f"{source}-{name}"
    for written in (cache,) if options.dry_run else (folder, home.absolute() / "figures", cache):
        require_writable(written)
    if options.precision is None:
        ran = folder / "protocol.json" if options.pages else None
        experiment = computed_here(experiment, gpus=gpus, ran=ran, console=console)
    console.print(f"{experiment.title}\n  source {source}, profile {name}, protocol {protocol_id(experiment)[:12]}")
    budget_s = None if gpus or name == "smoke" else budget_s
    if options.dry_run:
        root = root or (_phantom(experiment, cache, workers=workers, console=console) if task.prepare else None)
        tell(experiment, task, Context(root, source, cache, folder, workers, console), card, budget_s)
        return folder
    if options.pages:
        before = read_object(folder / "provenance.json")
        context = Context(root, source, cache, folder, workers, console)
        facts = {**before, "pages_written_by": commit()}
    else:
        root = root or _phantom(experiment, cache, workers=workers, console=console)
        context = Context(root, source, cache, folder, workers, console)
        if budget_s is not None and task.prepare is not None and not options.over_budget:
            hold_to(budget_s, experiment, task, context)
        facts = _facts(task.measure(experiment, context), workers, time.monotonic() - started)
    page = task.write(experiment, whole, context, claims)
    write_json(folder / "provenance.json", facts)
    run, figures = read_run(folder), home.absolute() / "figures"
    drawn = [*draw_run(run, figures), *(further(run, figures) if further else ())]
    if page.verdicts:
        console.print(verdict_table(page.verdicts))
    console.print(f"verdict: {page.line}\nresults: {folder}", soft_wrap=True)
    if drawn:
        console.print(f"figures: {', '.join(sorted({str(path.parent) for path in drawn}))}", soft_wrap=True)
    console.print(f"time: {(time.monotonic() - started) / 60:.1f} minutes")
    return folder


def _profile(profiles: Mapping[str, Any], options: Options) -> Any:
    default = "paper" if "cpu" not in profiles or ("paper" in profiles and n_gpus()) else "cpu"
    name = options.profile or default
    if name not in profiles:
        got, do = f"--profile {name}", f"take one of {', '.join(profiles)}"
        raise ProtocolError(expected="a profile that this table has", got=got, where="command line", do=do)
    return profiles[name]


def data_of(experiment: Any, task: Task, options: Options) -> tuple[Path | None, str]:
    """Return the data root that the user names, or None, and the name of the source.

    A table without a phantom takes the real samples of $REPRODUCE_REAL_DATA where nothing else is named.

    Raises:
        DataNotFoundError: A folder is named that is not there, or none is where the table needs one.
    """
    root, phantom = paths.data_root(options.data_root), getattr(experiment, "phantom", None)
    if root is None and phantom is None and os.environ.get(SAMPLES_VARIABLE):
        root = Path(os.environ[SAMPLES_VARIABLE])
    if root is not None:
        return root, experiment.source
    if phantom is not None:
        return None, PHANTOM
    if task.needs_data and not options.pages:
        do = "name its folder with --data-root; no phantom stands in for it"
        raise DataNotFoundError(
            expected=f"the data set {experiment.source}", got="no folder", where="--data-root", do=do
        )
    return None, experiment.source if options.pages else NO_DATA


def _phantom(experiment: Any, cache: Path, *, workers: int, console: Console) -> Path | None:
    if getattr(experiment, "phantom", None) is None:
        return None
    root = cache / "phantoms" / f"{experiment.table}-{experiment.profile}"
    text = f"  no --data-root: a phantom cohort is written to {root}; its numbers are no evidence"
    console.print(text, soft_wrap=True)
    experiment.phantom(root, workers=workers)
    return root


def _facts(measured: dict[str, Any], workers: int, seconds: float) -> dict[str, Any]:
    """Return versions, machine and costs of a run; a resumed run too has one set of versions.

    Kept trainings have today's versions, since others have another `cache_key`, the patch level of Python aside.
    """
    return {
        "versions": versions(),
        "commit": commit(),
        "processor": processor(),
        "gpus": n_gpus(),
        "workers": workers,
        **measured,
        "seconds": round(seconds, 1),
        "peak_memory_mib": {name: round(value) for name, value in peak_memory_mib().items()},
        "finished": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
    }


def overridden(experiment: Any, options: Options) -> Any:
    """Return an experiment with the changes of the command line.

    Raises:
        ProtocolError: An option does not fit the table, or is out of its range.
    """
    if options.workers is not None and options.workers < 1:
        raise _refused("a worker or more", f"--workers {options.workers}", "give 1 or more, or leave the option out")
    experiment = trained_otherwise(
        experiment,
        precision=options.precision,
        micro_batch=options.micro_batch,
        gpus=None if options.pages else n_gpus(),
    )
    asked = options.folds is not None or options.seeds is not None or options.official_split
    if not asked:
        return experiment
    if not isinstance(experiment, Experiment):
        do = "leave --folds, --seeds and --official-split out"
        raise _refused("a table whose patients are divided", f"an option of such tables for {experiment.table}", do)
    validation = experiment.validation
    if options.folds is not None:
        if isinstance(validation, HeldOut):
            got = f"--folds {options.folds} for {experiment.table}, which divides them once"
            raise _refused("a table whose patients are divided into folds", got, "leave --folds out")
        validation = validation.changed(f"command line: --folds {options.folds}", n_folds=options.folds)
    if options.official_split:
        if not isinstance(validation, HeldOut) or validation.official is None:
            got, do = f"--official-split for {experiment.table}", "leave --official-split out"
            raise _refused("a table whose data set comes with a division", got, do)
        validation = validation.changed("command line: --official-split", division="official")
    if options.seeds is not None:
        first = validation.seeds[0]
        seeds = tuple(range(first, first + options.seeds))
        validation = validation.changed(f"command line: --seeds {options.seeds}", seeds=seeds)
    if not validation.seeds or (isinstance(validation, Validation) and validation.n_folds < 2):
        got = f"--seeds {options.seeds} --folds {options.folds}"
        raise _refused("at least one seed and two folds", got, "give 1 seed or more, 2 folds or more")
    return replace(experiment, validation=validation)


def _refused(expected: str, got: str, do: str) -> ProtocolError:
    return ProtocolError(expected=expected, got=got, where="command line", do=do)
