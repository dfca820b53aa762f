"""Which files below a folder make one scan of BraTS, by the names of a layout or a dataset.json; no image is opened."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from reproduce.cohorts.brats_layouts import MODALITIES, Decathlon, Layout
from reproduce.cohorts.decathlon_listing import LISTING, TEST_IMAGE, read_listing
from reproduce.cohorts.image_checks import missing_files
from reproduce.cohorts.ledger import OUT, LedgerEntry
from reproduce.cohorts.nifti_files import stem
from reproduce.errors import AnnotationFormatError

_DO = "name the folder of Task01_BrainTumour, with its own dataset.json"
_Roles = dict[str, list[Path]]  # files by modality, "reference" and "brain"


@dataclass(frozen=True)
class Channel:
    """Where one modality lies."""

    path: Path
    index: int | None  # which channel of a file with four axes; None for a file of its own


@dataclass(frozen=True)
class BratsScan:
    """One scan of one patient."""

    patient: str  # the unit of every split
    scan: str  # unique within the cohort
    layout: str  # name of its layout
    images: tuple[tuple[str, Channel], ...]  # modality and its channel, in the order of `MODALITIES`
    reference: Path  # the label map
    labels: tuple[tuple[int, int], ...]  # (label of the file, label of this package), ascending
    brain: Path | None  # the brain mask; None where the brain is what is not 0
    root: Path  # the folder of its files, or of its dataset.json


@dataclass(frozen=True)
class Broken:
    """Files that look like a scan, but make none."""

    patient: str  # as far as the names tell; else ""
    scan: str  # as far as the names tell; else the folder
    reason: str  # what is wrong
    folder: Path
    names: tuple[str, ...]  # of all NIfTI files in this folder


def scans_of(root: Path, files: Iterable[Path], layouts: Sequence[Layout]) -> tuple[list[BratsScan], list[Broken]]:
    """Return the scans that files below a root make, and what makes none, both in the order of folders and names.

    Files of one folder whose names start alike and end as a layout says are one scan. Of several layouts the one that
    is complete is taken. A folder in which no file ends as any layout says is broken as a whole; a file beside a scan
    that belongs to no layout is of no account.
    """
    folders: dict[Path, list[Path]] = defaultdict(list)
    for path in files:
        folders[path.parent].append(path)
    scans: list[BratsScan] = []
    broken: list[Broken] = []
    for folder, inside in sorted(folders.items()):
        names = tuple(path.name for path in inside)
        groups = _group_files(inside, layouts)
        if not groups:
            below = folder.name if folder == root else folder.relative_to(root).as_posix()
            broken.append(Broken("", below, "NIfTI files that no layout names", folder, names))
        for start, by_layout in sorted(groups.items()):
            found = _scan_or_broken(folder, start, by_layout, names)
            if isinstance(found, BratsScan):
                scans.append(found)
            else:
                broken.append(found)
    return scans, broken


def _group_files(files: list[Path], layouts: Sequence[Layout]) -> dict[str, list[tuple[Layout, _Roles]]]:
    """Return for each start of names the layouts that know an ending, with the files of each role."""
    groups: dict[str, dict[int, _Roles]] = defaultdict(lambda: defaultdict(lambda: defaultdict(list)))
    for path in files:
        for i, layout in enumerate(layouts):
            for role, ending in layout.endings.items():
                if stem(path).endswith(ending):
                    groups[stem(path).removesuffix(ending)][i][role].append(path)
    return {start: [(layouts[i], roles) for i, roles in sorted(found.items())] for start, found in groups.items()}


def _scan_or_broken(
    folder: Path, start: str, by_layout: list[tuple[Layout, _Roles]], names: tuple[str, ...]
) -> BratsScan | Broken:
    faults = [_fault(layout, roles) for layout, roles in by_layout]
    whole = [found for found, fault in zip(by_layout, faults, strict=True) if not fault]
    fullest = max(range(len(by_layout)), key=lambda i: len(by_layout[i][1]))
    layout, roles = whole[0] if len(whole) == 1 else by_layout[fullest]
    scan = start if layout.named_by == "file" and start else folder.name
    patient = re.sub(layout.visit, "", scan) if layout.visit else scan
    if len(whole) == 1:
        images = tuple((name, Channel(roles[name][0], None)) for name in MODALITIES if name in roles)
        brain = None if layout.brain is None else roles["brain"][0]
        labels = tuple(sorted(layout.labels.items()))
        return BratsScan(patient, scan, layout.name, images, roles["reference"][0], labels, brain, folder)
    several = f"files of several layouts: {', '.join(layout.name for layout, _ in whole)}"
    return Broken(patient, scan, several if whole else faults[fullest], folder, names)


def _fault(layout: Layout, roles: _Roles) -> str:
    missing = [role for role in layout.endings if role not in roles]
    twice = [role for role, paths in roles.items() if len(paths) > 1]
    if missing:
        return f"no {', no '.join(missing)} ({layout.name})"
    return f"more than one file of {', '.join(sorted(twice))} ({layout.name})" if twice else ""


def decathlon_scans(folder: Path, layout: Decathlon) -> tuple[list[BratsScan], list[Broken], list[LedgerEntry]]:
    """Return the scans that a folder's dataset.json lists for training, broken ones, and entries for the test set.

    A scan is broken where a file is absent.

    Raises:
        AnnotationFormatError: It is no JSON, lacks a field, names other modalities or labels than the layout, or files
            elsewhere.
    """
    listing = read_listing(folder, do=_DO)
    channels = {word.casefold(): index for index, word in enumerate(listing.modalities)}
    expected = {word.casefold(): modality for modality, word in layout.modalities.items()}
    if set(channels) != set(expected) or len(channels) != len(listing.modalities):
        _refuse(f"modalities {sorted(layout.modalities.values())}", repr(listing.modalities), folder)
    channels = {expected[word]: index for word, index in channels.items()}
    words = {word.casefold().replace("tumour", "tumor"): label for label, word in listing.labels}
    if set(words) != set(layout.labels) or len(words) != len(listing.labels):
        _refuse(f"labels {sorted(layout.labels)}", repr(dict(listing.labels)), folder)
    labels = tuple(sorted((label, layout.labels[word]) for word, label in words.items()))
    scans, broken = [], []
    for image, reference in listing.training:
        name = stem(image)
        if absent := missing_files(image=image, reference=reference):
            broken.append(Broken(name, name, f"{absent} ({layout.name})", folder, (image.name, reference.name)))
        else:
            images = tuple((modality, Channel(image, channels[modality])) for modality in MODALITIES)
            scans.append(BratsScan(name, name, layout.name, images, reference, labels, None, folder))
    tests = [stem(path) for path in listing.tests if path.is_file()]
    return scans, broken, [LedgerEntry(name, name, OUT, TEST_IMAGE) for name in tests]


def _refuse(expected: str, got: str, folder: Path) -> NoReturn:
    raise AnnotationFormatError(expected=expected, got=got, where=folder / LISTING, do=_DO)
