"""Structures of a phantom as a DICOM file: the RT Structure Set IOD (PS3.3, A.19), implicit little endian."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset
from pydicom.tag import Tag
from pydicom.uid import CTImageStorage, ImplicitVRLittleEndian, RTStructureSetStorage
from skimage.measure import find_contours

from reproduce.imaging.volume import Volume
from reproduce.phantoms.writers.dicom_ct import CtSeriesTags, start_file

_STUDY_CLASS = "1.2.840.10008.3.1.2.3.1"  # what RT Referenced Study Sequence names since the class was retired
_CONTOUR_DATA = Tag(0x3006, 0x0050)
_DECIMALS = 4  # of a millimetre: fits a decimal string, and is far below the width of a voxel
_COLOURS = ((0, 166, 214), (230, 75, 53), (0, 160, 135), (60, 84, 136), (243, 155, 127))


def outlines_mm(mask: np.ndarray, image: Volume, z: int) -> list[np.ndarray]:
    """Return the outlines of one slice of a mask, islands and holes alike, for the even-odd rule.

    They run midway between the centres of pixels inside and outside (marching squares at one half), so that filling
    them gives the mask again. Points between two others on a line are left out. The mask is bool `[y, x]` on the slice
    z of an axial image, and may touch its border.

    Returns:
        float64 `[n, 3]` each, LPS mm, not closed: the last point joins the first; none for an empty mask.
    """
    found = []
    for closed in find_contours(np.pad(mask, 1).astype(np.float32), 0.5):
        points = closed[:-1] - 1
        step = np.diff(np.vstack([points[-1:], points, points[:1]]), axis=0)
        turn = step[:-1, 0] * step[1:, 1] - step[:-1, 1] * step[1:, 0]
        points = points[np.abs(turn) > 1e-9]
        found.append(image.world_mm(np.column_stack([np.full(len(points), z), points])))
    return found


def write_structure_set(path: Path, masks: Mapping[str, np.ndarray], image: Volume, tags: CtSeriesTags) -> None:
    """Write masks as the contours of one structure set, numbered from 1 in their order; make the folder if need be.

    Masks are bool `[z, y, x]` by structure name, on the axial grid of the CT that `tags` name. An empty mask is a
    structure without contours, as planning systems write it.
    """
    file = _start_set(image.shape[0], tags)
    file.StructureSetROISequence, file.ROIContourSequence, file.RTROIObservationsSequence = [], [], []
    for number, (name, mask) in enumerate(masks.items(), start=1):
        roi = _item(ROINumber=number, ROIName=name, ReferencedFrameOfReferenceUID=tags.uid("frame"))
        roi.ROIGenerationAlgorithm = "AUTOMATIC"
        file.StructureSetROISequence.append(roi)
        colour = list(_COLOURS[(number - 1) % len(_COLOURS)])
        drawn = _item(ROIDisplayColor=colour, ReferencedROINumber=number)
        slices = np.flatnonzero(mask.any(axis=(1, 2))).tolist()
        outlines = [(z, points) for z in slices for points in outlines_mm(mask[z], image, z)]
        if outlines:
            drawn.ContourSequence = [_contour(i, *outline, tags) for i, outline in enumerate(outlines, start=1)]
        file.ROIContourSequence.append(drawn)
        observation = _item(ObservationNumber=number, ReferencedROINumber=number)
        observation.RTROIInterpretedType, observation.ROIInterpreter = "ORGAN", ""
        file.RTROIObservationsSequence.append(observation)
    path.parent.mkdir(parents=True, exist_ok=True)
    file.save_as(path, enforce_file_format=True)


def _start_set(n_slices: int, tags: CtSeriesTags) -> Dataset:
    """Return all of the file but its structures."""
    file = start_file(RTStructureSetStorage, ImplicitVRLittleEndian, tags)
    file.file_meta.MediaStorageSOPInstanceUID = file.SOPInstanceUID = tags.uid("structures")
    file.StructureSetDate, file.StructureSetTime = file.StudyDate, file.StudyTime
    file.Modality, file.ManufacturerModelName, file.OperatorsName = "RTSTRUCT", "PHANTOM", ""
    file.SeriesDescription = f"PHANTOM structures, {tags.protocol}"
    file.SeriesInstanceUID, file.SeriesNumber, file.InstanceNumber = tags.uid("structure series"), 2, 1
    file.StructureSetLabel, file.ApprovalStatus = "PHANTOM", "UNAPPROVED"
    series = _item(SeriesInstanceUID=tags.uid("series"))
    series.ContourImageSequence = [_slice_reference(z, tags) for z in range(n_slices)]
    study = _item(ReferencedSOPClassUID=_STUDY_CLASS, ReferencedSOPInstanceUID=tags.uid("study"))
    study.RTReferencedSeriesSequence = [series]
    frame = _item(FrameOfReferenceUID=tags.uid("frame"), RTReferencedStudySequence=[study])
    file.ReferencedFrameOfReferenceSequence = [frame]
    return file


def _contour(number: int, z: int, points_mm: np.ndarray, tags: CtSeriesTags) -> Dataset:
    contour = _item(ContourNumber=str(number), ContourImageSequence=[_slice_reference(z, tags)])
    contour.ContourGeometricType, contour.NumberOfContourPoints = "CLOSED_PLANAR", len(points_mm)
    # As it stands in the file: pydicom would make an object of each number and check it first.
    text = "\\".join([f"{number:.{_DECIMALS}f}" for number in points_mm.ravel()]).encode()
    text += b" " * (len(text) % 2)
    contour[_CONTOUR_DATA] = RawDataElement(_CONTOUR_DATA, "DS", len(text), text, 0, True, True)
    return contour


def _slice_reference(z: int, tags: CtSeriesTags) -> Dataset:
    return _item(ReferencedSOPClassUID=CTImageStorage, ReferencedSOPInstanceUID=tags.uid("slice", z))


def _item(**attributes: object) -> Dataset:
    """Return a data set of attributes by their keywords."""
    item = Dataset()
    for keyword, value in attributes.items():
        setattr(item, keyword, value)
    return item
