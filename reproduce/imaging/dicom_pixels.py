"""Stored pixels of a slice to Hounsfield units."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pydicom
from pydicom.dataset import FileDataset
from pydicom.pixels import get_decoder
from pydicom.uid import UID, JPEG2000TransferSyntaxes, JPEGLSTransferSyntaxes, JPEGTransferSyntaxes, RLELossless

from reproduce.errors import PixelDecodeError, PixelRangeError
from reproduce.imaging.dicom_headers import SliceHeader

PADDING_HU = -1024
_INT16 = np.iinfo(np.int16)


def read_dataset(path: Path) -> FileDataset:
    """Read a DICOM file with its pixels, still encoded.

    Raises:
        PixelDecodeError: The file ends before its pixels do, or cannot be parsed.
    """
    try:
        return pydicom.dcmread(path)
    except Exception as error:  # the parser raises a dozen types on corrupt bytes
        raise _decode_error(path, error) from error


def slice_hu(dataset: FileDataset, header: SliceHeader) -> np.ndarray:
    """Return the Hounsfield units of a slice, int16 `[y, x]`.

    HU = slope * stored + intercept (PS3.3 C.11.1.1.2), rounded to the nearest whole number, half to even, where slope
    or intercept is fractional. Padding becomes -1024 HU: no X-ray was measured there, and every window and every air
    threshold must take it for air; scaled like a pixel, the usual -2000 would be -3024 HU. Only what the header calls
    padding is: the rim outside the field of view that some scanners fill with a value of their own (-2048 HU in
    LIDC-IDRI-0001, whose header names another one) stays, for nothing in the file tells it from a pixel.

    Args:
        dataset: The file with its pixels.
        header: The slice in that file.

    Raises:
        PixelDecodeError: Pixels are absent, truncated or corrupt, or no plug-in knows their transfer syntax.
        PixelRangeError: A value that is not padding does not fit into int16.
    """
    stored, padding = _decoded(dataset, header)
    pixels = stored[~padding] if padding.any() else stored
    if pixels.size:
        _require_int16(header, low=int(pixels.min()), high=int(pixels.max()))
    hu = _rescaled(stored, slope=header.slope, intercept=header.intercept)
    hu[padding] = PADDING_HU
    return hu


def _decoded(dataset: FileDataset, header: SliceHeader) -> tuple[np.ndarray, np.ndarray]:
    """Decode stored values `[y, x]` in the signedness of the header, and return where they are padding."""
    try:
        syntax = dataset.file_meta.TransferSyntaxUID
        stored, _ = get_decoder(syntax).as_array(
            dataset,
            index=header.frame,
            raw=True,
            correct_unused_bits=False,  # type: ignore[arg-type]  # pydicom gives each keyword the type of all of them
            decoding_plugin=_plugin(syntax),
        )
        unused_bits = dataset.BitsAllocated - dataset.BitsStored
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:  # every plug-in has its own types; a panic in Rust (RLE) is not even an Exception
        raise _decode_error(header.path, error) from error
    if stored.shape != header.shape:
        raise _decode_error(header.path, f"{stored.shape} pixels where the header says {header.shape}")
    padding = _within(stored, header.padding)
    if unused_bits and syntax not in (*JPEG2000TransferSyntaxes, *JPEGLSTransferSyntaxes):
        # Padding may use the bits above BitsStored, as -2000 beside unsigned 12-bit pixels; a pixel may not.
        stored = (stored << unused_bits) >> unused_bits
        padding |= _within(stored, header.padding)
    return stored, padding


def _plugin(syntax: UID) -> str:
    """Return the one plug-in for a transfer syntax, "" for pydicom's own choice.

    Left to itself pydicom tries one after the other: pixels would depend on what else is installed. These refuse a
    truncated stream; another one (pylibjpeg-libjpeg) fills it with invented pixels and says nothing.
    """
    if syntax in JPEGLSTransferSyntaxes:
        return "pyjpegls"
    if syntax in (*JPEG2000TransferSyntaxes, RLELossless):
        return "pylibjpeg"
    return "gdcm" if syntax in JPEGTransferSyntaxes else ""


def _within(stored: np.ndarray, limits: tuple[int, int] | None) -> np.ndarray:
    return np.zeros(stored.shape, bool) if limits is None else (stored >= limits[0]) & (stored <= limits[1])


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
    """Return `slope * stored + intercept` as int16, right wherever the result fits."""
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
        got=f"{type(reason).__name__}: {reason}" if isinstance(reason, BaseException) else str(reason),
        where=path,
        do="fetch the file again; for an unknown compression install its pydicom plug-in",
    )
