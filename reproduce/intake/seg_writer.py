"""Masks of people as DICOM SEG: the writer of predictions, with a header that says who drew them."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from reproduce.imaging.dicom import CtSeries
from reproduce.intake.masks import Masks
from reproduce.prediction.dicom_seg import SegTexts, write_regions_seg
from reproduce.prediction.recipe import TISSUE, Region

_TEXTS = SegTexts(
    program="reproduce convert",
    description="Outlines of readers",
    label="OUTLINES",
    content="Outlines converted from another format",
)


def write_masks_seg(path: Path, masks: Masks, series: CtSeries) -> tuple[str, ...]:
    """Write masks as binary segments of a SEG that refers to the slices of a series, overlaps and all.

    Segments are of the category and type "Tissue": what a name means in SNOMED CT nobody has said. They are MANUAL.

    Args:
        path: To end in .dcm.
        masks: At least one.
        series: The series that they were drawn on.

    Returns:
        The elements that the SEG leaves empty; see `SegSource`.

    Raises:
        What `write_regions_seg` raises.
    """
    regions = tuple(Region(name, label, TISSUE, TISSUE) for label, name in _unlike(masks).items())
    stacked = np.stack([masks.by_label[region.label] for region in regions], axis=-1)
    return write_regions_seg(path, stacked, series, regions=regions, texts=_TEXTS)


def _unlike(masks: Masks) -> dict[int, str]:
    """Return names of labels, no two alike: two nodules of as many readers get their labels too."""
    several = {name for name in masks.names.values() if list(masks.names.values()).count(name) > 1}
    return {
        label: f"{name} ({label})" if name in several else name or f"{label}" for label, name in masks.names.items()
    }
