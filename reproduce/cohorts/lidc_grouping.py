"""Which marks of different readers mean the same nodule: nearest first, one mark a reader, in millimetres."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.spatial import cKDTree

from reproduce.cohorts.lidc_marks import Mark
from reproduce.cohorts.lidc_outlines import enclosed_pixels
from reproduce.errors import ArgumentError

# Two points within one nodule of less than 3 mm, the size at which LIDC-IDRI begins to outline, are less than 3 mm
# apart; farther apart, at least one of two marks lies outside such a nodule.
SAME_NODULE_MM = 3.0


@dataclass(frozen=True, eq=False)
class MarkPairs:
    """Pairs of marks of different readers that lie near each other, nearest first.

    Attributes:
        first, second: int `[n]`; indices of the marks, first < second.
        apart_mm: float64 `[n]`; distance of their nearest pixels, 0 where they share one.
    """

    first: np.ndarray
    second: np.ndarray
    apart_mm: np.ndarray


def near_pairs(marks: Sequence[Mark], *, pixel_mm: tuple[float, float], within_mm: float) -> MarkPairs:
    """Pairs of marks of different readers at most `within_mm` apart.

    The distance of two marks is that of the centres of their two nearest pixels, the outlines and what they enclose;
    x and y from the pixel spacing, z from the positions in the file. No image is needed.

    Args:
        marks: Of one scan.
        pixel_mm: Spacing along (y, x).
        within_mm: Largest distance of interest.

    Returns:
        Sorted by distance, then by the distance of the centroids, then by index: of two overlapping candidates the more
        central one comes first, and equal input gives equal output. Empty for fewer than two marks.
    """
    if min(pixel_mm) <= 0 or within_mm < 0:
        got = f"{pixel_mm} and {within_mm}"
        do = "give the pixel spacing of the series"
        raise ArgumentError(expected="spacings above 0 and a distance of 0 or more", got=got, where="near_pairs", do=do)
    regions = [_region(mark) for mark in marks]
    scale = np.array([*pixel_mm[::-1], 1.0])
    regions_mm = [region * scale for region in regions]
    cells = [_cells(region) for region in regions]
    found = []
    for i, j in _candidates(marks, regions_mm, within_mm):
        if np.intersect1d(cells[i], cells[j], assume_unique=True).size:
            apart_mm = 0.0
        else:
            small, large = sorted((regions_mm[i], regions_mm[j]), key=len)
            apart_mm = float(cKDTree(large).query(small)[0].min())
        if apart_mm <= within_mm:
            centres_mm = float(np.linalg.norm(regions_mm[i].mean(axis=0) - regions_mm[j].mean(axis=0)))
            found.append((apart_mm, centres_mm, i, j))
    apart, _, first, second = np.array(sorted(found)).reshape(-1, 4).T
    return MarkPairs(first.astype(int), second.astype(int), apart)


def group_marks(marks: Sequence[Mark], pairs: MarkPairs, *, tolerance_mm: float) -> tuple[tuple[int, ...], ...]:
    """Groups of marks that mean one nodule each.

    Rule: go through the pairs of marks of different readers, nearest first, up to `tolerance_mm`; join the groups of
    both marks unless one reader would then have two marks in the group. A reader who makes two marks means two nodules,
    so two marks of a reader never come together, however near they are; other readers' marks go to the nearest.
    Chains (A near B, B near C, A far from C) are one nodule as long as the readers differ. A reader who splits what
    others take for one nodule leaves his second mark alone, as a nodule of one reader. Groups have at most as many
    marks as the scan has readers.

    pylidc joins by connected components at the slice thickness and shrinks the distance until no group has more than
    four; there two marks of a reader can be one nodule, and one crowded spot changes the distance for the whole scan.

    Args:
        marks: Of one scan; which kinds take part is the caller's choice.
        pairs: From `near_pairs` of these marks, with at least this distance.
        tolerance_mm: Largest distance that still joins; `SAME_NODULE_MM` in this package.

    Returns:
        Each group's indices ascending, groups ordered by their first index; every mark is in one. Empty for no mark.
    """
    group_of = list(range(len(marks)))
    members = {i: [i] for i in group_of}
    readers = {i: {mark.reader} for i, mark in enumerate(marks)}
    for i, j, apart_mm in zip(pairs.first.tolist(), pairs.second.tolist(), pairs.apart_mm.tolist(), strict=True):
        if apart_mm > tolerance_mm:
            break
        kept, joined = sorted((group_of[i], group_of[j]))
        if kept == joined or readers[kept] & readers[joined]:
            continue
        for k in members[joined]:
            group_of[k] = kept
        members[kept] += members.pop(joined)
        readers[kept] |= readers.pop(joined)
    return tuple(tuple(sorted(group)) for _, group in sorted(members.items()))


def _region(mark: Mark) -> np.ndarray:
    """Pixels of a mark, float64 `[n, 3]`, (x px, y px, z mm): outlines, and what those that are no holes enclose."""
    parts = []
    for outline in mark.outlines:
        pixels_xy = outline.points_xy
        if not outline.is_hole and len(pixels_xy) > 1:
            pixels, (row, column) = enclosed_pixels(pixels_xy, outline_included=True)
            y, x = np.nonzero(pixels)
            pixels_xy = np.column_stack([x + column, y + row])
        parts.append(np.column_stack([pixels_xy, np.full(len(pixels_xy), outline.z_mm)]))
    return np.concatenate(parts)


def _cells(region: np.ndarray) -> np.ndarray:
    """One integer for each pixel of a region, equal where two regions share it; positions to the thousandth of a mm."""
    x, y, z = np.rint(region * [1, 1, 1000]).astype(np.int64).T
    return np.unique((z * 2**16 + y) * 2**16 + x)


def _candidates(marks: Sequence[Mark], regions: Sequence[np.ndarray], within_mm: float) -> Iterable[tuple[int, int]]:
    """Pairs of marks of different readers whose bounding boxes are near enough."""
    if len(marks) < 2:
        return ()
    low = np.array([region.min(axis=0) for region in regions])
    high = np.array([region.max(axis=0) for region in regions])
    gaps = np.maximum(low[:, None] - high[None], low[None] - high[:, None]).clip(0)
    readers = np.array([mark.reader for mark in marks])
    near = (np.linalg.norm(gaps, axis=2) <= within_mm) & (readers[:, None] != readers[None])
    return zip(*(index.tolist() for index in np.nonzero(np.triu(near))), strict=True)
