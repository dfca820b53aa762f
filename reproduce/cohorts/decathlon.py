"""The Medical Segmentation Decathlon from its files: any task, its channels and labels named as dataset.json does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Literal

import numpy as np

from reproduce.cohorts.case import SAME_GRID_MM, Case, Cohort, cohort_of
from reproduce.cohorts.decathlon_listing import LISTING, TEST_IMAGE, read_listing
from reproduce.cohorts.image_checks import fault_of, missing_files, require_intensities
from reproduce.cohorts.ledger import IN, OUT, LedgerEntry
from reproduce.cohorts.nifti_files import linked_folders, nifti_files, stem
from reproduce.errors import AnnotationFormatError, ArgumentError, CohortError, DataNotFoundError, ImageAxesError
from reproduce.imaging.nifti import read_nifti, read_nifti_labels
from reproduce.imaging.volume import require_same_grid
from reproduce.paths import existing_folder
from reproduce.patient_ids import hidden_names, hide_names, path_id, patient_id

NAME = "Medical Segmentation Decathlon"
IMAGES, REFERENCES, TEST_IMAGES = "imagesTr", "labelsTr", "imagesTs"
UNLISTED = "file that is neither image nor reference of a training case"
_Pairs = Sequence[tuple[Path, Path]]


@dataclass(frozen=True)
class Task:
    """What the files of a task mean.

    Raises:
        ArgumentError: No modality, no label, or a label that is not above 0.
    """

    modalities: tuple[str, ...]  # name of each channel; "CT" means Hounsfield units
    labels: Mapping[int, str]  # name of each label above 0

    def __post_init__(self) -> None:
        if not self.modalities or not self.labels or min(self.labels) < 1:
            got = f"modalities {self.modalities} and labels {dict(self.labels)}"
            do = "name the channels and the labels; the background, 0, needs no name"
            raise ArgumentError(expected="a modality, and labels above 0", got=got, where="Task", do=do)

    @property
    def unit(self) -> str:
        """Unit of the images' values, see `Volume`."""
        return "HU" if {name.casefold() for name in self.modalities} == {"ct"} else "arbitrary"


HIPPOCAMPUS = Task(modalities=("MRI",), labels={1: "Anterior", 2: "Posterior"})


@dataclass(frozen=True)
class DecathlonScan:
    """One training case."""

    patient: str  # the unit of every split; see `find_cohort`
    scan: str  # its file's name without .nii.gz, or its id in place of it, see `patient_ids`
    image: Path
    reference: Path  # the label map
    task: Task  # what both mean
    root: Path  # the folder of the task


def find_cohort(root: Path, *, task: Task | None, broken: Literal["refuse", "exclude"]) -> Cohort[DecathlonScan]:
    """Return the training cases of a task, sorted by name, and the account of all NIfTI files below its folder.

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

    Raises:
        DataNotFoundError: `root` is not there, holds no NIfTI file, or has no dataset.json where `task` is None.
        AnnotationFormatError: dataset.json is none of the Decathlon, or says something else than `task`.
        CohortError: No case is in, a name is there twice, or under "refuse" a case is broken or dataset.json lists
            another number of cases than it says.
        ArgumentError: Another word for `broken`.
    """
    require_policy(broken)
    root = existing_folder(root, holding="a task of the Decathlon (dataset.json, imagesTr, labelsTr)")
    with hidden_names(root):
        return _find(root, task, broken)


def _find(root: Path, task: Task | None, broken: str) -> Cohort[DecathlonScan]:
    do = "name the folder of the task, unpacked: the one that holds imagesTr"
    files = nifti_files(root, expected="NIfTI files of a task", do=do)
    listed = (root / LISTING).is_file()
    task, pairs, entries = _list_cases(root, task) if listed else _pair_by_name(root, files, task)
    entries += linked_folders(root, (path for pair in pairs for path in pair))
    listed_ids = {entry.scan for entry in entries}
    for path in sorted(set(files) - {path for pair in pairs for path in pair}):
        reason = TEST_IMAGE if path.parent.name == TEST_IMAGES else UNLISTED
        if path_id(path, root) not in listed_ids:
            entries.append(LedgerEntry("", path_id(path, root), OUT, reason))
    scans = []
    expected = "a task whose cases have image and reference"
    do = 'fetch what is missing, mend the listing, or pass broken="exclude"'
    for image, reference in sorted(pairs, key=lambda pair: stem(pair[0])):
        name = patient_id(stem(image), folder=image.parent)
        scan = DecathlonScan(name, name, image, reference, task, root)
        reason = missing_files(image=image, reference=reference)
        if reason and broken == "refuse":
            raise CohortError(expected=expected, got=f"{scan.scan}: {reason}", where=root, do=do)
        if broken == "exclude" and not reason:
            reason = hide_names(fault_of(partial(read_case, scan)), root)
        entry = LedgerEntry(scan.patient, scan.scan, OUT if reason else IN, reason or "image with its reference")
        entries.append(entry)
        scans += [] if reason else [scan]
    miscounted = [entry.reason for entry in entries if entry.scan == LISTING]
    if miscounted and broken == "refuse":
        raise CohortError(expected=expected, got=miscounted[0], where=root / LISTING, do=do)
    return cohort_of(NAME, scans, entries, expected=expected, where=root, do=do)


