"""A split as every form of file is read into: divisions, each with sides, each with entries."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from reproduce.errors import ReproduceError

TRAIN, VAL, TEST = SIDES = ("train", "val", "test")
_ALIASES = {
    **dict.fromkeys(("train", "training", "tr", "trn", "trainset", "trainingset", "imagestr"), TRAIN),
    **dict.fromkeys(("val", "valid", "validation", "dev", "vl", "valset", "validationset", "imagesval"), VAL),
    **dict.fromkeys(("test", "testing", "ts", "tst", "te", "testset", "testingset", "imagests"), TEST),
}
_FOLD = re.compile(r"(?:fold|cv|split)?[ _-]?(\d+)", re.IGNORECASE)


class SplitFileError(ReproduceError):
    """A file or folder cannot be read as a split into train, validation and test."""


@dataclass(frozen=True)
class Entry:
    """One line of a split.

    Attributes:
        text: Id, file name or path, as the split has it.
        patient: What the split says of the patient beside it; "" for nothing.
        study: Likewise of the study.
        path: The file or the folder of slices, where the split is made of folders; None elsewhere.
    """

    text: str
    patient: str = ""
    study: str = ""
    path: Path | None = None


@dataclass(frozen=True)
class Division:
    """Sides that may share no patient.

    Attributes:
        name: As "fold 0"; "" where there is one division.
        sides: "train", "val", "test", or folds that are sides themselves, as "fold 0"; each with its entries.
    """

    name: str
    sides: Mapping[str, tuple[Entry, ...]]


def side_named(word: str) -> str:
    """Return the side that a word stands for, "" for none: training, Valid, imagesTs, or a fold by its number."""
    plain = re.sub(r"[ _-]", "", word.strip()).casefold()
    if plain in _ALIASES:
        return _ALIASES[plain]
    fold = _FOLD.fullmatch(word.strip())
    return f"fold {int(fold[1])}" if fold else ""


def stem(text: str) -> str:
    """Return an entry without folders and without the endings of images."""
    name = text.replace("\\", "/").rstrip("/").rpartition("/")[2]
    return re.sub(
        r"(\.nii)?(\.gz)?$|\.(dcm|png|jpe?g|tiff?|bmp|npy|npz|mha|nrrd)$", "", name, count=1, flags=re.IGNORECASE
    )
