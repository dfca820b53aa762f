"""Where the slices of a series lie: their order along the normal, and the affine of their stack."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

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

SAME_PLACE_MM = 0.01
_SAME_DIRECTION = 1e-4
_UNIT_DIRECTION = 1e-3
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

    The step from slice to slice is the mean one, and no slice may lie farther from its position than a tenth of a step,
    nor farther than 0.1 mm: rounded headers pass (1.25 mm written as 1.2 and 1.3), wrong ones do not. Under a tilted
    gantry the origins move along a line that is not the normal; the affine then carries the shear. A single slice is
    as thick as its header says.

    Raises:
        MissingSliceError: A distance is a multiple of the usual one; the text says where slices are missing.
        SliceSpacingError: Distances differ otherwise.
        SliceOffsetError: Slices are shifted in plane against each other, not along a line.
        NotAnImageError: A single slice without a thickness above 0.
    """
    first = headers[0]
    origins_mm = np.array([header.position_mm for header in headers])
    positions_mm = origins_mm @ _normal(first)
    if len(headers) == 1:
        step_mm = _normal(first) * _thickness_mm(first)
    else:
        _require_regular(positions_mm, where)
        step_mm = (origins_mm[-1] - origins_mm[0]) / (len(headers) - 1)
        _require_line(headers, origins_mm - origins_mm[0] - np.arange(len(headers))[:, None] * step_mm, where)
    affine = np.eye(4)
    affine[:3, 0] = first.directions[0] * first.pixel_spacing_mm[1]
    affine[:3, 1] = first.directions[1] * first.pixel_spacing_mm[0]
    affine[:3, 2] = step_mm
    affine[:3, 3] = origins_mm[0]
    return StackGeometry(positions_mm=positions_mm, affine=affine)


def _require_regular(positions_mm: np.ndarray, where: object) -> None:
    """Return if ascending positions have no gap and equal distances."""
    distances_mm = np.diff(positions_mm)
    # The usual step: the median of the short distances, so that many gaps do not count as steps.
    step_mm = float(np.median(distances_mm[distances_mm < 1.5 * distances_mm.min()]))
    n_steps = np.rint(distances_mm / step_mm).astype(int)
    uneven = np.abs(distances_mm - n_steps * step_mm) > _tolerance_mm(step_mm)
    # Mostly long distances: the short one is the odd one out, and nothing says that slices are missing.
    if uneven.any() or np.mean(n_steps > 1) > 0.5:
        i = int(np.argmax(np.abs(distances_mm - np.median(distances_mm))))
        raise SliceSpacingError(
            expected=f"equal distances, usually {np.median(distances_mm):.4g} mm",
            got=f"{distances_mm[i]:.4g} mm from {positions_mm[i]:.4f} to {positions_mm[i + 1]:.4f} mm",
            where=where,
            do=_LEAVE_OUT,
        )
    missing = [
        f"{positions_mm[i] + j * step_mm:.2f}" for i in np.flatnonzero(n_steps > 1) for j in range(1, n_steps[i])
    ]
    if missing:
        raise MissingSliceError(
            expected=f"a slice every {step_mm:.4g} mm from {positions_mm[0]:.2f} to {positions_mm[-1]:.2f} mm",
            got=f"{len(positions_mm)} slices, none at {', '.join(missing)} mm along the slice normal",
            where=where,
            do="fetch the missing files, or leave the series out through the exclusion ledger",
        )


def _require_line(headers: Sequence[SliceHeader], residual_mm: np.ndarray, where: object) -> None:
    """Return if no origin is off the line of equal steps, along the normal or in plane."""
    along_mm = residual_mm @ _normal(headers[0])
    in_plane_mm = np.linalg.norm(residual_mm @ headers[0].directions.T, axis=1)
    step_mm = np.dot(headers[1].position_mm - headers[0].position_mm, _normal(headers[0]))
    for kind, off_mm in ((SliceSpacingError, np.abs(along_mm)), (SliceOffsetError, in_plane_mm)):
        i = int(np.argmax(off_mm))
        if off_mm[i] > _tolerance_mm(step_mm):
            raise kind(
                expected="first pixels on one line at equal steps",
                got=f"one {off_mm[i]:.3f} mm off, ImagePositionPatient {headers[i].position_mm.tolist()}",
                where=f"{where}: {headers[i].path.name}",
                do=_LEAVE_OUT,
            )


def _tolerance_mm(step_mm: float) -> float:
    return min(0.1 * step_mm, 0.1)


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
