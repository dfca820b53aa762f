"""Series of DICOM files in a folder, told apart by their headers; pixels stay unread."""

from __future__ import annotations

import os
from collections import Counter, defaultdict
from dataclasses import dataclass
from pathlib import Path

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
from reproduce.imaging.dicom_elements import require_uid
from reproduce.imaging.dicom_folders import Identity, find_dicom

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
            valid SeriesInstanceUID, or one of its SOP classes no Modality; and it lies below the folder of no series.
    """
    return _found(folder, modality)


def find_images(folder: Path) -> tuple[SeriesFiles, ...]:
    """Return the series of CT, MR and PET below a folder as `find_series` does, which see, by one look at the files."""
    return _found(folder, *_CLASSES)


def _found(folder: Path, *modalities: str) -> tuple[SeriesFiles, ...]:
    series, _, errors = _search(folder, *modalities)
    for error in errors:
        raise error
    return series


def find_series_and_rest(folder: Path, *, modality: str = "CT") -> tuple[tuple[SeriesFiles, ...], tuple[Note, ...]]:
    """Return the series as `find_series` does, and sorted notes on what lies below the folder of none of them.

    A broken file that belongs to no series is a fault among these notes, and stops nothing.

    Raises:
        DataNotFoundError: `folder` is not a folder.
    """
    series, rest, _ = _search(folder, modality)
    return series, rest


def _search(
    folder: Path, *modalities: str
) -> tuple[tuple[SeriesFiles, ...], tuple[Note, ...], tuple[NotAnImageError, ...]]:
    """Return the series of modalities, the notes that belong to none, and the errors among these, sorted by path."""
    found, broken, notes = find_dicom(folder)
    groups: dict[tuple[str, str, str, str], list[Path]] = defaultdict(list)
    descriptions: dict[tuple[str, str, str, str], str] = {}
    for file in found:
        try:
            left_out = [note for modality in modalities if (note := _left_out(file, modality)) is not None]
            if len(left_out) < len(modalities) and not any(note.is_fault for note in left_out):
                key = (file.modality, *_key(file))
                groups[key].append(file.path)
                descriptions.setdefault(key, file.description)
            else:
                notes.append(max(left_out, key=lambda note: note.is_fault))
        except NotAnImageError as error:
            broken[file.path] = error
    for path, fault in broken.items():
        notes.append(Note(path, f"broken: expected {fault.expected}, got {fault.got}", is_fault=True))
    of, rest = _notes_of_folders(notes, {_home(files) for files in groups.values()})
    series = tuple(
        SeriesFiles(uid, study, patient, modality, descriptions[key], tuple(groups[key]), of[_home(groups[key])])
        for key in sorted(groups)
        for modality, uid, study, patient in (key,)
    )
    return series, rest, tuple(broken[note.path] for note in rest if note.path in broken)


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


def _left_out(file: Identity, modality: str) -> Note | None:
    """Return why a file is no slice of a modality, None where it is one.

    Of a SOP class of the modality, another Modality is a fault: either may be wrong.

    Raises:
        NotAnImageError: No Modality beside a SOP class of the modality, or beside none that is known.
    """
    kind = UID(file.sop_class)
    is_its_class = kind in _CLASSES.get(modality, ())
    if not file.modality and (is_its_class or kind.type != "SOP Class"):
        expected, do = f"Modality (0008,0060) beside the SOP class {kind.name}", "mend, fetch again or remove it"
        raise NotAnImageError(expected=expected, got="none", where=file.path, do=do)
    if file.modality != modality:
        reason = f"modality {file.modality}" if file.modality else "no modality"
        return Note(file.path, f"{reason} beside {kind.name}" if is_its_class else reason, is_fault=is_its_class)
    if file.sop_class.startswith(_SECONDARY_CAPTURE):
        return Note(file.path, "a secondary capture")
    return Note(file.path, "a localizer") if "LOCALIZER" in file.image_type else None


def _key(file: Identity) -> tuple[str, str, str]:
    """Return SeriesInstanceUID, StudyInstanceUID and PatientID; the latter two may be absent."""
    study = require_uid(file.study_uid, "StudyInstanceUID", file.path) if file.study_uid else ""
    return require_uid(file.series_uid, "SeriesInstanceUID", file.path), study, file.patient_id


def _home(files: list[Path]) -> Path:
    """Return the folder that all files of a series lie in or below."""
    return Path(os.path.commonpath([path.parent for path in files]))


def _notes_of_folders(notes: list[Note], homes: set[Path]) -> tuple[dict[Path, tuple[Note, ...]], tuple[Note, ...]]:
    """Return the notes by the nearest folder of a series that they lie in or below, and those that lie in none."""
    of: dict[Path, list[Note]] = {home: [] for home in homes}
    rest: list[Note] = []
    for note in sorted(notes, key=lambda note: note.path):
        nearest = next((parent for parent in note.path.parents if parent in homes), None)
        (rest if nearest is None else of[nearest]).append(note)
    return {home: tuple(found) for home, found in of.items()}, tuple(rest)


def _listing(series: tuple[SeriesFiles, ...]) -> str:
    """Return one line a series; without SeriesDescription, in which people write names."""
    return "\n".join(f"    {s.series_uid}  {len(s.files)} slices" for s in series)


def _contents(folder: Path) -> str:
    """Describe what a folder without the wanted series holds; of broken files `find_series` has raised the first."""
    found, _, notes = find_dicom(folder)
    if not found and not notes:
        return "an empty folder"
    if not found:
        reasons = Counter(note.reason for note in notes)
        return f"{len(notes)} files, none of them DICOM: {', '.join(f'{n} {reason}' for reason, n in reasons.items())}"
    modalities = sorted({file.modality or "(no modality)" for file in found})
    return f"{len(found) + len(notes)} files with no slice of it; modalities: {', '.join(modalities)}"
