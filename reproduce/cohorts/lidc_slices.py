"""The slice of each outline of LIDC-IDRI: by its SOPInstanceUID, and by its position where it has none."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from reproduce.cohorts.lidc_marks import Mark, Outline
from reproduce.errors import AnnotationMismatchError
from reproduce.imaging.dicom import CtSeries

# Positions in the XML are printed to the micrometre or better; slices are 0.45 mm or more apart.
SAME_SLICE_MM = 0.05
_DO = "compare the XML with its copy in the collection, or leave the scan out"


class _Misfit(Exception):  # noqa: N818
    """What was expected of a mark, and what came."""


@dataclass(frozen=True, eq=False)
class PlacedMark:
    """A mark and where its outlines lie."""

    mark: Mark  # as the XML has it
    # The same with the z of the slices, where the XML gives another: marks are compared where they are drawn.
    moved: Mark
    slices: tuple[int | None, ...]  # of each outline; None where its slice is not in the series


def place_marks(marks: Sequence[Mark], series: CtSeries, *, where: str) -> tuple[PlacedMark, ...]:
    """Return marks with the slices of their outlines, in their order; `where` is for errors.

    An outline lies on the slice of its SOPInstanceUID, whatever position the XML gives. One case is the other way
    round: two outlines of one mark name one slice, but only one of them stands at its position, and the other exactly
    at that of a slice which the mark does not name, although it names the slices below and above. LIDC-IDRI has one
    such outline; it fills the gap.

    An outline without UID lies on the slice at its position, within `SAME_SLICE_MM`. One whose UID is not of the series
    has no slice. Sessions that name no slice of the series at all, as in one file of LIDC-IDRI, are of another scan.

    Raises:
        AnnotationMismatchError: A UID that is not of the series stands at the position of a slice, and the reader marks
            other slices of the series, or the UID is that of the slice but for one character; a UID of many frames
            without a frame at the position; or an outline that leaves the image.
    """
    z_mm = series.volume.world_mm(np.pad(np.arange(len(series.sop_uids))[:, None], ((0, 0), (0, 2))))[:, 2]
    known = set(series.sop_uids)
    at_home = {mark.reader for mark in marks for outline in mark.outlines if outline.sop_uid in known}
    placed = []
    for mark in marks:
        try:
            slices = [_slice_of(outline, series, z_mm, is_at_home=mark.reader in at_home) for outline in mark.outlines]
            _part_doubles(mark, slices, z_mm)
            _require_inside(mark, slices, series.volume.shape)
        except _Misfit as misfit:
            expected, got = misfit.args
            at = f"{where}, {mark.kind} {mark.name} of {mark.reader}"
            raise AnnotationMismatchError(expected=expected, got=got, where=at, do=_DO) from None
        outlines = tuple(
            outline
            if z is None or abs(z_mm[z] - outline.z_mm) <= SAME_SLICE_MM
            else replace(outline, z_mm=float(z_mm[z]))
            for outline, z in zip(mark.outlines, slices, strict=True)
        )
        placed.append(PlacedMark(mark, replace(mark, outlines=outlines), tuple(slices)))
    return tuple(placed)


def _slice_of(outline: Outline, series: CtSeries, z_mm: np.ndarray, *, is_at_home: bool) -> int | None:
    """Return the slice of an outline by itself; `is_at_home` says whether its reader marks any slice of the series."""
    at_position = _nearest(range(len(z_mm)), outline, z_mm)
    fits = abs(z_mm[at_position] - outline.z_mm) <= SAME_SLICE_MM
    if not outline.sop_uid:
        return at_position if fits else None
    frames = [i for i, uid in enumerate(series.sop_uids) if uid == outline.sop_uid]
    if len(frames) == 1:
        return frames[0]
    if frames:
        frame = _nearest(frames, outline, z_mm)
        if abs(z_mm[frame] - outline.z_mm) > SAME_SLICE_MM:
            got = f"z {outline.z_mm:g} mm, {abs(z_mm[frame] - outline.z_mm):g} mm off the nearest of {len(frames)}"
            raise _Misfit("the position of a frame of its file", got)
        return frame
    if fits and (is_at_home or _n_other(outline.sop_uid, series.sop_uids[at_position]) == 1):
        got = f"{outline.sop_uid}, which the series has not, at z {outline.z_mm:g} mm, where it has a slice"
        raise _Misfit(f"the SOPInstanceUID {series.sop_uids[at_position]} of the slice", got)
    return None


def _part_doubles(mark: Mark, slices: list[int | None], z_mm: np.ndarray) -> None:
    """Move outlines that share a UID with another one of their mark, but not its position; see `place_marks`."""
    for i, outline in enumerate(mark.outlines):
        z, nearest = slices[i], _nearest(range(len(z_mm)), outline, z_mm)
        if (
            not outline.sop_uid
            or z is None
            or not _is_gap(nearest, slices)
            or abs(z_mm[nearest] - outline.z_mm) > SAME_SLICE_MM
        ):
            continue
        others = [other for k, other in enumerate(mark.outlines) if k != i and slices[k] == z]
        if any(abs(z_mm[z] - other.z_mm) <= SAME_SLICE_MM for other in others):
            slices[i] = nearest


def _is_gap(i: int, slices: Sequence[int | None]) -> bool:
    return i not in slices and i - 1 in slices and i + 1 in slices


def _require_inside(mark: Mark, slices: Sequence[int | None], shape: tuple[int, int, int]) -> None:
    placed = [outline.points_xy for outline, z in zip(mark.outlines, slices, strict=True) if z is not None]
    if not placed:
        return
    points = np.concatenate(placed)
    (x0, y0), (x1, y1) = points.min(axis=0).tolist(), points.max(axis=0).tolist()
    if min(x0, y0) < 0 or y1 >= shape[1] or x1 >= shape[2]:
        expected = f"outlines within {shape[2]} columns and {shape[1]} rows"
        raise _Misfit(expected, f"columns {x0} to {x1}, rows {y0} to {y1}")


def _nearest(candidates: Iterable[int], outline: Outline, z_mm: np.ndarray) -> int:
    return min(candidates, key=lambda i: abs(z_mm[i] - outline.z_mm))


def _n_other(one: str, two: str) -> int:
    """Return in how many characters two UIDs of one length differ; 0 where their lengths differ too."""
    return sum(a != b for a, b in zip(one, two, strict=True)) if len(one) == len(two) else 0
