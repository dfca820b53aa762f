"""One cell of the work: an arm, a seed and a fold, trained and predicted in a process that does many of them."""

from __future__ import annotations

import functools
import json
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import keras
import tensorflow as tf

from reproduce.cohorts.splits import Fold
from reproduce.inspection.cost import model_cost
from reproduce.prepared.slices import Prepared
from reproduce.protocol import Arm, Experiment, VolumeArm
from reproduce.provenance import write_json, write_text
from reproduce.tasks.scoring import cell_counts
from reproduce.training.fit import Trainer
from reproduce.training.pipeline import Slices, TrainingSet, held_out, resized_slices
from reproduce.training.predict import predict_scans
from reproduce.training.state import Epoch
from reproduce.training.volumes import (
    Volumes,
    VolumeTrainingSet,
    held_out_volumes,
    predict_volumes,
    whole_volumes,
)

_DONE = "done"
_SPENT = "spent.json"


@dataclass(frozen=True)
class Job:
    """What is trained: the arm, and on which side each patient stands.

    Attributes:
        arm: Model, losses, augmentation.
        seed: Of weights, order and augmentation.
        fold: Patients.
        folder: Where its state and its predictions lie; of this job alone.
    """

    arm: Arm | VolumeArm
    seed: int
    fold: Fold
    folder: Path

    @property
    def done(self) -> bool:
        """Whether the predictions are whole."""
        return (self.folder / _DONE).exists()

    @property
    def spent(self) -> dict[str, float]:
        """The fields of `models.geometry.Cost`, "seconds_per_slice" of prediction, "cpu_seconds" of all epochs."""
        return json.loads((self.folder / _SPENT).read_text())


@dataclass(frozen=True, eq=False)
class Views:
    """A cohort as the arms of an experiment see it.

    Attributes:
        slices, volumes: None where no arm sees any.
    """

    slices: Slices | None
    volumes: Volumes | None

    @property
    def patients(self) -> list[str]:
        """Of each slice or volume."""
        return [name.patient for name in (self.slices or self.volumes).names]


def views(experiment: Experiment, prepared: Prepared, *, cache: Path) -> Views:
    """What `resized_slices` and `whole_volumes` make of a prepared cohort, where an arm needs it."""
    of_volumes = [isinstance(arm, VolumeArm) for arm in experiment.arms]
    seen = experiment.preparation
    return Views(
        None if all(of_volumes) else resized_slices(prepared, seen, cache=cache),
        whole_volumes(prepared, seen, cache=cache) if any(of_volumes) else None,
    )


@dataclass(frozen=True, eq=False)
class _Shown:
    """What a job shows its model: training set, validation, and a function that predicts the test patients' scans."""

    train: TrainingSet | VolumeTrainingSet
    validation: tf.data.Dataset | None
    predict: Callable[[keras.Model, Path], None]
    n_test_slices: int


class Worker:
    """Does jobs of one experiment, one after another; for jobs of one arm in a row its model is compiled once."""

    def __init__(self, experiment: Experiment, seen: Views):
        self._experiment, self._slices, self._volumes = experiment, seen.slices, seen.volumes
        self._trainers: dict[str, Trainer] = {}

    def run(self, job: Job, *, on_epoch: Callable[[int, Epoch], None]) -> None:
        """Train and predict; what is there already is used again.

        Args:
            job: The cell.
            on_epoch: Called after each epoch with the number of epochs done and its row.

        Raises:
            NonFiniteError: See `Trainer.fit`.
        """
        if job.done:
            return
        shown = self._of_volumes(job) if isinstance(job.arm, VolumeArm) else self._of_slices(job)
        trainer = self._trainer(job.arm)
        count = functools.partial(cell_counts, experiment=self._experiment)
        history = trainer.fit(shown.train, shown.validation, count=count, folder=job.folder, on_epoch=on_epoch)
        started = time.monotonic()
        shown.predict(trainer.model, job.folder / "predictions")
        seconds = (time.monotonic() - started) / shown.n_test_slices
        cpu = sum(row.cpu_s for row in history)
        spent = {**asdict(model_cost(trainer.model)), "seconds_per_slice": seconds, "cpu_seconds": cpu}
        write_json(job.folder / _SPENT, spent)
        write_text(job.folder / _DONE, "")

    def max_epochs(self, job: Job) -> int:
        """Epochs that the training of a job takes at the most."""
        return self._experiment.optimisation_of(job.arm).max_epochs

    def _of_slices(self, job: Job) -> _Shown:
        slices, optimisation, targets = self._slices, self._experiment.optimisation, job.arm.targets
        at_a_time = optimisation.micro_batch
        train = TrainingSet(
            slices=slices,
            examples=slices.of(job.fold.train),
            n=len(slices.indices(job.fold.train)),
            batch_size=optimisation.batch_size,
            micro_batch=at_a_time,
            targets=targets,
            augmentation=job.arm.augmentation,
            seed=job.seed,
            fold=job.fold.index,
        )
        validation = None
        if job.fold.validation:
            validation = held_out(slices.of(job.fold.validation), batch_size=at_a_time, targets=targets)
        predict = functools.partial(predict_scans, slices=slices, patients=job.fold.test, batch_size=at_a_time)
        return _Shown(train, validation, predict, len(slices.indices(job.fold.test)))

    def _of_volumes(self, job: Job) -> _Shown:
        volumes, arm, fold = self._volumes, job.arm, job.fold
        at_a_time = arm.optimisation.micro_batch
        train = VolumeTrainingSet(
            volumes=volumes,
            patients=fold.train,
            box=arm.box,
            batch_size=arm.optimisation.batch_size,
            micro_batch=at_a_time,
            targets=arm.targets,
            augmentation=arm.augmentation,
            seed=job.seed,
            fold=fold.index,
        )
        validation = None
        if fold.validation:
            seen = {"batch_size": at_a_time, "targets": arm.targets}
            validation = held_out_volumes(volumes, fold.validation, arm.box, **seen)
        predict = functools.partial(predict_volumes, volumes=volumes, patients=fold.test, box=arm.box)
        n_slices = sum(len(volumes.labels(i)) for i in volumes.indices(fold.test))
        return _Shown(train, validation, predict, n_slices)

    def _trainer(self, arm: Arm | VolumeArm) -> Trainer:
        if arm.name not in self._trainers:
            # Jobs come arm by arm, and a compiled model holds a few hundred megabytes.
            self._trainers.clear()
            keras.backend.clear_session()
            view = self._volumes if isinstance(arm, VolumeArm) else self._slices
            optimisation = self._experiment.optimisation_of(arm)
            keras.config.set_dtype_policy(optimisation.precision)
            self._trainers[arm.name] = Trainer(
                arm,
                optimisation,
                size=arm.box if isinstance(arm, VolumeArm) else (view.size, view.size),
                n_channels=view.n_channels,
                n_regions=len(view.regions),
            )
        return self._trainers[arm.name]
