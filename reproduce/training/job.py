"""One cell of the work: an arm, a seed and a fold, trained and predicted in a process that does many of them."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, Generic, Protocol, TypeVar

import keras
import tensorflow as tf

from reproduce.cache_key import cache_key
from reproduce.cohorts.splits import Fold
from reproduce.inspection.geometry import cost
from reproduce.locks import one_writer
from reproduce.protocol import AnyArm, Experiment, OneFold
from reproduce.protocol.experiment import Arms
from reproduce.provenance import write_json, write_text
from reproduce.training.determinism import configure
from reproduce.training.fit import Count, EpochsOf, Trainer
from reproduce.training.state import Epoch

_DONE = "done"
_SPENT = "spent.json"
_NOT_OF_A_TRAINING = {"title", "phantom", "arms", "validation", "statements"}
Shown = TypeVar("Shown", bound=AnyArm, contravariant=True)


@dataclass(frozen=True)
class Job(Generic[Arms]):
    """What is trained: the arm, and on which side each patient stands.

    Attributes:
        arm: Model, losses, augmentation.
        seed: Random seed of weights, order and augmentation.
        fold: Patients.
        folder: Where its state and its predictions lie; of this job alone.
    """

    arm: Arms
    seed: int
    fold: Fold
    folder: Path

    def __str__(self) -> str:
        return f"{self.arm.name}, seed {self.seed}, fold {self.fold.index}"

    @property
    def done(self) -> bool:
        """Return whether the predictions are whole."""
        return (self.folder / _DONE).exists()

    @property
    def spent(self) -> dict[str, float]:
        """Return the fields of `Cost`, "seconds_per_slice" (or image) of prediction, "cpu_seconds" of all epochs."""
        return json.loads((self.folder / _SPENT).read_text())


@dataclass(frozen=True, eq=False)
class Inputs:
    """What a job shows its model.

    Attributes:
        train: Batches of each epoch.
        validation: Batches of (image, targets), or None.
        predict: Writes the predictions of the test cases by a trained model to a folder.
        n_test: Slices or images that it predicts.
        n_train: Slices, images or volumes that it trains on.
    """

    train: EpochsOf
    validation: tf.data.Dataset | None
    predict: Callable[[keras.Model, Path], None]
    n_test: int
    n_train: int


class CohortInputs(Protocol[Shown]):
    """What a task makes of a cohort for the models of an experiment."""

    def build(self, arm: Shown) -> keras.Model:
        """Return a new model of an arm."""

    def of(self, job: Job[Shown]) -> Inputs:
        """Return what a job shows its model."""

    @property
    def count(self) -> Count | None:
        """Return what counts a validation batch for the curves, as a method; None for a task without counts."""


class Worker:
    """Does jobs of one experiment, one after another; for jobs of one arm in a row its model is compiled once."""

    def __init__(self, experiment: Experiment, inputs: CohortInputs):
        self._experiment, self._inputs = experiment, inputs
        self._trainers: dict[str, Trainer] = {}

    def run(self, job: Job, *, on_epoch: Callable[[int, Epoch], None]) -> None:
        """Train and predict; what is there already is used again.

        Args:
            job: The cell.
            on_epoch: Called after each epoch with the number of epochs done and its row.

        Raises:
            NonFiniteError: See `Trainer.fit`.
        """
        with one_writer(job.folder):
            if not job.done:
                self._train_and_predict(job, on_epoch)

    def _train_and_predict(self, job: Job, on_epoch: Callable[[int, Epoch], None]) -> None:
        shown, trainer = self._inputs.of(job), self._trainer(job.arm)
        count = self._inputs.count
        history = trainer.fit(shown.train, shown.validation, count=count, folder=job.folder, on_epoch=on_epoch)
        started = time.monotonic()
        shown.predict(trainer.model, job.folder / "predictions")
        seconds = (time.monotonic() - started) / shown.n_test
        cpu = sum(row.cpu_s for row in history)
        spent = {**asdict(cost(trainer.model)), "seconds_per_slice": seconds, "cpu_seconds": cpu}
        write_json(job.folder / _SPENT, spent)
        write_text(job.folder / _DONE, "")

    def _trainer(self, arm: AnyArm) -> Trainer:
        if arm.name not in self._trainers:
            # Jobs come arm by arm, and a compiled model holds a few hundred megabytes.
            self._trainers.clear()
            keras.backend.clear_session()
            optimisation = self._experiment.optimisation_of(arm)
            keras.config.set_dtype_policy(optimisation.precision)
            self._trainers[arm.name] = Trainer(arm, optimisation, build=lambda: self._inputs.build(arm))
        return self._trainers[arm.name]


def jobs_of(
    experiment: Experiment[Any, Arms, Any],
    folds: Sequence[Fold],
    *,
    source_key: str,
    inputs: Callable[..., Any],
    cache: Path,
) -> list[Job[Arms]]:
    """Return all trainings of an experiment, the last arm first, each in a folder of its own `cache_key`.

    Title, statements, the list of seeds and other arms are no part of it: who changes one arm trains that one again.

    Args:
        experiment: The experiment as it is run.
        folds: Who trains, validates and is tested, in all folds: a fold alone has the same key as with the others.
        source_key: Digest or key of the cohort.
        inputs: The function that makes the task's `CohortInputs`; its code is part of the key.
        cache: Folder for what can be made again.
    """
    jobs = []
    v = experiment.validation
    trained = [fold for fold in folds if not isinstance(v, OneFold) or fold.index == v.fold]
    shared = {f.name: getattr(experiment, f.name) for f in fields(experiment) if f.name not in _NOT_OF_A_TRAINING}
    # The order of regions is that of the channels, and the JSON of a protocol sorts its keys.
    preparation = vars(experiment.preparation).items()
    orders = {name: list(value) for name, value in preparation if isinstance(value, Mapping) and name != "because"}
    for arm in reversed(experiment.arms):
        key = cache_key(
            *(Worker, inputs, configure),
            protocol=shared,
            arm=arm,
            orders=orders,
            folds=folds,
            prepared=source_key,
        )
        runs = cache / "runs" / experiment.table / key[:16]
        jobs += [
            Job(arm, seed, fold, runs / f"{arm.name}-seed{seed}-fold{fold.index}")
            for seed in v.seeds
            for fold in trained
        ]
    return jobs
