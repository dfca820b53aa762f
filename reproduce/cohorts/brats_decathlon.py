"""Scans of a folder in the layout of the Medical Segmentation Decathlon: what dataset.json says of them."""

from __future__ import annotations

from pathlib import Path

from reproduce.cohorts.brats_files import BratsScan, Broken, Channel, stem
from reproduce.cohorts.brats_layouts import MODALITIES, Decathlon
from reproduce.cohorts.decathlon_listing import LISTING, TEST_IMAGE, read_listing
from reproduce.cohorts.ledger import OUT, LedgerEntry
from reproduce.errors import AnnotationFormatError

_DO = "name the folder of Task01_BrainTumour, with its own dataset.json"


def decathlon_scans(folder: Path, layout: Decathlon) -> tuple[list[BratsScan], list[Broken], list[LedgerEntry]]:
    """The scans that dataset.json lists for training, those whose files are absent, and entries for the test set.

    Args:
        folder: With dataset.json.
        layout: Its words for modalities and labels.

    Raises:
        AnnotationFormatError: It is no JSON, lacks a field, names other modalities or labels, or files elsewhere.
    """
    listing = read_listing(folder, do=_DO)
    channels = _channels(listing.modalities, layout, folder)
    labels = _labels(listing.labels, layout, folder)
    scans, broken = [], []
    for image, reference in listing.training:
        name = stem(image)
        absent = [role for role, path in (("image", image), ("reference", reference)) if not path.is_file()]
        if absent:
            names = tuple(path.name for path in (image, reference))
            broken.append(Broken(name, name, f"no {', no '.join(absent)} ({layout.name})", folder, names))
        else:
            images = tuple((modality, Channel(image, channels[modality])) for modality in MODALITIES)
            scans.append(BratsScan(name, name, layout.name, images, reference, labels, None))
    tests = [stem(path) for path in listing.tests if path.is_file()]
    return scans, broken, [LedgerEntry(name, name, OUT, TEST_IMAGE) for name in tests]


def _channels(named: tuple[str, ...], layout: Decathlon, folder: Path) -> dict[str, int]:
    """The channel of each modality."""
    words = {word.casefold(): index for index, word in enumerate(named)}
    expected = {word.casefold(): modality for modality, word in layout.modalities.items()}
    if set(words) != set(expected) or len(words) != len(named):
        _refuse(f"modalities {sorted(layout.modalities.values())}", repr(named), folder)
    return {expected[word]: index for word, index in words.items()}


def _labels(named: tuple[tuple[int, str], ...], layout: Decathlon, folder: Path) -> tuple[tuple[int, int], ...]:
    """(label of the files, label of this package), ascending."""
    words = {word.casefold().replace("tumour", "tumor"): label for label, word in named}
    if set(words) != set(layout.labels) or len(words) != len(named):
        _refuse(f"labels {sorted(layout.labels)}", repr(dict(named)), folder)
    return tuple(sorted((label, layout.labels[word]) for word, label in words.items()))


def _refuse(expected: str, got: str, folder: Path):
    raise AnnotationFormatError(expected=expected, got=got, where=folder / LISTING, do=_DO)
