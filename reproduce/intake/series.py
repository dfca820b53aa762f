"""The DICOM series of a folder, each with what its headers say: one that is refused does not stop the others."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from reproduce.errors import ReproduceError
from reproduce.imaging.account import Note
from reproduce.imaging.dicom import SeriesHeader, read_series, read_series_header
from reproduce.imaging.dicom_folders import Identity, find_dicom
from reproduce.imaging.dicom_series import SeriesFiles, find_series
from reproduce.imaging.dicom_units import MODALITIES
from reproduce.intake.contents import Item, Series

_LETTERS = (("L", "R"), ("P", "A"), ("S", "I"))
_ALIGNED = 0.999


def identities_below(folder: Path) -> tuple[list[Identity], list[Note]]:
    """Return the DICOM files below a folder, and notes on those that start like one and are broken."""
    found, broken, _ = find_dicom(folder)
    notes = [
        Note(path, f"broken: expected {fault.expected}, got {fault.got}", is_fault=True)
        for path, fault in broken.items()
    ]
    return found, notes


def find_all_series(identities: Iterable[Identity]) -> tuple[list[SeriesFiles], list[Note]]:
    """Return the series of CT, MR and PET that files belong to, as `find_series` does, and what it refuses.

    It is asked folder by folder, so that a broken file in one of them leaves the series of the others.
    """
    paths: dict[tuple[str, str, str, str], list[Path]] = defaultdict(list)
    for file in identities:
        if file.modality in MODALITIES:
            paths[file.modality, file.series_uid, file.study_uid, file.patient_id].append(file.path)
    homes = {key: Path(os.path.commonpath([path.parent for path in files])) for key, files in paths.items()}
    found: dict[tuple[str, str, str, str], SeriesFiles] = {}
    notes = []
    for modality, home in sorted({(key[0], home) for key, home in homes.items()}):
        try:
            for series in find_series(home, modality=modality):
                key = (modality, series.series_uid, series.study_uid, series.patient_id)
                if homes.get(key) == home:  # from a folder below it a series would be found in part
                    found[key] = series
        except ReproduceError as error:
            notes.append(Note(Path(error.where), f"expected {error.expected}, got {error.got}", is_fault=True))
            lost = [path for key, files in paths.items() if (key[0], homes[key]) == (modality, home) for path in files]
            beside = (path for path in sorted(lost) if str(path) != error.where)
            notes += [Note(path, "in a folder whose series are refused") for path in beside]
    return sorted(found.values(), key=lambda series: series.files[0]), notes


def read_all_series(found: Iterable[SeriesFiles], *, with_range: bool) -> Iterator[Series]:
    """Yield each series with its header, or with the error that refuses it; `with_range` decodes its pixels too."""
    for files in found:
        header: SeriesHeader | None = None
        fault: ReproduceError | None = None
        value_range = None
        try:
            # What lies beside the slices and may be a lost one is in the notes: the slices are looked at without it.
            header = read_series_header(replace(files, notes=()))
            value_range = _range(files) if with_range else None
        except ReproduceError as error:
            fault = error
        notes = (*files.notes, *(header.notes if header else ()))
        folder = Path(os.path.commonpath([path.parent for path in files.files]))
        facts = {
            "patient": files.patient_id,
            "study": files.study_uid,
            "series": files.series_uid,
            "modality": files.modality,
            "description": files.description,
            "files": len(files.files),
            **_grid(header),
            "unit": header.unit if header else None,
            "range": value_range,
        }
        yield Series(files, header, Item("series", folder, facts, notes, fault, files.series_uid))


def _range(files: SeriesFiles) -> list[float]:
    voxels = read_series(replace(files, notes=())).volume.voxels
    return [float(voxels.min()), float(voxels.max())]


def _grid(header: SeriesHeader | None) -> dict[str, Any]:
    if header is None:
        return {"shape_zyx": None, "spacing_zyx_mm": None, "orientation_xyz": None}
    return {
        "shape_zyx": list(header.shape),
        "spacing_zyx_mm": spacing_mm(header.affine)[::-1],
        "orientation_xyz": orientation(header.affine),
    }


def spacing_mm(affine: np.ndarray) -> list[float]:
    """Return the distances of voxels along the axes of an affine, to a tenth of a micrometre."""
    return [round(float(length), 4) for length in np.linalg.norm(affine[:3, :3], axis=0)]


def orientation(affine: np.ndarray) -> str:
    """Return where the axes of an affine in LPS mm run to, as three letters of L R, P A, S I; "oblique" beside them."""
    directions = affine[:3, :3] / np.linalg.norm(affine[:3, :3], axis=0)
    axes = np.abs(directions).argmax(axis=0)
    letters = "".join(_LETTERS[axis][int(directions[axis, i] < 0)] for i, axis in enumerate(axes))
    return letters if np.abs(directions).max(axis=0).min() >= _ALIGNED else f"{letters}, oblique"
