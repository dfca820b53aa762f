"""LIDC-IDRI prepared as CT slices with the readers' consensus, from the DICOM and XML files of a data root."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from reproduce.cohorts import lidc
from reproduce.prepared.slices import Prepared, SliceSource, prepared
from reproduce.protocol import Call

if TYPE_CHECKING:
    from apache_beam.options.pipeline_options import PipelineOptions


def prepare_lidc(
    root: Path, cache: Path, *, consensus: float, min_readers: int, beam: PipelineOptions | None = None
) -> Prepared:
    """Prepare LIDC-IDRI (Armato et al. 2011) once: slices of int16 HU, labels that number nodules.

    Args:
        root: Folder that holds LIDC-IDRI-0001, ..., with DICOM and XML files.
        cache: Folder for prepared examples.
        consensus: Share of the readers of a nodule within whose outlines a voxel must lie, in (0, 1].
        min_readers: Readers who must have outlined a nodule for it to count.
        beam: See `slices.prepared`.

    Raises:
        DataNotFoundError: No scan is there. Other errors of `reproduce.cohorts.lidc` and `reproduce.imaging.dicom` too.
    """
    source = SliceSource(
        name="lidc_idri",
        homepage="https://doi.org/10.7937/K9/TCIA.2015.LO9QL9SX",
        find=Call(lidc.find_cohort, {}),
        read=Call(lidc.read_case, {"consensus": consensus, "min_readers": min_readers}),
        n_channels=1,
        dtype=np.int16,
    )
    return prepared(source, root=root, cache=cache, beam=beam)
