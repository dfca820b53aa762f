"""Structures of a phantom as a DICOM file: the RT Structure Set IOD (PS3.3, A.19), implicit little endian."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.tag import Tag
from pydicom.uid import CTImageStorage, ImplicitVRLittleEndian, RTStructureSetStorage
from skimage.measure import find_contours

from reproduce.imaging.volume import Volume
from reproduce.phantoms.dicom_ct import CtSeriesTags

_DATE, _TIME = "20000101", "120000"
_IMPLEMENTATION = "2.25.155020402857019146245393427181906478413"  # of this room's writers
_STUDY_CLASS = "1.2.840.10008.3.1.2.3.1"  # what RT Referenced Study Sequence names since the class was retired
_CONTOUR_DATA = Tag(0x3006, 0x0050)
_DECIMALS = 4  # of a millimetre: fits a decimal string, and is far below the width of a voxel
_COLOURS = ("0\\166\\214", "230\\75\\53", "0\\160\\135", "60\\84\\136", "243\\155\\127")


@dataclass(frozen=True)
class StructureSetTags:
    """What identifies a structure set, and the images that it was drawn on.

    Attributes:
        series_uid: Of the structure set's own series.
        sop_uid: Of the file.
        ct: Tags of the CT series; patient, study and frame of reference are the same.
        ct_sop_uids: SOPInstanceUID of each slice of the CT, by z.
    """

    series_uid: str
    sop_uid: str
    ct: CtSeriesTags
    ct_sop_uids: tuple[str, ...]


def outlines_mm(mask: np.ndarray, image: Volume, z: int) -> list[np.ndarray]:
    """The outlines of one slice of a mask, islands and holes alike, for the even-odd rule.

    They run midway between the centres of pixels inside and outside (marching squares at one half), so that filling
    them gives the mask again. Points between two others on a line are left out.

    Args:
        mask: bool `[y, x]`; may touch the border.
        image: The grid, axial.
        z: Index of the slice.

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


def write_structure_set(path: Path, masks: Mapping[str, np.ndarray], image: Volume, tags: StructureSetTags) -> None:
    """Write masks as the contours of one structure set, numbered from 1 in their order.

    Args:
        path: File to write.
        masks: bool `[z, y, x]` by structure name; an empty mask is a structure without contours, as planning systems
            write it.
        image: The grid of the masks, axial.
        tags: Identifiers.
    """
    file = _header(tags)
    file.StructureSetROISequence, file.ROIContourSequence, file.RTROIObservationsSequence = [], [], []
    for number, (name, mask) in enumerate(masks.items(), start=1):
        file.StructureSetROISequence.append(_roi(number, name, tags.ct.frame_uid))
        contours = [
            _contour(points, tags.ct_sop_uids[z], f"{place}")
            for place, (z, points) in enumerate(_all_outlines(mask, image), start=1)
        ]
        drawn = Dataset()
        drawn.ROIDisplayColor = _COLOURS[(number - 1) % len(_COLOURS)].split("\\")
        if contours:
            drawn.ContourSequence = contours
        drawn.ReferencedROINumber = number
        file.ROIContourSequence.append(drawn)
        observation = Dataset()
        observation.ObservationNumber = observation.ReferencedROINumber = number
        observation.RTROIInterpretedType, observation.ROIInterpreter = "ORGAN", ""
        file.RTROIObservationsSequence.append(observation)
    file.save_as(path, enforce_file_format=True)


def _all_outlines(mask: np.ndarray, image: Volume) -> list[tuple[int, np.ndarray]]:
    slices = np.flatnonzero(mask.any(axis=(1, 2))).tolist()
    return [(z, points) for z in slices for points in outlines_mm(mask[z], image, z)]


