from dataclasses import replace

import numpy as np
import pytest

from reproduce.cohorts.image_checks import LINKED_FOLDER, LOST_FILE
from reproduce.cohorts.lidc import annotation_files, find_cohort, read_case, read_nodules
from reproduce.errors import (
    AnnotationFormatError,
    AnnotationMismatchError,
    ArgumentError,
    CohortError,
    DataNotFoundError,
    MissingSliceError,
    SliceShapeError,
)
from reproduce.patient_ids import path_id, scan_id


@pytest.fixture
def annotation(lidc):
    """Two nodules: readers 1 and 2 outline 3 x 3 pixels each, shifted by a column; reader 3 outlines 1 elsewhere."""
    ratings = {"malignancy": 4}
    one = lidc.nodule(lidc.roi(lidc.square(4, 4, 8, 8)), ratings=ratings)
    two = lidc.nodule(lidc.roi(lidc.square(5, 4, 9, 8)), ratings={"malignancy": 2})
    alone = lidc.nodule(lidc.roi(lidc.square(14, 12, 16, 14), z_mm=-6.0), ratings=ratings)
    return lidc.message(lidc.session(one), lidc.session(two), lidc.session(alone), lidc.session())


def test_a_cohort_in_the_layout_of_the_collection(lidc, tmp_path, annotation):
    lidc.write_scan(
        tmp_path, patient="LIDC-IDRI-0003", series="2.25.3", annotation=lidc.message(lidc.session(), series="2.25.3")
    )
    folder = lidc.write_scan(tmp_path, patient="LIDC-IDRI-0002", annotation=annotation)
    (folder / "LICENSE").write_text("CC BY 3.0")
    cohort = find_cohort(tmp_path)
    assert [(scan.patient, scan.series.series_uid) for scan in cohort.scans] == [
        ("LIDC-IDRI-0002", "2.25.1"),
        ("LIDC-IDRI-0003", "2.25.3"),
    ]
    assert cohort.scans[0].annotations == (folder / "1.xml",)
    cohort.ledger.require_counts(n_in=2, n_out=0)


def test_an_xml_finds_its_series_from_anywhere(lidc, tmp_path, annotation):
    lidc.write_scan(tmp_path)
    (tmp_path / "xml" / "157").mkdir(parents=True)
    path = tmp_path / "xml" / "157" / "158.XML"
    path.write_text(annotation)
    assert find_cohort(tmp_path).scans[0].annotations == (path,)


def test_one_damaged_xml_does_not_stop_the_cohort(lidc, tmp_path, annotation):
    lidc.write_scan(
        tmp_path, patient="LIDC-IDRI-0003", series="2.25.3", annotation='<?xml version="1.0" encoding="UTF-9"?><a/>'
    )
    folder = lidc.write_scan(tmp_path, patient="LIDC-IDRI-0002", annotation=annotation)
    cohort = find_cohort(tmp_path)
    assert [scan.series.series_uid for scan in cohort.scans] == ["2.25.1"]
    assert cohort.ledger.reasons()["out", "XML that cannot be read"] == 1
    (folder / "link.xml").symlink_to(tmp_path / "nowhere")
    assert len(annotation_files(tmp_path)[1]) == 2


@pytest.mark.parametrize("content", [b"", bytes(100), bytes(4096)])
def test_a_scan_with_a_broken_slice_is_out_and_the_others_stay(lidc, tmp_path, annotation, content):
    lidc.write_scan(tmp_path, annotation=annotation)
    folder = lidc.write_scan(tmp_path, patient="LIDC-IDRI-0002", series="2.25.2", annotation=annotation)
    slices = sorted(folder.glob("*.dcm"))
    slices[-1].write_bytes(content)
    cohort = find_cohort(tmp_path)
    assert [scan.series.series_uid for scan in cohort.scans] == ["2.25.1"]
    row = next(entry for entry in cohort.ledger.entries if entry.patient == "LIDC-IDRI-0002")
    assert row.status == "out"
    assert row.reason.startswith("files beside its slices that are none and may be lost ones: LIDC-IDRI-0002/")


