"""What one training step of each model of an experiment costs: counted, and on demand really run and timed."""

from __future__ import annotations

import functools
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from math import prod
from pathlib import Path

import keras
import tensorflow as tf

from reproduce.inspection.geometry import cost
from reproduce.processes import processes
from reproduce.protocol import AnyArm, Experiment, Optimisation, VolumeArm
from reproduce.training.determinism import configure, n_gpus
from reproduce.training.fit import Trainer
from reproduce.training.job import CohortInputs, Job
from reproduce.training.memory import StepMemory, largest_micro_batch, of_size, step_memory


@dataclass(frozen=True)
class StepCost:
    """The cost of one step of one model, and how many there are.

    Attributes:
        arm: Its name.
        parameters: As Keras counts them.
        multiply_adds: Of one image, forward.
        batch_size: Images a step.
        micro_batch: Images at a time: the protocol's, or as many as fit the card that is asked about.
        memory: Of a step of that many.
        step_s: Seconds of a step: of the processor, or on a GPU of the clock; None where none is timed.
        timed: Images at a time of the step that was timed.
        steps: An epoch, of the first fold; those of others differ by a patient or so.
        epochs: At the most.
        trainings: Seeds times folds.
        data: Bytes of the images and targets that the models of one fold see.
        kept: Bytes of predictions and weights of all trainings, before compression.
    """

    arm: str
    parameters: int
    multiply_adds: int
    batch_size: int
    micro_batch: int
    memory: StepMemory
    step_s: float | None
    timed: int
    steps: int
    epochs: int
    trainings: int
    data: int
    kept: int

    @property
    def all_steps(self) -> int:
        """Return the steps of all trainings."""
        return self.steps * self.epochs * self.trainings


def step_costs(
    experiment: Experiment,
    make_inputs: Callable[[], CohortInputs],
    jobs: Sequence[Job],
    *,
    limit: int | None,
    timed: bool,
) -> list[StepCost]:
    """Return the cost of a step of each arm, counted and timed in a process like those that train.

    Args:
        experiment: The protocol.
        make_inputs: See `pool.run_jobs`.
        jobs: Trainings, those of one arm in a row; none gives none.
        limit: Bytes of the card whose micro-batch is asked for; None keeps the protocol's.
        timed: Whether a step is run, twice, since the first is compiled.

    Raises:
        ProtocolError: Not even one image at a time fits `limit`.
        WorkerDiedError: The process was ended from outside.
    """
    if not jobs:
        return []
    where, do = "the timing of one step", "give --card to plan without running a step"
    with processes(1, where=where, do=do) as pool:
        return pool.submit(_costs, experiment, make_inputs, list(jobs), limit, timed).result()


def _costs(
    experiment: Experiment, make_inputs: Callable[[], CohortInputs], jobs: list[Job], limit: int | None, timed: bool
) -> list[StepCost]:
    configure(worker=0, precision=experiment.optimisation.precision)
    inputs = make_inputs()
    by_arm: dict[str, list[Job]] = {}
    for job in jobs:
        by_arm.setdefault(job.arm.name, []).append(job)
    return [_cost(experiment, inputs, same, limit, timed) for same in by_arm.values()]


def _cost(experiment: Experiment, inputs: CohortInputs, jobs: list[Job], limit: int | None, timed: bool) -> StepCost:
    arm: AnyArm = jobs[0].arm
    optimisation = experiment.optimisation_of(arm)
    keras.backend.clear_session()
    keras.config.set_dtype_policy(optimisation.precision)
    model = Trainer(arm, optimisation, build=lambda: inputs.build(arm)).model
    shown = inputs.of(jobs[0])
    batches = shown.train.epoch(0)
    batch_size, spec = optimisation.batch_size, batches.element_spec

    @functools.cache
    def memory_of(n: int) -> StepMemory:
        return _accumulating(step_memory(model, of_size(spec, n)), model, optimisation, n)

    micro = optimisation.micro_batch if limit is None else largest_micro_batch(memory_of, batch_size, limit)
    step_s, n_timed = None, micro
    if timed:
        if memory_of(micro).peak > _available():
            n_timed = largest_micro_batch(memory_of, batch_size, _available())
        step_s = _seconds(model, batches, n_timed) * batch_size / n_timed
    counted = cost(model)
    return StepCost(
        arm=arm.name,
        parameters=counted.parameters,
        multiply_adds=counted.multiply_adds,
        batch_size=batch_size,
        micro_batch=micro,
        memory=memory_of(micro),
        step_s=step_s,
        timed=n_timed,
        steps=max(1, shown.n_train // batch_size),
        epochs=optimisation.max_epochs,
        trainings=len(jobs),
        data=round(_bytes_each(spec) * shown.n_train),
        kept=round(len(jobs) * (_predicted(model, arm) * shown.n_test + memory_of(micro).weights * 2)),
    )


def _accumulating(memory: StepMemory, model: keras.Model, optimisation: Optimisation, n: int) -> StepMemory:
    """Return the memory with the gradients that wait for the rest of a batch, where the optimiser holds none yet."""
    if n == optimisation.batch_size or optimisation.micro_batch < optimisation.batch_size:
        return memory
    waiting = 4 * sum(prod(weight.shape) for weight in model.trainable_variables)
    return replace(memory, optimiser=memory.optimiser + waiting)


def _seconds(model: keras.Model, batches: tf.data.Dataset, n: int) -> float:
    """Return the seconds of a step of `n` images or fewer, of the second that is run, scaled to `n`."""
    clock = time.perf_counter if n_gpus() else time.process_time
    images, targets = tf.nest.map_structure(lambda tensor: tensor[:n], next(iter(batches)))
    model.train_on_batch(images, targets)
    started = clock()
    model.train_on_batch(images, targets)
    return (clock() - started) * n / len(images)


def _bytes_each(spec: tuple) -> int:
    return sum(prod(each.shape[1:]) * each.dtype.size for each in tf.nest.flatten(spec))


def _predicted(model: keras.Model, arm: AnyArm) -> float:
    """Return the bytes of the outputs for a slice or image, as float16."""
    values = sum(prod(n or 1 for n in output.shape[1:]) for output in keras.tree.flatten(model.outputs or []))
    return 2 * values / (arm.box[0] if isinstance(arm, VolumeArm) else 1)


def _available() -> int:
    """Return the bytes that the system can give, a GPU's memory where there is one."""
    if n_gpus():
        return 2**62  # what does not fit is an error of TensorFlow's, with its own words
    lines = Path("/proc/meminfo").read_text().splitlines()
    return next(1024 * int(line.split()[1]) for line in lines if line.startswith("MemAvailable"))
