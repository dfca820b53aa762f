"""Running a table of any kind: data, measurements, pages, figures, provenance."""

from __future__ import annotations

import errno
import os
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import tyro
from rich.console import Console
from rich.markup import escape

from reproduce import paths
from reproduce.arithmetic import arithmetic, flags, processor_features
from reproduce.errors import STOPPED, DataNotFoundError, ProtocolError, ReproduceError
from reproduce.figures.table_figures import draw_run
from reproduce.options import Options, overridden, refuse, whole_of
from reproduce.protocol.text import check_reasons, protocol_id
from reproduce.provenance import commit, peak_memory_mib, processor, require_writable, versions, write_json
from reproduce.rerun import code_record, write_code
from reproduce.results.folders import RunFolder, read_object, read_run
from reproduce.results.property_results import NO_DATA
from reproduce.results.terminal import verdict_table
from reproduce.results.verdict_words import PHANTOM
from reproduce.tasks.dry_run import card_of, hold_to, tell
from reproduce.tasks.task import Claims, Context, Task
from reproduce.training.determinism import leave_gpus_to_workers, n_gpus
from reproduce.training.precision import computed_here

PROFILES = ("paper", "cpu", "smoke")
_REFUSALS = (
    *(errno.ENOSPC, errno.EDQUOT, errno.EACCES, errno.EPERM, errno.EROFS),
    *(errno.EISDIR, errno.ENOTDIR, errno.EEXIST),
)
_AFTER_OS_ERROR = "do:    free space or allow access there; finished work is kept: rerun the command to resume"
# Writes files that only one table has: called with the run and the folder of all figures; returns their paths.
Further = Callable[[RunFolder, Path], Iterable[Path]]


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
            script=Path(script),
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
    script: Path,
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
        script: The table's script; results/ and figures/ lie beside its folder.
        console: Console for messages.
        claims: What a document prints of the table.
        further: Writes files that only this table has.
        budget_s: See `main`.

    Raises:
        ReproduceError: Whatever a user can act on.
    """
    started, project = time.monotonic(), script.resolve().parents[1]
    whole = next(iter(profiles.values()))
    check_reasons(whole, *profiles.values())
    card = None if options.card is None else card_of(options.card)
    if card is not None and not options.dry_run:
        refuse("--card beside --dry-run", "--card alone", "give --dry-run too; a run takes this machine")
    experiment = overridden(_profile(profiles, options), options)
    whole = whole_of(whole, experiment)
    gpus = n_gpus()
    cache, workers = paths.cache_dir(project), options.workers or gpus or 2
    leave_gpus_to_workers()
    root, source = data_of(experiment, task, options)
    name = experiment.profile
    home = options.out or _home(options, name, cache=cache, project=project)
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
    code = None if name == "smoke" or options.part or options.pages else code_record(script)
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
        if code is not None:
            write_code(folder, code)
    page = task.write(experiment, whole, context, claims)
    write_json(folder / "provenance.json", facts)
    run, figures = read_run(folder), home.absolute() / "figures"
    # What only this table has is of all its models and folds.
    drawn = [*draw_run(run, figures), *(further(run, figures) if further and not options.part else ())]
    if page.verdicts:
        console.print(verdict_table(page.verdicts))
    console.print(f"verdict: {page.line}\nresults: {folder}", soft_wrap=True)
    if drawn:
        console.print(f"figures: {', '.join(sorted({str(path.parent) for path in drawn}))}", soft_wrap=True)
    console.print(f"time: {(time.monotonic() - started) / 60:.1f} minutes")
    return folder


def _home(options: Options, profile: str, *, cache: Path, project: Path) -> Path:
    """Return the folder of results/ and figures/: the project for a table, the cache for a smoke run or a part."""
    if options.part:
        return cache / "parts" / options.part_folder
    return cache / "smoke" if profile == "smoke" else project


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
    if root is None and phantom is None and os.environ.get(paths.SAMPLES_VARIABLE):
        root = Path(os.environ[paths.SAMPLES_VARIABLE])
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
        "arithmetic": {**arithmetic(), "features": list(processor_features()), "flags": flags()},
        "gpus": n_gpus(),
        "workers": workers,
        **measured,
        "seconds": round(seconds, 1),
        "peak_memory_mib": {name: round(value) for name, value in peak_memory_mib().items()},
        "finished": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
    }
