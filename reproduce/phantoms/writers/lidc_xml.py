"""The readers' marks as the XML file of LIDC-IDRI (LidcReadMessage)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from xml.etree.ElementTree import Comment, Element, ElementTree, SubElement, indent

import numpy as np

from reproduce.imaging.volume import Volume
from reproduce.phantoms.chest.readers import Reading
from reproduce.phantoms.writers.dicom_ct import CtSeriesTags

NAMESPACE = "http://www.nih.gov"
_SCHEMA = "http://www.w3.org/2001/XMLSchema-instance"


def read_message(readings: tuple[Reading, ...], tags: CtSeriesTags, image: Volume) -> ElementTree:
    """Return the XML document of all readers' marks on an image: a reading session a reader, be it without a mark."""
    root = Element("LidcReadMessage", {"uid": tags.uid("message"), "xmlns": NAMESPACE, "xmlns:xsi": _SCHEMA})
    root.append(Comment(" Simulated phantom, no patient: the readers are simulated too. "))
    header = {
        "Version": "1.8.1",
        "MessageId": "0",
        "DateRequest": "2000-01-01",
        "TimeRequest": "12:00:00",
        "RequestingSite": "phantom",
        "ServicingSite": "phantom",
        "TaskDescription": "Second unblinded read",
        "CtImageFile": "removed",
        "SeriesInstanceUid": tags.uid("series"),
        "DateService": "2000-01-01",
        "TimeService": "12:00:00",
        "ResponseDescription": "1 - Reading complete",
        "StudyInstanceUID": tags.uid("study"),
    }
    _append(root, "ResponseHeader", header)
    slices = []
    for k in range(image.shape[0]):
        z_mm = image.world_mm(np.array([k, 0, 0]))[2]
        slices.append({"imageZposition": f"{z_mm:.6f}", "imageSOP_UID": tags.uid("slice", k)})
    for number, reading in enumerate(readings, start=1):
        reader = {"annotationVersion": "3.12", "servicingRadiologistID": f"phantom-reader-{number}"}
        _append_marks(_append(root, "readingSession", reader), reading, slices)
    indent(root, space=" ")
    return ElementTree(root)


def _append_marks(session: Element, reading: Reading, slices: list[dict[str, str]]) -> None:
    for order, mark in enumerate(reading.nodules, start=1):
        nodule = _append(session, "unblindedReadNodule", {"noduleID": f"Nodule {order:03d}"})
        _append(nodule, "characteristics", asdict(mark.characteristics))
        for index in sorted(mark.outlines):
            _append_roi(nodule, slices[index], mark.outlines[index].tolist())
    for order, point in enumerate(reading.small_nodules, start=1):
        nodule = _append(session, "unblindedReadNodule", {"noduleID": order})
        _append_roi(nodule, slices[point.slice_index], [(point.x, point.y)])
    for order, point in enumerate(reading.non_nodules, start=1):
        name = {"nonNoduleID": f"Non-nodule {order:03d}"}
        other = _append(session, "nonNodule", name | slices[point.slice_index])
        _append(other, "locus", {"xCoord": point.x, "yCoord": point.y})


def _append_roi(nodule: Element, at_slice: dict[str, str], pixels: Iterable[tuple[int, int]]) -> None:
    roi = _append(nodule, "roi", at_slice | {"inclusion": "TRUE"})
    for x, y in pixels:
        _append(roi, "edgeMap", {"xCoord": x, "yCoord": y})


def _append(parent: Element, tag: str, texts: Mapping[str, object]) -> Element:
    """Append an element with one child for each text, and return it."""
    element = SubElement(parent, tag)
    for name, text in texts.items():
        SubElement(element, name).text = str(text)
    return element
