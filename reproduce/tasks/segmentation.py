"""Segmentation: models are trained towards masks, predict probabilities on disk, and are measured scan by scan."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import keras
import numpy as np
import pandas as pd

from reproduce.cohorts.splits import folds_by, write_splits
from reproduce.errors import ProtocolError
from reproduce.figures.overlays import write_overlays
from reproduce.figures.worst_cases import FILE as WORST
from reproduce.figures.worst_cases import write_worst
from reproduce.metrics.confusion import Counts
from reproduce.prepared.slices import Prepared
from reproduce.protocol import AnyArm, Arm, SegmentationExperiment, VolumeArm
from reproduce.results.cases import read_frame, with_metrics, write_frame
from reproduce.results.run_result import Run
from reproduce.results.table_markdown import verdict_line
from reproduce.results.writer import write_results
from reproduce.tasks.evaluation import evaluate
from reproduce.tasks.scoring import cell_counts
from reproduce.tasks.task import Claims, Context, Page, Task, Trainings
from reproduce.tasks.worst_cases import find_worst_cases
from reproduce.training.job import Inputs, Job, jobs_of
from reproduce.training.pipeline import Slices, TrainingSet, held_out, resized_slices
from reproduce.training.pool import run_jobs
from reproduce.training.predict import predict_scans
from reproduce.training.volumes import Volumes, VolumeTrainingSet, held_out_volumes, predict_volumes, whole_volumes

_TEXTS = dict.fromkeys(("model", "patient", "scan", "region", "level", "reference", "prediction"), str)


@dataclass(frozen=True, eq=False)
class SegmentationInputs:
    """A cohort as the arms of an experiment see it.

    Attributes:
        experiment: Its protocol.
        slices, volumes: None where no arm sees any.
    """

    experiment: SegmentationExperiment
    slices: Slices | None
    volumes: Volumes | None

    @property
    def patients(self) -> list[str]:
        """Return the patient of each slice or volume."""
        names = next(shown.names for shown in (self.slices, self.volumes) if shown is not None)
        return [name.patient for name in names]

    def build(self, arm: Arm | VolumeArm) -> keras.Model:
        """Return a new model of an arm."""
        if isinstance(arm, VolumeArm):
            volumes = _required(self.volumes, arm)
            return arm.build(arm.box, n_channels=volumes.n_channels, n_regions=len(volumes.regions))
        tiles = self.experiment.tiles
        return self._of_side(arm, _required(self.slices, arm).size if tiles is None else tiles.size)

    def whole(self, arm: Arm | VolumeArm) -> keras.Model:
        """Return a new model of an arm as it predicts: of whole slices, where it is trained on tiles of them."""
        return self.build(arm) if isinstance(arm, VolumeArm) else self._of_side(arm, _required(self.slices, arm).size)

    def _of_side(self, arm: Arm, side: int) -> keras.Model:
        slices = _required(self.slices, arm)
        return arm.build((side, side), n_channels=slices.n_channels, n_regions=len(slices.regions))

    def count(self, targets: Mapping[str, np.ndarray], outputs: Mapping[str, np.ndarray]) -> Counts:
        """Return the counts of a batch's pixels on the region of the first cell."""
        return cell_counts(targets["mask"], np.asarray(outputs["mask"]), self.experiment)

    def of(self, job: Job[Arm | VolumeArm]) -> Inputs:
        """Return what a job shows its model."""
        arm = job.arm
        return self._of_volumes(job, arm) if isinstance(arm, VolumeArm) else self._of_slices(job, arm)

    def _of_slices(self, job: Job, arm: Arm) -> Inputs:
        slices, optimisation, fold = _required(self.slices, arm), self.experiment.optimisation, job.fold
        train = TrainingSet(
            slices=slices,
            examples=slices.of(fold.train),
            n=len(slices.indices(fold.train)),
            batch_size=optimisation.batch_size,
            micro_batch=optimisation.micro_batch,
            targets=arm.targets,
            augmentation=arm.augmentation,
            tiles=self.experiment.tiles,
            seed=job.seed,
            fold=fold.index,
        )
        shown: dict[str, Any] = {"slices": slices, "batch_size": optimisation.micro_batch}
        shown["tiles"], validation = self.experiment.tiles, None
        if fold.validation:
            validation = held_out(patients=fold.validation, targets=arm.targets, **shown)

        def predict(model: keras.Model, folder: Path) -> None:
            whole = None if self.experiment.tiles is None else self.whole(arm)
            predict_scans(model, folder, patients=fold.test, whole=whole, **shown)

        return Inputs(train, validation, predict, len(slices.indices(fold.test)), train.n)

    def _of_volumes(self, job: Job, arm: VolumeArm) -> Inputs:
        volumes, optimisation, fold = _required(self.volumes, arm), arm.optimisation, job.fold
        train = VolumeTrainingSet(
            volumes=volumes,
            patients=fold.train,
            box=arm.box,
            batch_size=optimisation.batch_size,
            micro_batch=optimisation.micro_batch,
            targets=arm.targets,
            augmentation=arm.augmentation,
            seed=job.seed,
            fold=fold.index,
        )
        validation = None
        if fold.validation:
            validation = held_out_volumes(
                volumes, fold.validation, arm.box, batch_size=optimisation.micro_batch, targets=arm.targets
            )
        predict = functools.partial(predict_volumes, volumes=volumes, patients=fold.test, box=arm.box)
        n_slices = sum(len(volumes.labels(i)) for i in volumes.indices(fold.test))
        return Inputs(train, validation, predict, n_slices, len(volumes.indices(fold.train)))


