"""What stored pixels mean: slope and intercept to a unit, by modality, and which values mean that there is no pixel."""

from __future__ import annotations

from dataclasses import dataclass

from reproduce.imaging.dicom_elements import Elements

MODALITIES = ("CT", "MR", "PT")
_HU_TYPES = ("HU", "US", "")


@dataclass(frozen=True)
class Scale:
    """Value = slope * stored + intercept, in a unit.

    Attributes:
        slope: RescaleSlope.
        intercept: RescaleIntercept.
        unit: "HU" of CT, "arbitrary" of MR, and of PET its Units (0054,1001), e.g. "BQML" or "GML" (SUV).
    """

    slope: float
    intercept: float
    unit: str


def scale_of(elements: Elements) -> Scale:
    """Return how the pixels of a slice are scaled (PS3.3 C.11.1.1.2).

    CT: RescaleType may be absent, HU, or US (unspecified, which some scanners write for HU); another one, e.g.
    effective atomic number, is refused, for windows and thresholds in HU have no meaning there. MR has no unit, and
    most often no rescale: what is stored is then the value. PET (PS3.3 C.8.9.1) has both, slice by slice, and names its
    unit.

    Raises:
        NotAnImageError: Another modality; an element that the modality must have is missing or no number; a slope of 0.
    """
    modality = elements.text("Modality")
    if modality not in MODALITIES:
        raise elements.broken("Modality", ", ".join(MODALITIES), modality or "none")
    if modality == "CT" and elements.text("RescaleType") not in _HU_TYPES:
        raise elements.broken("RescaleType", "HU", elements.text("RescaleType"))
    if modality == "PT" and not elements.text("Units"):
        raise elements.broken("Units", "a unit, e.g. BQML", "none")
    unit = {"CT": "HU", "MR": "arbitrary"}.get(modality) or elements.text("Units")
    if modality == "MR" and elements.value("RescaleSlope") is None and elements.value("RescaleIntercept") is None:
        return Scale(1.0, 0.0, unit)
    (slope,) = elements.numbers("RescaleSlope", 1)
    (intercept,) = elements.numbers("RescaleIntercept", 1)
    if slope == 0:
        raise elements.broken("RescaleSlope", "a number other than 0", "0")
    return Scale(slope, intercept, unit)


def padding_of(elements: Elements, *, bits: int, is_signed: bool) -> tuple[int, int] | None:
    """Return the range of stored values that are padding (PS3.3 C.7.5.1.1.2), in the signedness of the pixels.

    LIDC-IDRI-0001 says 63536 beside signed 16-bit pixels: the same two bytes as -2000, which it means.
    """
    if elements.value("PixelPaddingValue") is None:
        return None
    (first,) = elements.numbers("PixelPaddingValue", 1)
    last = first
    if elements.value("PixelPaddingRangeLimit") is not None:
        (last,) = elements.numbers("PixelPaddingRangeLimit", 1)
    low, high = sorted(_reinterpreted(int(value), bits=bits, is_signed=is_signed) for value in (first, last))
    return low, high


def _reinterpreted(value: int, *, bits: int, is_signed: bool) -> int:
    """Return the number that the lowest `bits` bits of a value mean: (63536, 16, signed) is -2000."""
    unsigned = value & ((1 << bits) - 1)
    return unsigned - (1 << bits) if is_signed and unsigned >> (bits - 1) else unsigned
