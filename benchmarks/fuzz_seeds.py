"""Whole inputs of each reader, to be broken: small synthetic files of every kind that it reads."""

from __future__ import annotations

import io
import json
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pydicom
from fuzz_mutations import Files
from pydicom import uid
from pydicom.dataset import Dataset

from reproduce.cohorts.splits import patient_folds, write_splits
from reproduce.imaging.nifti import write_nifti
from reproduce.imaging.volume import Volume
from reproduce.phantoms.chest.readers import Characteristics, NoduleMark, PointMark, Reading
from reproduce.phantoms.chest.scanner import Scanner, Storage
from reproduce.phantoms.writers.dicom_ct import CtSeriesTags, write_ct_series
from reproduce.phantoms.writers.lidc_xml import read_message
from reproduce.phantoms.writers.nifti import nifti_bytes
from reproduce.phantoms.writers.rtstruct import write_structure_set
from reproduce.prediction.model_file import MEMBER, save_model
from reproduce.prediction.recipe import ORGAN, Code, Recipe, Region, recipe_text
from reproduce.protocol.intensities import Window

PROJECT = Path(__file__).parents[1]
N_SLICES = 4
SYNTAXES = (
    *(uid.ExplicitVRLittleEndian, uid.ImplicitVRLittleEndian, uid.DeflatedExplicitVRLittleEndian),
    *(uid.RLELossless, uid.JPEGLSLossless),
)
_SCANNER = Scanner("PHANTOM", "SOFT", 0.6, 20.0, 0.2, 200, Storage(False, 12, -1024, None))
_TAGS = CtSeriesTags(("fuzz",), "PHANTOM-0001", "fuzz", _SCANNER, "HFS", True)
_RUNS = {
    "cells": ("table1_lidc", "phantom-cpu", ("published.csv",)),
    "sentences": ("table1_of_001", "pneumoniamnist-cpu", ()),
}
_CLAIMS = """document,place,model,data,metric,unit,value,decimals,n,against
Doe,Table 2,U-Net,A,iou,%,76.1,,,
Doe,Table 2,U-Net,A,dice,%,86.4,,,
Doe,Table 2,Ours,A,accuracy,ratio,0.91,3,200,
Doe,Table 2,Ours,A,sensitivity,%,90,1,100,
Doe,Table 2,Ours,A,specificity,%,92.0,,100,
Doe,Table 2,Ours,A,dice,%,87.6,,,
Doe,Abstract,Ours,A,dice,points,1.2,,,U-Net
Doe,Abstract,Ours,A,auc,ratio,-,,,
Doe,Abstract,Ours,A,iou,%,>,,,U-Net
"""


def image() -> Volume:
    """Return a CT of 4 slices of 16 x 16 pixels in which every voxel has a value of its own."""
    voxels = np.arange(N_SLICES * 256, dtype=np.int16).reshape(N_SLICES, 16, 16) - 1000
    affine = np.array([[0.75, 0, 0, -6], [0, 0.75, 0, -6], [0, 0, 2.5, -100], [0, 0, 0, 1]])
    return Volume(voxels, affine, "HU")


def ct(syntax: uid.UID = uid.ExplicitVRLittleEndian) -> Files:
    """Return the phantom's CT in a transfer syntax."""
    with tempfile.TemporaryDirectory() as name:
        write_ct_series(Path(name), image(), _TAGS, numbers=range(N_SLICES))
        files = {}
        for path in sorted(Path(name).iterdir()):
            file = pydicom.dcmread(path)
            if syntax.is_compressed and not syntax.is_deflated:
                file.compress(syntax, generate_instance_uid=False)
            file.file_meta.TransferSyntaxUID = syntax
            files[path.name] = _bytes(file)
        return files


def other_modality(modality: str) -> Files:
    """Return the same slices as MR or PET."""
    files = {}
    for name, content in ct().items():
        file = pydicom.dcmread(io.BytesIO(content))
        file.Modality = modality
        file.SOPClassUID = uid.MRImageStorage if modality == "MR" else uid.PositronEmissionTomographyImageStorage
        file.file_meta.MediaStorageSOPClassUID = file.SOPClassUID
        file.SeriesInstanceUID = f"1.2.3.{len(modality)}.{ord(modality[0])}"
        file.RescaleSlope, file.RescaleIntercept = ("1", "0") if modality == "MR" else ("0.5", "0")
        del file.RescaleType
        file.Units, file.DecayCorrection = "BQML", "START"
        files[f"{modality}-{name}"] = _bytes(file)
    return files


