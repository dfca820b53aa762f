"""The Medical Segmentation Decathlon from its files: any task, its channels and labels named as dataset.json does."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from reproduce.cohorts.brats_files import nifti_files, stem
from reproduce.cohorts.case import SAME_GRID_MM, Case, Cohort
from reproduce.cohorts.decathlon_listing import LISTING, TEST_IMAGE, read_listing
from reproduce.cohorts.image_checks import fault_of, require_intensities
from reproduce.cohorts.ledger import IN, OUT, Ledger, LedgerEntry
from reproduce.errors import (
    AnnotationFormatError,
    ArgumentError,
    CohortError,
    DataNotFoundError,
    ImageAxesError,
)
from reproduce.imaging.nifti import read_nifti, read_nifti_labels
from reproduce.imaging.volume import Volume, require_same_grid
from reproduce.paths import existing_folder

NAME = "Medical Segmentation Decathlon"
IMAGES, REFERENCES, TEST_IMAGES = "imagesTr", "labelsTr", "imagesTs"
UNLISTED = "file that is neither image nor reference of a training case"
_WITH_REFERENCE = "image with its reference"


@dataclass(frozen=True)
class Task:
    """What the files of a task mean.

    Attributes:
        modalities: Name of each channel; "CT" means Hounsfield units.
        labels: Name of each label above 0.

    Raises:
        ArgumentError: No modality, no label, or a label that is not above 0.
    """

    modalities: tuple[str, ...]
    labels: Mapping[int, str]

    def __post_init__(self):
        if not self.modalities or not self.labels or min(self.labels) < 1:
            got = f"modalities {self.modalities} and labels {dict(self.labels)}"
            do = "name the channels and the labels; the background, 0, needs no name"
            raise ArgumentError(expected="a modality, and labels above 0", got=got, where="Task", do=do)

    @property
    def unit(self) -> str:
        """Of the images' values, see `Volume`."""
        return "HU" if {name.casefold() for name in self.modalities} == {"ct"} else "arbitrary"


HIPPOCAMPUS = Task(modalities=("MRI",), labels={1: "Anterior", 2: "Posterior"})


@dataclass(frozen=True)
class DecathlonScan:
    """One training case.

    Attributes:
        patient: The unit of every split; see `find_cohort`.
        scan: Its file's name without .nii.gz.
        image: Its file.
        reference: The label map.
        task: What both mean.
    """

    patient: str
    scan: str
    image: Path
    reference: Path
    task: Task


def find_cohort(root: Path, *, task: Task | None, broken: Literal["refuse", "exclude"]) -> Cohort[DecathlonScan]:
    """The training cases of a task, and the account of all NIfTI files below its folder.

    silent: the collection does not say whose scans they are. Each counts as a patient of its own; where one person gave
    two volumes, as hippocampi of both sides may be, a split cannot know it.

    A case is broken if its image or reference is absent, or if `read_case` refuses it. Images of the test set and files
    that nothing lists are out by design, hidden files, as macOS leaves in archives, do not count.

    Args:
        root: Folder of the task, with dataset.json; or, where a part of a task comes without it, with imagesTr and
            labelsTr alone, in which an image and its reference share a name.
        task: What the files mean, where there is no dataset.json; where there is one, it must say the same. None takes
            what it says.
        broken: "refuse" raises at the first broken case, those that only reading shows when they are read; "exclude"
            enters all of them into the ledger, for which every case is read here once.

    Returns:
        Cases sorted by name.

    Raises:
        DataNotFoundError: `root` is not there, holds no NIfTI file, or has no dataset.json where `task` is None.
        AnnotationFormatError: dataset.json is none of the Decathlon, or says something else than `task`.
        CohortError: No case is in, a name is there twice, or under "refuse" a case is broken or dataset.json lists
            another number of cases than it says.
        ArgumentError: Another word for `broken`.
    """
    require_policy(broken)
    root = existing_folder(root, holding="a task of the Decathlon (dataset.json, imagesTr, labelsTr)")
    files = nifti_files(root)
    if not files:
        do = "name the folder of the task, unpacked: the one that holds imagesTr"
        raise DataNotFoundError(expected="NIfTI files of a task", got="no .nii or .nii.gz", where=root, do=do)
    task, pairs, entries = _listed(root, task) if (root / LISTING).is_file() else _by_name(root, files, task)
    known = {path for pair in pairs for path in pair} | {root / entry.scan for entry in entries}
    for path in sorted(set(files) - known):
        reason = TEST_IMAGE if path.parent.name == TEST_IMAGES else UNLISTED
        entries.append(LedgerEntry("", path.relative_to(root).as_posix(), OUT, reason))
    scans = []
    for image, reference in sorted(pairs, key=lambda pair: stem(pair[0])):
        scan = DecathlonScan(stem(image), stem(image), image, reference, task)
        reason = _absent(scan)
        if broken == "exclude" and not reason:
            reason = fault_of(lambda scan=scan: read_case(scan))
        entries.append(LedgerEntry(scan.patient, scan.scan, OUT if reason else IN, reason or _WITH_REFERENCE))
        if reason and broken == "refuse":
            _refuse(f"{scan.scan}: {reason}", root)
        scans += [] if reason else [scan]
    return Cohort(NAME, tuple(scans), _ledger(entries, scans, root, broken))


