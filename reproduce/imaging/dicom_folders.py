"""Folders searched for DICOM files, with an account of all others: a lost slice is not passed over."""

from __future__ import annotations

import os
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from sys import intern

from reproduce.errors import DataNotFoundError, NotAnImageError
from reproduce.imaging.account import Note
from reproduce.imaging.dicom_files import FETCH, described, first_bytes, read_dicom, sop_class, starts_as_dicom
from reproduce.paths import refuse_unlisted

_DICOM_ENDING = ".dcm"
_KEYWORDS = (
    "ImageType",
    "SOPClassUID",
    "Modality",
    "SeriesDescription",
    "PatientID",
    "StudyInstanceUID",
    "SeriesInstanceUID",
)


@dataclass(frozen=True, slots=True)
class Identity:
    """What a DICOM file says that it is; text without white space around it, "" where the file has none.

    Attributes:
        path: The file.
        sop_class: Of its file meta information, else SOPClassUID.
        modality: Modality.
        image_type: ImageType, in capitals.
        description: SeriesDescription.
        patient_id: PatientID.
        study_uid: StudyInstanceUID.
        series_uid: SeriesInstanceUID.
    """

    path: Path
    sop_class: str
    modality: str
    image_type: tuple[str, ...]
    description: str
    patient_id: str
    study_uid: str
    series_uid: str


def find_dicom(folder: Path) -> tuple[list[Identity], dict[Path, NotAnImageError], list[Note]]:
    """Find the DICOM files below a folder, in sorted order, and account for every other file.

    A file that is named like the DICOM files of its folder (has their ending, or like them none), or ends in ".dcm",
    and is none itself may be one that was lost: empty, zeroed, cut short, a page of text that a server sent instead, a
    link whose file was never fetched. Its note is a fault. What has another ending, starts with a dot, or has no ending
    and is text, is something else. Links to folders are not followed.

    Args:
        folder: Folder to search.

    Returns:
        The DICOM files; errors of files that start like one and are broken; notes on all others.

    Raises:
        DataNotFoundError: `folder` is not a folder, or one below it cannot be listed.
    """
    paths, notes = _paths_below(folder)
    found: list[Identity] = []
    broken: dict[Path, NotAnImageError] = {}
    others: list[tuple[Path, str, bool]] = []
    for path in paths:
        what, start = first_bytes(path)
        if not what and starts_as_dicom(start):
            try:
                found.append(_identified(path))
            except NotAnImageError as error:
                broken[path] = error
        else:
            others.append((path, what or described(start), _is_text(start)))
    endings: dict[Path, set[str]] = defaultdict(set)
    for path in (*(identity.path for identity in found), *broken):
        endings[path.parent].add(_ending(path))
    for path, what, is_text in others:
        ending = _ending(path)
        alike = ending == _DICOM_ENDING or (ending in endings[path.parent] and not (is_text and not ending))
        notes.append(Note(path, what, is_fault=alike and not path.name.startswith(".")))
    return found, broken, notes


def _identified(path: Path) -> Identity:
    """Return what a DICOM file says that it is; a SOP class is what every one says."""
    header = read_dicom(path, keywords=_KEYWORDS)
    try:
        for element in header.file_meta:  # values are converted on access: a broken one must show here
            str(element.value)
        text = {keyword: str(header.get(keyword) or "").strip() for keyword in _KEYWORDS}
        image_type = header.get("ImageType") or ()
    except Exception as error:  # the converters raise a dozen types on corrupt bytes
        got = f"one that cannot be read ({type(error).__name__}: {error})"
        raise NotAnImageError(expected="a DICOM header", got=got, where=path, do=FETCH) from error
    if not sop_class(header):
        raise NotAnImageError(expected="SOPClassUID (0008,0016)", got="none", where=path, do=FETCH)
    words = [image_type] if isinstance(image_type, str) else image_type
    # A cohort has some hundred thousand files: what a series has in common is kept once.
    return Identity(
        path=path,
        sop_class=intern(sop_class(header)),
        modality=intern(text["Modality"]),
        image_type=tuple(intern(str(word).strip().upper()) for word in words),
        description=intern(text["SeriesDescription"]),
        patient_id=intern(text["PatientID"]),
        study_uid=intern(text["StudyInstanceUID"]),
        series_uid=intern(text["SeriesInstanceUID"]),
    )


def _paths_below(folder: Path) -> tuple[list[Path], list[Note]]:
    """Return the files below a folder, sorted, and notes on links to folders."""
    if not folder.is_dir():
        got = "a file" if folder.is_file() else "nothing"
        do = "check the path; the folder itself is wanted, not a file in it"
        raise DataNotFoundError(expected="a folder of DICOM files", got=got, where=folder, do=do)

    paths, notes = [], []
    for parent, folders, names in os.walk(folder, onerror=refuse_unlisted):
        paths += [Path(parent, name) for name in names]
        links = [Path(parent, name) for name in sorted(folders) if Path(parent, name).is_symlink()]
        notes += [Note(link, "a link to a folder, not followed") for link in links]
    return sorted(paths), notes


def _is_text(start: bytes) -> bool:
    """Return whether the first bytes of a file are text: printable, and no byte that breaks UTF-8 but at the end."""
    text = start.decode("utf-8", errors="ignore")
    return bool(start) and len(text.encode()) > len(start) - 4 and all(c.isprintable() or c.isspace() for c in text)


def _ending(path: Path) -> str:
    """Return the ending of a name, "" where it has none; the last number of a UID is no ending."""
    return path.suffix.lower() if any(c.isalpha() for c in path.suffix) else ""
