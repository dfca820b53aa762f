"""Chest X-rays of 28x28 pixels, normal or pneumonia: the file pneumoniamnist.npz (Yang et al. 2023; Kermany 2018)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from reproduce.array_files import read_arrays
from reproduce.cohorts.labelled_images import LabelledImages
from reproduce.errors import AnnotationFormatError, DataNotFoundError

FILE = "pneumoniamnist.npz"
_DO = "take the file as it is published"


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
    names = f"{part}_images", f"{part}_labels"
    images, labels = read_arrays(path, names, error=AnnotationFormatError, do=_DO).values()
    are_images = images.dtype == np.uint8 and images.ndim == 3 and images.size > 0
    are_labels = (
        labels.dtype.kind in "iu" and labels.shape in ((len(images), 1), (len(images),)) if are_images else False
    )
    if not are_labels or not np.isin(labels, (0, 1)).all():
        got = f"images {images.shape} of {images.dtype}, labels {labels.shape} of {labels.dtype}"
        if are_labels:
            got += f", values {np.unique(labels)[:5]}"
        expected = "grey images of 8 bits with a label of 0 or 1 each"
        raise AnnotationFormatError(expected=expected, got=got, where=path, do=_DO)
    return XRays(images, labels.reshape(-1))


_SIDES = {"train": "train", "val": "validation", "test": "test"}


def labelled_x_rays(root: Path) -> LabelledImages:
    """Return all X-rays below a folder; each is a case of its own, named after its part: "train-00017".

    Raises:
        DataNotFoundError: The file is not there.
        AnnotationFormatError: See `read_part`; or the parts have images of other sizes.
    """
    path = find_file(root)
    parts = {part: read_part(path, part) for part in _SIDES}
    sizes = {found.images.shape[1:] for found in parts.values()}
    if len(sizes) > 1:
        raise AnnotationFormatError(expected="images of one size", got=f"{sorted(sizes)}", where=path, do=_DO)
    cases = tuple(f"{part}-{i:05d}" for part, found in parts.items() for i in range(len(found.labels)))
    images, labels = (np.concatenate([getattr(p, name) for p in parts.values()]) for name in ("images", "labels"))
    return LabelledImages(images[..., None], labels.astype(int), cases, cases, path)


def published_side(case: str) -> str:
    """Return the side of a case of `labelled_x_rays` in the data set's own division: train, validation or test."""
    return _SIDES[case.partition("-")[0]]
