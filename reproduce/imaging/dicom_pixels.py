"""Stored pixels of a slice to Hounsfield units, or to the values of MR and PET in their own unit."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from pydicom.dataset import FileDataset
from pydicom.pixels import get_decoder
from pydicom.uid import UID, JPEG2000TransferSyntaxes, JPEGLSTransferSyntaxes, JPEGTransferSyntaxes, RLELossless

from reproduce.errors import DataNotFoundError, NotAnImageError, PixelDecodeError, PixelRangeError
from reproduce.imaging.dicom_files import read_dicom
from reproduce.imaging.dicom_headers import SliceHeader

PADDING_HU = -1024
_INT16 = np.iinfo(np.int16)


def read_dataset(path: Path) -> FileDataset:
    """Read a DICOM file with its pixels, still encoded.

    Raises:
        PixelDecodeError: The file ends before its pixels do, or cannot be parsed.
    """
    try:
        return read_dicom(path)
    except (DataNotFoundError, NotAnImageError) as error:
        raise _decode_error(path, error.got) from error


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
    hu = _rescaled(stored, slope=header.scale.slope, intercept=header.scale.intercept)
    hu[padding] = PADDING_HU
    return hu


def slice_values(dataset: FileDataset, header: SliceHeader) -> np.ndarray:
    """Return the values of a slice of MR or PET in its unit, `[y, x]`: slope * stored + intercept, never rounded.

    Padding becomes 0: nothing was measured there.

    Args:
        dataset: The file with its pixels.
        header: The slice in that file.

    Returns:
        The stored type where slope and intercept are 1 and 0, else float32.

    Raises:
        PixelDecodeError: As `slice_hu`.
        PixelRangeError: A value that float32 cannot hold.
    """
    stored, padding = _decoded(dataset, header)
    scale = header.scale
    values = stored
    if (scale.slope, scale.intercept) != (1.0, 0.0):
        exact = stored * np.float64(scale.slope) + scale.intercept
        if np.abs(exact).max() > np.finfo(np.float32).max:
            raise _range_error(header, f"values of {np.abs(exact).max():g}", "values that float32 holds")
        values = exact.astype(np.float32)
    return np.where(padding, values.dtype.type(0), values)


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
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:  # every plug-in has its own types; a panic in Rust (RLE) is not even an Exception
        raise _decode_error(header.path, error) from error
    if stored.shape != header.shape:
        raise _decode_error(header.path, f"{stored.shape} pixels where the header says {header.shape}")
    unused_bits = header.claim.bits_allocated - header.claim.bits_stored
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
    ends = [np.rint(header.scale.slope * value + header.scale.intercept) for value in (low, high)]
    if min(ends) < _INT16.min or max(ends) > _INT16.max:
        raise _range_error(header, f"{min(ends):.0f} to {max(ends):.0f}", f"HU in [{_INT16.min}, {_INT16.max}]")


def _range_error(header: SliceHeader, got: str, expected: str) -> PixelRangeError:
    return PixelRangeError(
        expected=expected,
        got=f"{got} (slope {header.scale.slope:g}, intercept {header.scale.intercept:g})",
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
