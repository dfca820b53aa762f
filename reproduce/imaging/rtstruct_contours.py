"""Contours of a structure set: typed access to their elements, and their points as arrays."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from pydicom.dataset import Dataset

from reproduce.errors import AnnotationFormatError
from reproduce.imaging.volume import FARTHEST_MM

AREA_TYPES = ("CLOSED_PLANAR", "CLOSEDPLANAR_XOR")
_TYPES = (*AREA_TYPES, "POINT", "OPEN_PLANAR", "OPEN_NONPLANAR")
REPAIR = "export the structures again, or leave the case out through the exclusion ledger"


@dataclass(frozen=True, eq=False)
class Contour:
    """One contour (PS3.3 C.8.8.6).

    Attributes:
        geometric_type: ContourGeometricType: "CLOSED_PLANAR" or "CLOSEDPLANAR_XOR" is the outline of an area; "POINT",
            "OPEN_PLANAR" and "OPEN_NONPLANAR" are none.
        points_mm: float64 `[n, 3]`, n >= 1, (x, y, z) in LPS mm; the last point of an outline joins the first.
    """

    geometric_type: str
    points_mm: np.ndarray


def contours_of(item: Dataset, path: Path, *, structure: str) -> tuple[Contour, ...]:
    """Return the contours of an item of ROIContourSequence; none where its ContourSequence is absent or empty.

    Raises:
        AnnotationFormatError: A contour is broken, as `reproduce.imaging.rtstruct.read_structures` says.
    """
    found = []
    for index, contour in enumerate(items_of(item, "ContourSequence", path)):
        where = f"{path}, structure {structure}, contour {index}"
        kind = item_text(contour, "ContourGeometricType", path)
        if kind not in _TYPES:
            expected = f"ContourGeometricType (3006,0042): one of {', '.join(_TYPES)}"
            raise AnnotationFormatError(expected=expected, got=kind or "none", where=where, do=REPAIR)
        points_mm = _points_mm(contour, where)
        claimed = item_text(contour, "NumberOfContourPoints", path)
        if claimed and claimed != str(len(points_mm)):
            expected = f"as many points as NumberOfContourPoints (3006,0046) says, {claimed}"
            raise AnnotationFormatError(
                expected=expected, got=f"{len(points_mm)} points, not {claimed}", where=where, do=REPAIR
            )
        found.append(Contour(kind, points_mm))
    return tuple(found)


def _points_mm(contour: Dataset, where: str) -> np.ndarray:
    """Return ContourData as float64 `[n, 3]`.

    pydicom makes an object of each number, 2 microseconds apiece; the text of a file is split here instead.
    """
    element = contour.get_item("ContourData")
    value = None if element is None else element.value
    try:
        if isinstance(value, bytes):
            value = value.strip(b" \0").split(b"\\") if value.strip(b" \0") else []
        numbers = np.array([] if value is None else value, dtype=np.float64).ravel()
    except (TypeError, ValueError) as error:
        raise _broken(where, f"text that is none ({error})") from error
    if len(numbers) == 0 or len(numbers) % 3:
        raise _broken(where, f"{len(numbers)} numbers")
    if not np.isfinite(numbers).all():
        raise _broken(where, f"{numbers[~np.isfinite(numbers)][0]} at coordinate {np.argmin(np.isfinite(numbers))}")
    if np.abs(numbers).max() > FARTHEST_MM:
        raise _broken(where, f"{numbers[np.abs(numbers).argmax()]:g} mm, which is no place in a scanner")
    return numbers.reshape(-1, 3)


def _broken(where: str, got: str) -> AnnotationFormatError:
    expected = "ContourData (3006,0050): finite numbers, three for each of one or more points"
    return AnnotationFormatError(expected=expected, got=got, where=where, do=REPAIR)


def items_of(dataset: Dataset, keyword: str, path: Path) -> list[Dataset]:
    """Return the items of a sequence; empty where it is absent or empty.

    Raises:
        AnnotationFormatError: Its bytes cannot be parsed, or it is no sequence.
    """
    value = value_of(dataset, keyword, path)
    items = [] if value is None else list(value)
    if not all(isinstance(item, Dataset) for item in items):
        got = repr(value)[:80]
        raise AnnotationFormatError(expected=f"{keyword}: a sequence", got=got, where=path, do=REPAIR)
    return items


def item_text(dataset: Dataset, keyword: str, path: Path) -> str:
    """Return an element as text without white space around it; "" where it is absent or empty."""
    value = value_of(dataset, keyword, path)
    return "" if value is None else str(value).strip()


def number_of(item: Dataset, keyword: str, path: Path) -> int:
    """Return a whole number that must be present.

    Raises:
        AnnotationFormatError: It is absent, or no whole number.
    """
    text = item_text(item, keyword, path)
    try:
        return int(text)
    except ValueError as error:
        got = f"{text or 'none'} for the structure {item_text(item, 'ROIName', path)!r}"
        raise AnnotationFormatError(expected=f"{keyword}: a whole number", got=got, where=path, do=REPAIR) from error


def value_of(dataset: Dataset, keyword: str, path: Path) -> Any:
    """Return the value of an element; None where it is absent.

    Raises:
        AnnotationFormatError: Its bytes cannot be read.
    """
    try:
        return dataset.get(keyword)
    except Exception as error:  # values are converted on access; broken bytes raise a dozen types
        got = f"bytes that cannot be read ({type(error).__name__}: {error})"
        raise AnnotationFormatError(
            expected=f"{keyword}: a value of its type", got=got, where=path, do=REPAIR
        ) from error
