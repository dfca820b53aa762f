"""A small writer of CT files: every property of a file is an argument, so that a test can break exactly one."""

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import gdcm
import numpy as np
import pytest
from pydicom import uid
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.valuerep import format_number_as_ds

ROOT = "1.2.826.0.1.3680043.10.511"
AXIAL = ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0))


def ct_dataset(
    *,
    stored: np.ndarray,
    position_mm=(0.0, 0.0, 0.0),
    directions=AXIAL,
    pixel_spacing_mm=(0.75, 0.5),
    thickness_mm=2.0,
    slope=1.0,
    intercept=-1024.0,
    bits_stored=16,
    padding=None,
    series="1",
    sop="1",
    **elements,
) -> Dataset:
    """A CT slice of stored pixels (int16 or uint16); further header elements by keyword, None deletes one."""
    dataset = Dataset()
    dataset.ImageType = ["ORIGINAL", "PRIMARY", "AXIAL"]
    dataset.SOPClassUID = uid.CTImageStorage
    dataset.SOPInstanceUID = f"{ROOT}.{series}.{sop}"
    dataset.SeriesInstanceUID = f"{ROOT}.{series}"
    dataset.StudyInstanceUID = f"{ROOT}.9"
    dataset.PatientID = "phantom"
    dataset.Modality = "CT"
    dataset.SamplesPerPixel = 1
    dataset.PhotometricInterpretation = "MONOCHROME2"
    dataset.Rows, dataset.Columns = stored.shape
    dataset.BitsAllocated = stored.dtype.itemsize * 8
    dataset.BitsStored, dataset.HighBit = bits_stored, bits_stored - 1
    dataset.PixelRepresentation = int(stored.dtype.kind == "i")
    dataset.PixelSpacing = _decimals(pixel_spacing_mm)
    dataset.ImagePositionPatient = _decimals(position_mm)
    dataset.ImageOrientationPatient = _decimals(np.ravel(directions))
    dataset.SliceThickness = _decimals([thickness_mm])[0]
    dataset.RescaleSlope, dataset.RescaleIntercept = _decimals([slope, intercept])
    if padding is not None:
        dataset.add_new("PixelPaddingValue", *padding)
    dataset.PixelData = stored.tobytes()
    for keyword, value in elements.items():
        if value is None:
            delattr(dataset, keyword)
        else:
            setattr(dataset, keyword, value)
    return dataset


def write(path: Path, dataset: Dataset, syntax: uid.UID = uid.ExplicitVRLittleEndian) -> Path:
    """The data set as a DICOM file in a transfer syntax."""
    path.parent.mkdir(parents=True, exist_ok=True)
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.MediaStorageSOPInstanceUID = dataset.get("SOPInstanceUID", f"{ROOT}.0")
    native = syntax if not syntax.is_compressed or syntax.is_deflated else uid.ExplicitVRLittleEndian
    dataset.file_meta.TransferSyntaxUID = native
    if not native.is_little_endian:
        dataset.PixelData = np.frombuffer(dataset.PixelData, np.uint16).byteswap().tobytes()
    if syntax in (uid.RLELossless, uid.JPEGLSLossless, uid.JPEG2000Lossless):
        dataset.compress(syntax, generate_instance_uid=False)
    dataset.save_as(path, enforce_file_format=True)
    if syntax == uid.JPEGLosslessSV1:
        _jpeg_lossless(path)
    return path


def stack(
    folder: Path, n: int = 4, *, step_mm: float = 2.0, stored: Callable[[int], np.ndarray] | None = None, **kwargs
):
    """`n` axial slices of 3 x 4 pixels, the z-th at z * step_mm with the stored value 100 * z + 10 * y + x."""
    stored = stored or numbered
    return [
        write(
            folder / f"{z}.dcm", ct_dataset(stored=stored(z), position_mm=(0, 0, z * step_mm), sop=str(z + 1), **kwargs)
        )
        for z in range(n)
    ]


def numbered(z: int, dtype=np.int16) -> np.ndarray:
    """The value 100 * z + 10 * y + x at every pixel (y, x) of 3 x 4."""
    y, x = np.mgrid[:3, :4]
    return (100 * z + 10 * y + x).astype(dtype)


def _decimals(numbers) -> list[str]:
    # Rounded first: pydicom writes a few numbers, 4.999999999999999 among them, with 17 characters; 16 are allowed.
    return [format_number_as_ds(round(float(number), 9)) for number in numbers]


def _jpeg_lossless(path: Path) -> None:
    """Compress a native file in place (JPEG process 14, selection value 1)."""
    reader = gdcm.ImageReader()
    reader.SetFileName(str(path))
    assert reader.Read()
    change = gdcm.ImageChangeTransferSyntax()
    change.SetTransferSyntax(gdcm.TransferSyntax(gdcm.TransferSyntax.JPEGLosslessProcess14_1))
    change.SetInput(reader.GetImage())
    assert change.Change()
    writer = gdcm.ImageWriter()
    writer.SetFileName(str(path))
    writer.SetFile(reader.GetFile())
    writer.SetImage(change.GetOutput())
    assert writer.Write()


@pytest.fixture(scope="session")
def ct() -> SimpleNamespace:
    """The writer: `ct.dataset`, `ct.write`, `ct.stack`, `ct.numbered`, and `ct.ROOT` of all UIDs."""
    return SimpleNamespace(dataset=ct_dataset, write=write, stack=stack, numbered=numbered, ROOT=ROOT)
