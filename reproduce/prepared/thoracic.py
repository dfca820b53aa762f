"""LCTSC prepared as CT slices with the organs at risk, from the DICOM files of a data root."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from reproduce.cohorts import thoracic
from reproduce.prepared.slices import Prepared, SliceSource, prepared
from reproduce.protocol import Call

if TYPE_CHECKING:
    from apache_beam.options.pipeline_options import PipelineOptions


def prepare_thoracic(
    root: Path,
    cache: Path,
    *,
    absent: thoracic.Absent,
    outside: thoracic.Outside,
    beam: PipelineOptions | None = None,
) -> Prepared:
    """Prepare LCTSC (Yang et al. 2018) once: slices of int16 HU, labels 1 to 5.

    Args:
        root: Folder that holds LCTSC-Train-S1-001, ..., with CT and RTSTRUCT files.
        cache: Folder for prepared examples.
        absent: See `reproduce.cohorts.thoracic.find_cohort`. The examples do not say which organs were outlined: "keep"
            is for models and metrics that know by other means.
        outside: See `reproduce.cohorts.thoracic.read_organs`.
        beam: See `slices.prepared`.

    Raises:
        DataNotFoundError: No scan is there. Other errors of `reproduce.cohorts.thoracic` and `reproduce.imaging` too.
    """
    source = SliceSource(
        name="lctsc",
        homepage="https://doi.org/10.7937/K9/TCIA.2017.3R3FVZ08",
        find=Call(thoracic.find_cohort, {"absent": absent}),
        read=Call(thoracic.read_case, {"outside": outside}),
        n_channels=1,
        dtype=np.int16,
    )
    return prepared(source, root=root, cache=cache, beam=beam)
