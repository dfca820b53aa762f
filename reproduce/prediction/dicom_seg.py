"""Masks of a series as DICOM SEG, which refers to the slices that they were made from."""

from __future__ import annotations

import io
import logging
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import highdicom as hd
import numpy as np
from pydicom.dataset import Dataset
from pydicom.sr.codedict import codes
from pydicom.sr.coding import Code as DicomCode

from reproduce.errors import ModelFileError, NotAnImageError, ReproduceError
from reproduce.imaging.dicom import CtSeries, SeriesHeader
from reproduce.imaging.dicom_series import SeriesFiles
from reproduce.prediction.recipe import Code, Recipe, Region
from reproduce.prediction.seg_source import seg_source, seg_text
from reproduce.provenance import write_bytes

_SERIES_NUMBER = 1000


@dataclass(frozen=True)
class SegTexts:
    """What a SEG says of its making.

    Attributes:
        program: The command that wrote it.
        description: SeriesDescription.
        label: ContentLabel, in capitals.
        content: ContentDescription.
        model: Name and digest of the model that found the segments; "" where people drew them, so that they are MANUAL.
    """

    program: str
    description: str
    label: str
    content: str
    model: str = ""


def require_seg(files: SeriesFiles, header: SeriesHeader, *, recipe: Recipe, model: str) -> tuple[str, ...]:
    """Return if a SEG of a series can be written, by headers alone: a SEG of its first slice is made and read back.

    Args:
        files: The series.
        header: What its headers say.
        recipe: See `write_seg`.
        model: See `write_seg`.

    Returns:
        The elements that the SEG leaves empty; see `SegSource`.

    Raises:
        NotAnImageError: The series does not let a SEG be written.
        ModelFileError: A region has no name, or a code without a value or a meaning.
    """
    with _as_ours(files.files[0].parent):
        source = seg_source(files, header.sop_uids, header.affine)
        first = source.slices[:1]
        empty = np.zeros((1, first[0].Rows, first[0].Columns, len(recipe.regions)), dtype=bool)
        hd.seg.segread(io.BytesIO(_seg_bytes(empty, first, recipe.regions, _of_model(model))))
    return source.emptied


def write_seg(path: Path, masks: np.ndarray, series: CtSeries, *, recipe: Recipe, model: str) -> tuple[str, ...]:
    """Write the regions that a model found in a series; see `write_regions_seg`.

    Args:
        path: To end in .dcm.
        masks: bool `[z, y, x, region]`, on the grid of the series.
        series: The series that was predicted; one file a slice.
        recipe: The model's recipe, which names the regions.
        model: Name and digest of the model, for the header.

    Returns:
        The elements that the SEG leaves empty; see `SegSource`.

    Raises:
        What `require_seg` raises.
    """
    return write_regions_seg(path, masks, series, regions=recipe.regions, texts=_of_model(model))


def write_regions_seg(
    path: Path, masks: np.ndarray, series: CtSeries, *, regions: Sequence[Region], texts: SegTexts
) -> tuple[str, ...]:
    """Write the regions of a series as binary segments, each whole where it overlaps another; no reader sees half.

    The background of regions that exclude each other is no segment. A region without voxels is described and has no
    frame; where none has any, the empty frames are written, since a SEG without frames is not valid.

    Args:
        path: To end in .dcm.
        masks: bool `[z, y, x, region]`, on the grid of the series.
        series: The series; one file a slice.
        regions: What the masks show.
        texts: What the header says of their making.

    Returns:
        The elements that the SEG leaves empty; see `SegSource`.

    Raises:
        What `require_seg` raises.
    """
    with _as_ours(series.files.files[0].parent):
        source = seg_source(series.files, series.sop_uids, series.volume.affine)
        content = _seg_bytes(masks, source.slices, regions, texts)
    write_bytes(path, content)
    return source.emptied


def _of_model(model: str) -> SegTexts:
    return SegTexts("reproduce predict", "Prediction of a model", "PREDICTION", model, model)


def _seg_bytes(masks: np.ndarray, slices: Sequence[Dataset], regions: Sequence[Region], texts: SegTexts) -> bytes:
    chosen = [i for i, region in enumerate(regions) if region.label > 0]
    pixels = np.ascontiguousarray(masks[..., chosen], dtype=np.uint8)
    segmentation = hd.seg.Segmentation(
        source_images=slices,
        pixel_array=pixels,
        segmentation_type=hd.seg.SegmentationTypeValues.BINARY,
        segment_descriptions=[_described(regions[i], n, texts.model) for n, i in enumerate(chosen, start=1)],
        series_instance_uid=hd.UID(),
        series_number=_SERIES_NUMBER,
        sop_instance_uid=hd.UID(),
        instance_number=1,
        manufacturer="reproduce",
        manufacturer_model_name=texts.program,
        software_versions=version("reproduce"),
        device_serial_number="0",
        series_description=texts.description,
        content_label=texts.label,
        content_description=seg_text(texts.content, 64),
        omit_empty_frames=bool(pixels.any()),
    )
    content = io.BytesIO()
    segmentation.save_as(content, enforce_file_format=True)
    return content.getvalue()


@contextmanager
def _as_ours(where: Path) -> Iterator[None]:
    """Turn whatever highdicom raises into an error of ours; what it warns of is checked or mended here."""
    logger = logging.getLogger("highdicom")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    except ReproduceError:
        raise
    except Exception as error:  # highdicom and pydicom raise a dozen types on a value that they do not take
        got = f"{type(error).__name__}: {error}".splitlines()[0]
        do = "mend the header or the recipe, or write NIfTI: leave --format seg out"
        raise NotAnImageError(expected="what a DICOM SEG can be made of", got=got, where=where, do=do) from error
    finally:
        logger.setLevel(level)


def _described(region: Region, number: int, model: str) -> hd.seg.SegmentDescription:
    name = seg_text(region.name, 64)
    if not all((name, *(text for code in (region.category, region.concept) for text in (code.value, code.meaning)))):
        do = "mend the recipe, or write NIfTI: leave --format seg out"
        expected = "a name, and a code with a meaning, for each region of the recipe"
        raise ModelFileError(expected=expected, got=repr(region), where=model or region.name, do=do)
    algorithm, found_by = hd.seg.SegmentAlgorithmTypeValues.MANUAL, None
    if model:
        algorithm = hd.seg.SegmentAlgorithmTypeValues.AUTOMATIC
        found_by = hd.AlgorithmIdentificationSequence(
            name=seg_text(model, 64), version=version("reproduce"), family=codes.DCM.ArtificialIntelligence
        )
    return hd.seg.SegmentDescription(
        segment_number=number,
        segment_label=name,
        segmented_property_category=_code(region.category),
        segmented_property_type=_code(region.concept),
        algorithm_type=algorithm,
        algorithm_identification=found_by,
    )


def _code(code: Code) -> DicomCode:
    return DicomCode(code.value, "SCT", seg_text(code.meaning, 64))
