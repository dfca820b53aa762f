"""Writers of small annotation files, CT series and scans of BraTS, in which a test can break exactly one thing."""

from pathlib import Path
from types import SimpleNamespace

import nibabel as nib
import numpy as np
import pytest
from pydicom import uid
from pydicom.dataset import Dataset, FileMetaDataset

from reproduce.cohorts.brats_layouts import BRATS_2017
from reproduce.cohorts.lidc_marks import Mark, MarkKind, Outline

CT = "2.25.1"
SLICES_MM = (-10.0, -8.0, -6.0)
AFFINE = np.diag([-1.0, -1.0, 1.0, 1.0])
VALUES = {"flair": 10.0, "t1": 20.0, "t1ce": 30.0, "t2": 40.0}
SHAPE = (4, 3, 2)


def square(x0, y0, x1, y1):
    """The closed 8-connected path of pixels around the corners (x0, y0) and (x1, y1), inclusive."""
    top = [(x, y0) for x in range(x0, x1 + 1)]
    right = [(x1, y) for y in range(y0 + 1, y1 + 1)]
    bottom = [(x, y1) for x in range(x1 - 1, x0 - 1, -1)]
    left = [(x0, y) for y in range(y1 - 1, y0 - 1, -1)]
    return top + right + bottom + left


def roi(points, *, z_mm=-8.0, sop=None, inclusion="TRUE"):
    sop = f"{CT}.{SLICES_MM.index(z_mm) + 1}" if sop is None and z_mm in SLICES_MM else sop or ""
    edges = "".join(f"<edgeMap><xCoord>{x}</xCoord><yCoord>{y}</yCoord></edgeMap>" for x, y in points)
    return (
        f"<roi><imageZposition>{z_mm} </imageZposition><imageSOP_UID>{sop}</imageSOP_UID>"
        f"<inclusion>{inclusion}</inclusion>{edges}</roi>"
    )


def nodule(*rois, name="1", ratings=None):
    block = ""
    if ratings is not None:
        block = "".join(f"<{key}>{value}</{key}>" for key, value in ratings.items())
        block = f"<characteristics>{block}</characteristics>"
    return f"<unblindedReadNodule><noduleID>{name}</noduleID>{block}{''.join(rois)}</unblindedReadNodule>"


def non_nodule(x, y, *, z_mm=-8.0, name="n1"):
    sop = f"{CT}.{SLICES_MM.index(z_mm) + 1}"
    return (
        f"<nonNodule><nonNoduleID>{name}</nonNoduleID><imageZposition>{z_mm}</imageZposition>"
        f"<imageSOP_UID>{sop}</imageSOP_UID><locus><xCoord>{x}</xCoord><yCoord>{y}</yCoord></locus></nonNodule>"
    )


def session(*marks, person="anon"):
    return (
        "<readingSession><annotationVersion>3.12</annotationVersion>"
        f"<servicingRadiologistID>{person}</servicingRadiologistID>{''.join(marks)}</readingSession>"
    )


def message(*sessions, series=CT, root="LidcReadMessage", space=' xmlns="http://www.nih.gov"'):
    tag = "CXRSeriesInstanceUid" if root == "IdriReadMessage" else "SeriesInstanceUid"
    return (
        f'<?xml version="1.0" encoding="UTF-8"?><{root} uid="x"{space}><ResponseHeader><{tag}>{series}</{tag}>'
        f"</ResponseHeader>{''.join(sessions)}</{root}>"
    )


def write_slice(path, *, z_mm, sop, series=CT, patient="LIDC-IDRI-0001", modality="CT", shape=(16, 20)):
    dataset = Dataset()
    dataset.ImageType = ["ORIGINAL", "PRIMARY", "AXIAL"]
    dataset.SOPClassUID, dataset.SOPInstanceUID = uid.CTImageStorage, sop
    dataset.SeriesInstanceUID, dataset.StudyInstanceUID = series, f"{series}.99"
    dataset.PatientID, dataset.Modality = patient, modality
    dataset.SamplesPerPixel, dataset.PhotometricInterpretation = 1, "MONOCHROME2"
    dataset.Rows, dataset.Columns = shape
    dataset.BitsAllocated = dataset.BitsStored = 16
    dataset.HighBit, dataset.PixelRepresentation = 15, 1
    dataset.PixelSpacing, dataset.SliceThickness = ["0.5", "0.5"], "2"
    dataset.ImagePositionPatient = ["-5", "-4", str(z_mm)]
    dataset.ImageOrientationPatient = ["1", "0", "0", "0", "1", "0"]
    dataset.RescaleSlope, dataset.RescaleIntercept = "1", "0"
    dataset.PixelData = np.full(shape, -800, dtype=np.int16).tobytes()
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.MediaStorageSOPInstanceUID = sop
    dataset.file_meta.TransferSyntaxUID = uid.ExplicitVRLittleEndian
    path.parent.mkdir(parents=True, exist_ok=True)
    dataset.save_as(path, enforce_file_format=True)


