"""Stored pixels of a slice to Hounsfield units."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pydicom
from pydicom.dataset import FileDataset
from pydicom.pixels import get_decoder

from reproduce.errors import PixelDecodeError, PixelRangeError
from reproduce.imaging.dicom_headers import SliceHeader

PADDING_HU = -1024
_INT16 = np.iinfo(np.int16)


def read_dataset(path: Path) -> FileDataset:
    """A DICOM file with its pixels, still encoded.

    Raises:
        PixelDecodeError: The file ends before its pixels do, or cannot be parsed.
    """
    try:
        return pydicom.dcmread(path)
    except Exception as error:  # the parser raises a dozen types on corrupt bytes
        raise _decode_error(path, error) from error


def slice_hu(dataset: FileDataset, header: SliceHeader) -> np.ndarray:
    """Hounsfield units of a slice, int16 `[y, x]`.

    HU = slope * stored + intercept (PS3.3 C.11.1.1.2), rounded to the nearest whole number, half to even, where slope
    or intercept is fractional. Padding becomes -1024 HU: no X-ray was measured there, and every window and every air
    threshold must take it for air; scaled like a pixel it would be anything (-3024 HU in LIDC-IDRI-0001).

    Args:
        dataset: The file with its pixels.
        header: The slice in that file.

    Raises:
        PixelDecodeError: Pixels are absent, truncated or corrupt, or no plug-in knows their transfer syntax.
        PixelRangeError: A value that is not padding does not fit into int16.
    """
    stored = _decoded(dataset, header)
    padding = None if header.padding is None else (stored >= header.padding[0]) & (stored <= header.padding[1])
    pixels = stored if padding is None or not padding.any() else stored[~padding]
    if pixels.size:
        _require_int16(header, low=int(pixels.min()), high=int(pixels.max()))
    hu = _rescaled(stored, slope=header.slope, intercept=header.intercept)
    if pixels is not stored:
        hu[padding] = PADDING_HU
    return hu


def _decoded(dataset: FileDataset, header: SliceHeader) -> np.ndarray:
    """Stored values `[y, x]` in the signedness of the header."""
    try:
        decoder = get_decoder(dataset.file_meta.TransferSyntaxUID)
        stored, _ = decoder.as_array(dataset, index=header.frame, raw=True)
    except Exception as error:  # every plug-in has its own types
        raise _decode_error(header.path, error) from error
    if stored.shape != header.shape:
        raise _decode_error(header.path, f"{stored.shape} pixels where the header says {header.shape}")
    return stored


def _require_int16(header: SliceHeader, *, low: int, high: int) -> None:
    """Return if the extremes of a slice, rescaled, fit into int16; the line between is monotone."""
    ends = [np.rint(header.slope * value + header.intercept) for value in (low, high)]
    if min(ends) < _INT16.min or max(ends) > _INT16.max:
        raise PixelRangeError(
            expected=f"HU in [{_INT16.min}, {_INT16.max}]",
            got=f"{min(ends):.0f} to {max(ends):.0f} (slope {header.slope:g}, intercept {header.intercept:g})",
            where=header.path,
            do="check RescaleSlope, RescaleIntercept and PixelPaddingValue of the file",
        )


def _rescaled(stored: np.ndarray, *, slope: float, intercept: float) -> np.ndarray:
    """`slope * stored + intercept` as int16, right wherever the result fits."""
    if float(slope).is_integer() and float(intercept).is_integer():
        # Arithmetic modulo 2**16: intermediate values may wrap, a result that fits is exact all the same.
        factor, offset = (
            np.array(int(number) % 2**16, dtype=np.uint16).view(np.int16) for number in (slope, intercept)
        )
        return stored.astype(np.int16) * factor + offset
    return np.rint(stored * np.float64(slope) + intercept).astype(np.int32).astype(np.int16)


def _decode_error(path: Path, reason: object) -> PixelDecodeError:
    return PixelDecodeError(
        expected="pixels that can be decoded",
        got=f"{type(reason).__name__}: {reason}" if isinstance(reason, Exception) else str(reason),
        where=path,
        do="fetch the file again; for an unknown compression install its pydicom plug-in",
    )
