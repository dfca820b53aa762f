"""The cases that a model of volumes outlines worst, each in the three planes where it is most wrong."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from reproduce.figures.worst_cases import Plane, WorstCase
from reproduce.imaging.intensity import window
from reproduce.metrics.decisions import decided
from reproduce.protocol import SegmentationExperiment
from reproduce.training.job import Job
from reproduce.training.predict import read_prediction
from reproduce.training.volumes import Volumes

N_WORST = 5


def find_worst_cases(
    cases: pd.DataFrame, jobs: Sequence[Job], experiment: SegmentationExperiment, volumes: Volumes
) -> list[WorstCase]:
    """Find the scans of lowest Dice of the last arm under the first seed, the mean over the regions, worst first.

    Args:
        cases: Table of cases of `evaluation.evaluate`.
        jobs: All done.
        experiment: Their protocol, whose regions exclude each other.
        volumes: The cohort.
    """
    arm, seed = experiment.arms[-1].name, experiment.validation.seeds[0]
    own = cases[(cases["level"] == "pixel") & (cases["model"] == arm) & (cases["seed"] == seed)]
    dice = own.pivot_table(index="scan", columns="region", values="dice")[list(experiment.decision.measured)]
    lowest = dice.mean(axis=1).sort_values(kind="stable").index[:N_WORST]
    tested = {p: job for job in jobs if (job.arm.name, job.seed) == (arm, seed) for p in job.fold.test}
    place = {name.scan: i for i, name in enumerate(volumes.names)}
    found = []
    for scan in lowest:
        i = place[scan]
        name = volumes.names[i]
        probabilities = read_prediction(tested[name.patient].folder / "predictions" / f"{scan}.npz").mask
        prediction = _region_of(decided(probabilities, experiment.decision.threshold))
        reference = _region_of(volumes.masks(volumes.labels(i)) > 0)
        note = ", ".join(f"{region} {dice.loc[scan, region]:.3f}" for region in dice.columns)
        grey = window(volumes.image(i)[..., 0], experiment.preparation.intensity.grey)
        planes = _planes(np.round(255 * grey).astype(np.uint8), reference, prediction)
        found.append(WorstCase(name.patient, f"Dice {note}", planes))
    return found


def _region_of(masks: np.ndarray) -> np.ndarray:
    """Return which region each voxel belongs to, uint8 `[z, y, x]`; the first is the background."""
    return masks.argmax(axis=-1).astype(np.uint8)


def _planes(grey: np.ndarray, reference: np.ndarray, prediction: np.ndarray) -> tuple[Plane, ...]:
    """Return across each axis the plane in which most voxels are wrong, the first of several."""
    wrong = reference != prediction
    planes = []
    for axis, name in enumerate("zyx"):
        at = int(wrong.sum(axis=tuple({0, 1, 2} - {axis})).argmax())
        planes.append(Plane(f"{name} = {at}", *(np.take(voxels, at, axis) for voxels in (grey, reference, prediction))))
    return tuple(planes)
