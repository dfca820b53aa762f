"""Any task of the Decathlon prepared as slices of normalised channels with labels, from the files of a task."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np

from reproduce.cohorts import decathlon
from reproduce.cohorts.case import Case
from reproduce.cohorts.decathlon import DecathlonScan, Task
from reproduce.cohorts.decathlon_listing import LISTING, read_listing
from reproduce.imaging.intensity import ZScore, mapped
from reproduce.paths import existing_folder
from reproduce.prepared.slices import Prepared, SliceSource, prepared
from reproduce.protocol import Call
from reproduce.protocol.intensities import Window

if TYPE_CHECKING:
    from apache_beam.options.pipeline_options import PipelineOptions


def prepare_decathlon(
    root: Path,
    cache: Path,
    *,
    task: Task | None,
    broken: Literal["refuse", "exclude"],
    intensity: Window | ZScore,
    beam: PipelineOptions | None = None,
) -> Prepared:
    """Prepare a task of the Decathlon (Antonelli et al. 2022) once: slices of float32 channels, labels as stored.

    Args:
        root: Folder of the task: the one that holds dataset.json.
        cache: Folder for prepared examples.
        task: See `reproduce.cohorts.decathlon.find_cohort`.
        broken: See `reproduce.cohorts.decathlon.find_cohort`.
        intensity: What becomes of the values of a whole image, all its slices together: a z-score, or a window of HU on
            [0, 1]. The protocol's `Preparation` then says `Normalised`.
        beam: See `slices.prepared`.

    Raises:
        DataNotFoundError: The folder is not there, or holds no NIfTI file. Other errors of
            `reproduce.cohorts.decathlon` too.
        IntensityError: A channel is constant within the voxels of the z-score.
    """
    decathlon.require_policy(broken)
    root = existing_folder(root, holding="a task of the Decathlon")
    source = SliceSource(
        name="decathlon",
        homepage="http://medicaldecathlon.com",
        find=Call(decathlon.find_cohort, {"task": task, "broken": broken}),
        read=Call(read_mapped, {"intensity": intensity}),
        n_channels=_n_channels(root, task),
        dtype=np.float32,
    )
    return prepared(source, root=root, cache=cache, beam=beam)


def read_mapped(scan: DecathlonScan, *, intensity: Window | ZScore) -> Case:
    """Read a case and map the values of its image."""
    case = decathlon.read_case(scan)
    return replace(case, image=case.image.on_same_grid(mapped(case.image.voxels, intensity), "arbitrary"))


def _n_channels(root: Path, task: Task | None) -> int:
    """Return the channels of the task; the features of a data set must be known before its files are read."""
    if task is None and (root / LISTING).is_file():
        return len(read_listing(root, do="name the folder of a task of the Decathlon").modalities)
    return 1 if task is None else len(task.modalities)  # without either `find_cohort` refuses
