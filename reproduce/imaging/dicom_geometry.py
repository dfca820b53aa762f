"""Where the slices of a series lie: their order along the normal, and the affine of their stack."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np

from reproduce.errors import (
    MissingSliceError,
    NotAnImageError,
    OrientationError,
    SliceOffsetError,
    SliceShapeError,
    SliceSpacingError,
)
from reproduce.imaging.dicom_headers import SliceHeader
from reproduce.imaging.dicom_line import fitted_line, step_numbers, tolerance_mm

SAME_PLACE_MM = 0.01
_SAME_DIRECTION = 1e-4
_UNIT_DIRECTION = 1e-3
_MOST_LISTED = 40  # positions in one error
_LEAVE_OUT = "fetch the series again, or leave it out through the exclusion ledger"


@dataclass(frozen=True, eq=False)
class StackGeometry:
    """Order and position of slices that form a regular stack.

    Attributes:
        positions_mm: float64 `[z]`; along the slice normal (row direction x column direction), ascending.
        affine: float64 `[4, 4]`; index (x, y, z, 1) to LPS mm.
    """

    positions_mm: np.ndarray
    affine: np.ndarray


def require_one_plane(headers: Sequence[SliceHeader], where: object) -> None:
    """Return if slices agree in size, pixel spacing and orientation.

    Raises:
        SliceShapeError: Rows, columns or pixel spacing differ (spacing by more than 1e-4 mm).
        OrientationError: Directions differ by more than 1e-4 in a component, or are not two orthogonal unit vectors
            to 1e-3; the limits leave room for the 16 characters that DICOM has for a number.
    """
    first = headers[0]
    for header in headers:
        same_spacing = np.allclose(header.pixel_spacing_mm, first.pixel_spacing_mm, rtol=0, atol=1e-4)
        if header.shape != first.shape or not same_spacing:
            raise SliceShapeError(
                expected=f"slices of {_size(first)}, as in {first.path.name}",
                got=f"{_size(header)} in {header.path.name}",
                where=where,
                do=_LEAVE_OUT,
            )
        if not np.allclose(header.directions @ header.directions.T, np.eye(2), rtol=0, atol=_UNIT_DIRECTION):
            raise OrientationError(
                expected="ImageOrientationPatient (0020,0037): two orthogonal unit vectors",
                got=str(header.directions.ravel().tolist()),
                where=header.path,
                do=_LEAVE_OUT,
            )
        if np.abs(header.directions - first.directions).max() > _SAME_DIRECTION:
            raise OrientationError(
                expected=f"one orientation, {first.directions.ravel().tolist()} as in {first.path.name}",
                got=f"{header.directions.ravel().tolist()} in {header.path.name}",
                where=where,
                do=_LEAVE_OUT,
            )


def by_place(headers: Sequence[SliceHeader]) -> list[list[SliceHeader]]:
    """Group slices by position along their normal, ascending; those less than 0.01 mm apart share a position.

    Within a position the order is by UID, so that it does not depend on file names.
    """
    along_mm = np.array([header.position_mm for header in headers]) @ _normal(headers[0])
    order = np.argsort(along_mm, kind="stable")
    places = np.cumsum(np.diff(along_mm[order], prepend=-np.inf) > SAME_PLACE_MM)
    groups: dict[int, list[SliceHeader]] = {}
    for place, index in zip(places.tolist(), order.tolist(), strict=True):
        groups.setdefault(place, []).append(headers[index])
    return [sorted(group, key=lambda h: (h.sop_uid, h.frame, h.path)) for group in groups.values()]


def stack_geometry(headers: Sequence[SliceHeader], where: object) -> StackGeometry:
    """Return the affine of slices that are sorted along their normal, one per position (PS3.3 C.7.6.2.1.1).

    Positions are fitted to a line of equal steps (see `dicom_line`), and no coordinate of ImagePositionPatient may lie
    off it by more than a tenth of a step, nor by more than 0.1 mm; 0.051 mm is allowed for fine steps too, so that
    positions written in tenths of a millimetre pass (1.25 mm as 1.2 and 1.3, 0.25 mm as 0.2 and 0.3). Under a tilted
    gantry the origins move along a line that is not the normal; the affine then carries the shear. A single slice is
    as thick as its header says.

    Raises:
        MissingSliceError: Steps of the line have no slice; the text says where.
        SliceSpacingError: Positions lie on no such line, or most steps have no slice.
        SliceOffsetError: Slices are shifted in plane against each other, not along a line.
        NotAnImageError: A single slice without a thickness above 0.
    """
    first = headers[0]
    origins_mm = np.array([header.position_mm for header in headers])
    positions_mm = origins_mm @ _normal(first)
    if len(headers) == 1:
        start_mm, step_mm = origins_mm[0], _normal(first) * _thickness_mm(first)
    else:
        numbers = step_numbers(positions_mm)
        tolerance = tolerance_mm((positions_mm[-1] - positions_mm[0]) / numbers[-1])
        start_mm, step_mm = fitted_line(origins_mm, numbers, within_mm=tolerance)
        if np.abs(origins_mm - start_mm - numbers[:, None] * step_mm).max() > tolerance:
            raise _off_line(headers, origins_mm, numbers, where, tolerance=tolerance)
        _require_all(positions_mm, numbers, where)
    affine = np.eye(4)
    affine[:3, 0] = first.directions[0] * first.pixel_spacing_mm[1]
    affine[:3, 1] = first.directions[1] * first.pixel_spacing_mm[0]
    affine[:3, 2] = step_mm
    affine[:3, 3] = start_mm
    return StackGeometry(positions_mm=positions_mm, affine=affine)


def _off_line(
    headers: Sequence[SliceHeader], origins_mm: np.ndarray, numbers: np.ndarray, where: object, *, tolerance: float
) -> SliceSpacingError | SliceOffsetError:
    """Return the error for the origin that is farthest off the usual step; off along the normal is a wrong distance."""
    step_mm = np.median(np.diff(origins_mm, axis=0) / np.diff(numbers)[:, None], axis=0)
    on_first_mm = origins_mm - numbers[:, None] * step_mm
    off_mm = on_first_mm - np.median(on_first_mm, axis=0)
    i = int(np.argmax(np.abs(off_mm).max(axis=1)))
    along_mm = abs(float(off_mm[i] @ _normal(headers[0])))
    in_plane_mm = float(np.linalg.norm(off_mm[i] @ headers[0].directions.T))
    kind = SliceSpacingError if along_mm >= in_plane_mm else SliceOffsetError
    return kind(
        expected=f"first pixels on one line at equal steps, each coordinate to {tolerance:.3f} mm",
        got=f"one {max(along_mm, in_plane_mm):.3f} mm off, ImagePositionPatient {headers[i].position_mm.tolist()}",
        where=f"{where}: {headers[i].path.name}",
        do=_LEAVE_OUT,
    )


def _require_all(positions_mm: np.ndarray, numbers: np.ndarray, where: object) -> None:
    """Return if every step of the line has a slice."""
    n_steps = np.diff(numbers)
    if not (n_steps > 1).any():
        return
    step_mm = (positions_mm[-1] - positions_mm[0]) / numbers[-1]
    if np.mean(n_steps > 1) > 0.5:  # the short distance is the odd one out, and nothing says that slices are missing
        i = int(np.argmin(n_steps))
        start_mm, end_mm = positions_mm[i : i + 2]
        raise SliceSpacingError(
            expected=f"equal distances, usually {np.median(np.diff(positions_mm)):.4g} mm",
            got=f"{end_mm - start_mm:.4g} mm from {start_mm:.4f} to {end_mm:.4f} mm",
            where=where,
            do=_LEAVE_OUT,
        )
    n_missing = int((n_steps - 1).sum())
    missing = (positions_mm[i] + j * step_mm for i in np.flatnonzero(n_steps > 1) for j in range(1, n_steps[i]))
    listed = ", ".join(f"{position_mm:.2f}" for position_mm in islice(missing, _MOST_LISTED))
    listed += f", ... ({n_missing} in all)" if n_missing > _MOST_LISTED else ""
    raise MissingSliceError(
        expected=f"a slice every {step_mm:.4g} mm from {positions_mm[0]:.2f} to {positions_mm[-1]:.2f} mm",
        got=f"{len(positions_mm)} slices, none at {listed} mm along the slice normal",
        where=where,
        do="fetch the missing files, or leave the series out through the exclusion ledger",
    )


def _thickness_mm(header: SliceHeader) -> float:
    if not header.thickness_mm > 0:
        raise NotAnImageError(
            expected="SliceThickness (0018,0050) above 0 mm in a series of one slice",
            got=f"{header.thickness_mm}",
            where=header.path,
            do=_LEAVE_OUT,
        )
    return header.thickness_mm


def _normal(header: SliceHeader) -> np.ndarray:
    """Return the unit vector from slice to slice: row direction x column direction."""
    normal = np.cross(*header.directions)
    return normal / np.linalg.norm(normal)


def _size(header: SliceHeader) -> str:
    rows, columns = header.shape
    return f"{rows} x {columns} pixels of {header.pixel_spacing_mm[0]:g} x {header.pixel_spacing_mm[1]:g} mm"
