"""Which precision a machine computes in: a half precision that its processor only emulates is never taken silently."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

from rich.console import Console

from reproduce.arithmetic import ISA, has_bfloat16, isa
from reproduce.errors import ProtocolError
from reproduce.protocol import AnyArm, Experiment, Optimisation, VolumeArm

EMULATED = (
    "silent: we use float32 where the processor has no bfloat16 or its instruction set is pinned without it: emulated, "
    "a step takes many times as long"
)
Changed = TypeVar("Changed", bound=Experiment)


def computes(precision: str, *, gpus: int) -> bool:
    """Return whether this machine computes in a precision itself: float16 on GPUs alone, bfloat16 as `has_bfloat16`.

    Args:
        precision: Keras dtype policy.
        gpus: Number of GPUs; one does.
    """
    return precision == "float32" or gpus > 0 or (precision == "mixed_bfloat16" and has_bfloat16())


def retrained(experiment: Changed, reason: str, **values: Any) -> Changed:
    """Return an experiment of which all models are trained with other values, for a reason.

    Args:
        experiment: Models that have these values already keep their own reasons.
        reason: In a form of `protocol.Section`.
        values: Fields of `Optimisation`.
    """

    def changed(optimisation: Optimisation) -> Optimisation:
        return optimisation.changed(reason, **values)

    def of_arm(arm: AnyArm) -> AnyArm:
        return replace(arm, optimisation=changed(arm.optimisation)) if isinstance(arm, VolumeArm) else arm

    arms = tuple(map(of_arm, experiment.arms))
    return replace(experiment, arms=arms, optimisation=changed(experiment.optimisation))


def precisions_of(experiment: Experiment) -> set[str]:
    """Return the precisions that the models of an experiment are trained in."""
    return {experiment.optimisation_of(arm).precision for arm in experiment.arms}


def require_computed(precision: str, *, gpus: int) -> None:
    """Check that this machine computes in a precision itself.

    Raises:
        ProtocolError: Its processor would emulate it.
    """
    if not computes(precision, gpus=gpus):
        can = f", or a processor with bfloat16 and {ISA}=ALL" if precision == "mixed_bfloat16" else ""
        raise ProtocolError(
            expected=f"a GPU{can}",
            got=f"--precision {precision} on a processor that only emulates it (oneDNN uses {isa()})",
            where="command line",
            do="give --precision float32, or run on such a machine",
        )


def computed_here(experiment: Any, *, gpus: int, ran: Path | None, console: Console) -> Any:
    """Return an experiment without a precision that this machine only emulates, which is told before the work.

    Args:
        experiment: A table that is no `Experiment` stays as it is.
        gpus: Number of GPUs.
        ran: protocol.json of the run whose pages are written again, which decides in the place of the machine; None
            before a run.
        console: Console for messages.
    """
    if not isinstance(experiment, Experiment):
        return experiment
    if ran is not None:
        emulated = ran.exists() and EMULATED in ran.read_text(encoding="utf-8")
    else:
        emulated = not all(computes(each, gpus=gpus) for each in precisions_of(experiment))
    if not emulated:
        return experiment
    console.print(f"  precision: {EMULATED.removeprefix('silent: ')}", soft_wrap=True)
    return retrained(experiment, EMULATED, precision="float32")


def trained_otherwise(experiment: Any, *, precision: str | None, micro_batch: int | None, gpus: int | None) -> Any:
    """Return an experiment in the precision, and with the images at a time, of the command line.

    Args:
        experiment: A table of any kind.
        precision: Keras dtype policy; None keeps the protocol's.
        micro_batch: Images at a time; None keeps the protocol's.
        gpus: Number of GPUs; None where nothing is trained, and any precision may be.

    Raises:
        ProtocolError: The table has no such choice, the machine does not compute in the precision, or the micro-batch
            divides not every batch.
    """
    if precision is not None:
        option = f"--precision {precision}"
        _require_experiment(experiment, option)
        if gpus is not None:
            require_computed(precision, gpus=gpus)
        experiment = retrained(experiment, f"command line: {option}", precision=precision)
    if micro_batch is not None:
        option = f"--micro-batch {micro_batch}"
        _require_experiment(experiment, option)
        batches = sorted({experiment.optimisation_of(arm).batch_size for arm in experiment.arms})
        if micro_batch < 1 or any(batch % micro_batch for batch in batches):
            expected, do = f"a divisor of every model's batch, {batches}", "take one, or leave the option out"
            raise ProtocolError(expected=expected, got=option, where="command line", do=do)
        experiment = retrained(experiment, f"command line: {option}", micro_batch=micro_batch)
    return experiment


def _require_experiment(experiment: Any, option: str) -> None:
    if not isinstance(experiment, Experiment):
        expected, got = "a table whose trainings have one protocol", f"{option} for {experiment.table}"
        raise ProtocolError(expected=expected, got=got, where="command line", do=f"leave {option.split()[0]} out")