def test_everything_that_is_out_says_why(lidc, tmp_path, annotation):
    folder = lidc.write_scan(tmp_path, annotation=annotation)
    (folder / "notes.xml").write_text("<svg/>")
    (folder / "broken.xml").write_text("<LidcReadMessage")
    (folder / "other.xml").write_text(lidc.message(lidc.session(), series="2.25.77"))
    lidc.write_scan(tmp_path, patient="LIDC-IDRI-0004", series="2.25.4")
    lidc.write_scan(tmp_path, patient="LIDC-IDRI-0005", series="2.25.5", modality="DX")
    xray = tmp_path / "LIDC-IDRI-0005" / "2.25.5.99" / "2.25.5" / "3.xml"
    xray.write_text(lidc.message(root="IdriReadMessage", series="2.25.5"))
    lidc.write_scan(tmp_path, patient="", series="2.25.6", annotation=lidc.message(lidc.session(), series="2.25.6"))
    odds = lidc.write_scan(tmp_path, patient="LIDC-IDRI-0006", series="2.25.8")
    for number, x in enumerate((1, 2)):
        text = lidc.message(lidc.session(lidc.nodule(lidc.roi([(x, 1)]))), series="2.25.8")
        (odds / f"{number}.xml").write_text(text)
    cohort = find_cohort(tmp_path)
    assert [scan.series.series_uid for scan in cohort.scans] == ["2.25.1"]
    rows = [(entry.patient, entry.scan, entry.reason) for entry in cohort.ledger.entries if entry.status == "out"]
    absent = f"annotation of the absent CT {scan_id('2.25.77', patient='', folder=folder)}"
    assert rows == sorted(
        [
            ("", scan_id("2.25.6", patient="", folder=tmp_path), "CT without PatientID"),
            ("", path_id(xray, tmp_path), "read of a chest X-ray"),
            ("", path_id(folder / "broken.xml", tmp_path), "XML that cannot be read"),
            ("", path_id(folder / "notes.xml", tmp_path), "XML that is no read of LIDC-IDRI"),
            ("", path_id(folder / "other.xml", tmp_path), absent),
            ("LIDC-IDRI-0004", "2.25.4", "CT without annotation"),
            ("LIDC-IDRI-0005", "2.25.5", "chest X-ray"),
            ("LIDC-IDRI-0006", "2.25.8", "annotations at odds: different marks"),
        ]
    )


def test_a_case_has_the_consensus_as_labels(lidc, tmp_path, annotation):
    lidc.write_scan(tmp_path, annotation=annotation)
    (scan,) = find_cohort(tmp_path).scans
    case = read_case(scan, consensus=0.5, min_readers=1)
    # half of two readers: the union of 3 x 3 pixels at columns 5..7 and 6..8, 12 voxels; the third reader's single one
    assert np.bincount(case.reference.voxels.ravel()).tolist() == [3 * 16 * 20 - 13, 12, 1]
    assert case.reference.voxels[1, 5:8, 5:9].all()
    assert case.reference.voxels[2, 13, 15] == 2
    assert case.label_names == {1: "nodule of 2 of 4 readers", 2: "nodule of 1 of 4 readers"}
    assert (case.patient, case.scan) == ("LIDC-IDRI-0001", "2.25.1")
    assert case.readers == ("reader 1", "reader 2", "reader 3", "reader 4")
    assert (case.image.unit, case.reference.unit) == ("HU", "label")
    assert case.image.voxels.max() == -800
    both = read_case(scan, consensus=1.0, min_readers=2)
    assert np.bincount(both.reference.voxels.ravel()).tolist() == [3 * 16 * 20 - 6, 6]


def test_nodules_keep_each_readers_ratings(lidc, tmp_path, annotation):
    lidc.write_scan(tmp_path, annotation=annotation)
    nodules = read_nodules(find_cohort(tmp_path).scans[0], consensus=0.5)
    assert [nodule.characteristics for nodule in nodules] == [
        {"reader 1": {"malignancy": 4}, "reader 2": {"malignancy": 2}},
        {"reader 3": {"malignancy": 4}},
    ]


def test_a_voxel_of_two_nodules_goes_to_the_one_with_more_readers(lidc, tmp_path):
    # reader 3 has two marks: one with readers 1 and 2, and one that crosses it and so is a nodule of its own
    shared = lidc.nodule(lidc.roi(lidc.square(4, 4, 8, 8)))
    crossing = lidc.nodule(lidc.roi(lidc.square(2, 2, 6, 6)), name="2")
    sessions = [lidc.session(shared), lidc.session(shared), lidc.session(shared, crossing)]
    lidc.write_scan(tmp_path, annotation=lidc.message(*sessions))
    case = read_case(find_cohort(tmp_path).scans[0], consensus=0.5, min_readers=1)
    assert case.label_names == {1: "nodule of 1 of 3 readers", 2: "nodule of 3 of 3 readers"}
    # 9 voxels each, one of them ((5, 5)) in both
    assert np.bincount(case.reference.voxels.ravel())[1:].tolist() == [8, 9]


def test_a_scan_without_nodules_is_a_case_without_labels(lidc, tmp_path):
    lidc.write_scan(tmp_path, annotation=lidc.message(*[lidc.session()] * 4))
    case = read_case(find_cohort(tmp_path).scans[0], consensus=0.5, min_readers=1)
    assert case.label_names == {}
    assert not case.reference.voxels.any()


def test_wrong_path(tmp_path):
    with pytest.raises(DataNotFoundError) as error:
        find_cohort(tmp_path / "absent")
    assert "expected a folder with LIDC-IDRI (patient / study / series), got nothing there" in str(error.value)


def test_empty_folder(tmp_path):
    with pytest.raises(DataNotFoundError, match="got an empty folder"):
        find_cohort(tmp_path)


