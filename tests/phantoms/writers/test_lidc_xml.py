"""The XML says what the readers marked, in the words of LIDC-IDRI."""

import numpy as np
import pytest
from defusedxml import ElementTree

from reproduce.imaging.volume import Volume
from reproduce.phantoms.chest.readers import Characteristics, NoduleMark, PointMark, Reading
from reproduce.phantoms.writers.dicom_ct import CtSeriesTags
from reproduce.phantoms.writers.lidc_xml import NAMESPACE, read_message

_NS = {"n": NAMESPACE}
_TAGS = CtSeriesTags(("test",), "PHANTOM-0001", "test", None, "HFS", True)
_AFFINE = np.array([[1.0, 0, 0, 0], [0, 1, 0, 0], [0, 0, 2.5, -100], [0, 0, 0, 1]])
_IMAGE = Volume(np.zeros((3, 12, 12), np.int16), _AFFINE, "HU")
_CHAIN = np.array([[3, 1], [4, 2], [3, 3], [2, 2], [3, 1]])
_READINGS = (
    Reading(
        (NoduleMark(0, {2: _CHAIN, 1: _CHAIN + 1}, Characteristics(5, 1, 6, 4, 3, 2, 1, 5, 4)),),
        (PointMark(1, 0, 7, 8),),
        (PointMark(2, 1, 9, 10),),
    ),
    Reading((), (), ()),
)


@pytest.fixture
def root(tmp_path):
    read_message(_READINGS, _TAGS, _IMAGE).write(tmp_path / "1.xml", encoding="UTF-8", xml_declaration=True)
    text = (tmp_path / "1.xml").read_text()
    assert "phantom" in text.split("<ResponseHeader>")[0]
    return ElementTree.fromstring(text)


def test_header_names_the_series(root):
    assert root.tag == f"{{{NAMESPACE}}}LidcReadMessage"
    assert root.findtext("n:ResponseHeader/n:SeriesInstanceUid", namespaces=_NS) == _TAGS.uid("series")
    assert root.findtext("n:ResponseHeader/n:StudyInstanceUID", namespaces=_NS) == _TAGS.uid("study")


def test_each_reader_has_a_session_even_without_a_mark(root):
    sessions = root.findall("n:readingSession", _NS)
    assert [len(s.findall("n:unblindedReadNodule", _NS)) for s in sessions] == [2, 0]


def test_nodule_has_ratings_and_outlines_by_slice(root):
    nodule = root.find(".//n:unblindedReadNodule", _NS)
    ratings = nodule.find("n:characteristics", _NS)
    assert [child.text for child in ratings] == list("516432154")
    assert ratings[0].tag.endswith("subtlety")
    assert ratings[1].tag.endswith("internalStructure")
    rois = nodule.findall("n:roi", _NS)
    assert [roi.findtext("n:imageSOP_UID", namespaces=_NS) for roi in rois] == [_TAGS.uid("slice", k) for k in (1, 2)]
    assert [float(roi.findtext("n:imageZposition", namespaces=_NS)) for roi in rois] == [-97.5, -95.0]
    assert all(roi.findtext("n:inclusion", namespaces=_NS) == "TRUE" for roi in rois)
    chain = [[int(child.text) for child in edge] for edge in rois[1].findall("n:edgeMap", _NS)]
    np.testing.assert_array_equal(chain, _CHAIN)


def test_small_nodule_is_one_point_without_ratings(root):
    small = root.findall(".//n:unblindedReadNodule", _NS)[1]
    assert small.find("n:characteristics", _NS) is None
    assert [[int(c.text) for c in edge] for edge in small.findall("n:roi/n:edgeMap", _NS)] == [[7, 8]]


def test_non_nodule_is_a_locus(root):
    mark = root.find(".//n:nonNodule", _NS)
    assert [int(child.text) for child in mark.find("n:locus", _NS)] == [9, 10]
    assert mark.findtext("n:imageSOP_UID", namespaces=_NS) == _TAGS.uid("slice", 1)
