"""Position, size and meaning of the pixels of a slice, from the header of its file."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from reproduce.imaging.dicom_claims import PixelClaim, frame_sources, pixel_claim
from reproduce.imaging.dicom_elements import Elements
from reproduce.imaging.dicom_files import read_header
from reproduce.imaging.dicom_units import Scale, padding_of, scale_of

_TRAITS = ("ConvolutionKernel", "AcquisitionNumber", "DecayCorrection")


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
        thickness_mm: SliceThickness; NaN where the header has none.
        scale: From stored values to values in a unit.
        padding: Lowest and highest stored value that mean "no pixel here"; None where the header names none.
        claim: The pixels of the whole file, as the header has them.
        traits: ConvolutionKernel, AcquisitionNumber and DecayCorrection as text, "" where the header has none.
    """

    path: Path
    frame: int
    sop_uid: str
    position_mm: np.ndarray
    directions: np.ndarray
    pixel_spacing_mm: tuple[float, float]
    thickness_mm: float
    scale: Scale
    padding: tuple[int, int] | None
    claim: PixelClaim
    traits: dict[str, str]

    @property
    def shape(self) -> tuple[int, int]:
        """Return rows and columns."""
        return self.claim.shape[1:]


def read_headers(path: Path) -> tuple[SliceHeader, ...]:
    """Read the slices of a file: one, or as many as it has frames (Enhanced CT, PS3.3 A.38).

    Raises:
        DataNotFoundError: There is no such file.
        NotAnImageError: It is no DICOM file of CT, MR or PET; an element that an image needs is missing, no number or
            out of its range; two elements contradict each other, as `dicom_claims` says; the text names tag and file.
            Also if the pixels are colours, or those of a CT are rescaled to something else than HU.
    """
    dataset, pixels = read_header(path)
    claim = pixel_claim(Elements(path, (dataset,)), pixels, dataset.file_meta.TransferSyntaxUID)
    return tuple(_header(source, frame, claim) for frame, source in enumerate(frame_sources(dataset, path)))


def _header(elements: Elements, frame: int, claim: PixelClaim) -> SliceHeader:
    row_mm, column_mm = elements.lengths_mm("PixelSpacing", 2)
    if min(row_mm, column_mm) <= 0:
        raise elements.broken("PixelSpacing", "two lengths above 0 mm", f"{row_mm}, {column_mm}")
    has_thickness = elements.value("SliceThickness") is not None
    return SliceHeader(
        path=elements.path,
        frame=frame,
        sop_uid=elements.uid("SOPInstanceUID"),
        position_mm=np.array(elements.lengths_mm("ImagePositionPatient", 3)),
        directions=np.array(elements.numbers("ImageOrientationPatient", 6)).reshape(2, 3),
        pixel_spacing_mm=(row_mm, column_mm),
        thickness_mm=elements.lengths_mm("SliceThickness", 1)[0] if has_thickness else math.nan,
        scale=scale_of(elements),
        padding=padding_of(elements, bits=claim.bits_allocated, is_signed=claim.is_signed),
        claim=claim,
        traits={keyword: elements.text(keyword) for keyword in _TRAITS},
    )