def write_scan(root: Path, *, patient="LIDC-IDRI-0001", series=CT, annotation=None, **slice_arguments) -> Path:
    """A CT of three slices 2 mm apart, 20 columns by 16 rows of 0.5 mm, in patient / study / series."""
    folder = root / patient / f"{series}.99" / series
    for number, z_mm in enumerate(SLICES_MM, start=1):
        path = folder / f"{9 - number}.dcm"
        write_slice(path, z_mm=z_mm, sop=f"{series}.{number}", series=series, patient=patient, **slice_arguments)
    if annotation is not None:
        (folder / "1.xml").write_text(annotation, encoding="utf-8")
    return folder


def mark(reader, *outlines, kind=MarkKind.NODULE, name="1"):
    """A mark of (points, z_mm) or (points, z_mm, "hole") outlines."""
    made = []
    for points, z_mm, *hole in outlines:
        sop = f"{CT}.{SLICES_MM.index(z_mm) + 1}" if z_mm in SLICES_MM else ""
        made.append(Outline(sop, z_mm, bool(hole), np.array(points, dtype=np.int32)))
    return Mark(reader, kind, name, tuple(made), {})


def point(reader, x, y, z_mm=-8.0):
    return mark(reader, ([(x, y)], z_mm), kind=MarkKind.SMALL_NODULE)


def save(path: Path, voxels, affine=AFFINE) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    nib.Nifti1Image(np.asarray(voxels), affine).to_filename(path)
    return path


def image(value):
    """A file's voxels [i, j, k]: `value` in the brain, whose first voxel is below zero, and 0 where i is 0."""
    voxels = np.full(SHAPE, value, dtype=np.float32)
    voxels[0] = 0
    voxels[1, 0, 0] = -value
    return voxels


def labels(*present):
    """The labels of a file along i = 1, j = 0 .. 2, k = 0, in their order."""
    voxels = np.zeros(SHAPE, dtype=np.uint8)
    voxels[1, : len(present), 0] = present
    return voxels


def write_brats(
    folder: Path, start: str, layout=BRATS_2017, *, present=(1, 2, 4), without=(), suffix=".nii.gz"
) -> Path:
    for modality, ending in layout.modalities.items():
        if modality not in without:
            save(folder / f"{start}{ending}{suffix}", image(VALUES[modality]))
    if "reference" not in without:
        save(folder / f"{start}{layout.reference}{suffix}", labels(*present))
    return folder


def sample_2013(root: Path) -> Path:
    folder = root / "pat0006"
    save(folder / "Flair_subtrMeanDivStd.nii.gz", image(10.0) - 1)
    save(folder / "T1c_subtrMeanDivStd.nii.gz", image(30.0) - 1)
    save(folder / "OTMultiClass.nii.gz", labels(1, 3, 4).astype(np.float32))
    save(folder / "brainmask.nii.gz", (image(1.0) != 0).astype(np.float32))
    return folder


@pytest.fixture(scope="session")
def lidc() -> SimpleNamespace:
    """Writers of LIDC-IDRI."""
    return SimpleNamespace(
        CT=CT,
        SLICES_MM=SLICES_MM,
        square=square,
        roi=roi,
        nodule=nodule,
        non_nodule=non_nodule,
        session=session,
        message=message,
        write_slice=write_slice,
        write_scan=write_scan,
        mark=mark,
        point=point,
    )


@pytest.fixture(scope="session")
def brats() -> SimpleNamespace:
    """Writers of scans of BraTS."""
    return SimpleNamespace(
        AFFINE=AFFINE,
        SHAPE=SHAPE,
        save=save,
        image=image,
        labels=labels,
        write_scan=write_brats,
        sample_2013=sample_2013,
    )
