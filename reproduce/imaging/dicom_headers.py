"""Position, size and meaning of the pixels of a slice, from the header of its file."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
from pydicom.dataset import Dataset
from pydicom.multival import MultiValue
from pydicom.tag import Tag

from reproduce.errors import DataNotFoundError, NotAnImageError

_HU_TYPES = ("HU", "US", "")


@dataclass(frozen=True, eq=False)
class SliceHeader:
    """One slice as its header describes it; a frame of a multi-frame file is a slice too.

    Attributes:
        path: The file.
        frame: Index of the frame in the file; 0 in a file of a single slice.
        sop_uid: SOPInstanceUID; the same for all frames of a file.
        position_mm: float64 `[3]`; LPS mm of the centre of the first pixel.
        directions: float64 `[2, 3]`; unit vectors along a row (growing column) and along a column (growing row).
        pixel_spacing_mm: Between rows, between columns.
        shape: Rows, columns.
        thickness_mm: SliceThickness; NaN where the header has none.
        slope: RescaleSlope, HU per stored unit.
        intercept: RescaleIntercept, HU.
        padding: Lowest and highest stored value that mean "no pixel here"; None where the header names none.
    """

    path: Path
    frame: int
    sop_uid: str
    position_mm: np.ndarray
    directions: np.ndarray
    pixel_spacing_mm: tuple[float, float]
    shape: tuple[int, int]
    thickness_mm: float
    slope: float
    intercept: float
    padding: tuple[int, int] | None


def read_headers(path: Path) -> tuple[SliceHeader, ...]:
    """Read the slices of a file: one, or as many as it has frames (Enhanced CT, PS3.3 A.38).

    Raises:
        DataNotFoundError: There is no such file.
        NotAnImageError: An element that an image needs is missing or no number; the text names tag and file. Also if
            the pixels are colours, or the values are rescaled to something else than HU.
    """
    try:
        dataset = pydicom.dcmread(path, stop_before_pixels=True)
    except FileNotFoundError as error:
        do = "search the folder again"
        raise DataNotFoundError(expected="a DICOM file", got="nothing", where=path, do=do) from error
    except Exception as error:  # the parser raises a dozen types on corrupt bytes
        got = f"{type(error).__name__}: {error}"
        do = "fetch the file again, or remove it"
        raise NotAnImageError(expected="a DICOM header", got=got, where=path, do=do) from error
    if "PerFrameFunctionalGroupsSequence" in dataset:
        per_frame = dataset.PerFrameFunctionalGroupsSequence
        shared = _macros(dataset.get("SharedFunctionalGroupsSequence") or [])
        elements = [_Elements(path, (*_macros([group]), *shared, dataset)) for group in per_frame]
    else:
        elements = [_Elements(path, (dataset,))]
    return tuple(_header(source, frame) for frame, source in enumerate(elements))


def _macros(groups: list[Dataset]) -> tuple[Dataset, ...]:
    """Return the macros (position, orientation, rescale ...) of functional groups, each the item of a sequence."""
    return tuple(e.value[0] for group in groups for e in group if e.VR == "SQ" and len(e.value) == 1)


@dataclass(frozen=True, eq=False)
class _Elements:
    """Typed access to header elements; the first data set that has a keyword answers."""

    path: Path
    sources: tuple[Dataset, ...]

    def value(self, keyword: str) -> Any:
        """Return the value, or None where it is absent or empty."""
        try:
            values = (source.get(keyword) for source in self.sources)
            return next((value for value in values if value is not None and value != ""), None)
        except Exception as error:  # values are converted on access; broken bytes raise a dozen types
            raise self.broken(keyword, "a value of its type", f"{type(error).__name__}: {error}") from error

    def numbers(self, keyword: str, n: int) -> list[float]:
        """Return exactly `n` finite numbers."""
        value = self.value(keyword)
        items = value if isinstance(value, MultiValue) else [] if value is None else [value]
        try:
            numbers = [float(item) for item in items]
        except (TypeError, ValueError) as error:
            raise self.broken(keyword, f"{n} finite number(s)", repr(value)) from error
        if len(numbers) != n or not all(map(math.isfinite, numbers)):
            raise self.broken(keyword, f"{n} finite number(s)", repr(numbers) if numbers else "none")
        return numbers

    def broken(self, keyword: str, wanted: str, got: str) -> NotAnImageError:
        """Return the error for an element that cannot be used."""
        return NotAnImageError(
            expected=f"{keyword} {Tag(keyword)}: {wanted}",
            got=got,
            where=self.path,
            do="mend the header, or leave the series out through the exclusion ledger",
        )


def _header(elements: _Elements, frame: int) -> SliceHeader:
    sop_uid = elements.value("SOPInstanceUID")
    if sop_uid is None:
        raise elements.broken("SOPInstanceUID", "a UID", "none")
    row_mm, column_mm = elements.numbers("PixelSpacing", 2)
    if min(row_mm, column_mm) <= 0:
        raise elements.broken("PixelSpacing", "two lengths above 0 mm", f"{row_mm}, {column_mm}")
    thickness = elements.value("SliceThickness")
    slope, intercept = _rescale(elements)
    return SliceHeader(
        path=elements.path,
        frame=frame,
        sop_uid=str(sop_uid),
        position_mm=np.array(elements.numbers("ImagePositionPatient", 3)),
        directions=np.array(elements.numbers("ImageOrientationPatient", 6)).reshape(2, 3),
        pixel_spacing_mm=(row_mm, column_mm),
        shape=_shape(elements),
        thickness_mm=math.nan if thickness is None else elements.numbers("SliceThickness", 1)[0],
        slope=slope,
        intercept=intercept,
        padding=_padding(elements),
    )


def _shape(elements: _Elements) -> tuple[int, int]:
    """Return rows and columns of a grey image."""
    rows, columns = (int(elements.numbers(keyword, 1)[0]) for keyword in ("Rows", "Columns"))
    if min(rows, columns) < 1:
        raise elements.broken("Rows", "at least one row and one column", f"{rows} x {columns}")
    if elements.numbers("SamplesPerPixel", 1) != [1.0]:
        raise elements.broken("SamplesPerPixel", "1, a grey value", str(elements.value("SamplesPerPixel")))
    return rows, columns


def _rescale(elements: _Elements) -> tuple[float, float]:
    """Return slope and intercept to HU (PS3.3 C.11.1.1.2: HU = slope * stored + intercept).

    RescaleType may be absent, HU, or US (unspecified, which some scanners write for HU); another one, e.g. effective
    atomic number, is refused, for windows and thresholds in HU have no meaning there.
    """
    rescale_type = str(elements.value("RescaleType") or "")
    if rescale_type not in _HU_TYPES:
        raise elements.broken("RescaleType", "HU", rescale_type)
    (slope,) = elements.numbers("RescaleSlope", 1)
    (intercept,) = elements.numbers("RescaleIntercept", 1)
    if slope == 0:
        raise elements.broken("RescaleSlope", "a number other than 0", "0")
    return slope, intercept


def _padding(elements: _Elements) -> tuple[int, int] | None:
    """Return the range of stored values that are padding (PS3.3 C.7.5.1.1.2), in the signedness of the pixels.

    LIDC-IDRI-0001 says 63536 beside signed 16-bit pixels: the same two bytes as -2000, which it means.
    """
    if elements.value("PixelPaddingValue") is None:
        return None
    (first,) = elements.numbers("PixelPaddingValue", 1)
    last = first
    if elements.value("PixelPaddingRangeLimit") is not None:
        (last,) = elements.numbers("PixelPaddingRangeLimit", 1)
    (bits,) = elements.numbers("BitsAllocated", 1)
    (signed,) = elements.numbers("PixelRepresentation", 1)
    low, high = sorted(_reinterpreted(int(value), bits=int(bits), signed=signed == 1) for value in (first, last))
    return low, high


def _reinterpreted(value: int, *, bits: int, signed: bool) -> int:
    """Return the number that the lowest `bits` bits of a value mean: (63536, 16, signed) is -2000."""
    unsigned = value & ((1 << bits) - 1)
    return unsigned - (1 << bits) if signed and unsigned >> (bits - 1) else unsigned
