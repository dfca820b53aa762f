"""What the readers of NIfTI cohorts ask of every image, and which errors make a scan broken rather than a program."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

from reproduce import errors
from reproduce.imaging.dicom_series import SeriesFiles
from reproduce.patient_ids import path_id

_BREAKS = (
    *(errors.AnnotationFormatError, errors.GeometryError, errors.ImageAxesError, errors.IntensityError),
    *(errors.NonFiniteError, errors.NotAnImageError, errors.PixelDecodeError, errors.VoxelTypeError),
)


def fault_of(read: Callable[[], object]) -> str:
    """Return why a scan cannot be read, in words for the ledger, or "" if it can.

    What `read` returns is dropped. Errors that say nothing of the scan's files pass through.
    """
    try:
        read()
    except _BREAKS as error:
        return f"{type(error).__name__}: expected {error.expected}, got {error.got}"
    return ""


def lost_slices(series: SeriesFiles, root: Path) -> str:
    """Return which files beside the slices of a series may be slices that are lost, for the ledger; "" for none.

    What is wrong with a file may be text that somebody typed; `reproduce inspect` shows it to whoever has the files.
    """
    faults = [path_id(note.path, root) for note in series.notes if note.is_fault]
    return f"files beside its slices that are none and may be lost ones: {', '.join(faults)}" if faults else ""


def missing_files(**paths: Path) -> str:
    """Return which files of a scan, by their roles, are not there, in words for the ledger, or "" if all are."""
    missing = [role for role, path in paths.items() if not path.is_file()]
    return f"no {', no '.join(missing)}" if missing else ""


def require_intensities(voxels: np.ndarray, *, what: str, path: Path) -> np.ndarray:
    """Return the voxels of one channel, one or more, if they are finite and not all the same.

    The error names the channel and its file, `what` and `path`.

    Raises:
        NonFiniteError: A voxel is NaN or infinite.
        IntensityError: The channel is constant: nothing was stored, or it was lost.
    """
    low, high = voxels.min(), voxels.max()
    do = "fetch the file again, or leave the scan out through the exclusion ledger"
    if not np.isfinite([low, high]).all():
        got = f"{int((~np.isfinite(voxels)).sum())} NaN or infinite voxels of {what}"
        raise errors.NonFiniteError(expected="finite intensities", got=got, where=path, do=do)
    if low == high:
        got, expected = f"{low:g} everywhere in {what}", "an image of at least two intensities"
        raise errors.IntensityError(expected=expected, got=got, where=path, do=do)
    return voxels