def enhanced() -> Files:
    """Return an Enhanced CT: all slices as frames of one file, placed by functional groups."""
    slices = [pydicom.dcmread(io.BytesIO(content)) for content in ct().values()]
    file = slices[0]
    file.SOPClassUID = file.file_meta.MediaStorageSOPClassUID = uid.EnhancedCTImageStorage
    file.NumberOfFrames, file.PixelData = len(slices), b"".join(each.PixelData for each in slices)
    groups = []
    for each in slices:
        group = Dataset()
        group.PlanePositionSequence = [_item(ImagePositionPatient=each.ImagePositionPatient)]
        groups.append(group)
    shared = Dataset()
    shared.PixelMeasuresSequence = [_item(PixelSpacing=file.PixelSpacing, SliceThickness=file.SliceThickness)]
    shared.PlaneOrientationSequence = [_item(ImageOrientationPatient=file.ImageOrientationPatient)]
    scale = _item(RescaleSlope="1", RescaleIntercept="-1024", RescaleType="HU")
    shared.PixelValueTransformationSequence = [scale]
    for keyword in ("ImagePositionPatient", "PixelSpacing", "ImageOrientationPatient", "RescaleSlope"):
        delattr(file, keyword)
    file.PerFrameFunctionalGroupsSequence, file.SharedFunctionalGroupsSequence = groups, [shared]
    return {"enhanced.dcm": _bytes(_open_ended(file))}


def folder() -> Files:
    """Return a folder with CT, MR and what is no image, nested."""
    below = {f"b/{name}": content for name, content in other_modality("MR").items()}
    return {f"a/{name}": content for name, content in ct().items()} | below | {"a/readme.txt": b"text", "x.dcm": b"<p>"}


def structures() -> Files:
    """Return a structure set beside its CT: a disc with a hole, and an empty structure."""
    y, x = np.mgrid[:16, :16]
    radius = np.hypot(y - 8, x - 8)
    disc = np.broadcast_to((radius < 6) & (radius > 2), (N_SLICES, 16, 16)).copy()
    disc[0] = False
    with tempfile.TemporaryDirectory() as name:
        path = Path(name, "rs.dcm")
        write_structure_set(path, {"Disc": disc, "Nothing": disc & False}, image(), _TAGS)
        file = pydicom.dcmread(path)
        file.file_meta.TransferSyntaxUID = uid.ExplicitVRLittleEndian
        return {"rs.dcm": _bytes(_open_ended(file))} | {f"ct/{name}": content for name, content in ct().items()}


def lidc() -> Files:
    """Return the XML of two readers beside their CT: an outlined nodule, a small one, and a non-nodule."""
    square = np.array(
        [(4, 4), (5, 4), (6, 4), (7, 4), (7, 5), (7, 6), (7, 7), (6, 7), (5, 7), (4, 7), (4, 6), (4, 5), (4, 4)]
    )
    ratings = Characteristics(*(3 for _ in range(len(Characteristics.__dataclass_fields__))))
    readings = tuple(
        Reading(
            (NoduleMark(0, {1: square + i, 2: square + i}, ratings),),
            (PointMark(1, 2, 12, 12),),
            (PointMark(2, 0, 2, 2),),
        )
        for i in range(2)
    )
    stream = io.BytesIO()
    read_message(readings, _TAGS, image()).write(stream, encoding="UTF-8", xml_declaration=True)
    return {"reads.xml": stream.getvalue()} | {f"ct/{name}": content for name, content in ct().items()}


def nifti(suffix: str) -> Files:
    """Return the image as .nii or .nii.gz."""
    with tempfile.TemporaryDirectory() as name:
        path = Path(name, f"image{suffix}")
        write_nifti(image(), path, like=None)
        return {path.name: path.read_bytes()}


def decathlon() -> Files:
    """Return a task of the Decathlon with two cases."""
    grid = image()
    labels = grid.on_same_grid((grid.voxels % 3).astype(np.uint8), "label")
    names = ("case_001", "case_002")
    listing = {
        "name": "PHANTOM",
        "modality": {"0": "MRI"},
        "labels": {"0": "background", "1": "Anterior", "2": "Posterior"},
        "numTraining": len(names),
        "numTest": 0,
        "training": [{"image": f"./imagesTr/{n}.nii.gz", "label": f"./labelsTr/{n}.nii.gz"} for n in names],
        "test": [],
    }
    images = {f"imagesTr/{name}.nii.gz": nifti_bytes(grid) for name in names}
    references = {f"labelsTr/{name}.nii.gz": nifti_bytes(labels) for name in names}
    return {"dataset.json": json.dumps(listing).encode()} | images | references


