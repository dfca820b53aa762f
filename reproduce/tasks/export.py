"""A finished training as a model file that says how it wants its input."""

from __future__ import annotations

from pathlib import Path

import keras

from reproduce.errors import DataNotFoundError, ProtocolError
from reproduce.imaging.intensity import ZScore
from reproduce.prediction.recipe import ABNORMALITY, ORGAN, TISSUE, Recipe, Region
from reproduce.protocol import Arm, Experiment, Preparation, SegmentationExperiment, VolumeArm
from reproduce.protocol.intensities import Window
from reproduce.scripts import tables_of
from reproduce.tasks.segmentation import SegmentationInputs, prepared_jobs
from reproduce.training.determinism import n_gpus
from reproduce.training.job import Job
from reproduce.training.precision import EMULATED, computes, precisions_of, retrained
from reproduce.training.state import read_best


def experiment_of(table: str, profile: str, *, scripts: Path) -> SegmentationExperiment:
    """Return a table of segmentation as its script says it.

    The script of a table has its name, or the first part of it: `ablation.py` runs ablation_lidc and ablation_brats.

    Args:
        table: Name of the results folder.
        profile: "paper", "cpu" or "smoke".
        scripts: Folder of the scripts.

    Raises:
        DataNotFoundError: No script runs that table.
        ProtocolError: It has no such profile, or its models do not outline regions.
    """
    paths = [scripts / f"{name}.py" for name in (table, table.partition("_")[0])]
    tables = next((tables_of(path) for path in paths if path.is_file()), {})
    if table not in tables:
        got = f"only {', '.join(tables)}" if tables else "nothing there"
        do = "name a table as its results folder, from the project's folder or with --project"
        raise DataNotFoundError(expected=f"a script of {table}", got=got, where=scripts, do=do)
    experiment = tables[table].get(profile)
    if not isinstance(experiment, Experiment) or not isinstance(experiment.preparation, Preparation):
        got, do = (
            f"profile {profile} of {table}",
            "name a table whose models outline regions, and a profile that it has",
        )
        raise ProtocolError(expected="a table of segmentation", got=got, where=scripts, do=do)
    return experiment


def finished_model(
    experiment: SegmentationExperiment, root: Path, cache: Path, *, arm: str | None, fold: int, seed: int | None
) -> tuple[keras.Model, Recipe]:
    """Return the model of a finished training in float32 with the weights of its best epoch, and its recipe.

    Args:
        experiment: A segmentation, as it was run.
        root: Folder of the data that it was run on.
        cache: Folder for what can be made again.
        arm: Name of the arm; None takes the last.
        fold: Index of the fold, whose test patients the model has never seen.
        seed: Random seed of the training; None takes the first.

    Raises:
        DataNotFoundError: There is no finished training of that arm, fold and seed.
    """
    if all(computes(each, gpus=n_gpus()) for each in precisions_of(experiment)):
        _, inputs, jobs = prepared_jobs(experiment, root, cache)
    else:
        _, inputs, jobs = prepared_jobs(retrained(experiment, EMULATED, precision="float32"), root, cache)
    asked = (arm or experiment.arms[-1].name, fold, experiment.validation.seeds[0] if seed is None else seed)
    found = [job for job in jobs if (job.arm.name, job.fold.index, job.seed) == asked and job.done]
    if not found:
        done = sorted({f"{job.arm.name}, fold {job.fold.index}, seed {job.seed}" for job in jobs if job.done})
        raise DataNotFoundError(
            expected="a finished training of the arm {}, fold {}, seed {}".format(*asked),
            got=f"of this protocol, data and code: {'; '.join(done) or 'none'}",
            where=cache / "runs" / experiment.table,
            do="run the table's script with the same profile and data first, or name one of those",
        )
    return _trained(found[0], inputs), recipe_of_arm(experiment, found[0])


def _trained(job: Job[Arm | VolumeArm], inputs: SegmentationInputs) -> keras.Model:
    policy = keras.config.dtype_policy()
    keras.config.set_dtype_policy("float32")
    try:
        model = inputs.whole(job.arm)
    finally:
        keras.config.set_dtype_policy(policy)
    read_best(job.folder, model)
    return model


def recipe_of_arm(experiment: SegmentationExperiment, job: Job) -> Recipe:
    """Return how the model of a training wants its input, as the protocol says it.

    Regions that exclude each other keep their order as labels, the background 0; regions that are decided each by
    itself are labelled from 1. Where lesions are counted a region is abnormal, else an anatomical structure.
    """
    preparation, decision, arm = experiment.preparation, experiment.decision, job.arm
    intensity = preparation.intensity
    kind = ORGAN if decision.lesion_overlap is None else ABNORMALITY
    first = 0 if decision.threshold is None else 1
    return Recipe(
        n_axes=3 if isinstance(arm, VolumeArm) else 2,
        size=tuple(arm.box) if isinstance(arm, VolumeArm) else (preparation.size, preparation.size),
        channels=intensity.channels,
        intensity=intensity if isinstance(intensity, Window) else ZScore(within=intensity.within),
        regions=tuple(
            Region(name, label, kind if label else TISSUE, kind if label else TISSUE)
            for label, name in enumerate(preparation.regions, start=first)
        ),
        threshold=decision.threshold,
    )
