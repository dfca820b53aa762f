"""Series of DICOM files in a folder, told apart by their headers; pixels stay unread."""

from __future__ import annotations

import os
from collections import Counter, defaultdict
from dataclasses import dataclass
from pathlib import Path

from pydicom.dataset import Dataset, FileDataset
from pydicom.uid import (
    UID,
    CTImageStorage,
    EnhancedCTImageStorage,
    EnhancedMRImageStorage,
    EnhancedPETImageStorage,
    LegacyConvertedEnhancedCTImageStorage,
    LegacyConvertedEnhancedMRImageStorage,
    LegacyConvertedEnhancedPETImageStorage,
    MRImageStorage,
    PositronEmissionTomographyImageStorage,
)

from reproduce.errors import DataNotFoundError, NotAnImageError, SeveralSeriesError
from reproduce.imaging.account import Note
from reproduce.imaging.dicom_elements import Elements
from reproduce.imaging.dicom_files import sop_class
from reproduce.imaging.dicom_folders import find_dicom

_KEYWORDS = (
    "ImageType",
    "SOPClassUID",
    "Modality",
    "SeriesDescription",
    "PatientID",
    "StudyInstanceUID",
    "SeriesInstanceUID",
)
_CLASSES = {
    "CT": (CTImageStorage, EnhancedCTImageStorage, LegacyConvertedEnhancedCTImageStorage),
    "MR": (MRImageStorage, EnhancedMRImageStorage, LegacyConvertedEnhancedMRImageStorage),
    "PT": (
        PositronEmissionTomographyImageStorage,
        EnhancedPETImageStorage,
        LegacyConvertedEnhancedPETImageStorage,
    ),
}
_SECONDARY_CAPTURE = "1.2.840.10008.5.1.4.1.1.7"


@dataclass(frozen=True)
class SeriesFiles:
    """The files of one series, found by their headers.

    Attributes:
        series_uid: SeriesInstanceUID.
        study_uid: StudyInstanceUID, "" where the files have none.
        patient_id: PatientID, "" where the files have none.
        modality: Modality, e.g. "CT".
        description: SeriesDescription of the first file, "" where it has none.
        files: Sorted by path, which says nothing about the order of the slices.
        notes: The other files in and below the folder of the series, and why each was left out.
    """

    series_uid: str
    study_uid: str
    patient_id: str
    modality: str
    description: str
    files: tuple[Path, ...]
    notes: tuple[Note, ...] = ()


def find_series(folder: Path, *, modality: str = "CT") -> tuple[SeriesFiles, ...]:
    """Find the series of one modality below a folder, sorted by UID.

    Any file name and any nesting will do, with or without preamble and "DICM". Passed over are other files, other
    modalities and what has none (DICOMDIR), secondary captures (screen shots that a scanner files under its own
    modality, without a position in the patient) and localizers (ImageType; a scout is a projection, not a slice). Each
    of them is a note of the series whose folder it lies in or below; a broken file, and one that is named like a slice
    and is none, is a fault there (see `dicom_folders.find_dicom`).

    Args:
        folder: Folder to search.
        modality: DICOM's defined term, e.g. "CT" or "RTSTRUCT".

    Returns:
        One entry per series; files of one SeriesInstanceUID that name different studies or patients are kept apart.
        Empty where nothing of the modality is there.

    Raises:
        DataNotFoundError: `folder` is not a folder.
        NotAnImageError: A file that starts like DICOM cannot be parsed or has no SOP class, one of the modality has no
            valid SeriesInstanceUID, or one of its SOP classes another Modality or none; and no whole DICOM file lies
            beside it.
    """
    headers, broken, notes = find_dicom(folder, keywords=_KEYWORDS)
    groups: dict[tuple[str, str, str], list[Path]] = defaultdict(list)
    descriptions: dict[tuple[str, str, str], str] = {}
    whole: set[Path] = set()
    for path, header in headers:
        try:
            left_out = _left_out(path, header, modality)
            key = ("", "", "") if left_out else _key(Elements(path, (header,)))
        except NotAnImageError as error:
            broken[path] = error
            continue
        whole.add(path.parent)
        if left_out:
            notes.append(Note(path, left_out))
        else:
            groups[key].append(path)
            descriptions.setdefault(key, _text(header, "SeriesDescription"))
    for path, fault in broken.items():
        if path.parent not in whole:
            raise fault
        notes.append(Note(path, f"broken: expected {fault.expected}, got {fault.got}", is_fault=True))
    of = _notes_of_folders(notes, {_home(files) for files in groups.values()})
    return tuple(
        SeriesFiles(*key, modality, descriptions[key], tuple(groups[key]), of[_home(groups[key])])
        for key in sorted(groups)
    )