def read_case(scan: DecathlonScan) -> Case:
    """A case with its channels in the order of the task and its reference as it is stored.

    Image: `[z, y, x]` of a task with one modality, else `[z, y, x, channel]`; values and type as stored, HU where the
    modality is CT. Axes are those of `read_nifti`.

    Raises:
        GeometryError: Image and reference lie on different grids; both files are named.
        AnnotationFormatError: A label that the task does not name.
        ImageAxesError: The image has another number of channels than the task has modalities.
        IntensityError: A channel is constant.
        NonFiniteError: A voxel is NaN or infinite.
        What `read_nifti` and `read_nifti_labels` raise.
    """
    image = _with_channels(read_nifti(scan.image, unit=scan.task.unit), scan)
    channels = image.voxels.reshape(*image.shape, -1)
    for i, modality in enumerate(scan.task.modalities):
        require_intensities(channels[..., i], what=modality, path=scan.image)
    reference = read_nifti_labels(scan.reference)
    names = (str(scan.image), str(scan.reference))
    require_same_grid(image, reference, names=names, tolerance_mm=SAME_GRID_MM)
    present = np.flatnonzero(np.bincount(reference.voxels.ravel())).tolist()
    unnamed = [label for label in present if label and label not in scan.task.labels]
    if unnamed:
        do = f"name them in {LISTING}, or leave the case out through the exclusion ledger"
        expected = f"labels 0 and {sorted(scan.task.labels)}"
        raise AnnotationFormatError(expected=expected, got=f"labels {unnamed} too", where=scan.reference, do=do)
    return Case(scan.patient, scan.scan, image, reference, scan.task.labels, ())


def require_policy(broken: str) -> None:
    """Return if a word for broken cases is one that `find_cohort` takes.

    Raises:
        ArgumentError: It is another one.
    """
    if broken not in ("refuse", "exclude"):
        do = "choose what happens to a case that cannot be read"
        raise ArgumentError(expected='broken "refuse" or "exclude"', got=repr(broken), where="find_cohort", do=do)


_Pairs = list[tuple[Path, Path]]


def _listed(root: Path, task: Task | None) -> tuple[Task, _Pairs, list[LedgerEntry]]:
    listing = read_listing(root, do="name the folder of a task of the Decathlon, with its own dataset.json")
    found = Task(listing.modalities, {label: name for label, name in listing.labels if label})
    if task is not None and (task.modalities, dict(task.labels)) != (found.modalities, dict(found.labels)):
        raise AnnotationFormatError(
            expected=f"modalities {task.modalities} and labels {dict(task.labels)}, as the protocol says",
            got=f"modalities {found.modalities} and labels {dict(found.labels)}",
            where=root / LISTING,
            do="name the folder of the protocol's task, or mend the protocol",
        )
    entries = [
        LedgerEntry("", path.relative_to(root).as_posix(), OUT, TEST_IMAGE) for path in listing.tests if path.is_file()
    ]
    if listing.n_training not in (None, len(listing.training)):
        reason = f"numTraining is {listing.n_training}, but training lists {len(listing.training)}"
        entries.append(LedgerEntry("", LISTING, OUT, reason))
    return found, list(listing.training), entries


def _by_name(root: Path, files: list[Path], task: Task | None) -> tuple[Task, _Pairs, list[LedgerEntry]]:
    if task is None or not {root / IMAGES, root / REFERENCES} & {path.parent for path in files}:
        do = f"name the folder of the task, the one that holds {LISTING}; or, where it is lost, pass the task"
        got = f"none, but {', '.join(sorted({path.parent.name for path in files})[:8])}"
        raise DataNotFoundError(expected=f"{LISTING} beside {IMAGES} and {REFERENCES}", got=got, where=root, do=do)
    names = {path.name for path in files if path.parent in (root / IMAGES, root / REFERENCES)}
    return task, [(root / IMAGES / name, root / REFERENCES / name) for name in names], []


def _absent(scan: DecathlonScan) -> str:
    """Which file of a case is not there, in words, or ""."""
    absent = [role for role, path in (("image", scan.image), ("reference", scan.reference)) if not path.is_file()]
    return f"no {', no '.join(absent)}" if absent else ""


def _ledger(entries: list[LedgerEntry], scans: list[DecathlonScan], root: Path, broken: str) -> Ledger:
    ledger = Ledger(tuple(entries))
    miscounted = [entry.reason for entry in entries if entry.scan == LISTING]
    if miscounted and broken == "refuse":
        _refuse(miscounted[0], root / LISTING)
    if not scans:
        _refuse("; ".join(f"{n} {status}: {reason}" for (status, reason), n in ledger.reasons().items()), root)
    return ledger


def _with_channels(image: Volume, scan: DecathlonScan) -> Volume:
    n, got = len(scan.task.modalities), image.voxels.shape[3] if image.voxels.ndim == 4 else 1
    if n != got:
        expected = f"{n} channel{'s' if n > 1 else ''} ({', '.join(scan.task.modalities)})"
        do = "compare it with the other images of the task"
        raise ImageAxesError(expected=expected, got=f"{got} of {image.voxels.shape}", where=scan.image, do=do)
    return image.on_same_grid(image.voxels[..., 0], image.unit) if image.voxels.ndim == 4 and n == 1 else image


def _refuse(got: str, where: Path):
    do = 'fetch what is missing, mend the listing, or pass broken="exclude"'
    raise CohortError(expected="a task whose cases have image and reference", got=got, where=where, do=do)
