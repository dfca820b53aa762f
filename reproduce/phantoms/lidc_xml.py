"""The readers' marks as the XML file of LIDC-IDRI (LidcReadMessage)."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from xml.etree.ElementTree import Comment, Element, ElementTree, SubElement, indent

from reproduce.phantoms.readers import NoduleMark, PointMark, Reading

NAMESPACE = "http://www.nih.gov"
_SCHEMA = "http://www.w3.org/2001/XMLSchema-instance"


@dataclass(frozen=True)
class ReadSeries:
    """The series that the marks refer to.

    Attributes:
        study_uid: Unique identifier of the study.
        series_uid: Of the series.
        sop_uids: Of each slice, by its index.
        positions_mm: z of each slice in the world of the scanner, by its index.
    """

    study_uid: str
    series_uid: str
    sop_uids: tuple[str, ...]
    positions_mm: tuple[float, ...]


def read_message(readings: tuple[Reading, ...], series: ReadSeries, *, uid: str) -> ElementTree:
    """The XML document of all readers' marks, one reading session a reader.

    Args:
        readings: The marks.
        series: What they refer to.
        uid: Unique identifier of the message.

    Returns:
        The document; sessions without a mark stand in it, empty.
    """
    root = Element("LidcReadMessage", {"uid": uid, "xmlns": NAMESPACE, "xmlns:xsi": _SCHEMA})
    root.append(Comment(" Simulated phantom, no patient: the readers are simulated too. "))
    header = SubElement(root, "ResponseHeader")
    for name, text in (
        ("Version", "1.8.1"),
        ("MessageId", "0"),
        ("DateRequest", "2000-01-01"),
        ("TimeRequest", "12:00:00"),
        ("RequestingSite", "phantom"),
        ("ServicingSite", "phantom"),
        ("TaskDescription", "Second unblinded read"),
        ("CtImageFile", "removed"),
        ("SeriesInstanceUid", series.series_uid),
        ("DateService", "2000-01-01"),
        ("TimeService", "12:00:00"),
        ("ResponseDescription", "1 - Reading complete"),
        ("StudyInstanceUID", series.study_uid),
    ):
        SubElement(header, name).text = text
    for number, reading in enumerate(readings, start=1):
        root.append(_session(reading, series, number))
    indent(root, space=" ")
    return ElementTree(root)


def _session(reading: Reading, series: ReadSeries, number: int) -> Element:
    session = Element("readingSession")
    SubElement(session, "annotationVersion").text = "3.12"
    SubElement(session, "servicingRadiologistID").text = f"phantom-reader-{number}"
    for order, mark in enumerate(reading.nodules, start=1):
        session.append(_nodule(mark, series, f"Nodule {order:03d}"))
    for order, point in enumerate(reading.small_nodules, start=1):
        nodule = SubElement(session, "unblindedReadNodule")
        SubElement(nodule, "noduleID").text = str(order)
        _roi(nodule, series, point.slice_index, [(point.x, point.y)])
    for order, point in enumerate(reading.non_nodules, start=1):
        session.append(_non_nodule(point, series, f"Non-nodule {order:03d}"))
    return session


def _nodule(mark: NoduleMark, series: ReadSeries, name: str) -> Element:
    nodule = Element("unblindedReadNodule")
    SubElement(nodule, "noduleID").text = name
    ratings = SubElement(nodule, "characteristics")
    for rating, value in asdict(mark.characteristics).items():
        SubElement(ratings, rating).text = str(value)
    for index in sorted(mark.outlines):
        _roi(nodule, series, index, mark.outlines[index].tolist())
    return nodule


def _roi(nodule: Element, series: ReadSeries, index: int, pixels: list[tuple[int, int]]) -> None:
    roi = SubElement(nodule, "roi")
    SubElement(roi, "imageZposition").text = f"{series.positions_mm[index]:.6f}"
    SubElement(roi, "imageSOP_UID").text = series.sop_uids[index]
    SubElement(roi, "inclusion").text = "TRUE"
    for x, y in pixels:
        edge = SubElement(roi, "edgeMap")
        SubElement(edge, "xCoord").text = str(x)
        SubElement(edge, "yCoord").text = str(y)


def _non_nodule(point: PointMark, series: ReadSeries, name: str) -> Element:
    mark = Element("nonNodule")
    SubElement(mark, "nonNoduleID").text = name
    SubElement(mark, "imageZposition").text = f"{series.positions_mm[point.slice_index]:.6f}"
    SubElement(mark, "imageSOP_UID").text = series.sop_uids[point.slice_index]
    locus = SubElement(mark, "locus")
    SubElement(locus, "xCoord").text = str(point.x)
    SubElement(locus, "yCoord").text = str(point.y)
    return mark
