"""CT slices as DICOM files: the CT Image IOD (PS3.3, A.3), explicit little endian, one frame a file."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import UID, CTImageStorage, ExplicitVRLittleEndian

from reproduce.errors import GeometryError
from reproduce.imaging.volume import Volume
from reproduce.phantoms.chest.scanner import Scanner
from reproduce.randomness import seed_words

_DATE, _TIME = "20000101", "120000"
_IMPLEMENTATION = UID("2.25.155020402857019146245393427181906478413")  # of these writers, drawn once


@dataclass(frozen=True)
class CtSeriesTags:
    """What every file of a scan says, pixels and positions aside."""

    name: tuple[int | float | str, ...]  # of the scan: every unique identifier follows from it
    patient_id: str  # by which it is seen that the patient is a phantom
    protocol: str  # name of the phantom cohort, for SeriesDescription and ImageComments
    scanner: Scanner  # with its settings
    patient_position: str  # "HFS" or "FFS"
    rises_with_number: bool  # whether InstanceNumber rises towards the head, or towards the feet

    def uid(self, *what: int | str) -> UID:
        """Return the unique identifier of a part of the scan: "study", "series", "frame" or ("slice", z)."""
        return uid_of(*self.name, *what)


def uid_of(*name: int | float | str) -> UID:
    """Return the unique identifier of a name: 2.25. and a version 8 UUID of its SHA-256 (PS3.5, B.2)."""
    value = sum(word << (32 * i) for i, word in enumerate(seed_words(*name)[:4]))
    value = value & ~(0xF << 76) | 8 << 76
    value = value & ~(0x3 << 62) | 2 << 62
    return UID(f"2.25.{uuid.UUID(int=value).int}")


def write_ct_series(folder: Path, image: Volume, tags: CtSeriesTags, *, numbers: Sequence[int]) -> None:
    """Write each slice of a volume to its own file, `000123.dcm`.

    Args:
        folder: Made if need be.
        image: int16 `[z, y, x]`, HU, axial: its affine is diagonal and positive, aside from the position.
        tags: What all slices say.
        numbers: Number in the name of each slice's file, by z.

    Raises:
        GeometryError: The volume is not axial, or a position does not fit into the 16 characters of a DICOM number.
    """
    scale = np.diag(image.affine)
    if (scale <= 0).any() or not np.array_equal(image.affine[:3, :3], np.diag(scale[:3])):
        expected, do = "an axial volume whose axes run to the left, the back and the head", "resample the volume first"
        raise GeometryError(expected=expected, got=repr(image.affine.tolist()), where=folder, do=do)
    folder.mkdir(parents=True, exist_ok=True)
    part, storage = _series(image, tags), tags.scanner.storage
    for k, (plane, number) in enumerate(zip(image.voxels, numbers, strict=True)):
        x, y, z = image.world_mm(np.array([k, 0, 0]))
        part.file_meta.MediaStorageSOPInstanceUID = part.SOPInstanceUID = tags.uid("slice", k)
        part.InstanceNumber = k + 1 if tags.rises_with_number else len(numbers) - k
        part.ImagePositionPatient = [decimal(x), decimal(y), decimal(z)]
        part.SliceLocation = decimal(z)
        stored = plane.astype(np.int32) - storage.intercept_hu
        part.PixelData = stored.astype("<i2" if storage.is_signed else "<u2").tobytes()
        part.save_as(folder / f"{number:06d}.dcm", enforce_file_format=True)


def decimal(value: float) -> str:
    """Return a number as a DICOM decimal string: at most six decimals, at most 16 characters.

    Raises:
        GeometryError: The number needs more.
    """
    text = f"{value:.6f}"
    if len(text) > 16 or abs(float(text) - value) > 1e-7:
        expected, where = "a number of at most six decimals and 16 characters", "DICOM decimal string"
        do = "round positions and spacings of the volume before it is written"
        raise GeometryError(expected=expected, got=repr(value), where=where, do=do)
    return text


def start_file(sop_class: UID, syntax: UID, tags: CtSeriesTags) -> Dataset:
    """Return what all files of a phantom scan say: patient, study and frame of reference."""
    file = Dataset()
    file.file_meta = FileMetaDataset()
    file.file_meta.MediaStorageSOPClassUID = file.SOPClassUID = sop_class
    file.file_meta.TransferSyntaxUID = syntax
    file.file_meta.ImplementationClassUID = _IMPLEMENTATION
    file.file_meta.ImplementationVersionName = "REPRODUCE_1"
    file.StudyDate, file.StudyTime = _DATE, _TIME
    file.SeriesDate, file.SeriesTime = _DATE, _TIME
    file.AccessionNumber = file.ReferringPhysicianName = file.PositionReferenceIndicator = ""
    file.Manufacturer, file.StudyDescription = "PHANTOM (simulated, no patient)", "PHANTOM CHEST"
    file.PatientName, file.PatientID = f"{tags.patient_id}^Phantom", tags.patient_id
    file.PatientBirthDate = file.PatientSex = ""
    file.PatientIdentityRemoved, file.DeidentificationMethod = "YES", "Simulated phantom, no patient"
    file.SpecificCharacterSet, file.StudyID = "ISO_IR 100", "1"
    file.StudyInstanceUID, file.FrameOfReferenceUID = tags.uid("study"), tags.uid("frame")
    return file


def _series(image: Volume, tags: CtSeriesTags) -> Dataset:
    """Return all attributes that do not change from slice to slice."""
    slice_mm, row_mm, column_mm = image.spacing_mm
    scanner, storage = tags.scanner, tags.scanner.storage
    part = start_file(CTImageStorage, ExplicitVRLittleEndian, tags)
    part.ImageType = ["ORIGINAL", "PRIMARY", "AXIAL"]
    part.AcquisitionDate = part.ContentDate = _DATE
    part.AcquisitionTime = part.ContentTime = _TIME
    part.Modality, part.BodyPartExamined = "CT", "CHEST"
    part.ManufacturerModelName = scanner.model
    part.SeriesDescription = f"PHANTOM {tags.protocol}"
    part.ImageComments = f"Simulated phantom, no patient: {tags.protocol}"
    part.SliceThickness = decimal(slice_mm)
    part.KVP, part.GantryDetectorTilt = "120", "0"
    part.ReconstructionDiameter = f"{row_mm * image.shape[1]:.2f}"
    part.XRayTubeCurrent, part.ConvolutionKernel = scanner.tube_ma, scanner.kernel
    part.PatientPosition = tags.patient_position
    part.SeriesInstanceUID, part.SeriesNumber, part.AcquisitionNumber = tags.uid("series"), 1, 1
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
