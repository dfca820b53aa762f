"""The XML of LIDC-IDRI to marks.

Format: the LIDC XML documentation of the Cancer Imaging Archive; reading process: McNitt-Gray et al., Acad Radiol 14
(2007) 1464-1474. Only `LidcReadMessage` (CT) is read; `IdriReadMessage` is a read of a chest X-ray.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from xml.etree.ElementTree import Element, ParseError

import numpy as np
from defusedxml import DefusedXmlException
from defusedxml.ElementTree import iterparse, parse

from reproduce.cohorts.lidc_marks import Mark, MarkKind, Outline, ScanReads
from reproduce.errors import AnnotationFormatError, AnnotationMismatchError, DataNotFoundError
from reproduce.imaging.volume import FARTHEST_MM

CT_MESSAGE, XRAY_MESSAGE = "LidcReadMessage", "IdriReadMessage"
_SERIES_TAGS = {CT_MESSAGE: "SeriesInstanceUid", XRAY_MESSAGE: "CXRSeriesInstanceUid"}
_NAMELESS = ("", "anon", "anonymous")
_HIGHEST_RATING = 6
_N_PIXELS = 2048  # no CT has more rows or columns: a census, which has no image, refuses what lies beyond
_DO = "leave the file out, or fetch it again from the collection"


def read_annotations(files: Path | Sequence[Path], *, series_uid: str | None = None) -> ScanReads:
    """Read the marks of a CT series from its XML, or from several XML that say the same.

    Six series of LIDC-IDRI come with two to six files of equal content; they count once. One file has eight sessions:
    four of them lie on the slices of another scan and fall away when outlines meet images. One has three sessions.
    Neither number is an error.

    Args:
        files: The XML of one series.
        series_uid: The series they must belong to; None takes what the files say.

    Raises:
        DataNotFoundError: A file is not there, or none is given.
        AnnotationFormatError: No LIDC read of a CT, or a broken one; the text says where.
        AnnotationMismatchError: Another series than `series_uid`, or files that contradict each other.
    """
    paths = (files,) if isinstance(files, Path) else tuple(files)
    if not paths:
        raise DataNotFoundError(expected="at least one annotation file", got="none", where="read_annotations", do=_DO)
    reads = [_read_file(path) for path in paths]
    wanted = series_uid or reads[0].series_uid
    for path, found in zip(paths, reads, strict=True):
        if found.series_uid != wanted:
            got, do = f"annotations of {found.series_uid}", "put the XML beside the images of its own series"
            raise AnnotationMismatchError(expected=f"annotations of the series {wanted}", got=got, where=path, do=do)
        if [mark.signature() for mark in found.marks] != [mark.signature() for mark in reads[0].marks]:
            expected, do = "files of one series that say the same", "decide which one holds and remove the other"
            where = f"{paths[0]} and {path}"
            raise AnnotationMismatchError(expected=expected, got="different marks", where=where, do=do)
    return ScanReads(reads[0].series_uid, reads[0].readers, reads[0].marks, paths)


def message_of(path: Path) -> tuple[str, str]:
    """Return the kind of an XML and the series that it names, from its first lines alone.

    Returns:
        Root element and SeriesInstanceUID of the CT or X-ray; the UID is "" where the root is neither
        `LidcReadMessage` nor `IdriReadMessage`, or names none.

    Raises:
        DataNotFoundError: There is no such file.
        AnnotationFormatError: It is no XML.
    """
    root = ""
    with _parsing(path), path.open("rb") as file:
        for event, element in iterparse(file, events=("start", "end")):
            root = root or _local(element)
            if root not in _SERIES_TAGS:
                break
            if event == "end" and _local(element) == "ResponseHeader":
                return root, _text(element, _SERIES_TAGS[root])
    return root, ""


def _read_file(path: Path) -> ScanReads:
    with _parsing(path):
        root = parse(path).getroot()
    name = _local(root)
    if name != CT_MESSAGE:
        got = f"{name}, a read of a chest X-ray" if name == XRAY_MESSAGE else f"the root element {name}"
        raise AnnotationFormatError(expected=f"{CT_MESSAGE}, a read of a CT", got=got, where=path, do=_DO)
    series_uid = "".join(_text(header, _SERIES_TAGS[CT_MESSAGE]) for header in _children(root, "ResponseHeader"))
    sessions = _children(root, "readingSession")
    if not series_uid or not sessions:
        got = f"SeriesInstanceUid {series_uid!r} and {len(sessions)} sessions"
        raise AnnotationFormatError(expected="a series and reading sessions", got=got, where=path, do=_DO)
    persons: dict[str, str] = {}
    marks: dict[tuple, Mark] = {}
    for number, session in enumerate(sessions, start=1):
        person = _text(session, "servicingRadiologistID")
        key = f"session {number}" if person in _NAMELESS else person
        reader = persons.setdefault(key, f"reader {len(persons) + 1}")
        for mark in _session_marks(session, reader, path):
            marks.setdefault(mark.signature(), mark)
    _require_own_outlines(marks.values(), path)
    return ScanReads(series_uid, tuple(persons.values()), tuple(marks.values()), (path,))


def _require_own_outlines(marks: Iterable[Mark], path: Path) -> None:
    """Return if no reader has the same path in two marks, which would be two nodules: no file of LIDC-IDRI has it."""
    seen: dict[tuple, str] = {}
    for mark in marks:
        for outline in mark.outlines:
            if (
                len(outline.points_xy) > 1
                and seen.setdefault((mark.reader, outline.signature()), mark.name) != mark.name
            ):
                got = f"the same outline in {seen[mark.reader, outline.signature()]} and {mark.name}"
                where = f"{path}, {mark.reader}"
                raise AnnotationFormatError(expected="one mark an outline", got=got, where=where, do=_DO)


def _session_marks(session: Element, reader: str, path: Path) -> Iterator[Mark]:
    readings = {"unblindedReadNodule": _nodule, "nonNodule": _non_nodule}
    for element in session:
        tag = _local(element)
        if tag in readings:
            try:
                yield readings[tag](element, reader)
            except (TypeError, ValueError) as error:
                where = f"{path}, {reader}, {tag} {_text(element, 'noduleID') or _text(element, 'nonNoduleID')}"
                expected = "outlines with position, inclusion and pixels, ratings in 0 to 6"
                raise AnnotationFormatError(expected=expected, got=str(error), where=where, do=_DO) from error


def _nodule(element: Element, reader: str) -> Mark:
    outlines: dict[tuple, Outline] = {}
    for roi in _children(element, "roi"):
        inclusion = _text(roi, "inclusion").upper()
        if inclusion not in ("TRUE", "FALSE"):
            raise ValueError(f"inclusion {inclusion!r}")
        outline = Outline(_text(roi, "imageSOP_UID"), _z_mm(roi), inclusion == "FALSE", _points(roi))
        outlines.setdefault(outline.signature(), outline)
    if not outlines:
        raise ValueError("no outline at all")
    is_path = any(len(outline.points_xy) > 1 for outline in outlines.values())
    kind = MarkKind.NODULE if is_path else MarkKind.SMALL_NODULE
    ratings = {_local(c): _rating(c) for block in _children(element, "characteristics") for c in block}
    return Mark(reader, kind, _text(element, "noduleID"), tuple(outlines.values()), ratings)


def _non_nodule(element: Element, reader: str) -> Mark:
    loci = _children(element, "locus")
    if not loci:
        raise ValueError("no locus")
    outline = Outline(_text(element, "imageSOP_UID"), _z_mm(element), False, _points(loci[0])[:1])
    return Mark(reader, MarkKind.NON_NODULE, _text(element, "nonNoduleID"), (outline,), {})


def _points(element: Element) -> np.ndarray:
    """Return the pixels (x, y) below an element, in its order."""
    columns = [_coordinate(x) for x in element.iter(_named(element, "xCoord"))]
    rows = [_coordinate(y) for y in element.iter(_named(element, "yCoord"))]
    if not columns or len(columns) != len(rows):
        raise ValueError(f"{len(columns)} columns and {len(rows)} rows of pixels")
    return np.array([columns, rows], dtype=np.int32).T.copy()


def _coordinate(element: Element) -> int:
    pixel = int(element.text or "")
    if not 0 <= pixel < _N_PIXELS:
        raise ValueError(f"{_local(element)} {pixel}, outside 0 to {_N_PIXELS - 1}")
    return pixel


def _z_mm(element: Element) -> float:
    z_mm = float(_text(element, "imageZposition"))
    if not abs(z_mm) <= FARTHEST_MM:
        raise ValueError(f"imageZposition {z_mm}")
    return z_mm


def _rating(element: Element) -> int | None:
    value = int(element.text or "")
    if not 0 <= value <= _HIGHEST_RATING:
        raise ValueError(f"{_local(element)} {value}")
    return value or None


def _local(element: Element) -> str:
    """Return the name of an element without its namespace, which differs between the kinds of message."""
    return element.tag.rpartition("}")[2]


def _named(element: Element, name: str) -> str:
    """Return the tag of a child of a name: children have the namespace of their parent, or like it have none."""
    return element.tag.removesuffix(_local(element)) + name


def _children(element: Element, name: str) -> list[Element]:
    return element.findall(_named(element, name))


def _text(element: Element, name: str) -> str:
    """Return the text of the first child of a name, stripped; "" where there is none."""
    return (element.findtext(_named(element, name)) or "").strip()


@contextmanager
def _parsing(path: Path) -> Iterator[None]:
    """Give errors of the XML parsers the file they are about."""
    if not path.is_file():
        raise DataNotFoundError(expected="an annotation file", got="nothing there", where=path, do="check the path")
    try:
        yield
    except (ParseError, DefusedXmlException, LookupError, ValueError, OSError) as error:  # or an unknown encoding
        got = f"{type(error).__name__}: {error}"
        raise AnnotationFormatError(expected="XML of LIDC-IDRI", got=got, where=path, do=_DO) from error
