"""One cell of the work: an arm, a seed and a fold, trained and predicted in a process that does many of them."""

from __future__ import annotations

import functools
import json
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import keras

from reproduce.cohorts.splits import Fold
from reproduce.models.model_cost import model_cost
from reproduce.protocol import Arm, Experiment
from reproduce.provenance import write_json, write_text
from reproduce.scoring import cell_counts
from reproduce.training.fit import Trainer
from reproduce.training.pipeline import Slices, TrainingSet, held_out
from reproduce.training.predict import predict_scans
from reproduce.training.state import Epoch

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

    arm: Arm
    seed: int
    fold: Fold
    folder: Path

    @property
    def done(self) -> bool:
        """Whether the predictions are whole."""
        return (self.folder / _DONE).exists()

    @property
    def spent(self) -> dict[str, float]:
        """What the model costs: the fields of `models.geometry.Cost`, and "seconds_per_slice" of its prediction."""
        return json.loads((self.folder / _SPENT).read_text())


class Worker:
    """Does jobs of one experiment, one after another; for jobs of one arm in a row its model is compiled once."""

    def __init__(self, experiment: Experiment, slices: Slices):
        self._experiment, self._slices = experiment, slices
        self.max_epochs = experiment.optimisation.max_epochs
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
        trainer = self._trainer(job.arm)
        count = functools.partial(cell_counts, experiment=self._experiment)
        trainer.fit(train, validation, count=count, folder=job.folder, on_epoch=on_epoch)
        started = time.monotonic()
        predict_scans(trainer.model, slices, job.fold.test, job.folder / "predictions", batch_size=at_a_time)
        seconds = (time.monotonic() - started) / len(slices.indices(job.fold.test))
        write_json(job.folder / _SPENT, {**asdict(model_cost(trainer.model)), "seconds_per_slice": seconds})
        write_text(job.folder / _DONE, "")

    def _trainer(self, arm: Arm) -> Trainer:
        if arm.name not in self._trainers:
            # Jobs come arm by arm, and a compiled model holds a few hundred megabytes.
            self._trainers.clear()
            keras.backend.clear_session()
            self._trainers[arm.name] = Trainer(
                arm,
                self._experiment.optimisation,
                size=self._slices.size,
                n_channels=self._slices.n_channels,
                n_regions=len(self._slices.regions),
            )
        return self._trainers[arm.name]
