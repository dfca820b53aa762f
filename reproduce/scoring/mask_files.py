"""Masks in NIfTI and DICOM SEG, paired by the names of their files, and brought onto one grid."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from reproduce.cohorts.case import SAME_GRID_MM
from reproduce.errors import ArgumentError, DataNotFoundError, GeometryError
from reproduce.imaging.nifti import read_nifti_labels
from reproduce.imaging.nifti_axes import nearest_axes
from reproduce.imaging.volume import Volume, require_same_grid
from reproduce.intake.files import sorted_files
from reproduce.intake.seg import read_seg, seg_masks
from reproduce.metrics.decisions import inside
from reproduce.scoring.regions import Members

_ENDINGS = (".nii.gz", ".nii", ".dcm")
_WHOLE = 1e-3  # of a voxel: how far the voxels of two SEG of one series may be apart
_MOST_SLICES = 4096


@dataclass(frozen=True)
class Pair:
    """A prediction and its reference; None for one that is not there."""

    name: str  # path below the folder without ending; of two files the reference's
    prediction: Path | None
    reference: Path | None

    def files(self) -> tuple[Path, Path]:
        """Return prediction and reference.

        Raises:
            DataNotFoundError: One of them is not there.
        """
        do = "add the file, or move the other one out of its folder"
        if self.prediction is None:
            raise DataNotFoundError(expected="a prediction of this name", got="none", where=self.reference, do=do)
        if self.reference is None:
            raise DataNotFoundError(expected="a reference of this name", got="none", where=self.prediction, do=do)
        return self.prediction, self.reference


@dataclass(frozen=True, eq=False)
class Masks:
    """The masks of one file.

    Attributes:
        grid: A label map with its voxels; of a SEG the grid alone.
        by_segment: bool `[z, y, x]` by the number of a SEG's segment, which may overlap; None for a label map.
    """

    grid: Volume
    by_segment: Mapping[int, np.ndarray] | None

    @property
    def labels(self) -> tuple[int, ...]:
        """Return the labels above 0 that have a voxel, ascending."""
        if self.by_segment is None:
            return tuple(int(label) for label in np.unique(self.grid.voxels) if label)
        return tuple(sorted(label for label, mask in self.by_segment.items() if mask.any()))

    def inside(self, members: Members) -> np.ndarray:
        """Return where one of some labels is, bool `[z, y, x]`; (0,) is where no label is."""
        if self.by_segment is None:
            return inside(self.grid.voxels, members)
        chosen = self.by_segment if members == (0,) else {label: self.by_segment.get(label) for label in members}
        any_of = np.zeros(self.grid.shape, dtype=bool)
        for mask in chosen.values():
            if mask is not None:
                any_of |= mask
        return ~any_of if members == (0,) else any_of


def find_pairs(predictions: Path, references: Path) -> tuple[Pair, ...]:
    """Return what is to be scored: two files, or the files of two folders whose names are the same but for the ending.

    Raises:
        DataNotFoundError: A path is not there or empty, or no name is in both folders.
        ArgumentError: One is a file and the other a folder, or a folder has two files of one name.
    """
    found, expected = _masks_below(predictions), _masks_below(references)
    if predictions.is_dir() != references.is_dir():
        kinds = ["a folder" if path.is_dir() else "a file" for path in (predictions, references)]
        got, where, do = " and ".join(kinds), f"{predictions} and {references}", "name two files, or two folders"
        raise ArgumentError(expected="two files or two folders", got=got, where=where, do=do)
    if references.is_file():
        return (Pair(_name(Path(references.name)), predictions, references),)
    if not set(found) & set(expected):
        got = f"{len(found)} and {len(expected)} files, none of them of one name"
        do = "give each prediction the name of its reference"
        raise DataNotFoundError(
            expected="masks of the same names in both folders", got=got, where=f"{predictions} and {references}", do=do
        )
    names = sorted({*found, *expected})
    return tuple(Pair(name, found.get(name), expected.get(name)) for name in names)


def _masks_below(path: Path) -> dict[str, Path]:
    files = sorted_files(path)
    if path.is_file():
        return {"": path}
    masks: dict[str, Path] = {}
    for each in (*files.nifti, *files.dicom):
        name = _name(each.relative_to(path))
        if name in masks:
            do = "leave one of them, or move it out of the folder"
            raise ArgumentError(expected="one file of a name", got="two", where=f"{masks[name]} and {each}", do=do)
        masks[name] = each
    if not masks:
        got, do = f"{files.n} other files", "name a folder with masks in NIfTI or DICOM SEG"
        raise DataNotFoundError(expected="masks in NIfTI or DICOM SEG", got=got, where=path, do=do)
    return masks


def _name(path: Path) -> str:
    ending = next((each for each in _ENDINGS if path.name.lower().endswith(each)), "")
    return path.as_posix()[: len(path.as_posix()) - len(ending)]


def read_masks(path: Path) -> Masks:
    """Read a label map from NIfTI, or the segments of a DICOM SEG on the grid from its first to its last frame.

    Either way x, y and z are as near to the patient's left, back and head as the axes of the file allow.

    Raises:
        What `read_nifti_labels`, `read_seg` and `seg_masks` raise.
    """
    if path.name.lower().endswith((".nii", ".nii.gz")):
        return Masks(read_nifti_labels(path), None)
    grid, by_segment = seg_masks(read_seg(path), None)
    axes = nearest_axes(grid.affine)
    turned = {label: np.array(axes.to_zyx(mask.transpose(2, 1, 0))) for label, mask in by_segment.items()}
    voxels = np.array(axes.to_zyx(grid.voxels.transpose(2, 1, 0)))
    return Masks(Volume(voxels, grid.affine @ axes.to_file_index(grid.shape[::-1]), grid.unit), turned)


def on_one_grid(prediction: Masks, reference: Masks, *, names: tuple[str, str]) -> tuple[Masks, Masks]:
    """Return both masks on one grid.

    A SEG has no frames where it has no voxel, so two of one series begin and end in other slices. Where one of the two
    is a SEG and the voxels of both lie on one lattice, the other voxels are empty. No voxel is resampled.

    Args:
        prediction: Of `read_masks`.
        reference: Of `read_masks`.
        names: What the two are, for the error.

    Raises:
        GeometryError: The grids are not one; both sides are named.
    """
    try:
        require_same_grid(reference.grid, prediction.grid, names=(names[1], names[0]), tolerance_mm=SAME_GRID_MM)
    except GeometryError:
        moved = None
        if prediction.by_segment is not None or reference.by_segment is not None:
            moved = _whole_offset(prediction.grid, reference.grid)
        if moved is None:
            raise
        first = np.minimum(moved, 0)  # of the grid of both, counted from the reference's first voxel
        last = np.maximum(moved + prediction.grid.shape, reference.grid.shape)
        affine = np.array(reference.grid.affine)
        affine[:3, 3] = reference.grid.world_mm(first)
        shape = tuple(int(n) for n in last - first)
        return _padded(prediction, moved - first, shape, affine), _padded(reference, -first, shape, affine)
    return prediction, reference


def _whole_offset(prediction: Volume, reference: Volume) -> np.ndarray | None:
    """Return the index (z, y, x) in the reference of the prediction's first voxel; None if they are of no one scan.

    Those differ along one axis alone, by whole slices, and are at most `_MOST_SLICES` together.
    """
    if not np.allclose(prediction.affine[:3, :3], reference.affine[:3, :3], atol=_WHOLE * min(reference.spacing_mm)):
        return None
    offset = reference.index_zyx(prediction.affine[:3, 3])
    whole = np.rint(offset)
    others = (whole != 0) | (np.array(prediction.shape) != reference.shape)
    n_together = np.maximum(whole + prediction.shape, reference.shape) - np.minimum(whole, 0)
    if np.abs(offset - whole).max() > _WHOLE or others.sum() > 1 or n_together.max() > _MOST_SLICES:
        return None
    return whole.astype(int)


def _padded(masks: Masks, first: np.ndarray, shape: tuple[int, ...], affine: np.ndarray) -> Masks:
    where = tuple(slice(int(i), int(i) + n) for i, n in zip(first, masks.grid.shape, strict=True))

    def padded(voxels: np.ndarray) -> np.ndarray:
        wide = np.zeros(shape, dtype=voxels.dtype)
        wide[where] = voxels
        return wide

    grid = Volume(padded(masks.grid.voxels), affine, masks.grid.unit)
    if masks.by_segment is None:
        return replace(masks, grid=grid)
    return Masks(grid, {label: padded(mask) for label, mask in masks.by_segment.items()})
