"""The files below a folder, sorted by what may read them; none is opened that could hang, none stops the others."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path

from reproduce.errors import DataNotFoundError
from reproduce.imaging.account import Note
from reproduce.imaging.dicom_files import described, first_bytes, starts_as_dicom

_NIFTI = (".nii", ".nii.gz")


@dataclass
class Files:
    """Paths by reader, each list sorted; and notes on what has none."""

    dicom: list[Path] = field(default_factory=list)
    nifti: list[Path] = field(default_factory=list)
    xml: list[Path] = field(default_factory=list)
    npz: list[Path] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)
    n: int = 0


def sorted_files(path: Path) -> Files:
    """Return the files of a folder, or the one that is named.

    Hidden files are passed over, as macOS leaves them in archives; links to folders are noted and not followed. What
    cannot be opened (a pipe, a link to nothing, a file or folder without permission) is a fault.

    Raises:
        DataNotFoundError: Nothing is there, or the folder is empty.
    """
    files = Files()
    if path.is_dir():
        paths, files.notes = _below(path)
    elif path.exists():
        paths = [path]
    else:
        got, do = "a link to nothing" if path.is_symlink() else "nothing there", "check the path"
        raise DataNotFoundError(expected="a file or folder of images", got=got, where=path, do=do)
    if not paths and not files.notes:
        do = "name a folder with images"
        raise DataNotFoundError(expected="a folder of images", got="an empty folder", where=path, do=do)
    for each in paths:
        _sort(each, files)
    files.n = len(paths)
    return files


def _sort(path: Path, files: Files) -> None:
    unreadable, start = first_bytes(path)
    name = path.name.lower()
    if unreadable:
        files.notes.append(Note(path, unreadable, is_fault=True))
    elif name.endswith(_NIFTI):
        files.nifti.append(path)
    elif starts_as_dicom(start):
        files.dicom.append(path)
    elif name.endswith(".xml"):
        files.xml.append(path)
    elif name.endswith(".npz"):
        files.npz.append(path)
    elif not start or not any(start):
        files.notes.append(Note(path, described(start)))
    else:
        files.notes.append(Note(path, f"no reader for {path.suffix.lower() or 'a file without ending'}"))


def _below(folder: Path) -> tuple[list[Path], list[Note]]:
    notes: list[Note] = []

    def refuse(error: OSError) -> None:
        notes.append(Note(Path(error.filename), f"a folder that cannot be listed: {error.strerror}", is_fault=True))

    paths = []
    for parent, folders, names in os.walk(folder, onerror=refuse):
        folders.sort()
        for link in (Path(parent, name) for name in folders if Path(parent, name).is_symlink()):
            notes.append(Note(link, "a link to a folder, not followed"))
        paths += [Path(parent, name) for name in names if not name.startswith(".")]
    return sorted(paths), notes