def one_series(folder: Path, *, modality: str, series_uid: str | None) -> SeriesFiles:
    """Return the one series of a folder, or the one of its series that a UID names.

    Raises:
        DataNotFoundError: Wrong path, empty folder, nothing of the modality, or no series of that UID; the text says
            what is there instead.
        SeveralSeriesError: Several series and no UID, or one UID used for several studies or patients.
        NotAnImageError: As in `find_series`.
    """
    found = find_series(folder, modality=modality)
    chosen = tuple(series for series in found if series_uid in (None, series.series_uid))
    if len(chosen) == 1:
        return chosen[0]
    if chosen:
        raise SeveralSeriesError(
            expected=f"one {modality} series",
            got=f"{len(chosen)}:\n{_listing(chosen)}",
            where=folder,
            do="name one by its UID (series_uid=...), or its folder",
        )
    if found:
        raise DataNotFoundError(
            expected=f"the series {series_uid}",
            got=f"other ones:\n{_listing(found)}",
            where=folder,
            do="name one of these",
        )
    raise DataNotFoundError(
        expected=f"a {modality} series",
        got=_contents(folder),
        where=folder,
        do=f"name a folder that holds DICOM files of modality {modality}",
    )


def _left_out(path: Path, header: FileDataset, modality: str) -> str:
    """Return why a file is no slice of a modality, "" where it is one.

    Raises:
        NotAnImageError: The SOP class is one of the modality, or none that is known, and Modality does not say so.
    """
    found, kind = _text(header, "Modality"), UID(sop_class(header))
    if found != modality and (kind in _CLASSES.get(modality, ()) or (not found and kind.type != "SOP Class")):
        expected = f"Modality (0008,0060) beside the SOP class {kind.name}"
        raise NotAnImageError(expected=expected, got=found or "none", where=path, do="mend, fetch again or remove it")
    if found != modality:
        return f"modality {found}" if found else "no modality"
    if sop_class(header).startswith(_SECONDARY_CAPTURE):
        return "a secondary capture"
    image_type = header.get("ImageType") or ()
    words = [image_type] if isinstance(image_type, str) else image_type
    return "a localizer" if "LOCALIZER" in (str(word).strip().upper() for word in words) else ""


def _key(elements: Elements) -> tuple[str, str, str]:
    """Return SeriesInstanceUID, StudyInstanceUID and PatientID; the latter two may be absent."""
    study = elements.uid("StudyInstanceUID") if elements.text("StudyInstanceUID") else ""
    return elements.uid("SeriesInstanceUID"), study, elements.text("PatientID")


def _home(files: list[Path]) -> Path:
    """Return the folder that all files of a series lie in or below."""
    return Path(os.path.commonpath([path.parent for path in files]))


def _notes_of_folders(notes: list[Note], homes: set[Path]) -> dict[Path, tuple[Note, ...]]:
    """Return the notes by the nearest folder of a series that they lie in or below; others are nobody's."""
    of: dict[Path, list[Note]] = {home: [] for home in homes}
    for note in sorted(notes, key=lambda note: note.path):
        nearest = next((parent for parent in note.path.parents if parent in homes), None)
        if nearest is not None:
            of[nearest].append(note)
    return {home: tuple(found) for home, found in of.items()}


def _text(header: Dataset, keyword: str) -> str:
    value = header.get(keyword)
    return "" if value is None else str(value).strip()


def _listing(series: tuple[SeriesFiles, ...]) -> str:
    return "\n".join(
        f"    {s.series_uid}  {s.description or '(no description)'}  {len(s.files)} slices" for s in series
    )


def _contents(folder: Path) -> str:
    """Describe what a folder without the wanted series holds."""
    headers, _, notes = find_dicom(folder, keywords=_KEYWORDS)
    if not headers and not notes:
        return "an empty folder"
    if not headers:
        reasons = Counter(note.reason for note in notes)
        return f"{len(notes)} files, none of them DICOM: {', '.join(f'{n} {reason}' for reason, n in reasons.items())}"
    modalities = sorted({_text(header, "Modality") or "(no modality)" for _, header in headers})
    return f"{len(headers) + len(notes)} files with no slice of it; modalities: {', '.join(modalities)}"
