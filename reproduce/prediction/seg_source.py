"""Headers of slices for a DICOM SEG: valid where the slices' own are not, UTF-8, with the geometry that was read."""

from __future__ import annotations

import math
import re
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
from pydicom.datadict import tag_for_keyword
from pydicom.dataset import Dataset
from pydicom.multival import MultiValue
from pydicom.tag import Tag
from pydicom.uid import CTImageStorage, MRImageStorage, PositronEmissionTomographyImageStorage
from pydicom.valuerep import DSfloat

from reproduce.errors import NotAnImageError
from reproduce.imaging.dicom_series import SeriesFiles
from reproduce.prediction.dicom_inputs import is_uid

_UTF_8 = "ISO_IR 192"
_DO = "mend the header, or write NIfTI: leave --format seg out"
_CLASSES = {"CT": CTImageStorage, "MR": MRImageStorage, "PT": PositronEmissionTomographyImageStorage}
_UNIQUE = ("StudyInstanceUID", "SeriesInstanceUID", "FrameOfReferenceUID")
_PLAIN = re.compile(r"[^\x00-\x1f\x7f\\\ufffd]*")
_TIME = re.compile(r"([01]\d|2[0-3])([0-5]\d([0-5]\d(\.\d{1,6})?)?)?")
_GB_2312 = "\x1b$)A"  # an escape sequence of ISO 2022 IR 58, which pydicom decodes and leaves there
_CODE_STRING = re.compile(r"[A-Z0-9_ ]{1,16}")
_CONTROL = re.compile(r"[\x00-\x1f\x7f\\]")


@dataclass(frozen=True, eq=False)
class SegSource:
    """What a DICOM SEG refers to.

    Attributes:
        slices: A header for each slice, in the order of z.
        emptied: Elements of the patient and the study that the SEG leaves empty, e.g. "StudyTime (0008,0030)": those of
            the slices are not valid, and DICOM lets them be empty.
    """

    slices: tuple[Dataset, ...]
    emptied: tuple[str, ...]


def seg_source(files: SeriesFiles, sop_uids: Sequence[str], affine: np.ndarray) -> SegSource:
    """Return headers that a SEG can refer to, made of those of a series.

    Patient, study, UIDs, positions, and whether pixels were compressed with loss come from the slices' headers; nothing
    else does. Pixel spacing and orientation are those of the affine, the same for all slices, the directions orthogonal
    unit vectors. SliceThickness is the distance of the slices where the header has none above 0.

    Args:
        files: The series.
        sop_uids: SOPInstanceUID of each slice, in the order of z.
        affine: float64 `[4, 4]`; index (x, y, z, 1) to LPS mm.

    Raises:
        NotAnImageError: Frames of one file; a UID is missing or no UID; slices of several frames of reference, or of
            another SOP class than their modality has; or a PatientID that cannot be written, which no one may replace.
    """
    if len(set(sop_uids)) < len(sop_uids):
        do, got = "write NIfTI: leave --format seg out", "frames of one file"
        raise NotAnImageError(expected="one file a slice", got=got, where=files.files[0], do=do)
    headers: dict[str, _Header] = {}
    for path in files.files:
        header = _Header(path)
        headers.setdefault(header.uid("SOPInstanceUID"), header)
    if unread := [uid for uid in sop_uids if uid not in headers]:
        raise NotAnImageError(expected=f"a slice {unread[0]}", got="none", where=files.files[0].parent, do=_DO)
    ordered = [headers[uid] for uid in sop_uids]
    first = ordered[0]
    emptied: list[str] = []
    shared = Dataset()
    shared.SpecificCharacterSet = _UTF_8
    shared.Modality, sop_class = files.modality, _CLASSES[files.modality]
    shared.PatientID = first.patient_id()
    for keyword, is_valid in _MAY_BE_EMPTY.items():
        text = first.text(keyword)
        valid = text is not None and (text == "" or is_valid(text))
        setattr(shared, keyword, text if valid else "")
        if not valid:
            emptied.append(_named(keyword))
    for keyword in _UNIQUE:
        setattr(shared, keyword, first.uid(keyword))
    for header in ordered:
        if header.uid("FrameOfReferenceUID") != shared.FrameOfReferenceUID:
            raise header.broken("FrameOfReferenceUID", "the same for all slices", header.uid("FrameOfReferenceUID"))
        if header.sop_class() != sop_class:
            raise header.broken("SOPClassUID", sop_class.name, header.sop_class())
    shared.SOPClassUID = sop_class
    _set_geometry(shared, affine, first.number("SliceThickness"))
    return SegSource(tuple(_slice(shared, header) for header in ordered), tuple(emptied))


def seg_text(value: str, n: int) -> str:
    """Return up to `n` characters of a text, without control characters and backslashes, which divide values."""
    return _CONTROL.sub("_", value)[:n].strip()


def _is_date(text: str) -> bool:
    try:
        return len(text) == 8 and text.isascii() and bool(datetime.strptime(text, "%Y%m%d"))
    except ValueError:
        return False


def _is_name(text: str) -> bool:
    groups = text.split("=")
    return len(groups) <= 3 and all(len(group) <= 64 and group.count("^") <= 4 for group in groups)


