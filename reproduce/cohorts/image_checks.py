"""What the readers of NIfTI cohorts ask of every image, and which errors make a scan broken rather than a program."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

from reproduce.errors import (
    AnnotationFormatError,
    GeometryError,
    ImageAxesError,
    IntensityError,
    NonFiniteError,
    NotAnImageError,
    PixelDecodeError,
    VoxelTypeError,
)

_BREAKS = (
    *(AnnotationFormatError, GeometryError, ImageAxesError, IntensityError, NonFiniteError, NotAnImageError),
    *(PixelDecodeError, VoxelTypeError),
)


def fault_of(read: Callable[[], object]) -> str:
    """Why a scan cannot be read, in words for the ledger, or "" if it can.

    Args:
        read: Reads it; what it returns is dropped. Errors that say nothing of the scan's files pass through.
    """
    try:
        read()
    except _BREAKS as error:
        return f"{type(error).__name__}: expected {error.expected}, got {error.got}"
    return ""


def require_intensities(voxels: np.ndarray, *, what: str, path: Path) -> np.ndarray:
    """The voxels, if they are finite and not all the same.

    Args:
        voxels: Of one channel, any shape, at least one.
        what: Name of the channel, for the error.
        path: Its file.

    Raises:
        NonFiniteError: A voxel is NaN or infinite.
        IntensityError: The channel is constant: nothing was stored, or it was lost.
    """
    low, high = voxels.min(), voxels.max()
    do = "fetch the file again, or leave the scan out through the exclusion ledger"
    if not np.isfinite([low, high]).all():
        got = f"{int((~np.isfinite(voxels)).sum())} NaN or infinite voxels of {what}"
        raise NonFiniteError(expected="finite intensities", got=got, where=path, do=do)
    if low == high:
        got = f"{low:g} everywhere in {what}"
        raise IntensityError(expected="an image of at least two intensities", got=got, where=path, do=do)
    return voxels
