"""Classification: models are trained towards one of two classes, predict a probability, and are measured by image."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pandas as pd
import tensorflow as tf

from reproduce.cohorts.labelled_images import LabelledImages
from reproduce.cohorts.splits import folds_by, write_splits
from reproduce.errors import AnnotationFormatError
from reproduce.metrics.confusion import Counts, count
from reproduce.metrics.formulas import ACCURACY
from reproduce.protocol import ClassArm, ClassExperiment
from reproduce.provenance import file_digest, written_whole
from reproduce.results.cases import read_frame, write_frame
from reproduce.results.class_results import CASE_COLUMNS, write_class_results
from reproduce.tasks.evaluation import costs_of, history_of
from reproduce.tasks.segmentation import mean_by_arm
from reproduce.tasks.task import Claims, Context, Page, Task, Trainings
from reproduce.training.images import ImageTrainingSet
from reproduce.training.job import Inputs, Job, jobs_of
from reproduce.training.pipeline import require_steps
from reproduce.training.pool import run_jobs

_FILE = "probabilities.npy"
_BATCH = 256


@dataclass(frozen=True, eq=False)
class ClassificationInputs:
    """A cohort of labelled images as the arms of an experiment see it.

    Attributes:
        experiment: Its protocol.
        images: The cohort.
    """

    experiment: ClassExperiment
    images: LabelledImages

    @property
    def positive(self) -> np.ndarray:
        """Return which images are of the second class, bool `[n]`.

        Raises:
            AnnotationFormatError: A label belongs to no class of the protocol.
        """
        negative, positive = self.experiment.preparation.regions.values()
        if others := sorted(set(self.images.labels.tolist()) - {*negative, *positive}):
            got, do = f"the labels {others[:5]}", "say in the protocol's `regions` which class they belong to"
            raise AnnotationFormatError(expected="labels of the protocol", got=got, where=self.images.source, do=do)
        return np.isin(self.images.labels, positive)

    def rows(self, patients: Sequence[str]) -> np.ndarray:
        """Return the positions of all images of some patients, ascending."""
        return np.flatnonzero(np.isin(self.images.patients, patients))

    def batches(self, rows: np.ndarray, batch_size: int) -> tf.data.Dataset:
        """Return batches of images, float32 in [0, 1], with their targets, float32 `[batch, 1]`, in this order."""
        images, scale = self.images.images[rows], np.float32(np.iinfo(self.images.images.dtype).max)
        whole = tf.data.Dataset.from_tensor_slices((images, self.positive[rows, None].astype(np.float32)))
        shown = whole.batch(batch_size).map(
            lambda image, target: (tf.cast(image, tf.float32) / scale, {"class": target})
        )
        return shown.prefetch(2)

    def build(self, arm: ClassArm) -> keras.Model:
        """Return a new model of an arm."""
        _, *size, n_channels = self.images.images.shape
        return arm.build(tuple(size), n_channels=n_channels, n_classes=1)

    def count(self, targets: Mapping[str, np.ndarray], outputs: Mapping[str, np.ndarray]) -> Counts:
        """Return the counts of a batch's images."""
        positive = np.asarray(outputs["class"]) > self.experiment.decision.threshold
        return count(targets["class"] > 0.5, positive)

    def of(self, job: Job[ClassArm]) -> Inputs:
        """Return what a job shows its model."""
        optimisation, fold = self.experiment.optimisation, job.fold
        rows, test = self.rows(fold.train), self.rows(fold.test)
        require_steps(len(rows), optimisation.batch_size, optimisation.micro_batch, what="images", fold=fold.index)
        validation = self.batches(self.rows(fold.validation), _BATCH).cache() if fold.validation else None

        def predict(model: keras.Model, folder: Path) -> None:
            shown = [model.predict_on_batch(image)["class"] for image, _ in self.batches(test, _BATCH)]
            with written_whole(folder / _FILE) as stream:
                np.save(stream, np.concatenate([np.asarray(part)[:, 0] for part in shown]).astype(np.float64))

        steps = (optimisation.batch_size, optimisation.micro_batch)
        train = ImageTrainingSet(self.batches, self.images.cases, rows, *steps, job.seed, fold.index)
        return Inputs(train, validation, predict, len(test), len(rows))


def classification_inputs(experiment: ClassExperiment, root: Path) -> ClassificationInputs:
    """Return the images of a data root as the models of an experiment see them."""
    return ClassificationInputs(experiment, experiment.preparation.cohort(root))


def image_jobs(
    experiment: ClassExperiment, root: Path, cache: Path
) -> tuple[ClassificationInputs, list[Job[ClassArm]]]:
    """Return the images of a data root, and the trainings on them."""
    inputs = classification_inputs(experiment, root)
    folds, digest = folds_by(experiment.validation, inputs.images.patients), file_digest(inputs.images.source)
    return inputs, jobs_of(experiment, folds, source_key=digest, inputs=classification_inputs, cache=cache)


def _prepare(experiment: ClassExperiment, context: Context) -> Trainings:
    _, jobs = image_jobs(experiment, context.data, context.cache)
    return functools.partial(classification_inputs, experiment, context.data), jobs


def _measure(experiment: ClassExperiment, context: Context) -> dict[str, Any]:
    inputs, jobs = image_jobs(experiment, context.data, context.cache)
    make_inputs = functools.partial(classification_inputs, experiment, context.data)
    run_jobs(jobs, experiment, make_inputs, workers=context.workers)
    parts = [_cases(inputs, job) for job in jobs]
    cases = pd.concat(parts).sort_values(["model", "seed", "fold", "case"], ignore_index=True)
    write_frame(cases, context.folder / "cases.csv")
    write_frame(history_of(jobs, (ACCURACY,)), context.folder / "history.csv")
    write_frame(costs_of(jobs), context.folder / "cost.csv")
    folds = {job.fold.index: job.fold for job in jobs}
    write_splits([folds[i] for i in sorted(folds)], context.folder / "splits.json")
    digest = file_digest(inputs.images.source)
    return {"source_sha256": digest, "training_cpu_seconds": mean_by_arm(jobs, "cpu_seconds", decimals=1)}


def _cases(inputs: ClassificationInputs, job: Job[ClassArm]) -> pd.DataFrame:
    """Return one row an image that a job has predicted."""
    rows = inputs.rows(job.fold.test)
    probability, reference = np.load(job.folder / "predictions" / _FILE), inputs.positive[rows]
    decided = probability > inputs.experiment.decision.threshold
    columns = {
        "model": job.arm.name,
        "seed": job.seed,
        "fold": job.fold.index,
        "case": [inputs.images.cases[i] for i in rows],
        "patient": [inputs.images.patients[i] for i in rows],
        "reference": reference.astype(int),
        "probability": probability,
        "tp": (decided & reference).astype(int),
        "fp": (decided & ~reference).astype(int),
        "fn": (~decided & reference).astype(int),
        "tn": (~decided & ~reference).astype(int),
    }
    return pd.DataFrame(columns)[list(CASE_COLUMNS)]


def _write(experiment: ClassExperiment, paper: ClassExperiment, context: Context, claims: Claims) -> Page:
    texts = {"model": str, "case": str, "patient": str}
    cases = read_frame(context.folder / "cases.csv", dtype=texts, keep_default_na=False, na_values=[""])
    costs = read_frame(context.folder / "cost.csv", dtype={"model": str})
    line, verdicts = write_class_results(
        experiment, paper, cases, costs, context.folder, context.source, (claims.cells, claims.texts)
    )
    return Page(line, verdicts)


CLASSIFICATION = Task("classification", _measure, _write, prepare=_prepare)
