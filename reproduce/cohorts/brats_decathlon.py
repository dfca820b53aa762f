"""Scans of a folder in the layout of the Medical Segmentation Decathlon: what dataset.json says of them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from reproduce.cohorts.brats_files import BratsScan, Broken, Channel, stem
from reproduce.cohorts.brats_layouts import MODALITIES, Decathlon
from reproduce.cohorts.ledger import OUT, LedgerEntry
from reproduce.errors import AnnotationFormatError

LISTING = "dataset.json"


def decathlon_scans(folder: Path, layout: Decathlon) -> tuple[list[BratsScan], list[Broken], list[LedgerEntry]]:
    """The scans that dataset.json lists for training, those whose files are absent, and entries for the test set.

    Args:
        folder: With dataset.json.
        layout: Its words for modalities and labels.

    Raises:
        AnnotationFormatError: It is no JSON, lacks a field, names other modalities or labels, or files elsewhere.
    """
    listing = folder / LISTING
    try:
        content = json.loads(listing.read_text(encoding="utf-8"))
        channels = _channels(content["modality"], layout, listing)
        labels = _labels(content["labels"], layout, listing)
        training = [(_inside(folder, pair["image"]), _inside(folder, pair["label"])) for pair in content["training"]]
        tests = [_inside(folder, name) for name in content.get("test", [])]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        got = f"{type(error).__name__}: {error}"
        _refuse("JSON with modality, labels, training and test, of files below its folder", got, listing, error)
    scans, broken = [], []
    for image, reference in training:
        name = stem(image)
        absent = [role for role, path in (("image", image), ("reference", reference)) if not path.is_file()]
        if absent:
            names = tuple(path.name for path in (image, reference))
            broken.append(Broken(name, name, f"no {', no '.join(absent)} ({layout.name})", folder, names))
        else:
            images = tuple((modality, Channel(image, channels[modality])) for modality in MODALITIES)
            scans.append(BratsScan(name, name, layout.name, images, reference, labels, None))
    reason = "image of the test set, whose reference is not published"
    return scans, broken, [LedgerEntry(stem(path), stem(path), OUT, reason) for path in tests if path.is_file()]


def _channels(named: dict[str, str], layout: Decathlon, listing: Path) -> dict[str, int]:
    """The channel of each modality."""
    words = {word.casefold(): int(index) for index, word in named.items()}
    expected = {word.casefold(): modality for modality, word in layout.modalities.items()}
    if set(words) != set(expected) or sorted(words.values()) != list(range(len(expected))):
        _refuse(f"modalities {sorted(layout.modalities.values())}, numbered from 0", repr(named), listing)
    return {expected[word]: index for word, index in words.items()}


def _labels(named: dict[str, str], layout: Decathlon, listing: Path) -> tuple[tuple[int, int], ...]:
    """(label of the files, label of this package), ascending."""
    words = {word.casefold().replace("tumour", "tumor"): int(label) for label, word in named.items()}
    if set(words) != set(layout.labels) or len(set(words.values())) != len(words):
        _refuse(f"labels {sorted(layout.labels)}", repr(named), listing)
    return tuple(sorted((label, layout.labels[word]) for word, label in words.items()))


def _inside(folder: Path, name: Any) -> Path:
    path = (folder / name).resolve()
    if not path.is_relative_to(folder.resolve()):
        raise ValueError(f"{name!r} lies elsewhere")
    return folder / path.relative_to(folder.resolve())


def _refuse(expected: str, got: str, listing: Path, cause: Exception | None = None):
    do = "name the folder of Task01_BrainTumour, with its own dataset.json"
    raise AnnotationFormatError(expected=expected, got=got, where=listing, do=do) from cause
