"""CT slices as DICOM files: the CT Image IOD (PS3.3, A.3), explicit little endian, one frame a file."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian

from reproduce.errors import GeometryError
from reproduce.imaging.volume import Volume
from reproduce.phantoms.scanner import Scanner, Storage
from reproduce.randomness import seed_words

_DATE, _TIME = "20000101", "120000"
_IMPLEMENTATION = "2.25.155020402857019146245393427181906478413"  # of this writer, drawn once


@dataclass(frozen=True)
class CtSeriesTags:
    """What every slice of a series says, pixels and position aside.

    Attributes:
        patient_id: Of the patient, by which it is seen that the patient is a phantom.
        study_uid: Unique identifier of the study.
        series_uid: Of the series.
        frame_uid: Of the frame of reference.
        protocol: Name of the phantom cohort, for SeriesDescription and ImageComments.
        scanner: The scanner and its settings.
        body_part: In the words of DICOM, e.g. "CHEST".
        patient_position: "HFS" or "FFS".
        rises_with_number: Whether InstanceNumber rises towards the head, or towards the feet.
    """

    patient_id: str
    study_uid: str
    series_uid: str
    frame_uid: str
    protocol: str
    scanner: Scanner
    body_part: str
    patient_position: str
    rises_with_number: bool


def uid_of(*name: int | str) -> str:
    """Unique identifier of a name: 2.25. and a version 8 UUID of its SHA-256 (PS3.5, B.2); at most 44 characters."""
    value = sum(word << (32 * i) for i, word in enumerate(seed_words(*name)[:4]))
    value = value & ~(0xF << 76) | 8 << 76
    value = value & ~(0x3 << 62) | 2 << 62
    return f"2.25.{uuid.UUID(int=value).int}"


def write_ct_series(
    folder: Path, image: Volume, tags: CtSeriesTags, *, sop_uids: tuple[str, ...], names: tuple[str, ...]
) -> None:
    """Write each slice of a volume to its own file.

    Args:
        folder: An existing folder.
        image: int16 `[z, y, x]`, HU, axial: its affine is diagonal and positive, aside from the position.
        tags: What all slices say.
        sop_uids: Unique identifier of each slice, by z.
        names: File name of each slice, by z.

    Raises:
        GeometryError: The volume is not axial, or a position does not fit into the 16 characters of a DICOM number.
    """
    if (
        not np.array_equal(image.affine[:3, :3], np.diag(np.diag(image.affine)[:3]))
        or (np.diag(image.affine) <= 0).any()
    ):
        raise GeometryError(
            expected="an axial volume whose axes run to the left, the back and the head",
            got=repr(image.affine.tolist()),
            where=folder,
            do="resample the volume onto an axial grid first",
        )
    template = _series(image, tags)
    for k, (plane, sop_uid, name) in enumerate(zip(image.voxels, sop_uids, names, strict=True)):
        number = k + 1 if tags.rises_with_number else len(sop_uids) - k
        _complete(template, image, k, number=number, sop_uid=sop_uid)
        template.PixelData = _stored(plane, tags.scanner.storage).tobytes()
        template.save_as(folder / name, enforce_file_format=True)


def _stored(plane: np.ndarray, storage: Storage) -> np.ndarray:
    """The numbers of a slice as the scanner stores them, little endian."""
    numbers = plane.astype(np.int32) - storage.intercept_hu
    return numbers.astype("<i2" if storage.is_signed else "<u2")


def decimal(value: float) -> str:
    """A number as a DICOM decimal string: at most six decimals, at most 16 characters.

    Raises:
        GeometryError: The number needs more.
    """
    text = f"{value:.6f}"
    if len(text) > 16 or abs(float(text) - value) > 1e-7:
        raise GeometryError(
            expected="a number of at most six decimals and 16 characters",
            got=repr(value),
            where="DICOM decimal string",
            do="round positions and spacings of the volume before it is written",
        )
    return text


def _series(image: Volume, tags: CtSeriesTags) -> Dataset:
    """All attributes that do not change from slice to slice."""
    slice_mm, row_mm, column_mm = image.spacing_mm
    scanner, storage = tags.scanner, tags.scanner.storage
    part = Dataset()
    part.file_meta = FileMetaDataset()
    part.file_meta.MediaStorageSOPClassUID = CTImageStorage
    part.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    part.file_meta.ImplementationClassUID = _IMPLEMENTATION
    part.file_meta.ImplementationVersionName = "REPRODUCE_1"
    part.SpecificCharacterSet = "ISO_IR 100"
    part.ImageType = ["ORIGINAL", "PRIMARY", "AXIAL"]
    part.SOPClassUID = CTImageStorage
    part.StudyDate = part.SeriesDate = part.AcquisitionDate = part.ContentDate = _DATE
    part.StudyTime = part.SeriesTime = part.AcquisitionTime = part.ContentTime = _TIME
    part.AccessionNumber = ""
    part.Modality = "CT"
    part.Manufacturer = "PHANTOM (simulated, no patient)"
    part.ManufacturerModelName = scanner.model
    part.ReferringPhysicianName = ""
    part.StudyDescription = f"PHANTOM {tags.body_part}"
    part.SeriesDescription = f"PHANTOM {tags.protocol}"
    part.ImageComments = f"Simulated phantom, no patient: {tags.protocol}"
    part.PatientName = f"{tags.patient_id}^Phantom"
    part.PatientID = tags.patient_id
    part.PatientBirthDate = part.PatientSex = ""
    part.PatientIdentityRemoved = "YES"
    part.DeidentificationMethod = "Simulated phantom, no patient"
    part.BodyPartExamined = tags.body_part
    part.SliceThickness = decimal(slice_mm)
    part.KVP = "120"
    part.ReconstructionDiameter = f"{row_mm * image.shape[1]:.2f}"
    part.GantryDetectorTilt = "0"
    part.XRayTubeCurrent = scanner.tube_ma
    part.ConvolutionKernel = scanner.kernel
    part.PatientPosition = tags.patient_position
    part.StudyInstanceUID, part.SeriesInstanceUID = tags.study_uid, tags.series_uid
    part.FrameOfReferenceUID = tags.frame_uid
    part.StudyID, part.SeriesNumber, part.AcquisitionNumber = "1", 1, 1
    part.PositionReferenceIndicator = ""
    part.ImageOrientationPatient = ["1", "0", "0", "0", "1", "0"]
    part.SamplesPerPixel, part.PhotometricInterpretation = 1, "MONOCHROME2"
    part.Rows, part.Columns = image.shape[1:]
    part.PixelSpacing = [decimal(row_mm), decimal(column_mm)]
    part.BitsAllocated, part.BitsStored, part.HighBit = 16, storage.bits, storage.bits - 1
    part.PixelRepresentation = int(storage.is_signed)
    if storage.padding is not None:
        part.PixelPaddingValue = storage.padding
    part.WindowCenter, part.WindowWidth = "-300", "1400"
    part.RescaleIntercept, part.RescaleSlope, part.RescaleType = str(storage.intercept_hu), "1", "HU"
    return part


def _complete(part: Dataset, image: Volume, k: int, *, number: int, sop_uid: str) -> None:
    """Set what changes from slice to slice."""
    x, y, z = image.world_mm(np.array([k, 0, 0]))
    part.file_meta.MediaStorageSOPInstanceUID = part.SOPInstanceUID = sop_uid
    part.InstanceNumber = number
    part.ImagePositionPatient = [decimal(x), decimal(y), decimal(z)]
    part.SliceLocation = decimal(z)
