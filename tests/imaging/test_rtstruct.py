"""Structure sets that a test breaks in exactly one place."""

from pathlib import Path

import numpy as np
import pydicom
import pytest
from pydicom import uid
from pydicom.dataset import Dataset, FileMetaDataset

from reproduce.errors import AnnotationFormatError, DataNotFoundError
from reproduce.imaging.rtstruct import read_structures

_FRAME, _SERIES = "1.2.3.4", "1.2.3.5"
_TRIANGLE = ["0", "0", "-5", "10", "0", "-5", "0", "10.25", "-5"]


def _item(**elements) -> Dataset:
    item = Dataset()
    for keyword, value in elements.items():
        setattr(item, keyword, value)
    return item


def _contour(data, kind="CLOSED_PLANAR"):
    contour = _item(NumberOfContourPoints=len(data) // 3, ContourData=data)
    if kind is not None:
        contour.ContourGeometricType = kind
    return contour


def _structure_set() -> Dataset:
    """Structures 2 "Heart" (a triangle and a point), 1 " Lung_L " (no item) and 7 "Areola" (an item, no contours)."""
    dataset = Dataset()
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.MediaStorageSOPInstanceUID = "1.2.3"
    dataset.file_meta.TransferSyntaxUID = uid.ImplicitVRLittleEndian
    dataset.SOPClassUID, dataset.SOPInstanceUID = uid.RTStructureSetStorage, "1.2.3"
    dataset.Modality, dataset.PatientID, dataset.StudyInstanceUID = "RTSTRUCT", "P1", "1.2.9"
    dataset.StructureSetLabel = "plan"
    series = _item(SeriesInstanceUID=_SERIES)
    study = _item(RTReferencedSeriesSequence=[series])
    dataset.ReferencedFrameOfReferenceSequence = [_item(FrameOfReferenceUID=_FRAME, RTReferencedStudySequence=[study])]
    dataset.StructureSetROISequence = [
        _item(ROINumber=2, ROIName="Heart", ReferencedFrameOfReferenceUID="1.2.3.6"),
        _item(ROINumber=1, ROIName=" Lung_L "),
        _item(ROINumber=7, ROIName="Areola"),
    ]
    triangle, point = _contour(_TRIANGLE), _contour(["1", "2", "3"], "POINT")
    dataset.ROIContourSequence = [
        _item(ReferencedROINumber=2, ROIDisplayColor=["255", "128", "0"], ContourSequence=[triangle, point]),
        _item(ReferencedROINumber=7),
    ]
    dataset.RTROIObservationsSequence = [
        _item(ObservationNumber=1, ReferencedROINumber=2, RTROIInterpretedType="ORGAN")
    ]
    return dataset


def _write(folder: Path, dataset: Dataset) -> Path:
    path = folder / "set.dcm"
    dataset.save_as(path, enforce_file_format=True)
    return path


def test_structures_come_back_as_written(tmp_path):
    path = _write(tmp_path, _structure_set())
    found = read_structures(path)
    assert (found.path, found.label, found.patient_id, found.study_uid) == (path, "plan", "P1", "1.2.9")
    assert (found.frame_uids, found.series_uids) == ((_FRAME, "1.2.3.6"), (_SERIES,))
    assert [(s.number, s.name) for s in found.structures] == [(1, "Lung_L"), (2, "Heart"), (7, "Areola")]
    lung, heart, areola = found.structures
    assert (heart.kind, heart.colour_rgb) == ("ORGAN", (255, 128, 0))
    assert [contour.geometric_type for contour in heart.contours] == ["CLOSED_PLANAR", "POINT"]
    assert heart.contours[0].points_mm.dtype == np.float64
    assert heart.contours[0].points_mm.tolist() == [[0, 0, -5], [10, 0, -5], [0, 10.25, -5]]
    assert (lung.kind, lung.colour_rgb, lung.contours, areola.contours) == ("", None, (), ())


def test_a_structure_without_a_frame_has_that_of_the_file(tmp_path):
    found = read_structures(_write(tmp_path, _structure_set()))
    assert [s.frame_uid for s in found.structures] == [_FRAME, "1.2.3.6", _FRAME]
    dataset = _structure_set()
    del dataset.ReferencedFrameOfReferenceSequence
    found = read_structures(_write(tmp_path, dataset))
    assert [s.frame_uid for s in found.structures] == ["", "1.2.3.6", ""]
    assert (found.frame_uids, found.series_uids) == (("1.2.3.6",), ())


def test_every_frame_that_the_file_names_counts(tmp_path):
    dataset = _structure_set()
    del dataset.ReferencedFrameOfReferenceSequence
    dataset.FrameOfReferenceUID = "1.2.3.7"
    found = read_structures(_write(tmp_path, dataset))
    assert found.frame_uids == ("1.2.3.7", "1.2.3.6")
    assert [s.frame_uid for s in found.structures] == ["1.2.3.7", "1.2.3.6", "1.2.3.7"]


@pytest.mark.parametrize(("numbers", "words"), [("4", "says, 4"), ("2", "says, 2")])
def test_another_number_of_points_than_the_file_says_is_refused(tmp_path, numbers, words):
    dataset = _structure_set()
    dataset.ROIContourSequence[0].ContourSequence[0].NumberOfContourPoints = numbers
    with pytest.raises(AnnotationFormatError, match=f"NumberOfContourPoints .*{words}, got 3 points"):
        read_structures(_write(tmp_path, dataset))


def test_structures_without_an_area_are_reported(tmp_path):
    dataset = _structure_set()
    assert read_structures(_write(tmp_path, dataset)).empty_names == ("Areola", "Lung_L")
    dataset.ROIContourSequence[0].ContourSequence[0].ContourGeometricType = "OPEN_PLANAR"
    assert read_structures(_write(tmp_path, dataset)).empty_names == ("Areola", "Heart", "Lung_L")


def test_a_set_without_structures_is_empty(tmp_path):
    dataset = _structure_set()
    dataset.StructureSetROISequence = []
    for keyword in ("ROIContourSequence", "RTROIObservationsSequence"):
        delattr(dataset, keyword)
    found = read_structures(_write(tmp_path, dataset))
    assert (found.structures, found.empty_names) == ((), ())


@pytest.mark.filterwarnings("ignore:.*exceeds the size of 64 kByte")  # the writer's note that it says UN for DS
@pytest.mark.parametrize("syntax", [uid.ImplicitVRLittleEndian, uid.ExplicitVRLittleEndian, uid.ExplicitVRBigEndian])
def test_long_contours_survive_every_transfer_syntax(tmp_path, syntax):
    # 30,000 numbers are more than the 64 KiB that explicit syntaxes have for a decimal string.
    numbers = np.random.default_rng(0).uniform(-400, 400, 30_000).round(3)
    dataset = _structure_set()
    contour = dataset.ROIContourSequence[0].ContourSequence[0]
    contour.ContourData, contour.NumberOfContourPoints = [f"{v:.3f}" for v in numbers], 10_000
    path = tmp_path / "set.dcm"
    dataset.file_meta.TransferSyntaxUID = syntax
    pydicom.dcmwrite(path, dataset, enforce_file_format=True)
    heart = read_structures(path).structures[1]
    np.testing.assert_array_equal(heart.contours[0].points_mm.ravel(), numbers)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (_TRIANGLE[:-1], "8 numbers"),
        ([], "0 numbers"),
        (None, "0 numbers"),
        ([*_TRIANGLE[:3], "nan", *_TRIANGLE[4:]], "nan at coordinate 3"),
        ([*_TRIANGLE[:3], "-inf", *_TRIANGLE[4:]], "inf at coordinate 3"),
        ([*_TRIANGLE[:3], "1e30", *_TRIANGLE[4:]], r"1e\+30 mm, which is no place"),
        ([*_TRIANGLE[:3], "1,5", *_TRIANGLE[4:]], "text that is none"),
        ([*_TRIANGLE[:3], "", *_TRIANGLE[4:]], "text that is none"),
    ],
)
def test_broken_points_are_refused_with_structure_and_contour(tmp_path, data, words):
    dataset = _structure_set()
    contour = dataset.ROIContourSequence[0].ContourSequence[0]
    del contour.ContourData
    if data is not None:
        text = "\\".join(data).encode()
        contour[0x30060050] = pydicom.dataelem.RawDataElement(
            pydicom.tag.Tag(0x30060050), "DS", len(text), text + b" " * (len(text) % 2), 0, True, True
        )
    with pytest.raises(AnnotationFormatError, match=words) as caught:
        read_structures(_write(tmp_path, dataset))
    assert "structure 2 'Heart', contour 0" in str(caught.value)


