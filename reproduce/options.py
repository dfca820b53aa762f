"""What a table's script takes from the command line, and what that changes in its protocol."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any, Literal, NoReturn

from reproduce.errors import ProtocolError
from reproduce.protocol import Experiment, HeldOut, OneFold, Validation, VolumeArm
from reproduce.training.determinism import n_gpus
from reproduce.training.precision import trained_otherwise

COMMAND_LINE = "command line: "


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
        only: Train this model alone. A part of a table is no table: it is written to parts/ in the cache.
        fold: Train and test this fold alone, counted from 0; a part, likewise.
        epochs: Train for this many epochs at the most; a part, likewise.
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
    only: str | None = None
    fold: int | None = None
    epochs: int | None = None
    workers: int | None = None
    pages: bool = False
    precision: Literal["float32", "mixed_bfloat16", "mixed_float16"] | None = None
    micro_batch: int | None = None
    dry_run: bool = False
    card: str | None = None
    over_budget: bool = False

    @property
    def part(self) -> str:
        """Say which part of a table is run, e.g. "only FCNN, fold 0"; "" for the whole of it."""
        words = (
            None if self.only is None else f"only {self.only}",
            None if self.fold is None else f"fold {self.fold}",
            None if self.epochs is None else f"epochs {self.epochs}",
        )
        return ", ".join(each for each in words if each is not None)

    @property
    def part_folder(self) -> str:
        """Return the name of the folder of that part."""
        return re.sub(r"[^A-Za-z0-9]+", "-", self.part).strip("-")


def overridden(experiment: Any, options: Options) -> Any:
    """Return an experiment with the changes of the command line.

    Raises:
        ProtocolError: An option does not fit the table, or is out of its range.
    """
    if options.workers is not None and options.workers < 1:
        refuse("a worker or more", f"--workers {options.workers}", "give 1 or more, or leave the option out")
    experiment = trained_otherwise(
        experiment,
        precision=options.precision,
        micro_batch=options.micro_batch,
        gpus=None if options.pages else n_gpus(),
    )
    counts = (options.folds, options.seeds, options.only, options.fold, options.epochs)
    if not options.official_split and all(each is None for each in counts):
        return experiment
    if not isinstance(experiment, Experiment):
        do = "leave --folds, --seeds, --official-split, --only, --fold and --epochs out"
        refuse("a table whose patients are divided", f"an option of such tables for {experiment.table}", do)
    changed = replace(experiment, validation=_divided(experiment, options))
    if options.only is not None:
        changed = _only(changed, options.only)
    if options.epochs is not None:
        changed = _trained_for(changed, options.epochs)
    if not options.part:
        return changed
    lost = len(changed.statements) < len(experiment.statements)
    words = f"{options.part}; statements that need another model are left out" if lost else options.part
    return replace(changed, title=f"{experiment.title} [a part of it: {words}]")


def whole_of(whole: Any, experiment: Any) -> Any:
    """Return the whole protocol of a table as a part of it is compared with: the same title, arms and statements."""
    if not isinstance(experiment, Experiment) or experiment.title == whole.title:
        return whole
    names = {arm.name for arm in experiment.arms}
    arms = tuple(arm for arm in whole.arms if arm.name in names)
    return replace(whole, title=experiment.title, arms=arms, statements=experiment.statements)


def _divided(experiment: Experiment, options: Options) -> Validation | HeldOut:
    """Return how the patients are divided, and how often that is done."""
    validation = experiment.validation
    if options.folds is not None:
        if isinstance(validation, HeldOut):
            got = f"--folds {options.folds} for {experiment.table}, which divides them once"
            refuse("a table whose patients are divided into folds", got, "leave --folds out")
        validation = validation.changed(f"{COMMAND_LINE}--folds {options.folds}", n_folds=options.folds)
    if options.official_split:
        if not isinstance(validation, HeldOut) or validation.official is None:
            got, do = f"--official-split for {experiment.table}", "leave --official-split out"
            refuse("a table whose data set comes with a division", got, do)
        validation = validation.changed(f"{COMMAND_LINE}--official-split", division="official")
    if options.seeds is not None:
        first = validation.seeds[0]
        seeds = tuple(range(first, first + options.seeds))
        validation = validation.changed(f"{COMMAND_LINE}--seeds {options.seeds}", seeds=seeds)
    if not validation.seeds or (isinstance(validation, Validation) and validation.n_folds < 2):
        got = f"--seeds {options.seeds} --folds {options.folds}"
        refuse("at least one seed and two folds", got, "give 1 seed or more, 2 folds or more")
    return validation if options.fold is None else _one_fold(experiment.table, validation, options.fold)


def _one_fold(table: str, validation: Validation | HeldOut, fold: int) -> OneFold:
    if isinstance(validation, HeldOut):
        got = f"--fold {fold} for {table}, which divides them once"
        refuse("a table whose patients are divided into folds", got, "leave --fold out")
    if not 0 <= fold < validation.n_folds:
        there = ", ".join(map(str, range(validation.n_folds)))
        refuse(f"a fold of {table}: {there}", f"--fold {fold}", "name one of them, or leave --fold out")
    own = {each.name: getattr(validation, each.name) for each in fields(validation)}
    own["because"] = {**validation.because, "fold": f"{COMMAND_LINE}--fold {fold}"}
    return OneFold(**own, fold=fold)


def _only(experiment: Experiment, name: str) -> Experiment:
    arms = tuple(arm for arm in experiment.arms if arm.name == name)
    if not arms:
        there = ", ".join(arm.name for arm in experiment.arms)
        refuse(f"a model of {experiment.table}: {there}", f"--only {name!r}", "name one of them, or leave --only out")
    statements = tuple(each for each in experiment.statements if {each.better, each.worse} <= {name})
    return replace(experiment, arms=arms, statements=statements)


def _trained_for(experiment: Experiment, epochs: int) -> Experiment:
    if epochs < 1:
        refuse("an epoch or more", f"--epochs {epochs}", "give 1 or more, or leave the option out")
    reason = f"{COMMAND_LINE}--epochs {epochs}"
    arms = tuple(
        arm.changed(reason, optimisation=arm.optimisation.changed(reason, max_epochs=epochs))
        if isinstance(arm, VolumeArm)
        else arm
        for arm in experiment.arms
    )
    return replace(experiment, arms=arms, optimisation=experiment.optimisation.changed(reason, max_epochs=epochs))


def options_given(protocol: Mapping[str, Any], *, but: str = "") -> list[str]:
    """Return the options that a run was given, as words of a command line.

    Args:
        protocol: Its protocol.json, whose decisions say of a choice of the command line that it is one.
        but: An option that is left out, e.g. "--seeds".
    """
    places = (each["place"] for each in protocol.get("decisions", ()))
    texts = dict.fromkeys(each.removeprefix(COMMAND_LINE) for each in places if each.startswith(COMMAND_LINE))
    return [word for text in texts if text.split()[0] != but for word in text.split()]


def refuse(expected: str, got: str, do: str) -> NoReturn:
    """Refuse an option of the command line.

    Raises:
        ProtocolError: Always.
    """
    raise ProtocolError(expected=expected, got=got, where="command line", do=do)
