"""Which marks of different readers mean the same nodule: nearest first, one mark a reader, in millimetres."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.spatial import cKDTree

from reproduce.cohorts.lidc_marks import Mark
from reproduce.cohorts.lidc_outlines import enclosed_pixels
from reproduce.errors import ArgumentError
from reproduce.metrics.tolerance import within

# Two points within one nodule of less than 3 mm, the size at which LIDC-IDRI begins to outline, are less than 3 mm
# apart; farther apart, at least one of two marks lies outside such a nodule.
SAME_NODULE_MM = 3.0


@dataclass(frozen=True, eq=False)
class MarkPairs:
    """Pairs of marks of different readers that lie near each other, nearest first."""

    first: np.ndarray  # int [n], indices of marks
    second: np.ndarray  # int [n], above `first`
    apart_mm: np.ndarray  # float64 [n], distance of their nearest pixels, 0 where they share one


@dataclass(frozen=True, eq=False)
class MarkRegions:
    """The pixels of the marks of one scan, (x px, y px, z mm) in places of the file: between them lie distances."""

    readers: tuple[str, ...]  # of each mark
    pixels: tuple[np.ndarray, ...]  # float64 [n, 3]: a mark's outlines, and what those that are no holes enclose
    low: np.ndarray  # float64 [marks, 3], corners of the bounding boxes
    high: np.ndarray
    centre: np.ndarray  # float64 [marks, 3], centroids
    sharing: frozenset[tuple[int, int]]  # pairs of marks of different readers, first < second, that share a pixel


def mark_regions(marks: Sequence[Mark]) -> MarkRegions:
    """Return the pixels of marks, and which of them overlap; empty for no mark."""
    readers = tuple(mark.reader for mark in marks)
    pixels = tuple(_pixels(mark) for mark in marks)
    cells = [_cells(region) for region in pixels]
    low, high, centre = (
        np.array([summary(region, axis=0) for region in pixels]).reshape(-1, 3) for summary in (np.min, np.max, np.mean)
    )
    sharing = {
        (i, j)
        for i, j in _candidates(readers, low, high, 0.0)
        if np.intersect1d(cells[i], cells[j], assume_unique=True).size
    }
    return MarkRegions(readers, pixels, low, high, centre, frozenset(sharing))


def near_pairs(regions: MarkRegions, *, pixel_mm: tuple[float, float], within_mm: float) -> MarkPairs:
    """Return the pairs of marks of different readers at most `within_mm` apart.

    The distance of two marks is that of the centres of their two nearest pixels, 0 where they share one; x and y from
    the pixel spacing, z from the positions in the file. No image is needed.

    Args:
        regions: From `mark_regions`.
        pixel_mm: Spacing along (y, x).
        within_mm: Largest distance of interest.

    Returns:
        Sorted by distance, then by the distance of the centroids, then by index: of two overlapping candidates the more
        central one comes first, and equal input gives equal output. Empty for fewer than two marks.

    Raises:
        ArgumentError: A spacing is not above 0, or the distance is negative.
    """
    if not min(pixel_mm) > 0 or not within_mm >= 0:
        expected, do = "spacings above 0 and a distance of 0 or more", "give the pixel spacing of the series"
        raise ArgumentError(expected=expected, got=f"{pixel_mm} and {within_mm}", where="near_pairs", do=do)
    scale = np.array([*pixel_mm[::-1], 1.0])
    found = []
    for i, j in _candidates(regions.readers, regions.low * scale, regions.high * scale, within_mm):
        small, large = sorted((regions.pixels[i] * scale, regions.pixels[j] * scale), key=len)
        apart_mm = 0.0 if (i, j) in regions.sharing else float(cKDTree(large).query(small)[0].min())
        if within(apart_mm, within_mm):
            centres_mm = float(np.linalg.norm((regions.centre[i] - regions.centre[j]) * scale))
            found.append((apart_mm, centres_mm, i, j))
    apart, _, first, second = np.array(sorted(found)).reshape(-1, 4).T
    return MarkPairs(first.astype(int), second.astype(int), apart)


def group_marks(readers: Sequence[str], pairs: MarkPairs, *, tolerance_mm: float) -> tuple[tuple[int, ...], ...]:
    """Return the groups of marks that mean one nodule each.

    Rule: go through the pairs of marks of different readers, nearest first, up to `tolerance_mm`; join the groups of
    both marks unless one reader would then have two marks in the group. A reader who makes two marks means two nodules,
    so two marks of a reader never come together, however near they are; other readers' marks go to the nearest.
    Chains (A near B, B near C, A far from C) are one nodule as long as the readers differ. A reader who splits what
    others take for one nodule leaves his second mark alone, as a nodule of one reader. Groups have at most as many
    marks as the scan has readers.

    pylidc joins by connected components at the slice thickness and shrinks the distance until no group has more than
    four; there two marks of a reader can be one nodule, and one crowded spot changes the distance for the whole scan.

    Args:
        readers: Of each mark of one scan; which kinds take part is the caller's choice.
        pairs: From `near_pairs` of these marks, with at least this distance.
        tolerance_mm: Largest distance that still joins; `SAME_NODULE_MM` in this package.

    Returns:
        Each group's indices ascending, groups ordered by their first index; every mark is in one. Empty for no mark.
    """
    group_of = list(range(len(readers)))
    members = {i: [i] for i in group_of}
    taken = {i: {reader} for i, reader in enumerate(readers)}
    for i, j, apart_mm in zip(pairs.first.tolist(), pairs.second.tolist(), pairs.apart_mm.tolist(), strict=True):
        if not within(apart_mm, tolerance_mm):
            break
        kept, joined = sorted((group_of[i], group_of[j]))
        if kept == joined or taken[kept] & taken[joined]:
            continue
        for k in members[joined]:
            group_of[k] = kept
        members[kept] += members.pop(joined)
        taken[kept] |= taken.pop(joined)
    return tuple(tuple(sorted(group)) for _, group in sorted(members.items()))


def _pixels(mark: Mark) -> np.ndarray:
    """Return the pixels of a mark."""
    parts = []
    for outline in mark.outlines:
        pixels_xy = outline.points_xy
        if not outline.is_hole and len(pixels_xy) > 1:
            pixels, (row, column) = enclosed_pixels(pixels_xy, outline_included=True)
            y, x = np.nonzero(pixels)
            pixels_xy = np.column_stack([x + column, y + row])
        parts.append(np.column_stack([pixels_xy, np.full(len(pixels_xy), outline.z_mm)]))
    return np.concatenate(parts)


def _cells(pixels: np.ndarray) -> np.ndarray:
    """Return one integer for each pixel, equal where two marks share it; positions to the thousandth of a mm."""
    x, y, z = np.rint(pixels * [1, 1, 1000]).astype(np.int64).T
    return np.unique((z * 2**16 + y) * 2**16 + x)


def _candidates(
    readers: Sequence[str], low: np.ndarray, high: np.ndarray, within_mm: float
) -> Iterable[tuple[int, int]]:
    """Return pairs of marks of different readers whose bounding boxes are near enough, first < second."""
    gaps = np.maximum(low[:, None] - high[None], low[None] - high[:, None]).clip(0)
    names = np.array(readers, dtype=object)
    near = within(np.linalg.norm(gaps, axis=2), within_mm) & (names[:, None] != names[None])
    return zip(*(index.tolist() for index in np.nonzero(np.triu(near))), strict=True)
