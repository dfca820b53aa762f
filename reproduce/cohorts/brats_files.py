"""Which files below a folder make one scan of BraTS, by the names of a layout; no file is opened."""

from __future__ import annotations

import os
import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from reproduce.cohorts.brats_layouts import MODALITIES, Layout

_ENDINGS = (".nii.gz", ".nii")


@dataclass(frozen=True)
class Channel:
    """Where one modality lies.

    Attributes:
        path: Its file.
        index: Which channel of a file with four axes; None for a file of its own.
    """

    path: Path
    index: int | None


@dataclass(frozen=True)
class BratsScan:
    """One scan of one patient.

    Attributes:
        patient: The unit of every split.
        scan: Unique within the cohort.
        layout: Name of its layout.
        images: Modality and its channel, in the order of `MODALITIES`.
        reference: The label map.
        labels: (label of the file, label of this package), ascending.
        brain: The brain mask; None where the brain is what is not 0.
    """

    patient: str
    scan: str
    layout: str
    images: tuple[tuple[str, Channel], ...]
    reference: Path
    labels: tuple[tuple[int, int], ...]
    brain: Path | None


@dataclass(frozen=True)
class Broken:
    """Files that look like a scan, but make none.

    Attributes:
        patient: As far as the names tell; else "".
        scan: As far as the names tell; else the folder.
        reason: What is wrong.
        folder: Where they lie.
        names: Of all NIfTI files in this folder.
    """

    patient: str
    scan: str
    reason: str
    folder: Path
    names: tuple[str, ...]


def nifti_files(root: Path) -> list[Path]:
    """The .nii and .nii.gz files below a folder, sorted; hidden ones, as macOS leaves in archives, do not count."""
    return sorted(
        Path(parent, name)
        for parent, _, names in os.walk(root)
        for name in names
        if name.endswith(_ENDINGS) and not name.startswith(".")
    )


def stem(path: Path) -> str:
    """A file's name without .nii or .nii.gz."""
    return path.name.removesuffix(".gz").removesuffix(".nii")


def scans_of(root: Path, files: Iterable[Path], layouts: Sequence[Layout]) -> tuple[list[BratsScan], list[Broken]]:
    """The scans that files make, and what makes none, both in the order of folders and names.

    Files of one folder whose names start alike and end as a layout says are one scan. Of several layouts the one that
    is complete is taken. A folder in which no file ends as any layout says is broken as a whole; a file beside a scan
    that belongs to no layout is of no account.

    Args:
        root: The data root.
        files: Below it.
        layouts: To look for.
    """
    folders: dict[Path, list[Path]] = defaultdict(list)
    for path in files:
        folders[path.parent].append(path)
    scans, broken = [], []
    for folder, inside in sorted(folders.items()):
        names = tuple(path.name for path in inside)
        groups = _groups(inside, layouts)
        if not groups:
            below = folder.name if folder == root else folder.relative_to(root).as_posix()
            broken.append(Broken("", below, "NIfTI files that no layout names", folder, names))
        for start, by_layout in sorted(groups.items()):
            found = _scan_or_broken(folder, start, by_layout, names)
            (scans if isinstance(found, BratsScan) else broken).append(found)
    return scans, broken


def _groups(files: list[Path], layouts: Sequence[Layout]) -> dict[str, list[tuple[Layout, dict[str, list[Path]]]]]:
    """For each start of names the layouts that know an ending, with the files of each role."""
    groups: dict[str, dict[int, dict[str, list[Path]]]] = defaultdict(lambda: defaultdict(lambda: defaultdict(list)))
    for path in files:
        for i, layout in enumerate(layouts):
            for role, ending in layout.endings.items():
                if stem(path).endswith(ending):
                    groups[stem(path).removesuffix(ending)][i][role].append(path)
    return {start: [(layouts[i], roles) for i, roles in sorted(found.items())] for start, found in groups.items()}


def _scan_or_broken(
    folder: Path, start: str, by_layout: list[tuple[Layout, dict[str, list[Path]]]], names: tuple[str, ...]
) -> BratsScan | Broken:
    faults = [(len(roles), layout, _fault(layout, roles)) for layout, roles in by_layout]
    whole = [(layout, roles) for (layout, roles), (_, _, fault) in zip(by_layout, faults, strict=True) if not fault]
    if len(whole) == 1:
        return _scan(folder, start, *whole[0])
    _, layout, fault = max(faults, key=lambda item: item[0])
    patient, scan = _names(folder, start, layout)
    if len(whole) > 1:
        fault = f"files of several layouts: {', '.join(layout.name for layout, _ in whole)}"
    return Broken(patient, scan, fault, folder, names)


def _fault(layout: Layout, roles: dict[str, list[Path]]) -> str:
    missing = [role for role in layout.endings if role not in roles]
    twice = [role for role, paths in roles.items() if len(paths) > 1]
    if missing:
        return f"no {', no '.join(missing)} ({layout.name})"
    return f"more than one file of {', '.join(sorted(twice))} ({layout.name})" if twice else ""


def _scan(folder: Path, start: str, layout: Layout, roles: dict[str, list[Path]]) -> BratsScan:
    patient, scan = _names(folder, start, layout)
    images = tuple((name, Channel(roles[name][0], None)) for name in MODALITIES if name in roles)
    brain = None if layout.brain is None else roles["brain"][0]
    labels = tuple(sorted(layout.labels.items()))
    return BratsScan(patient, scan, layout.name, images, roles["reference"][0], labels, brain)


def _names(folder: Path, start: str, layout: Layout) -> tuple[str, str]:
    scan = start if layout.named_by == "file" and start else folder.name
    return (re.sub(layout.visit, "", scan) if layout.visit else scan), scan