def claims() -> Files:
    """Return a table of printed numbers."""
    return {"claims.csv": _CLAIMS.encode()}


def results() -> list[Files]:
    """Return runs as they are committed, one with cells, one with sentences, less Markdown and large files."""
    found = []
    for table, run, beside in _RUNS.values():
        root = PROJECT / "results" / table
        files = [*(root / run).iterdir(), *(root / name for name in beside)]
        small = [path for path in files if path.stat().st_size < 60_000 and path.suffix != ".md"]
        found.append({path.relative_to(root.parent).as_posix(): path.read_bytes() for path in sorted(small)})
    return found


def model_file() -> Files:
    """Return a .keras archive that has a recipe, and of Keras's own members the names alone."""
    regions = (Region("nodule", 1, ORGAN, Code("1", "Nodule")),)
    recipe = Recipe(2, (64, 64), ("CT",), Window(-1000.0, 400.0), regions, 0.5)
    members = {"metadata.json": "{}", "config.json": "{}", "model.weights.h5": "", MEMBER: recipe_text(recipe)}
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as file:
        for name, text in members.items():
            file.writestr(zipfile.ZipInfo(name), text)
    return {"model.keras": stream.getvalue()}


def weights() -> Files:
    """Return the weights of a model, the member of a .keras archive that Keras reads by HDF5."""
    import keras

    keras.utils.set_random_seed(1)
    image = keras.Input((8, 8, 1), name="image")
    features = keras.layers.Conv2D(2, 3, padding="same", name="features")(image)
    mask = keras.layers.Conv2D(1, 1, activation="sigmoid", name="mask")(keras.layers.BatchNormalization()(features))
    regions = (Region("nodule", 1, ORGAN, Code("1", "Nodule")),)
    recipe = Recipe(2, (8, 8), ("CT",), Window(-1000.0, 400.0), regions, 0.5)
    with tempfile.TemporaryDirectory() as name:
        path = Path(name, "model.keras")
        save_model(keras.Model(image, {"mask": mask}), path, recipe=recipe)
        with zipfile.ZipFile(path) as file:
            return {f"model/{member}": file.read(member) for member in file.namelist()}


def x_rays() -> Files:
    """Return the file of small X-rays, with 4 of each part."""
    stream, arrays = io.BytesIO(), {}
    for part in ("train", "val", "test"):
        arrays[f"{part}_images"] = np.arange(4 * 784, dtype=np.uint32).astype(np.uint8).reshape(4, 28, 28)
        arrays[f"{part}_labels"] = np.array([[0], [1], [1], [0]], np.uint8)
    np.savez(stream, **arrays)
    return {"pneumoniamnist.npz": stream.getvalue()}


def splits() -> Files:
    """Return the folds of ten patients."""
    folds = patient_folds([f"P{i}" for i in range(10)], n_folds=3, validation_share=0.2, seed=0)
    with tempfile.TemporaryDirectory() as name:
        path = Path(name, "splits.json")
        write_splits(folds, path)
        return {path.name: path.read_bytes()}


SEEDS: dict[str, Callable[[], list[Files]]] = {
    "series": lambda: [ct(syntax) for syntax in SYNTAXES],
    "enhanced": lambda: [enhanced()],
    "mr_pet": lambda: [other_modality("MR"), other_modality("PT")],
    "find_series": lambda: [folder()],
    "structures": lambda: [structures()],
    "nifti": lambda: [nifti(".nii"), nifti(".nii.gz")],
    "lidc": lambda: [lidc()],
    "decathlon": lambda: [decathlon()],
    "claims": lambda: [claims()],
    "diff": results,
    "report": results,
    "recipe": lambda: [model_file()],
    "weights": lambda: [weights()],
    "x_rays": lambda: [x_rays()],
    "splits": lambda: [splits()],
}


def _item(**elements: object) -> Dataset:
    item = Dataset()
    for keyword, value in elements.items():
        setattr(item, keyword, value)
    return item


def _open_ended(file: Dataset) -> Dataset:
    """Leave the length of every sequence and item open, so that what is changed within one does not break all of it."""
    for element in file:
        if element.VR == "SQ":
            element.is_undefined_length = True
            for item in element.value:
                item.is_undefined_length_sequence_item = True
                _open_ended(item)
    return file


def _bytes(file: Dataset) -> bytes:
    stream = io.BytesIO()
    file.save_as(stream, enforce_file_format=True)
    return stream.getvalue()
