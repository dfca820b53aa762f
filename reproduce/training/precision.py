"""Which precision a machine computes in: a half precision that its processor only emulates is never taken silently."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

from rich.console import Console

from reproduce.errors import ProtocolError
from reproduce.protocol import AnyArm, Experiment, Optimisation, VolumeArm

EMULATED = (
    "silent: we use float32 where the processor has no bfloat16 or its instruction set is pinned without it: emulated, "
    "a step takes many times as long"
)
# What the kernel calls the instructions, and the sets of ONEDNN_MAX_CPU_ISA that hold them.
_FLAGS = {"mixed_bfloat16": {"avx512_bf16", "amx_bf16"}, "mixed_float16": {"avx512_fp16", "amx_fp16"}}
_WITH_BFLOAT16 = ("AVX512_CORE_BF16", "AVX512_CORE_FP16", "AVX512_CORE_AMX", "AVX10_1", "AVX10_2")
_SETS = {"mixed_bfloat16": _WITH_BFLOAT16, "mixed_float16": ("AVX512_CORE_FP16", "AVX512_CORE_AMX_FP16", "AVX10")}
_ISA_VARIABLE = "ONEDNN_MAX_CPU_ISA"
Changed = TypeVar("Changed", bound=Experiment)


def computes(precision: str, *, gpus: int) -> bool:
    """Return whether this machine computes in a precision itself.

    Args:
        precision: Keras dtype policy.
        gpus: Number of GPUs; one does.
    """
    if precision == "float32" or gpus:
        return True
    pinned = os.environ.get(_ISA_VARIABLE, "DEFAULT").upper()
    allowed = pinned in ("DEFAULT", "ALL") or pinned.startswith(_SETS[precision])
    return allowed and bool(_FLAGS[precision] & cpu_flags())


def cpu_flags() -> set[str]:
    """Return the instruction sets of the processor, as the kernel names them; none where it does not say."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    return next((set(line.split(":", 1)[1].split()) for line in lines if line.startswith("flags")), set())


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
        pinned = os.environ.get(_ISA_VARIABLE)
        raise ProtocolError(
            expected=f"a GPU, or a processor with {' or '.join(sorted(_FLAGS[precision]))} that oneDNN may use",
            got=f"--precision {precision} on one that only emulates it"
            + (f", with {_ISA_VARIABLE}={pinned}" if pinned else ""),
            where="command line",
            do=f"give --precision float32, or run on a GPU; a processor that has it needs {_ISA_VARIABLE}=ALL",
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