Shown = TypeVar("Shown", Slices, Volumes)


def _required(shown: Shown | None, arm: AnyArm) -> Shown:
    """Return what an arm is shown, or refuse an arm that the experiment does not have."""
    if shown is None:
        do = "name an arm of the experiment"
        raise ProtocolError(expected="a cohort in the form that the arm sees", got="none", where=arm.name, do=do)
    return shown


def segmentation_inputs(experiment: SegmentationExperiment, prepared: Prepared, cache: Path) -> SegmentationInputs:
    """Return what `resized_slices` and `whole_volumes` make of a prepared cohort, where an arm needs it."""
    of_volumes = [isinstance(arm, VolumeArm) for arm in experiment.arms]
    preparation = experiment.preparation
    return SegmentationInputs(
        experiment,
        None if all(of_volumes) else resized_slices(prepared, preparation, cache=cache),
        whole_volumes(prepared, preparation, cache=cache) if any(of_volumes) else None,
    )


def prepared_jobs(
    experiment: SegmentationExperiment, root: Path, cache: Path
) -> tuple[Prepared, SegmentationInputs, list[Job[Arm | VolumeArm]]]:
    """Return the prepared cohort of a data root, as the models see it, and the trainings on it."""
    prepared = experiment.preparation.cohort(root, cache)
    inputs = segmentation_inputs(experiment, prepared, cache)
    folds = folds_by(experiment.validation, inputs.patients)
    jobs = jobs_of(experiment, folds, source_key=prepared.key, inputs=segmentation_inputs, cache=cache)
    return prepared, inputs, jobs


def _prepare(experiment: SegmentationExperiment, context: Context) -> Trainings:
    prepared, _, jobs = prepared_jobs(experiment, context.data, context.cache)
    return functools.partial(segmentation_inputs, experiment, prepared, context.cache), jobs


def _measure(experiment: SegmentationExperiment, context: Context) -> dict[str, Any]:
    prepared, inputs, jobs = prepared_jobs(experiment, context.data, context.cache)
    make_inputs = functools.partial(segmentation_inputs, experiment, prepared, context.cache)
    run_jobs(jobs, experiment, make_inputs, workers=context.workers)
    found, folder = evaluate(jobs, experiment, prepared), context.folder
    for frame, name in ((found.cases, "cases"), (found.slices, "slices"), (found.history, "history")):
        write_frame(frame, folder / f"{name}.csv")
    write_frame(found.costs, folder / "cost.csv")
    write_splits(sorted({job.fold for job in jobs}, key=lambda fold: fold.index), folder / "splits.json")
    (folder / "ledger.csv").write_bytes(prepared.ledger.read_bytes())
    write_overlays(folder / "overlays.npz", found.overlays, [arm.name for arm in experiment.arms])
    if isinstance(last := experiment.arms[-1], VolumeArm):
        volumes = _required(inputs.volumes, last)
        write_worst(folder / WORST, find_worst_cases(found.cases, jobs, experiment, volumes))
    return {
        "source_key": prepared.key,
        "seconds_per_slice": mean_by_arm(jobs, "seconds_per_slice", decimals=5),
        "training_cpu_seconds": mean_by_arm(jobs, "cpu_seconds", decimals=1),
    }


def mean_by_arm(jobs: Sequence[Job], what: str, *, decimals: int) -> dict[str, float]:
    """Return the mean of what each arm's jobs spent, by name of the arm."""
    by_arm: dict[str, list[float]] = {}
    for job in jobs:
        by_arm.setdefault(job.arm.name, []).append(job.spent[what])
    return {arm: round(sum(values) / len(values), decimals) for arm, values in sorted(by_arm.items())}


def read_measured(folder: Path, name: str) -> pd.DataFrame:
    """Return a table of a results folder with names of patients and scans as text."""
    return read_frame(folder / f"{name}.csv", dtype=_TEXTS, keep_default_na=False, na_values=[""])


def _write(experiment: SegmentationExperiment, paper: SegmentationExperiment, context: Context, claims: Claims) -> Page:
    cases, slices, history, costs = (
        read_measured(context.folder, name) for name in ("cases", "slices", "history", "cost")
    )
    run = Run(
        experiment, paper, context.source, with_metrics(cases), slices, history, costs, claims.cells, claims.texts
    )
    verdicts = write_results(run, context.folder)
    return Page(verdict_line(run, verdicts), verdicts)


SEGMENTATION = Task("segmentation", _measure, _write, prepare=_prepare)