_MAY_BE_EMPTY: dict[str, Callable[[str], bool]] = {
    "PatientName": _is_name,
    "PatientBirthDate": _is_date,
    "PatientSex": lambda text: text in ("M", "F", "O"),
    "StudyDate": _is_date,
    "StudyTime": lambda text: _TIME.fullmatch(text) is not None,
    "AccessionNumber": lambda text: len(text) <= 16,
    "StudyID": lambda text: len(text) <= 16,
    "ReferringPhysicianName": _is_name,
}


_TAGS = [
    *("SpecificCharacterSet", "SOPClassUID", "SOPInstanceUID", "PatientID", *_UNIQUE, *_MAY_BE_EMPTY),
    *("ImagePositionPatient", "SliceThickness", "Rows", "Columns"),
    *("LossyImageCompression", "LossyImageCompressionRatio", "LossyImageCompressionMethod"),
]


class _Header:
    """The header of a slice, whose values are asked for one by one, since any of them may be broken.

    Args:
        path: The file.
    """

    def __init__(self, path: Path):
        self._path = path
        try:
            with _undecoded() as self._undecoded:
                self._dataset = pydicom.dcmread(path, stop_before_pixels=True, specific_tags=_TAGS)
                charset = self._dataset.get("SpecificCharacterSet")
        except Exception as error:  # the parser raises a dozen types on corrupt bytes
            got = f"{type(error).__name__}: {error}"
            raise NotAnImageError(expected="a DICOM header", got=got, where=path, do=_DO) from error
        self._is_ascii = not charset  # what other letters mean nobody knows

    def text(self, keyword: str) -> str | None:
        """Return the text of an element of one value, "" where it is absent or empty, None where it is not valid."""
        try:
            with _undecoded() as undecoded:
                value: Any = self._dataset.get(keyword)
                text = "" if value is None else str(value).replace(_GB_2312, "").strip(" \x00")
        except Exception:  # values are converted on access; broken bytes and character sets raise a dozen types
            return None
        if isinstance(value, MultiValue) or not _PLAIN.fullmatch(text):
            return None
        return text if text.isascii() or not (self._is_ascii or self._undecoded or undecoded) else None

    def patient_id(self) -> str:
        """Return the PatientID, which may be empty."""
        text = self.text("PatientID")
        if text is None or len(text) > 64:
            raise self.broken("PatientID", "up to 64 characters of the character set", "something else")
        return text

    def uid(self, keyword: str) -> str:
        """Return a UID that must be there."""
        text = self.text(keyword)
        if text is None or not is_uid(text):
            raise self.broken(keyword, "a UID, digits and dots", repr(text) if text else "none")
        return text

    def sop_class(self) -> str:
        """Return the class of the file: what the header says, else what the preamble says."""
        return self.text("SOPClassUID") or str(self._dataset.file_meta.get("MediaStorageSOPClassUID", ""))

    def number(self, keyword: str) -> float:
        """Return a number, nan where there is none."""
        try:
            return float(self.text(keyword) or "nan")
        except ValueError:
            return math.nan

    def position_mm(self) -> list[float]:
        """Return ImagePositionPatient, which the reader of the series has asked for already."""
        with _undecoded():
            return [float(value) for value in self._dataset.ImagePositionPatient]

    def broken(self, keyword: str, expected: str, got: str) -> NotAnImageError:
        """Return the error for an element that a SEG cannot do without."""
        return NotAnImageError(expected=f"{_named(keyword)}: {expected}", got=got, where=self._path, do=_DO)


@contextmanager
def _undecoded() -> Iterator[list[str]]:
    """Give a list of what pydicom says of letters that it could not decode; its other warnings say nothing new."""
    said: list[str] = []
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        yield said
    said += [str(each.message) for each in caught if "default encoding" in str(each.message)]


def _named(keyword: str) -> str:
    return f"{keyword} {Tag(tag_for_keyword(keyword) or 0)}"


def _set_geometry(shared: Dataset, affine: np.ndarray, thickness_mm: float) -> None:
    lengths_mm = np.linalg.norm(affine[:3, :3], axis=0)
    row = affine[:3, 0] / lengths_mm[0]
    column = affine[:3, 1] - (affine[:3, 1] @ row) * row
    column /= np.linalg.norm(column)
    step_mm = abs(float(affine[:3, 2] @ np.cross(row, column)))
    shared.ImageOrientationPatient = _numbers([*row, *column])
    shared.PixelSpacing = _numbers([lengths_mm[1], lengths_mm[0]])
    shared.SliceThickness = _numbers([thickness_mm if 0 < thickness_mm < math.inf else step_mm])[0]


def _slice(shared: Dataset, header: _Header) -> Dataset:
    """Return what the slices share with what each has of its own."""
    own = Dataset()
    own.update(shared)
    own.SOPInstanceUID = header.uid("SOPInstanceUID")
    own.ImagePositionPatient = _numbers(header.position_mm())
    own.Rows, own.Columns = int(header.number("Rows")), int(header.number("Columns"))
    if header.text("LossyImageCompression") == "01":
        own.LossyImageCompression = "01"
        if header.number("LossyImageCompressionRatio") > 0:
            own.LossyImageCompressionRatio = _numbers([header.number("LossyImageCompressionRatio")])[0]
        if _CODE_STRING.fullmatch(method := header.text("LossyImageCompressionMethod") or ""):
            own.LossyImageCompressionMethod = method
    return own


def _numbers(values: Sequence[float]) -> list[DSfloat]:
    return [DSfloat(float(value), auto_format=True) for value in values]
