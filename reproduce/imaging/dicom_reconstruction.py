"""One reconstruction a series: slices of two that lie between each other are no stack, however regular it looks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

import numpy as np

from reproduce.errors import SeveralSeriesError
from reproduce.imaging.account import Note
from reproduce.imaging.dicom_headers import SliceHeader

_OVERLAP = 0.75
_LISTED = 4


def require_one_reconstruction(headers: Sequence[SliceHeader], where: Path) -> tuple[Note, ...]:
    """Return notes on slices that differ in what makes one image, after a check that they do not alternate.

    Slices of one series may differ in kernel, acquisition or thickness where one part of the patient follows another:
    a note. Where slices of one value lie between slices of another, two reconstructions are mixed. Values are in one
    unit, and corrected for decay alike, in any case. A CT may scale slice by slice; that it does is a note, since a
    wrong intercept shifts a slice by 1024 HU and nothing else shows it; PET always does. A note is also that slices
    are thicker than 4/3 of their distance: an overlapping reconstruction, or two of which nothing tells which is which.

    Args:
        headers: Sorted along the slice normal, one per position.
        where: The folder, for errors and notes.

    Raises:
        SeveralSeriesError: Slices alternate in kernel, acquisition number or thickness (compared to 0.1 mm), or differ
            in unit or decay correction. The acquisition is asked of CT alone: MR takes every other slice first.
    """
    is_ct = headers[0].scale.unit == "HU"
    units = [" ".join((header.scale.unit, header.traits["DecayCorrection"])) for header in headers]
    if len(set(units)) > 1:
        _refuse("Units or DecayCorrection", units, where)
    notes = []
    for name, values in {
        "ConvolutionKernel": [header.traits["ConvolutionKernel"] for header in headers],
        "SliceThickness": [f"{header.thickness_mm:.1f}" for header in headers],
        "AcquisitionNumber": [header.traits["AcquisitionNumber"] for header in headers] if is_ct else [],
    }.items():
        if _alternate(values):
            _refuse(name, values, where)
        if len(set(values)) > 1:
            notes.append(Note(where, f"slices differ in {name}: {_counted(values)}"))
    scales = [f"{header.scale.slope:g} and {header.scale.intercept:g}" for header in headers]
    if is_ct and len(set(scales)) > 1:
        notes.append(Note(where, f"slices differ in RescaleSlope and RescaleIntercept: {_counted(scales)}"))
    if len(headers) > 1:
        step_mm = float(np.linalg.norm(headers[1].position_mm - headers[0].position_mm))
        if step_mm < _OVERLAP * headers[0].thickness_mm:
            overlap = f"slices of {headers[0].thickness_mm:.4g} mm every {step_mm:.4g} mm"
            notes.append(Note(where, f"{overlap}: an overlapping reconstruction, or two"))
    return tuple(notes)


def _alternate(values: Sequence[str]) -> bool:
    """Return whether a value comes back after another one."""
    runs = [value for i, value in enumerate(values) if i == 0 or value != values[i - 1]]
    return len(runs) > len(set(runs))


def _counted(values: Sequence[str]) -> str:
    counts = Counter(values).most_common()
    return ", ".join(f"{value or '(none)'} in {n}" for value, n in counts[:_LISTED]) + ", ..." * (len(counts) > _LISTED)


def _refuse(name: str, values: Sequence[str], where: Path) -> NoReturn:
    raise SeveralSeriesError(
        expected=f"one reconstruction: slices of one {name}",
        got=_counted(values),
        where=where,
        do="put the files of each reconstruction into a folder of their own, and give them a UID of their own",
    )
