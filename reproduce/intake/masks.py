"""Masks of annotations on the grid of their CT, by the readers of the tables; labels that each mask stands for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from reproduce.cohorts.lidc import LidcScan, read_case
from reproduce.imaging.dicom import CtSeries
from reproduce.imaging.dicom_series import SeriesFiles
from reproduce.imaging.rtstruct import read_structures
from reproduce.imaging.rtstruct_masks import structure_masks
from reproduce.imaging.volume import Volume
from reproduce.intake.names import Names
from reproduce.intake.seg import read_seg, seg_masks

Remarks = tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Masks:
    """Masks on one grid.

    Attributes:
        grid: The grid; its voxels are not asked.
        by_label: bool `[z, y, x]` by label, from 1 on.
        names: What each label stands for.
        remarks: What is not in a mask, or not all of it.
    """

    grid: Volume
    by_label: Mapping[int, np.ndarray]
    names: Mapping[int, str]
    remarks: Remarks = ()

    @property
    def overlap(self) -> bool:
        """Return whether a voxel is in two masks, so that one label map cannot hold them."""
        count = np.zeros(self.grid.shape, dtype=np.uint16)
        for mask in self.by_label.values():
            count += mask
        return bool((count > 1).any())

    def label_map(self) -> Volume:
        """Return the masks, which do not overlap, as one map of labels."""
        labels = np.zeros(self.grid.shape, dtype=np.min_scalar_type(max(self.by_label, default=0)))
        for label, mask in self.by_label.items():
            labels[mask] = label
        return self.grid.on_same_grid(labels, "label")


def masks_of_structures(path: Path, series: CtSeries, names: Names) -> Masks:
    """Return the structures of an RTSTRUCT that outline an area, labelled 1, 2, ... in the order of ROINumber.

    An outline without a slice is refused.

    Raises:
        What `read_structures` and `structure_masks` raise.
    """
    found = structure_masks(read_structures(path), series, outside="refuse")
    drawn = [mask for mask in found.values() if mask.structure.encloses]
    called = {
        i: names.part("structure", mask.structure.number, mask.structure.name) for i, mask in enumerate(drawn, start=1)
    }
    remarks = [
        f"{called[i]}: contour {remark.contour} {remark.reason}"
        for i, mask in enumerate(drawn, start=1)
        for remark in mask.remarks
    ]
    remarks += [f"{called[i]}: no outline in slices {mask.gaps}" for i, mask in enumerate(drawn, 1) if mask.gaps]
    if len(drawn) < len(found):
        remarks.append(f"{len(found) - len(drawn)} structures outline no area")
    return Masks(series.volume, {i: mask.voxels for i, mask in enumerate(drawn, 1)}, called, tuple(remarks))


def masks_of_reads(
    paths: tuple[Path, ...], files: SeriesFiles, root: Path, *, consensus: float, min_readers: int
) -> Masks:
    """Return the nodules of XML of LIDC-IDRI as `cohorts.lidc.read_case` labels them.

    Raises:
        What `read_case` raises.
    """
    scan = LidcScan(files.patient_id, files.series_uid, files, paths, root)
    case = read_case(scan, consensus=consensus, min_readers=min_readers)
    labels = case.reference.voxels
    return Masks(case.image, {i: labels == i for i in case.label_names}, case.label_names)


def masks_of_seg(path: Path, series: CtSeries | None, names: Names) -> Masks:
    """Return the segments of a SEG, labelled by their numbers.

    Raises:
        What `read_seg` and `seg_masks` raise.
    """
    seg = read_seg(path)
    grid, by_number = seg_masks(seg, series)
    return Masks(grid, by_number, {one.number: names.part("segment", one.number, one.label) for one in seg.segments})


MaskReader = Callable[[], Masks]
