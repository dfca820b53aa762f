"""What the header of an image says twice, or says of the bytes of its file: compared before anything is allocated."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from pydicom.dataset import Dataset
from pydicom.uid import (
    UID,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
)

from reproduce.errors import PixelDecodeError
from reproduce.imaging.dicom_elements import Elements
from reproduce.imaging.dicom_files import PixelElement

_MACROS = (
    "PlanePositionSequence",
    "PlaneOrientationSequence",
    "PixelMeasuresSequence",
    "PixelValueTransformationSequence",
)
_NATIVE = (ImplicitVRLittleEndian, ExplicitVRLittleEndian, ExplicitVRBigEndian, DeflatedExplicitVRLittleEndian)
_FRAME_SLACK, _MOST_TIMES = 8 * 2**20, 1000


@dataclass(frozen=True)
class PixelClaim:
    """The pixels that a header asks for, beside those that its file holds.

    Attributes:
        path: The file.
        shape: Frames, rows, columns.
        bits_allocated: Bits of a stored pixel, 8, 16 or 32.
        bits_stored: The lowest of them, which hold its value.
        is_signed: Whether they are two's complement.
        is_compressed: Whether the pixels are encapsulated.
        element: The element that holds them.
    """

    path: Path
    shape: tuple[int, int, int]
    bits_allocated: int
    bits_stored: int
    is_signed: bool
    is_compressed: bool
    element: PixelElement

    @property
    def dtype(self) -> np.dtype:
        """Return the type of stored pixels."""
        return np.dtype(f"{'i' if self.is_signed else 'u'}{self.bits_allocated // 8}")

    @property
    def n_bytes(self) -> int:
        """Return how many bytes the pixels have, decoded."""
        frames, rows, columns = self.shape
        return frames * rows * columns * self.bits_allocated // 8


def pixel_claim(elements: Elements, pixels: PixelElement, syntax: UID) -> PixelClaim:
    """Return what a header says of its pixels.

    Raises:
        NotAnImageError: The pixels are colours; an element is missing or out of its range; HighBit (0028,0102), where
            it is present, is not BitsStored - 1: which bits hold the value is then said in two ways.
    """
    rows, columns = (elements.whole(keyword, low=1, high=65535) for keyword in ("Rows", "Columns"))
    if elements.numbers("SamplesPerPixel", 1) != [1.0]:
        raise elements.broken("SamplesPerPixel", "1, a grey value", elements.text("SamplesPerPixel"))
    allocated = elements.whole("BitsAllocated", low=8, high=32)
    if allocated not in (8, 16, 32):
        raise elements.broken("BitsAllocated", "8, 16 or 32", str(allocated))
    stored = elements.whole("BitsStored", low=1, high=allocated)
    if elements.value("HighBit") is not None and elements.numbers("HighBit", 1) != [stored - 1]:
        raise elements.broken("HighBit", f"{stored - 1}, one less than BitsStored", elements.text("HighBit"))
    return PixelClaim(
        path=elements.path,
        shape=(_n_frames(elements), rows, columns),
        bits_allocated=allocated,
        bits_stored=stored,
        is_signed=elements.whole("PixelRepresentation", low=0, high=1) == 1,
        is_compressed=syntax not in _NATIVE,
        element=pixels,
    )


def frame_sources(dataset: Dataset, path: Path) -> list[Elements]:
    """Return the elements of each frame of a file; one, the file itself, without functional groups (PS3.3 A.38).

    Raises:
        NotAnImageError: NumberOfFrames and PerFrameFunctionalGroupsSequence disagree, a file of several frames has no
            such groups, so that nothing says where they lie, or a macro that places or scales a frame has not one item.
    """
    file = Elements(path, (dataset,))
    n_frames = _n_frames(file)
    per_frame = file.items("PerFrameFunctionalGroupsSequence")
    if "PerFrameFunctionalGroupsSequence" not in dataset and n_frames == 1:
        return [file]
    if len(per_frame) != n_frames:
        got = f"{len(per_frame)} beside NumberOfFrames (0028,0008) {n_frames}"
        raise file.broken("PerFrameFunctionalGroupsSequence", "one item for each frame", got)
    shared = [macro for group in file.items("SharedFunctionalGroupsSequence") for macro in _macros(group, file)]
    return [Elements(path, (*_macros(group, file), *shared, dataset)) for group in per_frame]


def _n_frames(elements: Elements) -> int:
    return 1 if elements.value("NumberOfFrames") is None else elements.whole("NumberOfFrames", low=1, high=2**31 - 1)


def _macros(group: Dataset, file: Elements) -> list[Dataset]:
    """Return the macros (position, orientation, rescale ...) of a functional group, each the item of a sequence."""
    try:
        sequences = {element.keyword: element.value for element in group if element.VR == "SQ"}
    except Exception as error:  # values are converted on access; broken bytes raise a dozen types
        got = f"{type(error).__name__}: {error}"
        raise file.broken("PerFrameFunctionalGroupsSequence", "macros that can be read", got) from error
    for keyword in _MACROS:
        if len(sequences.get(keyword, (group,))) != 1:
            raise file.broken(keyword, "one item", str(len(sequences[keyword])))
    return [items[0] for items in sequences.values() if len(items) == 1]


def require_pixels(claim: PixelClaim) -> None:
    """Return if a file holds the pixels that its header asks for.

    Uncompressed pixels have exactly Rows x Columns x BitsAllocated / 8 x NumberOfFrames bytes, one more where that is
    odd. Compressed ones may be any fraction of it down to a thousandth, a frame of up to 8 MiB any fraction: a constant
    image of 512 x 512 pixels has some hundred bytes in JPEG-LS.

    Raises:
        PixelDecodeError: There are no pixels, they are cut short, or they are more or fewer than the header asks for.
    """
    element, n_bytes = claim.element, claim.n_bytes
    if element.n_claimed == 0:
        raise _unlike(claim, "none")
    if element.n_claimed is not None and element.n_claimed > element.n_held:
        raise _unlike(claim, f"a file that ends {element.n_claimed - element.n_held} bytes too early")
    if claim.is_compressed:
        if n_bytes > claim.shape[0] * _FRAME_SLACK + _MOST_TIMES * element.n_held:
            raise _unlike(claim, f"{element.n_held} compressed ones, which cannot hold so many")
    elif element.n_claimed is None or element.n_claimed not in (n_bytes, n_bytes + n_bytes % 2):
        raise _unlike(claim, f"{'a length left open' if element.n_claimed is None else element.n_claimed}")


def _unlike(claim: PixelClaim, got: str) -> PixelDecodeError:
    frames, rows, columns = claim.shape
    return PixelDecodeError(
        expected=f"{claim.n_bytes} bytes of pixels ({frames} x {rows} x {columns} of {claim.bits_allocated} bits)",
        got=got,
        where=claim.path,
        do="fetch the file again, mend its header, or leave the series out through the exclusion ledger",
    )
