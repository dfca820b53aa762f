"""Masks of a CT series as DICOM SEG, which refers to the slices that they were made from."""

from __future__ import annotations

import io
from importlib.metadata import version
from pathlib import Path

import highdicom as hd
import numpy as np
from pydicom.dataset import Dataset
from pydicom.sr.codedict import codes
from pydicom.sr.coding import Code as DicomCode

from reproduce.errors import NotAnImageError
from reproduce.imaging.dicom import CtSeries
from reproduce.imaging.dicom_files import read_header
from reproduce.prediction.recipe import Code, Recipe, Region
from reproduce.provenance import write_bytes

_NEEDED = ("PatientID", "StudyInstanceUID", "FrameOfReferenceUID", "SOPClassUID")
_MAY_BE_EMPTY = (
    "PatientName",
    "PatientBirthDate",
    "PatientSex",
    "AccessionNumber",
    "StudyID",
    "StudyDate",
    "StudyTime",
)
_SERIES_NUMBER = 1000


def write_seg(path: Path, masks: np.ndarray, series: CtSeries, *, recipe: Recipe, model: str) -> None:
    """Write the regions of a series as binary segments, each whole where it overlaps another; no reader sees half.

    The background of regions that exclude each other is no segment. A region without voxels is described and has no
    frame; where none has any, the empty frames are written, since a SEG without frames is not valid.

    Args:
        path: To end in .dcm.
        masks: bool `[z, y, x, region]`, on the grid of the series.
        series: What was predicted; one file a slice.
        recipe: Whose regions they are.
        model: Name and digest of the model, for the header.

    Raises:
        NotAnImageError: The slices lack what a reference to them needs, or are frames of one file.
    """
    slices = [*_slices(series)]
    chosen = [i for i, region in enumerate(recipe.regions) if region.label > 0]
    pixels = np.ascontiguousarray(masks[..., chosen], dtype=np.uint8)
    segmentation = hd.seg.Segmentation(
        source_images=slices,
        pixel_array=pixels,
        segmentation_type=hd.seg.SegmentationTypeValues.BINARY,
        segment_descriptions=[_described(recipe.regions[i], n, model) for n, i in enumerate(chosen, start=1)],
        series_instance_uid=hd.UID(),
        series_number=_SERIES_NUMBER,
        sop_instance_uid=hd.UID(),
        instance_number=1,
        manufacturer="reproduce",
        manufacturer_model_name="reproduce predict",
        software_versions=version("reproduce"),
        device_serial_number="0",
        series_description="Prediction of a model"[:64],
        content_label="PREDICTION",
        content_description=model[:64],
        omit_empty_frames=bool(pixels.any()),
    )
    content = io.BytesIO()
    segmentation.save_as(content, enforce_file_format=True)
    write_bytes(path, content.getvalue())


def _slices(series: CtSeries) -> list[Dataset]:
    """Headers of the slices in the order of the volume, with what DICOM wants to be there, if only empty."""
    if len(set(series.sop_uids)) < len(series.sop_uids):
        do = "write NIfTI: leave --format seg out"
        got = "frames of one file (Enhanced CT)"
        raise NotAnImageError(expected="one file a slice", got=got, where=series.files.files[0], do=do)
    headers = {}
    for path in series.files.files:
        header, _ = read_header(path)
        absent = [keyword for keyword in _NEEDED if not header.get(keyword)]
        if absent:
            do = "mend the header, or write NIfTI: leave --format seg out"
            raise NotAnImageError(expected=", ".join(absent), got="none", where=path, do=do)
        for keyword in _MAY_BE_EMPTY:
            if keyword not in header:
                setattr(header, keyword, None)
        headers.setdefault(str(header.SOPInstanceUID), header)
    return [headers[uid] for uid in series.sop_uids]


def _described(region: Region, number: int, model: str) -> hd.seg.SegmentDescription:
    return hd.seg.SegmentDescription(
        segment_number=number,
        segment_label=region.name,
        segmented_property_category=_code(region.category),
        segmented_property_type=_code(region.concept),
        algorithm_type=hd.seg.SegmentAlgorithmTypeValues.AUTOMATIC,
        algorithm_identification=hd.AlgorithmIdentificationSequence(
            name=model[:64], version=version("reproduce"), family=codes.DCM.ArtificialIntelligence
        ),
    )


def _code(code: Code) -> DicomCode:
    return DicomCode(code.value, "SCT", code.meaning)
