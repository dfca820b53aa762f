"""A CT series read as `read_series` reads it, beside SimpleITK (GDCM) and a plain loop of pydicom."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pydicom
from timing import Row, compared, in_turn, not_timed, require_same, version

from reproduce.imaging.dicom import read_series
from reproduce.phantoms.writers.lidc import write_lidc_cohort

GOAL = 1.5


def write_phantom(data: Path, *, matrix: int, n_slices: int) -> Path:
    """Return the folder of one phantom series; it is written once and stays."""
    folder = data / f"ct_{matrix}_{n_slices}"
    write_lidc_cohort(folder, n_patients=1, seed=1, matrix=matrix, n_slices=n_slices, slice_spacing_mm=2.5, workers=1)
    return next(folder.rglob("*.dcm")).parent


def first_slices(folder: Path, n: int, target: Path) -> Path:
    """Return a folder with copies of the lowest slices of a series, and nothing beside them."""
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(parents=True)
    heights = {path: _height_mm(pydicom.dcmread(path, stop_before_pixels=True)) for path in folder.glob("*.dcm")}
    for path in sorted(heights, key=heights.__getitem__)[:n]:
        shutil.copy(path, target)
    return target


def by_pydicom(folder: Path) -> np.ndarray:
    """Return HU `[z, y, x]` of all files, sorted by height: what a script does that trusts its folder."""
    slices = sorted((pydicom.dcmread(path) for path in folder.glob("*.dcm")), key=_height_mm)
    return np.stack([(s.pixel_array * s.RescaleSlope + s.RescaleIntercept).astype(np.int16) for s in slices])


def by_simpleitk(folder: Path) -> np.ndarray:
    """Return HU `[z, y, x]` of the one series of a folder."""
    import SimpleITK as sitk  # noqa: N813

    reader = sitk.ImageSeriesReader()
    reader.SetFileNames(reader.GetGDCMSeriesFileNames(str(folder)))
    return sitk.GetArrayFromImage(reader.Execute())


def rows(data: Path, *, quick: bool) -> Iterator[Row]:
    """Compare on a long series and on its lowest slices."""
    matrix, counts = (64, (8, 16)) if quick else (512, (41, 133))
    whole = write_phantom(data, matrix=matrix, n_slices=counts[-1])
    for n in counts:
        folder = first_slices(whole, n, data / f"series_{matrix}_{n}")
        what, voxels = f"DICOM series, {n} slices of {matrix}x{matrix}", read_series(folder).volume.voxels
        sides = {"ours": lambda folder=folder: read_series(folder)}
        checks = {}
        for library, name, read in (
            ("SimpleITK", "ImageSeriesReader (GDCM)", by_simpleitk),
            ("pydicom", "loop over dcmread", by_pydicom),
        ):
            try:
                peer, theirs = f"{version(library)}, {name}", read(folder)
            except ImportError as error:
                yield not_timed(what, library, str(error), goal=GOAL)
                continue
            require_same(np.array_equal(voxels, theirs), f"{what}: {library} has other voxels")
            checks[peer], sides[peer] = f"the same {voxels.size} voxels in HU", lambda r=read, f=folder: r(f)
        taken = in_turn(sides, rounds=3 if quick else 9)
        for peer, check in checks.items():
            goal = GOAL if peer.startswith("SimpleITK") else float("nan")
            yield compared(what, peer, taken["ours"], taken[peer], goal=goal, check=check)


def _height_mm(dataset: pydicom.Dataset) -> float:
    return float(dataset.ImagePositionPatient[2])
