"""BraTS prepared as slices of z-scored modalities with the tumour's tissues, from NIfTI files of a data root."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np

from reproduce.cohorts import brats
from reproduce.cohorts.brats_files import BratsScan
from reproduce.cohorts.brats_layouts import Decathlon, Layout
from reproduce.cohorts.case import Case
from reproduce.imaging.intensity import zscore_within
from reproduce.prepared.slices import Prepared, SliceSource, prepared
from reproduce.protocol import Call

if TYPE_CHECKING:
    from apache_beam.options.pipeline_options import PipelineOptions


def prepare_brats(
    root: Path,
    cache: Path,
    *,
    layouts: Sequence[Layout | Decathlon],
    broken: Literal["refuse", "exclude"],
    beam: PipelineOptions | None = None,
) -> Prepared:
    """Prepare BraTS (Menze et al. 2015) once: slices of float32 z-scores of all modalities, labels 1, 2 and 4.

    Args:
        root: Folder of a release, or of Task01 of the Decathlon, unpacked.
        cache: Folder for prepared examples.
        layouts: See `reproduce.cohorts.brats.find_cohort`.
        broken: See `reproduce.cohorts.brats.find_cohort`.
        beam: See `slices.prepared`.

    Raises:
        DataNotFoundError: No NIfTI file is there. Other errors of `reproduce.cohorts.brats` too.
        IntensityError: A modality is constant within the brain.
    """
    brats.require_layouts(layouts, broken)
    source = SliceSource(
        name="brats",
        homepage="https://doi.org/10.1109/TMI.2014.2377694",
        find=Call(brats.find_cohort, {"layouts": tuple(layouts), "broken": broken}),
        read=Call(read_normalised, {}),
        n_channels=len(layouts[0].modalities),
        dtype=np.float32,
        mostly_zero=True,
    )
    return prepared(source, root=root, cache=cache, beam=beam)


def read_normalised(scan: BratsScan) -> Case:
    """Read a case and give each modality mean 0 and standard deviation 1 within the brain, and 0 outside."""
    case = brats.read_case(scan)
    scores = zscore_within(case.image.voxels, brats.brain_of(scan, case.image))
    return replace(case, image=case.image.on_same_grid(scores, "arbitrary"))
