"""Nodules on an image: grouped marks to voxels, the readers' consensus, place and size."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from reproduce.cohorts.lidc_grouping import SAME_NODULE_MM, group_marks, mark_regions, near_pairs
from reproduce.cohorts.lidc_marks import Mark, MarkKind, ScanReads
from reproduce.cohorts.lidc_outlines import BoxMask, mark_mask
from reproduce.cohorts.lidc_slices import PlacedMark, place_marks
from reproduce.errors import AnnotationMismatchError, ArgumentError
from reproduce.imaging.dicom import CtSeries


@dataclass(frozen=True, eq=False)
class Nodule:
    """A nodule that at least one reader outlined, on the grid of an image."""

    marks: tuple[Mark, ...]  # the outlining marks, one a reader
    small_marks: tuple[Mark, ...]  # of who took it for a nodule below 3 mm: no voxels, and no say in the consensus
    n_inside: BoxMask  # uint8: how many readers have the voxel inside
    # bool: at least the asked share of those who outlined the nodule have the voxel inside. May be empty: outlines of
    # few pixels need not meet.
    consensus: BoxMask
    centroid_zyx: tuple[float, float, float]  # index, by `n_inside` as weights: the mean over all readers' voxels
    centroid_mm: tuple[float, float, float]  # the same in LPS mm, (x, y, z)
    diameter_mm: float  # of the sphere with the volume of `consensus`; of what the image shows, where slices lack
    n_outlines: int  # paths of all readers
    n_outlines_absent: int  # those of them whose slice is not in the series

    @property
    def readers(self) -> tuple[str, ...]:
        """Readers who outlined it."""
        return tuple(mark.reader for mark in self.marks)

    @property
    def characteristics(self) -> dict[str, Mapping[str, int | None]]:
        """Ratings by reader, of those who outlined it."""
        return {mark.reader: mark.characteristics for mark in self.marks}


def nodules_on(series: CtSeries, reads: ScanReads, *, consensus: float, outline_included: bool) -> tuple[Nodule, ...]:
    """Return the nodules of 3 mm or more of a scan, in the order of their centroids (z, y, x).

    All marks of nodules, outlined or below 3 mm, are grouped by the rule of `group_marks` at `SAME_NODULE_MM`; a group
    with an outlined mark is a nodule. The share for the consensus is of the readers who outlined this nodule, not of
    all readers of the scan, so a nodule of one reader is his outline, and of two readers at 50 % their union.

    An outline belongs to the slice of its SOPInstanceUID, and where it has none to the slice at its position; see
    `place_marks`. Marks are grouped where they are drawn. An outline of an absent slice is counted in
    `n_outlines_absent`; a nodule without a voxel on the slices that are there is left out.

    Args:
        series: The image.
        reads: Marks of the same series.
        consensus: Share of readers in (0, 1]; 0.5 in this package.
        outline_included: Count outlines as nodule, against the convention of LIDC-IDRI; for comparisons only.

    Returns:
        Empty where no reader outlined anything.

    Raises:
        ArgumentError: `consensus` is out of range.
        AnnotationMismatchError: The marks are of another series, no slice of any mark is in this one, or what
            `place_marks` raises.
    """
    if not 0 < consensus <= 1:
        expected, do = "a consensus in (0, 1]", "give 0.5 for the consensus of half of the readers"
        raise ArgumentError(expected=expected, got=f"{consensus}", where="nodules_on", do=do)
    _require_one_series(series, reads)
    marks = [mark for mark in reads.marks if mark.kind is not MarkKind.NON_NODULE]
    placed = place_marks(marks, series, where=", ".join(map(str, reads.files)))
    regions = mark_regions([one.moved for one in placed])
    pairs = near_pairs(regions, pixel_mm=series.volume.spacing_mm[1:], within_mm=SAME_NODULE_MM)
    groups = group_marks(regions.readers, pairs, tolerance_mm=SAME_NODULE_MM)
    nodules = [
        _nodule([placed[i] for i in group], series, consensus=consensus, outline_included=outline_included)
        for group in groups
    ]
    return tuple(sorted((n for n in nodules if n is not None), key=lambda nodule: nodule.centroid_zyx))


def _require_one_series(series: CtSeries, reads: ScanReads) -> None:
    where, do = ", ".join(map(str, reads.files)), "put the XML beside the images of its own series"
    if reads.series_uid != series.files.series_uid:
        expected, got = f"annotations of the series {series.files.series_uid}", f"annotations of {reads.series_uid}"
        raise AnnotationMismatchError(expected=expected, got=got, where=where, do=do)
    uids = {outline.sop_uid for mark in reads.marks for outline in mark.outlines} - {""}
    if uids and not uids & set(series.sop_uids):
        got = f"none of the {len(uids)} slices that the marks name among the {len(series.sop_uids)} of the series"
        expected, do = "marks on slices of the series", "fetch the slices that are marked"
        raise AnnotationMismatchError(expected=expected, got=got, where=where, do=do)


def _nodule(members: list[PlacedMark], series: CtSeries, *, consensus: float, outline_included: bool) -> Nodule | None:
    """Return the nodule of a group of marks; None where nobody outlined it, or no voxel of it is on the image."""
    image = series.volume
    outlined = [one for one in members if one.mark.kind is MarkKind.NODULE]
    masks = [mark_mask(one.mark, one.slices, outline_included=outline_included) for one in outlined]
    n_inside = _count_masks([mask for mask in masks if mask is not None])
    if n_inside is None or not n_inside.voxels.any():
        return None
    agreed = (n_inside.voxels >= consensus * len(outlined) - 1e-9) & (n_inside.voxels > 0)
    inside = np.argwhere(n_inside.voxels)
    weights = n_inside.voxels[tuple(inside.T)]
    centroid_zyx = np.average(inside, axis=0, weights=weights) + n_inside.corner_zyx
    volume_mm3 = np.count_nonzero(agreed) * image.voxel_mm3
    return Nodule(
        marks=tuple(one.mark for one in outlined),
        small_marks=tuple(one.mark for one in members if one.mark.kind is MarkKind.SMALL_NODULE),
        n_inside=n_inside,
        consensus=BoxMask(agreed, n_inside.corner_zyx),
        centroid_zyx=tuple(centroid_zyx.tolist()),
        centroid_mm=tuple(image.world_mm(centroid_zyx).tolist()),
        diameter_mm=(6 * volume_mm3 / np.pi) ** (1 / 3),
        n_outlines=sum(len(one.slices) for one in outlined),
        n_outlines_absent=sum(z is None for one in outlined for z in one.slices),
    )


def _count_masks(masks: list[BoxMask]) -> BoxMask | None:
    """Count how many masks have a voxel, on the box around them all; None for no mask."""
    if not masks:
        return None
    low = np.min([mask.corner_zyx for mask in masks], axis=0)
    high = np.max([np.add(mask.corner_zyx, mask.voxels.shape) for mask in masks], axis=0)
    count = np.zeros(high - low, dtype=np.uint8)
    for mask in masks:
        count[BoxMask(mask.voxels, tuple(mask.corner_zyx - low)).box] += mask.voxels
    return BoxMask(count, tuple(low.tolist()))