def _header(tags: StructureSetTags) -> Dataset:
    """All of the file but its structures."""
    ct = tags.ct
    file = Dataset()
    file.file_meta = FileMetaDataset()
    file.file_meta.MediaStorageSOPClassUID = file.SOPClassUID = RTStructureSetStorage
    file.file_meta.MediaStorageSOPInstanceUID = file.SOPInstanceUID = tags.sop_uid
    file.file_meta.TransferSyntaxUID = ImplicitVRLittleEndian
    file.file_meta.ImplementationClassUID = _IMPLEMENTATION
    file.file_meta.ImplementationVersionName = "REPRODUCE_1"
    file.SpecificCharacterSet = "ISO_IR 100"
    file.StudyDate = file.SeriesDate = file.StructureSetDate = _DATE
    file.StudyTime = file.SeriesTime = file.StructureSetTime = _TIME
    file.AccessionNumber, file.Modality = "", "RTSTRUCT"
    file.Manufacturer = "PHANTOM (simulated, no patient)"
    file.ManufacturerModelName = "PHANTOM"
    file.ReferringPhysicianName = file.OperatorsName = ""
    file.StudyDescription = f"PHANTOM {ct.body_part}"
    file.SeriesDescription = f"PHANTOM structures, {ct.protocol}"
    file.PatientName, file.PatientID = f"{ct.patient_id}^Phantom", ct.patient_id
    file.PatientBirthDate = file.PatientSex = ""
    file.PatientIdentityRemoved = "YES"
    file.DeidentificationMethod = "Simulated phantom, no patient"
    file.StudyInstanceUID, file.SeriesInstanceUID = ct.study_uid, tags.series_uid
    file.FrameOfReferenceUID, file.PositionReferenceIndicator = ct.frame_uid, ""
    file.StudyID, file.SeriesNumber, file.InstanceNumber = "1", 2, 1
    file.StructureSetLabel = "PHANTOM"
    file.ReferencedFrameOfReferenceSequence = [_references(tags)]
    file.ApprovalStatus = "UNAPPROVED"
    return file


def _references(tags: StructureSetTags) -> Dataset:
    """The frame of reference, and within it the study, series and slices of the CT."""
    frame, study, series = Dataset(), Dataset(), Dataset()
    series.SeriesInstanceUID = tags.ct.series_uid
    series.ContourImageSequence = [_slice_reference(uid) for uid in tags.ct_sop_uids]
    study.ReferencedSOPClassUID, study.ReferencedSOPInstanceUID = _STUDY_CLASS, tags.ct.study_uid
    study.RTReferencedSeriesSequence = [series]
    frame.FrameOfReferenceUID = tags.ct.frame_uid
    frame.RTReferencedStudySequence = [study]
    return frame


def _slice_reference(sop_uid: str) -> Dataset:
    item = Dataset()
    item.ReferencedSOPClassUID, item.ReferencedSOPInstanceUID = CTImageStorage, sop_uid
    return item


def _roi(number: int, name: str, frame_uid: str) -> Dataset:
    roi = Dataset()
    roi.ROINumber, roi.ROIName = number, name
    roi.ReferencedFrameOfReferenceUID, roi.ROIGenerationAlgorithm = frame_uid, "AUTOMATIC"
    return roi


def _contour(points_mm: np.ndarray, sop_uid: str, number: str) -> Dataset:
    contour = Dataset()
    contour.ContourNumber = number
    contour.ContourImageSequence = [_slice_reference(sop_uid)]
    contour.ContourGeometricType = "CLOSED_PLANAR"
    contour.NumberOfContourPoints = len(points_mm)
    contour[_CONTOUR_DATA] = _raw_decimals(points_mm.ravel())
    return contour


def _raw_decimals(numbers: np.ndarray) -> RawDataElement:
    """ContourData as it stands in the file; pydicom would make an object of each number and check it first."""
    text = "\\".join([f"{number:.{_DECIMALS}f}" for number in numbers]).encode()
    text += b" " * (len(text) % 2)
    return RawDataElement(_CONTOUR_DATA, "DS", len(text), text, 0, is_implicit_VR=True, is_little_endian=True)