@pytest.mark.parametrize("kind", [None, "", "CIRCLE"])
def test_an_unknown_type_of_contour_is_refused(tmp_path, kind):
    dataset = _structure_set()
    dataset.ROIContourSequence[0].ContourSequence[0] = _contour(_TRIANGLE, kind)
    with pytest.raises(AnnotationFormatError, match="ContourGeometricType"):
        read_structures(_write(tmp_path, dataset))


def test_numbers_that_are_absent_twice_or_of_nobody_are_refused(tmp_path):
    dataset = _structure_set()
    del dataset.StructureSetROISequence[1].ROINumber
    with pytest.raises(AnnotationFormatError, match="ROINumber: a whole number, got none for the structure 'Lung_L'"):
        read_structures(_write(tmp_path, dataset))
    dataset = _structure_set()
    dataset.StructureSetROISequence[1].ROINumber = 2
    with pytest.raises(AnnotationFormatError, match="one ROINumber, got several of number 2"):
        read_structures(_write(tmp_path, dataset))
    dataset = _structure_set()
    dataset.ROIContourSequence[0].ReferencedROINumber = 99
    with pytest.raises(AnnotationFormatError, match=r"the numbers \[99\] too"):
        read_structures(_write(tmp_path, dataset))
    dataset = _structure_set()
    dataset.ROIContourSequence[1].ReferencedROINumber = 2
    with pytest.raises(AnnotationFormatError, match="several of number 2"):
        read_structures(_write(tmp_path, dataset))
    dataset = _structure_set()
    del dataset.ROIContourSequence[0].ReferencedROINumber
    with pytest.raises(AnnotationFormatError, match="ReferencedROINumber: a whole number"):
        read_structures(_write(tmp_path, dataset))


