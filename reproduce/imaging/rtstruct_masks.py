"""Structures to masks on the grid of a CT: outlines find their slices by position, then are filled."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from reproduce.errors import AnnotationMismatchError, ArgumentError, ContourPlaceError
from reproduce.imaging.dicom import CtSeries, SeriesFiles
from reproduce.imaging.dicom_files import read_dicom
from reproduce.imaging.rtstruct import Structure, StructureSet
from reproduce.imaging.rtstruct_contours import AREA_TYPES, Contour
from reproduce.imaging.rtstruct_fill import fill_even_odd
from reproduce.imaging.volume import Volume

_SAME_PLANE = 0.1  # of the distance of slices; as much as a slice of a regular stack may be off its position
_NOISE = 1e-6


@dataclass(frozen=True)
class Remark:
    """Why a contour is not in a mask, or not all of it.

    Attributes:
        contour: Its index in the structure.
        reason: One of few sentences.
    """

    contour: int
    reason: str


@dataclass(frozen=True, eq=False)
class StructureMask:
    """A structure on the grid of an image.

    Attributes:
        structure: The structure.
        voxels: bool `[z, y, x]`.
        n_drawn: Contours that were filled.
        remarks: What was left out or cut, sorted by contour.
        gaps: Slices without an outline between slices with one: nothing is interpolated there.
    """

    structure: Structure
    voxels: np.ndarray
    n_drawn: int
    remarks: tuple[Remark, ...]
    gaps: tuple[int, ...]


def structure_masks(
    structures: StructureSet, series: CtSeries, *, outside: Literal["refuse", "list"]
) -> dict[int, StructureMask]:
    """Draw the mask of each structure of a set, by its number; empty where the set has none.

    Raises:
        AnnotationMismatchError: As `require_same_frame` says.
        ContourPlaceError, ArgumentError: As `draw_structure` says.
    """
    for structure in structures.structures:
        require_same_frame(structures, structure, series.files)
    return {s.number: draw_structure(s, series.volume, outside=outside) for s in structures.structures}


def require_same_frame(structures: StructureSet, structure: Structure, series: SeriesFiles) -> None:
    """Return if a structure lies in the frame of reference of a series, whose millimetres are then the same.

    Where either names no frame, the structure set must refer to the series by its UID. An anonymiser may give the same
    frame different UIDs, or break a reference; that both are broken nobody can tell from a mistake.

    Raises:
        AnnotationMismatchError: Frames differ; or one is not named and the set does not refer to the series.
    """
    image_frame = frame_uid(series)
    if structure.frame_uid and image_frame:
        if structure.frame_uid == image_frame:
            return
        expected, got = f"the frame of reference {image_frame}", structure.frame_uid
    elif series.series_uid in structures.series_uids:
        return
    else:
        expected = f"a frame of reference on both sides, or a reference to the series {series.series_uid}"
        got = f"the frames {structure.frame_uid or '(none)'} and {image_frame or '(none)'}, references to "
        got += ", ".join(structures.series_uids) or "no series"
    raise AnnotationMismatchError(
        expected=expected,
        got=got,
        where=f"{structure.path}, structure {structure.number} {structure.name!r}",
        do="take the series that the structures were drawn on",
    )


def frame_uid(series: SeriesFiles) -> str:
    """Return the FrameOfReferenceUID of a series, "" where it has none."""
    header = read_dicom(series.files[0], keywords=["FrameOfReferenceUID"])
    return str(header.get("FrameOfReferenceUID") or "").strip()


def draw_structure(structure: Structure, image: Volume, *, outside: Literal["refuse", "list"]) -> StructureMask:
    """Draw the voxels of an image whose centres a structure encloses.

    A contour belongs to the slice that is nearest to it along the slice normal, up to half the distance of slices; of
    two equally near, to the one of the smaller index. References to images are not asked: in thoracic RT data they are
    missing or point nowhere. Contours of one slice make up its mask by the even-odd rule (see
    `rtstruct_fill.fill_even_odd`). Where outlines were drawn closer than the slices, those of the plane nearest to a
    slice are its outlines, and the others are remarked: areas of different heights must not cancel each other. Slices
    between outlines that have none stay empty, and are listed as gaps. Everything is done in the indices of the image,
    so that sagittal, oblique and sheared stacks are nothing special.

    An outline that is there twice would enclose nothing by the even-odd rule; it is drawn once, and the copy remarked.
    Points and open lines enclose nothing; they are remarked, as is what reaches beyond the image in the slice.

    Args:
        structure: In the frame of reference of the image.
        image: Its grid is asked, its voxels are not.
        outside: For an outline with no slice within half their distance: "refuse" it, or leave it out and "list" it.

    Returns:
        The mask, all False for a structure without outlines.

    Raises:
        ContourPlaceError: The points of an outline are not in one plane parallel to the slices (they spread over more
            than a tenth of the distance of slices); or it has no slice, and `outside` is "refuse".
        ArgumentError: `outside` is neither.
    """
    if outside not in ("refuse", "list"):
        do = "say which; the structure's source decides it"
        raise ArgumentError(expected="outside 'refuse' or 'list'", got=repr(outside), where="draw_structure", do=do)
    areas, placed, remarks = [], [], []
    for index, contour in enumerate(structure.contours):
        if contour.geometric_type in AREA_TYPES:
            areas.append(_place(index, contour, image, where=_where(structure, index)))
        else:
            remarks.append(Remark(index, f"{contour.geometric_type} encloses no area"))
    for outline in areas:
        if -0.5 - _NOISE <= outline.height <= image.shape[0] - 0.5 + _NOISE:
            placed.append(outline)
        elif outside == "refuse":
            raise _no_slice(outline.height, image, where=_where(structure, outline.contour))
        else:
            remarks.append(Remark(outline.contour, "no slice within half the distance of slices"))
    placed, copies = _without_copies(placed)
    chosen, slices, farther = _nearest_planes(placed, n_slices=image.shape[0])
    remarks += [Remark(copy, f"the same outline as contour {first}, drawn once") for copy, first in copies.items()]
    remarks += [Remark(outline.contour, "another outline lies nearer to its slice") for outline in farther]
    remarks += [Remark(o.contour, "reaches beyond the image, cut off there") for o in chosen if _is_cut(o, image)]
    return StructureMask(
        structure=structure,
        voxels=fill_even_odd([outline.points_yx for outline in chosen], slices, shape=image.shape),
        n_drawn=len(chosen),
        remarks=tuple(sorted(remarks, key=lambda remark: remark.contour)),
        gaps=_gaps(slices),
    )


def _where(structure: Structure, contour: int) -> str:
    return f"{structure.path}, structure {structure.number} {structure.name!r}, contour {contour}"


@dataclass(frozen=True, eq=False)
class _Placed:
    """The outline of an area: its index in the structure, its height in slices, its points in pixels `[n, 2]`."""

    contour: int
    height: float
    points_yx: np.ndarray


def _place(index: int, contour: Contour, image: Volume, *, where: str) -> _Placed:
    """Return an outline in the indices of an image, after a check that it is parallel to the slices."""
    points = image.index_zyx(contour.points_mm)
    z = points[:, 0]
    if np.ptp(z) > _SAME_PLANE:
        step_mm = _step_mm(image)
        raise ContourPlaceError(
            expected=f"an outline in one slice: points within {_SAME_PLANE * step_mm:.3g} mm along the slice normal",
            got=f"points from {z.min() * step_mm:.3f} to {z.max() * step_mm:.3f} mm above the first slice",
            where=where,
            do="take the series that it was drawn on; an outline drawn in other planes needs resampling",
        )
    return _Placed(index, float(z.mean()), points[:, 1:])


def _without_copies(placed: list[_Placed]) -> tuple[list[_Placed], dict[int, int]]:
    """Return the outlines whose points no earlier one has, and of the others the contour that has them.

    Points are compared to 1e-3 of a pixel and of a step, in any order: a copy may start elsewhere and run backwards.
    """
    first: dict[bytes, _Placed] = {}
    copies = {}
    for outline in placed:
        points = (
            np.round(np.column_stack([np.full(len(outline.points_yx), outline.height), outline.points_yx]), 3) + 0.0
        )
        key = np.unique(points, axis=0).tobytes()
        known = first.setdefault(key, outline)
        if known is not outline:
            copies[outline.contour] = known.contour
    return list(first.values()), copies


def _is_cut(outline: _Placed, image: Volume) -> bool:
    beyond = (outline.points_yx < -0.5) | (outline.points_yx > np.array(image.shape[1:]) - 0.5)
    return bool(beyond.any())


def _no_slice(height: float, image: Volume, *, where: str) -> ContourPlaceError:
    step_mm = _step_mm(image)
    return ContourPlaceError(
        expected=f"outlines from 0 to {(image.shape[0] - 1) * step_mm:.3f} mm above the first slice, half a step more",
        got=f"one at {height * step_mm:.3f} mm",
        where=where,
        do="fetch the missing slices, or draw with outside='list'",
    )


def _step_mm(image: Volume) -> float:
    """Return the distance of slices along their normal; less than from origin to origin under a tilted gantry."""
    normal = np.cross(image.affine[:3, 0], image.affine[:3, 1])
    return abs(float(image.affine[:3, 2] @ normal)) / float(np.linalg.norm(normal))


def _nearest_planes(placed: list[_Placed], *, n_slices: int) -> tuple[list[_Placed], np.ndarray, list[_Placed]]:
    """Return the outlines in the plane nearest to their slice, their slices, and those in planes farther away.

    Of two slices equally near to an outline the lower one is its slice, and so it is with planes and a slice.
    """
    heights = np.array([outline.height for outline in placed])
    slices = np.clip(np.ceil(heights - 0.5 - _NOISE), 0, n_slices - 1).astype(np.intp)
    kept = np.zeros(len(placed), dtype=bool)
    for k in np.unique(slices):
        here = np.flatnonzero(slices == k)
        nearest = here[np.lexsort((heights[here], np.round(np.abs(heights[here] - k), 6)))[0]]
        kept[here] = np.abs(heights[here] - heights[nearest]) <= _SAME_PLANE
    chosen = [outline for outline, keep in zip(placed, kept, strict=True) if keep]
    return chosen, slices[kept], [outline for outline, keep in zip(placed, kept, strict=True) if not keep]


def _gaps(slices: np.ndarray) -> tuple[int, ...]:
    """Return the indices between the first and the last of some slices that are none of them."""
    if not len(slices):
        return ()
    return tuple(np.setdiff1d(np.arange(slices.min(), slices.max() + 1), slices).tolist())
