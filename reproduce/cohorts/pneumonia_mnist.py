"""Chest X-rays of 28x28 pixels, normal or pneumonia: the file pneumoniamnist.npz (Yang et al. 2023; Kermany 2018)."""

from __future__ import annotations

import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from reproduce.cohorts.labelled_images import LabelledImages
from reproduce.errors import AnnotationFormatError, DataNotFoundError

FILE = "pneumoniamnist.npz"


@dataclass(frozen=True, eq=False)
class XRays:
    """One part of the data set."""

    images: np.ndarray  # uint8 [n, y, x], grey values
    labels: np.ndarray  # uint8 [n], 0 normal, 1 pneumonia


def find_file(root: Path) -> Path:
    """Return the path of the file in a folder, or in the folder `classification` within.

    Raises:
        DataNotFoundError: It is in neither.
    """
    for path in (root / FILE, root / "classification" / FILE):
        if path.is_file():
            return path
    raise DataNotFoundError(expected=FILE, got="no such file", where=root, do="name the folder that holds it")


def read_part(path: Path, part: str) -> XRays:
    """Read the X-rays of one part, "train", "val" or "test", as the data set divides them.

    No patient numbers come with the file, so its own division is all there is.

    Raises:
        AnnotationFormatError: The file is no archive of arrays, lacks the part, or its arrays do not fit together.
    """
    do = "take the file as it is published"
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
            images, labels = arrays[f"{part}_images"], arrays[f"{part}_labels"]
    except (KeyError, ValueError, EOFError, OSError, RuntimeError, zipfile.BadZipFile, zlib.error) as error:
        expected = f"an archive with {part}_images and {part}_labels"
        raise AnnotationFormatError(expected=expected, got=str(error), where=path, do=do) from error
    labels = labels.reshape(len(labels), -1)
    if images.ndim != 3 or labels.shape != (len(images), 1) or not np.isin(labels, (0, 1)).all():
        got = f"images {images.shape}, labels {labels.shape} of {np.unique(labels)[:5]}"
        raise AnnotationFormatError(expected="grey images with a label of 0 or 1 each", got=got, where=path, do=do)
    return XRays(images, labels[:, 0])


_SIDES = {"train": "train", "val": "validation", "test": "test"}


def labelled_x_rays(root: Path) -> LabelledImages:
    """Return all X-rays below a folder; each is a case of its own, named after its part: "train-00017".

    Raises:
        DataNotFoundError: The file is not there.
        AnnotationFormatError: See `read_part`.
    """
    path = find_file(root)
    parts = {part: read_part(path, part) for part in _SIDES}
    cases = tuple(f"{part}-{i:05d}" for part, found in parts.items() for i in range(len(found.labels)))
    images, labels = (np.concatenate([getattr(p, name) for p in parts.values()]) for name in ("images", "labels"))
    return LabelledImages(images[..., None], labels.astype(int), cases, cases, path)


def published_side(case: str) -> str:
    """Return the side of a case of `labelled_x_rays` in the data set's own division: train, validation or test."""
    return _SIDES[case.partition("-")[0]]