def test_of_several_observations_the_first_is_taken(tmp_path):
    dataset = _structure_set()
    dataset.RTROIObservationsSequence.append(
        _item(ObservationNumber=2, ReferencedROINumber=2, RTROIInterpretedType="AVOIDANCE")
    )
    assert read_structures(_write(tmp_path, dataset)).structures[1].kind == "ORGAN"


@pytest.mark.filterwarnings("ignore:Invalid value for VR IS")  # pydicom's note
@pytest.mark.parametrize("colour", [b"1\\2 ", b"1\\2\\256 ", b"1\\-2\\3", b"1Y2\\3 "])
def test_a_colour_that_is_none_is_refused(tmp_path, colour):
    dataset = _structure_set()
    tag = pydicom.tag.Tag(0x3006002A)
    dataset.ROIContourSequence[0][tag] = pydicom.dataelem.RawDataElement(tag, "IS", len(colour), colour, 0, True, True)
    with pytest.raises(AnnotationFormatError, match="ROIDisplayColor"):
        read_structures(_write(tmp_path, dataset))


def test_what_is_no_structure_set_is_refused(tmp_path, ct):
    with pytest.raises(DataNotFoundError):
        read_structures(tmp_path / "absent.dcm")
    (tmp_path / "text.dcm").write_text("no DICOM")
    with pytest.raises(AnnotationFormatError, match="a DICOM structure set"):
        read_structures(tmp_path / "text.dcm")
    path = ct.write(tmp_path / "ct.dcm", ct.dataset(stored=ct.numbered(0)))
    with pytest.raises(AnnotationFormatError, match="modality CT"):
        read_structures(path)


@pytest.mark.filterwarnings("ignore:Invalid value for VR UI")  # a UID that is cut short
def test_a_file_that_is_cut_anywhere_loses_no_contour_without_a_word(tmp_path):
    path = _write(tmp_path, _structure_set())
    whole, contours = path.read_bytes(), b"\x06\x30\x80\x00"  # RTROIObservationsSequence, which follows them
    for length in range(0, whole.index(contours), 3):
        path.write_bytes(whole[:length])
        with pytest.raises(AnnotationFormatError):
            read_structures(path)


def test_a_sequence_of_broken_bytes_is_refused(tmp_path):
    path = _write(tmp_path, _structure_set())
    whole = path.read_bytes()
    path.write_bytes(whole[: whole.index(b"CLOSED_PLANAR") + 4])
    with pytest.raises(AnnotationFormatError):
        read_structures(path)
