"""What the readers of NIfTI cohorts ask of every image, and which errors make a scan broken rather than a program."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import numpy as np

from reproduce import errors
from reproduce.cohorts.ledger import OUT, LedgerEntry
from reproduce.imaging.account import Note
from reproduce.imaging.dicom_series import SeriesFiles
from reproduce.patient_ids import path_id

_BREAKS = (
    *(errors.AnnotationFormatError, errors.GeometryError, errors.ImageAxesError, errors.IntensityError),
    *(errors.NonFiniteError, errors.NotAnImageError, errors.PixelDecodeError, errors.PixelRangeError),
    errors.VoxelTypeError,
)
LOST_FILE = "file that may be a broken or lost one of DICOM, and is of no scan here"
LINKED_FOLDER = "link to a folder, which is not followed"


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


def no_ct(rest: Iterable[Note]) -> str:
    """Return what a folder without CT holds, in words for an error; `rest` as of `find_series_and_rest`."""
    n_lost = sum(note.is_fault for note in rest)
    return f"no CT, but {n_lost} files that may be broken or lost ones of DICOM" if n_lost else "no CT"


def unplaced_files(
    images: Sequence[SeriesFiles], others: Sequence[SeriesFiles], rest: Iterable[Note], root: Path
) -> list[LedgerEntry]:
    """Return ledger entries for what may be scans that no series shows, one a path.

    They are faults that lie beside no image, and links to folders outside of `root`, wherever they lie: nothing below
    these is looked at.

    Args:
        images: Series whose faults `lost_slices` tells.
        others: Series of other kinds.
        rest: Notes on what lies below no series of either.
        root: Folder of the collection.
    """
    notes = [*rest, *(note for series in (*images, *others) for note in series.notes)]
    told = {note.path for series in images for note in series.notes if note.is_fault}
    told |= {path for series in (*images, *others) for path in series.files}
    lost = {note.path for note in notes if note.is_fault} - told
    links = {note.path for note in notes if note.path.is_dir() and not _is_inside(note.path, root)}
    reasons = {**dict.fromkeys(links, LINKED_FOLDER), **dict.fromkeys(lost, LOST_FILE)}
    return [LedgerEntry("", path_id(path, root), OUT, reason) for path, reason in sorted(reasons.items())]


def _is_inside(path: Path, root: Path) -> bool:
    return path.resolve().is_relative_to(root.resolve())


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