def read_case(scan: DecathlonScan) -> Case:
    """Read a case with its channels in the order of the task and its reference as it is stored.

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
    with hidden_names(scan.root):
        return _read(scan)


def _read(scan: DecathlonScan) -> Case:
    image = read_nifti(scan.image, unit=scan.task.unit)
    channels = image.voxels.reshape(*image.shape, -1)
    n, n_channels = len(scan.task.modalities), channels.shape[3]
    if n != n_channels:
        expected = f"{n} channel{'s' if n > 1 else ''} ({', '.join(scan.task.modalities)})"
        got, do = f"{n_channels} of {image.voxels.shape}", "compare it with the other images of the task"
        raise ImageAxesError(expected=expected, got=got, where=scan.image, do=do)
    if n == 1:
        image = image.on_same_grid(channels[..., 0], image.unit)
    for i, modality in enumerate(scan.task.modalities):
        require_intensities(channels[..., i], what=modality, path=scan.image)
    reference = read_nifti_labels(scan.reference)
    names = (str(scan.image), str(scan.reference))
    require_same_grid(image, reference, names=names, tolerance_mm=SAME_GRID_MM)
    present = np.flatnonzero(np.bincount(reference.voxels.ravel())).tolist()
    unnamed = [label for label in present if label and label not in scan.task.labels]
    if unnamed:
        expected, got = f"labels 0 and {sorted(scan.task.labels)}", f"labels {unnamed} too"
        do = f"name them in {LISTING}, or leave the case out through the exclusion ledger"
        raise AnnotationFormatError(expected=expected, got=got, where=scan.reference, do=do)
    return Case(scan.patient, scan.scan, image, reference, scan.task.labels, ())


def require_policy(broken: str) -> None:
    """Return if a word for broken cases is one that `find_cohort` takes.

    Raises:
        ArgumentError: It is another one.
    """
    if broken not in ("refuse", "exclude"):
        do = "choose what happens to a case that cannot be read"
        raise ArgumentError(expected='broken "refuse" or "exclude"', got=repr(broken), where="find_cohort", do=do)


def _list_cases(root: Path, task: Task | None) -> tuple[Task, _Pairs, list[LedgerEntry]]:
    listing = read_listing(root, do="name the folder of a task of the Decathlon, with its own dataset.json")
    found = Task(listing.modalities, {label: name for label, name in listing.labels if label})
    if task is not None and (task.modalities, dict(task.labels)) != (found.modalities, dict(found.labels)):
        expected, got = (f"modalities {t.modalities} and labels {dict(t.labels)}" for t in (task, found))
        expected, do = (
            f"{expected}, as the protocol says",
            "name the folder of the protocol's task, or mend the protocol",
        )
        raise AnnotationFormatError(expected=expected, got=got, where=root / LISTING, do=do)
    tests = [path_id(path, root) for path in listing.tests if path.is_file()]
    entries = [LedgerEntry("", path, OUT, TEST_IMAGE) for path in tests]
    if listing.n_training not in (None, len(listing.training)):
        reason = f"numTraining is {listing.n_training}, but training lists {len(listing.training)}"
        entries.append(LedgerEntry("", LISTING, OUT, reason))
    return found, listing.training, entries


def _pair_by_name(root: Path, files: list[Path], task: Task | None) -> tuple[Task, _Pairs, list[LedgerEntry]]:
    names = {path.name for path in files if path.parent in (root / IMAGES, root / REFERENCES)}
    if task is None or not names:
        do = f"name the folder of the task, the one that holds {LISTING}; or, where it is lost, pass the task"
        got = f"none, but {', '.join(sorted({path.parent.name for path in files})[:8])}"
        raise DataNotFoundError(expected=f"{LISTING} beside {IMAGES} and {REFERENCES}", got=got, where=root, do=do)
    return task, [(root / IMAGES / name, root / REFERENCES / name) for name in names], []
