"""Series of DICOM files in a folder, told apart by their headers; pixels stay unread."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pydicom.dataset import Dataset
from pydicom.filereader import read_partial
from pydicom.tag import BaseTag, Tag
from pydicom.uid import (
    CTImageStorage,
    EnhancedCTImageStorage,
    LegacyConvertedEnhancedCTImageStorage,
)

from reproduce.errors import DataNotFoundError, NotAnImageError, SeveralSeriesError

_TAGS: list[BaseTag | int] = [
    Tag(keyword)
    for keyword in (
        "ImageType",
        "SOPClassUID",
        "Modality",
        "SeriesDescription",
        "PatientID",
        "StudyInstanceUID",
        "SeriesInstanceUID",
    )
]
_CT_CLASSES = (CTImageStorage, EnhancedCTImageStorage, LegacyConvertedEnhancedCTImageStorage)
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
    """

    series_uid: str
    study_uid: str
    patient_id: str
    modality: str
    description: str
    files: tuple[Path, ...]


def find_series(folder: Path, *, modality: str = "CT") -> tuple[SeriesFiles, ...]:
    """Find the series of one modality below a folder, sorted by UID.

    Any file name and any nesting will do. Passed over are files that are not DICOM Part 10 (no "DICM" at byte 128),
    other modalities and what has none (DICOMDIR), secondary captures (screen shots that a scanner files under its
    own modality, without a position in the patient) and localizers (ImageType; a scout is a projection, not a slice).

    Args:
        folder: Folder to search.
        modality: DICOM's defined term, e.g. "CT" or "RTSTRUCT".

    Returns:
        One entry per series; files of one SeriesInstanceUID that name different studies or patients are kept apart.
        Empty where nothing of the modality is there.

    Raises:
        DataNotFoundError: `folder` is not a folder.
        NotAnImageError: A DICOM file of the modality has no SeriesInstanceUID, one of a CT's SOP class has no Modality,
            one has no SOP class, or a header cannot be parsed.
    """
    groups: dict[tuple[str, str, str], list[Path]] = defaultdict(list)
    descriptions: dict[tuple[str, str, str], str] = {}
    for path, header in _headers(folder):
        if not _text(header, "Modality") and modality == "CT" and _sop_class(header) in _CT_CLASSES:
            raise _lacks("Modality (0008,0060)", path)
        if _text(header, "Modality") != modality or _is_no_slice(header):
            continue
        if not _text(header, "SeriesInstanceUID"):
            raise _lacks("SeriesInstanceUID (0020,000E)", path)
        key = (_text(header, "SeriesInstanceUID"), _text(header, "StudyInstanceUID"), _text(header, "PatientID"))
        groups[key].append(path)
        descriptions.setdefault(key, _text(header, "SeriesDescription"))
    return tuple(SeriesFiles(*key, modality, descriptions[key], tuple(groups[key])) for key in sorted(groups))


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


def _headers(folder: Path) -> Iterator[tuple[Path, Dataset]]:
    """Read paths, in sorted order, and first header elements of the DICOM files below a folder."""
    if not folder.is_dir():
        got = "a file" if folder.is_file() else "nothing"
        do = "check the path; the folder itself is wanted, not a file in it"
        raise DataNotFoundError(expected="a folder of DICOM files", got=got, where=folder, do=do)
    paths = (Path(parent, name) for parent, _, names in os.walk(folder) for name in names)
    for path in sorted(paths):
        header = _first_elements(path)
        if header is not None:
            yield path, header


def _first_elements(path: Path) -> Dataset | None:
    """Read what identifies the series of a DICOM file; None for any other file."""
    with path.open("rb") as file:
        file.seek(128)
        if file.read(4) != b"DICM":
            return None
        file.seek(0)
        try:
            header = read_partial(file, stop_when=lambda tag, *_: tag > 0x0020000E, specific_tags=_TAGS)
            for element in (*header.file_meta, *header):  # values are converted on access: a broken one must show here
                str(element.value)
        except Exception as error:  # the parser raises a dozen types on corrupt bytes
            raise NotAnImageError(
                expected="a DICOM header",
                got=f"one that cannot be parsed ({type(error).__name__}: {error})",
                where=path,
                do="fetch the file again, or remove it",
            ) from error
    if not _sop_class(header):
        raise _lacks("SOPClassUID (0008,0016)", path)  # every DICOM file says what it is; this one was cut short
    return header


def _is_no_slice(header: Dataset) -> bool:
    """Return whether a header is of a secondary capture or a localizer."""
    image_type = header.get("ImageType") or ()
    return _sop_class(header).startswith(_SECONDARY_CAPTURE) or "LOCALIZER" in image_type


def _sop_class(header: Dataset) -> str:
    return _text(header.file_meta, "MediaStorageSOPClassUID") or _text(header, "SOPClassUID")


def _lacks(element: str, path: Path) -> NotAnImageError:
    return NotAnImageError(expected=element, got="none", where=path, do="mend, fetch again or remove the file")


def _text(header: Dataset, keyword: str) -> str:
    value = header.get(keyword)
    return "" if value is None else str(value).strip()


def _listing(series: tuple[SeriesFiles, ...]) -> str:
    return "\n".join(
        f"    {s.series_uid}  {s.description or '(no description)'}  {len(s.files)} slices" for s in series
    )


def _contents(folder: Path) -> str:
    """Describe what a folder without the wanted series holds."""
    n_files = sum(len(names) for _, _, names in os.walk(folder))
    if n_files == 0:
        return "an empty folder"
    modalities = sorted({_text(header, "Modality") or "(no modality)" for _, header in _headers(folder)})
    if not modalities:
        return f"{n_files} files, none of them DICOM"
    return f"{n_files} files with no slice of it; modalities: {', '.join(modalities)}"
