"""Masks of people as DICOM SEG: the writer of predictions, with a header that says who drew them."""

from __future__ import annotations

import io
import tempfile
import warnings
from pathlib import Path

import numpy as np
import pydicom

from reproduce.imaging.dicom import CtSeries
from reproduce.imaging.intensity import ZScore
from reproduce.intake.masks import Masks
from reproduce.prediction.dicom_seg import write_seg
from reproduce.prediction.recipe import TISSUE, Recipe, Region
from reproduce.provenance import write_bytes

_OF_A_MODEL = ("SegmentAlgorithmName", "SegmentationAlgorithmIdentificationSequence")


def write_masks_seg(path: Path, masks: Masks, series: CtSeries) -> None:
    """Write masks as binary segments of a SEG that refers to the slices of a series, overlaps and all.

    Segments are of the category and type "Tissue": what a name means in SNOMED CT nobody has said. They are MANUAL.

    Raises:
        What `write_seg` raises.
    """
    regions = tuple(Region(name, label, TISSUE, TISSUE) for label, name in _unlike(masks).items())
    recipe = Recipe(3, series.volume.shape, ("image",), ZScore(within="image"), regions, 0.5)
    stacked = np.stack([masks.by_label[region.label] for region in regions], axis=-1)
    with tempfile.TemporaryDirectory() as folder:
        made = Path(folder, "masks.dcm")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # highdicom warns of a name of the patient, and prints it
            write_seg(made, stacked, series, recipe=recipe, model="outlines")
        dataset = pydicom.dcmread(made)
    for item in dataset.SegmentSequence:
        item.SegmentAlgorithmType = "MANUAL"
        for keyword in _OF_A_MODEL:
            if keyword in item:
                delattr(item, keyword)
    dataset.ManufacturerModelName = "reproduce convert"
    dataset.SeriesDescription = "Outlines of readers"
    dataset.ContentLabel = "OUTLINES"
    dataset.ContentDescription = "Outlines converted from another format"
    content = io.BytesIO()
    dataset.save_as(content, enforce_file_format=True)
    write_bytes(path, content.getvalue())


def _unlike(masks: Masks) -> dict[int, str]:
    """Return names of labels, no two alike: two nodules of as many readers get their labels too."""
    several = {name for name in masks.names.values() if list(masks.names.values()).count(name) > 1}
    return {
        label: f"{name} ({label})" if name in several else name or f"{label}" for label, name in masks.names.items()
    }
