"""Arrays as series of DICOM of any modality, for tests of whole ways."""

import numpy as np
import pytest
from pydicom import uid
from pydicom.dataset import Dataset, FileMetaDataset

CLASSES = {"CT": uid.CTImageStorage, "MR": uid.MRImageStorage, "PT": uid.PositronEmissionTomographyImageStorage}


def _write(folder, stored, affine, modality, *, slopes=None, **elements):
    """Write int16 `[z, y, x]` on a grid in LPS mm without shear; `slopes`, one a slice, are the RescaleSlope."""
    folder.mkdir(parents=True, exist_ok=True)
    lengths_mm = np.linalg.norm(affine[:3, :3], axis=0)
    row, column, normal = (affine[:3, :3] / lengths_mm).T
    assert np.allclose(np.cross(row, column), normal)
    for z, plane in enumerate(stored):
        dataset = Dataset()
        dataset.ImageType = ["ORIGINAL", "PRIMARY"]
        dataset.SOPClassUID, dataset.Modality = CLASSES[modality], modality
        dataset.SOPInstanceUID, dataset.SeriesInstanceUID = f"2.25.7.{z + 1}", "2.25.7"
        dataset.StudyInstanceUID, dataset.FrameOfReferenceUID = "2.25.8", "2.25.9"
        dataset.PatientID, dataset.PatientName = "PHANTOM-0001", "PHANTOM^0001"
        dataset.SamplesPerPixel, dataset.PhotometricInterpretation = 1, "MONOCHROME2"
        dataset.Rows, dataset.Columns = plane.shape
        dataset.BitsAllocated = dataset.BitsStored = 16
        dataset.HighBit, dataset.PixelRepresentation = 15, 1
        dataset.PixelSpacing = [f"{lengths_mm[1]:.8g}", f"{lengths_mm[0]:.8g}"]
        dataset.SliceThickness = f"{lengths_mm[2]:.8g}"
        dataset.ImagePositionPatient = [f"{each:.8g}" for each in affine[:3, 3] + z * affine[:3, 2]]
        dataset.ImageOrientationPatient = [f"{each:.8g}" for each in (*row, *column)]
        if slopes is not None:
            dataset.RescaleSlope, dataset.RescaleIntercept = f"{slopes[z]:.8g}", "0"
        for keyword, value in elements.items():
            setattr(dataset, keyword, value)
        dataset.PixelData = np.ascontiguousarray(plane, np.int16).tobytes()
        dataset.file_meta = FileMetaDataset()
        dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
        dataset.file_meta.TransferSyntaxUID = uid.ExplicitVRLittleEndian
        dataset.save_as(folder / f"{z + 1}.dcm", enforce_file_format=True)


@pytest.fixture(scope="session")
def write_dicom():
    """Writes an array as a series: folder, int16 `[z, y, x]`, affine, modality."""
    return _write
