"""NIfTI files and archives of arrays, with what their headers say and, within a bound, their voxels."""

from __future__ import annotations

import math
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from reproduce.errors import AnnotationFormatError, ReproduceError
from reproduce.imaging.account import Note
from reproduce.imaging.nifti import nifti_notes, read_nifti
from reproduce.imaging.nifti_content import nifti_shape, read_nifti_header
from reproduce.imaging.nifti_header import REFUSE, file_affine
from reproduce.intake.contents import Item
from reproduce.intake.series import orientation, spacing_mm

_MOST_LABELS = 64
_MOST_VOXELS = 2**28  # of one call


@dataclass
class VoxelBound:
    """How many voxels may still be read; None for all."""

    left: int | None = _MOST_VOXELS

    def takes(self, n: int) -> bool:
        """Return whether a file of `n` voxels may be read, and count it."""
        if self.left is None:
            return True
        fits = n <= self.left
        self.left -= n if fits else 0
        return fits


def nifti_item(path: Path, bound: VoxelBound) -> Item:
    """Return shape, spacing and codes of a NIfTI file; labels and range where its voxels are read.

    Labels are those of a file whose values are at most 64 different whole numbers from 0 on. A file that is cut short
    within its gzip stream shows only when its voxels are read.
    """
    facts: dict[str, Any] = dict.fromkeys(
        ("shape_ijk", "spacing_ijk_mm", "orientation_ijk", "sform_code", "qform_code", "type", "range", "labels")
    )
    notes: tuple[Note, ...] = ()
    try:
        header = read_nifti_header(path)
        facts |= {
            "sform_code": int(header["sform_code"]),
            "qform_code": int(header["qform_code"]),
            "shape_ijk": list(nifti_shape(header, path)),
        }
        affine = file_affine(header, path, REFUSE)
        facts |= {"spacing_ijk_mm": spacing_mm(affine), "orientation_ijk": orientation(affine)}
        notes = nifti_notes(path)
        if bound.takes(math.prod(facts["shape_ijk"])):
            facts |= _values(read_nifti(path).voxels)
        else:
            notes += (Note(path, "voxels not read: only the first 2^28 of a folder are; --range reads all"),)
    except ReproduceError as error:
        return Item("nifti", path, facts, notes, error)
    return Item("nifti", path, facts, notes)


def _values(voxels: np.ndarray) -> dict[str, Any]:
    low, high = float(voxels.min()), float(voxels.max())
    if not math.isfinite(low + high):
        return {"type": str(voxels.dtype), "range": None, "labels": None}
    labels = None
    if low >= 0 and high < 2**16 and (voxels.dtype.kind in "iu" or np.array_equal(voxels, np.rint(voxels))):
        present = np.flatnonzero(np.bincount(voxels.ravel().astype(np.int64))).tolist()
        labels = present if len(present) <= _MOST_LABELS else None
    return {"type": str(voxels.dtype), "range": [low, high], "labels": labels}


def arrays_item(path: Path) -> Item:
    """Return name, shape and type of the arrays of an .npz file, from their headers."""
    try:
        with zipfile.ZipFile(path) as archive:
            arrays = [_array(archive, name) for name in archive.namelist()]
    except (ValueError, OSError, EOFError, RuntimeError, zipfile.BadZipFile) as error:
        got = f"{type(error).__name__}: {error}"
        do = "fetch the file again"
        fault = AnnotationFormatError(expected="an archive of arrays", got=got, where=path, do=do)
        return Item("arrays", path, {"arrays": []}, fault=fault)
    return Item("arrays", path, {"arrays": arrays})


def _array(archive: zipfile.ZipFile, name: str) -> dict[str, Any]:
    with archive.open(name) as stream:
        version = np.lib.format.read_magic(stream)
        read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
        shape, _, dtype = read(stream)
    return {"name": name.removesuffix(".npy"), "shape": list(shape), "type": str(dtype)}
