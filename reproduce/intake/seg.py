"""DICOM SEG: its segments, and their masks on the grid of a series or on the SEG's own."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from pydicom.uid import SegmentationStorage

from reproduce.errors import AnnotationFormatError, GeometryError
from reproduce.imaging.dicom import CtSeries
from reproduce.imaging.dicom_files import read_dicom, sop_class
from reproduce.imaging.volume import Volume

_SEGMENT = "SegmentIdentificationSequence"
_DO = "export the segmentation again, binary, on the slices of one series"


@dataclass(frozen=True)
class Segment:
    """One segment of a SEG."""

    number: int  # SegmentNumber
    label: str  # SegmentLabel
    algorithm: str  # SegmentAlgorithmType, e.g. "MANUAL"
    n_frames: int


@dataclass(frozen=True, eq=False)
class Seg:
    """A SEG whose pixels are still packed."""

    path: Path
    patient_id: str
    series_uid: str  # the series that it refers to; "" for none
    segments: tuple[Segment, ...]
    dataset: Any  # highdicom's Segmentation


def read_seg(path: Path) -> Seg:
    """Read a DICOM SEG with binary segments.

    Raises:
        DataNotFoundError, NotAnImageError: There is no such file, or it is no DICOM file, or cut short.
        AnnotationFormatError: It is no SEG, its segments are not binary, or it says too little of them.
    """
    header = read_dicom(path)
    if sop_class(header) != SegmentationStorage:
        got = f"SOP class {sop_class(header)}"
        raise AnnotationFormatError(expected="a DICOM SEG", got=got, where=path, do="name a file of modality SEG")
    if header.get("SegmentationType") != "BINARY":
        got = str(header.get("SegmentationType") or "none")
        raise AnnotationFormatError(expected="SegmentationType BINARY", got=got, where=path, do=_DO)
    import highdicom as hd  # slow to import, and needed for SEG alone

    try:
        dataset = hd.seg.Segmentation.from_dataset(header, copy=False)
        shared = dataset.SharedFunctionalGroupsSequence[0]  # where all frames are of one segment
        frames = [
            int((group if _SEGMENT in group else shared)[_SEGMENT].value[0].ReferencedSegmentNumber)
            for group in dataset.PerFrameFunctionalGroupsSequence
        ]
        referenced = dataset.get("ReferencedSeriesSequence") or []
        return Seg(
            path=path,
            patient_id=str(dataset.get("PatientID") or ""),
            series_uid=str(referenced[0].SeriesInstanceUID) if len(referenced) == 1 else "",
            segments=tuple(
                Segment(
                    number=int(item.SegmentNumber),
                    label=str(item.SegmentLabel),
                    algorithm=str(item.SegmentAlgorithmType),
                    n_frames=frames.count(int(item.SegmentNumber)),
                )
                for item in dataset.SegmentSequence
            ),
            dataset=dataset,
        )
    except Exception as error:  # highdicom and pydicom raise a dozen types on what lacks or is broken
        got = f"{type(error).__name__}: {error}"
        raise AnnotationFormatError(expected="segments with their frames", got=got, where=path, do=_DO) from error


def seg_masks(seg: Seg, series: CtSeries | None) -> tuple[Volume, dict[int, np.ndarray]]:
    """Return the grid of a SEG, and its masks, bool `[z, y, x]`, by the number of the segment.

    Args:
        seg: From `read_seg`.
        series: The series that it refers to, whose grid is then taken: frames find their slices by SOPInstanceUID.
            None takes the SEG's own grid, from its first to its last frame.

    Raises:
        GeometryError: Frames refer to slices that are not in the series, or form no regular stack by themselves.
    """
    sources = _source_uids(seg)
    if series is not None and (absent := sources - set(series.sop_uids)):
        expected = "frames on slices of the series"
        got = f"{len(absent)} of the {len(sources)} slices of its frames not in the series"
        do = "fetch the whole series, or name the SEG alone, which is then read on its own grid"
        raise GeometryError(expected=expected, got=got, where=seg.path, do=do)
    try:
        if series is not None:
            pixels = seg.dataset.get_pixels_by_source_instance(
                list(series.sop_uids), assert_missing_frames_are_empty=True
            )
            grid = series.volume.on_same_grid(np.zeros(series.volume.shape, bool), "label")
        else:
            volume = seg.dataset.get_volume()
            # highdicom's axes are (slice, row, column); ours count (x, y, z), which are (column, row, slice).
            affine = volume.affine[:, [2, 1, 0, 3]]
            pixels = volume.array
            grid = Volume(np.zeros(pixels.shape[:3], bool), affine, "label")
    except Exception as error:  # highdicom raises ValueError, KeyError, RuntimeError and its own
        got = f"{type(error).__name__}: {error}".splitlines()[0]
        raise GeometryError(expected="frames on one regular grid", got=got, where=seg.path, do=_DO) from error
    return grid, {one.number: pixels[..., i].astype(bool) for i, one in enumerate(seg.segments)}


def _source_uids(seg: Seg) -> set[str]:
    """Return the SOPInstanceUID of every slice that a frame of a SEG was drawn on."""
    groups = (*seg.dataset.SharedFunctionalGroupsSequence, *seg.dataset.PerFrameFunctionalGroupsSequence)
    return {
        str(source.ReferencedSOPInstanceUID)
        for group in groups
        for derivation in group.get("DerivationImageSequence") or ()
        for source in derivation.get("SourceImageSequence") or ()
        if source.get("ReferencedSOPInstanceUID")
    }