def test_annotations_without_any_ct(lidc, tmp_path, annotation):
    (tmp_path / "1.xml").write_text(annotation)
    with pytest.raises(DataNotFoundError, match="expected CT series of LIDC-IDRI, got no CT"):
        find_cohort(tmp_path)


def test_a_cohort_of_nothing_lists_the_reasons(lidc, tmp_path):
    lidc.write_scan(tmp_path, annotation="<svg/>")
    text = "1 out: CT without annotation; 1 out: XML that is no read of LIDC-IDRI"
    with pytest.raises(CohortError, match=text):
        find_cohort(tmp_path)


def test_a_series_with_a_missing_slice(lidc, tmp_path, annotation):
    folder = lidc.write_scan(tmp_path, annotation=annotation)
    lidc.write_slice(folder / "far.dcm", z_mm=-2.0, sop="2.25.1.4")
    with pytest.raises(MissingSliceError, match="-4"):
        read_case(find_cohort(tmp_path).scans[0], consensus=0.5, min_readers=1)


def test_two_slices_of_different_size(lidc, tmp_path, annotation):
    folder = lidc.write_scan(tmp_path, annotation=annotation)
    lidc.write_slice(folder / "wide.dcm", z_mm=-4.0, sop="2.25.1.4", shape=(16, 24))
    with pytest.raises(SliceShapeError, match="24"):
        read_case(find_cohort(tmp_path).scans[0], consensus=0.5, min_readers=1)


def test_an_xml_that_is_not_lidc(lidc, tmp_path, annotation):
    folder = lidc.write_scan(tmp_path, annotation=annotation)
    (scan,) = find_cohort(tmp_path).scans
    (folder / "1.xml").write_text("<annotation/>")
    with pytest.raises(AnnotationFormatError, match="expected LidcReadMessage, a read of a CT, got the root element"):
        read_case(scan, consensus=0.5, min_readers=1)


def test_the_xml_of_another_series(lidc, tmp_path, annotation):
    lidc.write_scan(tmp_path, annotation=annotation)
    (scan,) = find_cohort(tmp_path).scans
    foreign = tmp_path / "foreign.xml"
    foreign.write_text(lidc.message(lidc.session(), series="2.25.9"))
    with pytest.raises(AnnotationMismatchError, match=r"the series 2.25.1, got annotations of 2.25.9"):
        read_case(replace(scan, annotations=(foreign,)), consensus=0.5, min_readers=1)


def test_min_readers_below_one(lidc, tmp_path, annotation):
    lidc.write_scan(tmp_path, annotation=annotation)
    with pytest.raises(ArgumentError, match="min_readers of 1 or more"):
        read_case(find_cohort(tmp_path).scans[0], consensus=0.5, min_readers=0)


def test_patients_that_no_series_shows_are_rows_of_the_ledger(lidc, tmp_path, annotation):
    root = tmp_path / "root"
    home = lidc.write_scan(root, annotation=annotation)
    whole = (home / "8.dcm").read_bytes()
    for patient, content in (("LIDC-IDRI-0002", b""), ("LIDC-IDRI-0003", whole[:160])):
        (root / patient).mkdir()
        for name in ("1.dcm", "2.dcm", "3.dcm"):
            (root / patient / name).write_bytes(content)
    lidc.write_scan(tmp_path / "elsewhere", patient="LIDC-IDRI-0004", series="2.25.4")
    (root / "LIDC-IDRI-0004").symlink_to(tmp_path / "elsewhere" / "LIDC-IDRI-0004")
    (home / "147").symlink_to(tmp_path / "elsewhere")
    cohort = find_cohort(root)
    assert [scan.patient for scan in cohort.scans] == ["LIDC-IDRI-0001"]
    rows = {entry.scan: entry.reason for entry in cohort.ledger.entries if entry.status == "out"}
    lost = [f"{patient}/{n}.dcm" for patient in ("LIDC-IDRI-0002", "LIDC-IDRI-0003") for n in (1, 2, 3)]
    linked = ["LIDC-IDRI-0004", path_id(home / "147", root)]
    assert rows == dict.fromkeys(lost, LOST_FILE) | dict.fromkeys(linked, LINKED_FOLDER)


def test_broken_files_alone_are_counted(tmp_path):
    (tmp_path / "1.dcm").touch()
    with pytest.raises(DataNotFoundError, match="got no CT, but 1 files that may be broken or lost"):
        find_cohort(tmp_path)


def test_xml_that_cannot_be_read_says_so(lidc, tmp_path, annotation):
    folder = lidc.write_scan(tmp_path, annotation=annotation)
    (folder / "2.xml").write_text("<LidcReadMessage")
    (folder / "3.xml").symlink_to(tmp_path / "nowhere")
    (folder / "4.xml").write_text("<svg/>")
    reasons = [entry.reason for entry in annotation_files(tmp_path)[1]]
    assert reasons == ["XML that cannot be read"] * 2 + ["XML that is no read of LIDC-IDRI"]
