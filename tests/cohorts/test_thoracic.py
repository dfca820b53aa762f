"""The layout of LCTSC on small CT of three slices, 16 x 20 pixels, each test breaking one thing."""

import shutil

import numpy as np
import pydicom
import pytest

from reproduce.cohorts.image_checks import LINKED_FOLDER, LOST_FILE
from reproduce.cohorts.thoracic import find_cohort, read_case, read_organs
from reproduce.errors import (
    AnnotationMismatchError,
    ArgumentError,
    CohortError,
    ContourPlaceError,
    DataNotFoundError,
)
from reproduce.imaging.dicom import read_series
from reproduce.patient_ids import path_id, scan_id
from reproduce.phantoms.writers.dicom_ct import CtSeriesTags
from reproduce.phantoms.writers.rtstruct import write_structure_set


class _Tags(CtSeriesTags):
    """Tags of a CT of `write_scan`, whose identifiers go by the name of its series."""

    def uid(self, what, k=0):
        ends = {"series": "", "study": ".99", "frame": ".7", "structure series": ".5", "structures": ".6"}
        return self.name[0] + (f".{k + 1}" if what == "slice" else ends[what])


_NAMES = ("Esophagus", "Heart", "Lung_L", "Lung_R", "SpinalCord")
_CT = "2.25.1"


def _masks(names=_NAMES):
    """The i-th structure has columns 3 i to 3 i + 2 of rows 4 to 9 on all three slices."""
    masks = {name: np.zeros((3, 16, 20), dtype=bool) for name in names}
    for i, mask in enumerate(masks.values()):
        mask[:, 4:10, 3 * i : 3 * i + 3] = True
    return masks


def _write(lidc, root, *, patient="PHANTOM-0001", series=_CT, masks=None, name="1-1.dcm", **elements):
    """A CT with its structure set, and further elements of the set's file by keyword; gives the path of that file."""
    home = lidc.write_scan(root, patient=patient, series=series)
    masks = _masks() if masks is None else masks
    path = home.parent / "structures" / name
    write_structure_set(path, masks, read_series(home).volume, _Tags((series,), patient, "test", None, "HFS", True))
    _change(path, **elements)
    return path


def _change(path, **elements):
    dataset = pydicom.dcmread(path)
    for keyword, value in elements.items():
        setattr(dataset, keyword, value)
    dataset.save_as(path)


def _give_frame(root, frame, series=_CT):
    for path in (root / "PHANTOM-0001" / f"{series}.99" / series).iterdir():
        _change(path, FrameOfReferenceUID=frame)


def _reasons(cohort):
    return {(entry.scan, entry.status): entry.reason for entry in cohort.ledger.entries}


def test_scans_are_found_by_headers_and_sorted(lidc, tmp_path):
    for patient, series in (("PHANTOM-0002", "2.25.3"), ("PHANTOM-0001", "2.25.9"), ("PHANTOM-0001", "2.25.4")):
        _write(lidc, tmp_path, patient=patient, series=series)
    cohort = find_cohort(tmp_path, absent="refuse")
    assert cohort.name == "LCTSC"
    assert [(s.patient, s.series.series_uid) for s in cohort.scans] == [
        ("PHANTOM-0001", "2.25.4"),
        ("PHANTOM-0001", "2.25.9"),
        ("PHANTOM-0002", "2.25.3"),
    ]
    assert cohort.ledger.reasons() == {("in", "CT with 5 of 5 organs"): 3}


def test_a_case_has_the_five_labels(lidc, tmp_path):
    _write(lidc, tmp_path)
    (scan,) = find_cohort(tmp_path, absent="refuse").scans
    case = read_case(scan, outside="refuse")
    assert (case.patient, case.scan, case.readers) == ("PHANTOM-0001", _CT, ())
    assert case.label_names == {1: "oesophagus", 2: "heart", 3: "lung_left", 4: "lung_right", 5: "spinal_cord"}
    expected = sum((i + 1) * mask for i, mask in enumerate(_masks().values()))
    np.testing.assert_array_equal(case.reference.voxels, expected)
    assert case.reference.unit == "label"


def test_images_and_structures_may_lie_in_one_folder(lidc, tmp_path):
    path = _write(lidc, tmp_path)
    path.rename(path.parents[1] / _CT / "xyz")
    assert len(find_cohort(tmp_path, absent="refuse").scans) == 1


def test_where_organs_overlap_the_smaller_one_wins(lidc, tmp_path):
    masks = _masks()
    masks["Lung_L"][:, 4:10, :] = True  # over all of them
    _write(lidc, tmp_path, masks=masks)
    (scan,) = find_cohort(tmp_path, absent="refuse").scans
    labels = read_case(scan, outside="refuse").reference.voxels
    assert labels[1, 5].tolist() == [1] * 3 + [2] * 3 + [3] * 6 + [5] * 3 + [3] * 5
    _, organs = read_organs(scan, outside="refuse")
    assert int(organs[3].voxels.sum()) == 3 * 6 * 20  # as outlined, overlaps and all


def test_other_spellings_are_known_and_other_structures_listed(lidc, tmp_path):
    names = ("oesophagus", "HEART", "Left Lung", "Lung Rt", "Spinal Cord", "SpinalCord_PRV", "GTV-1")
    _write(lidc, tmp_path, masks=_masks(names[:6]) | {"GTV-1": np.zeros((3, 16, 20), dtype=bool)})
    cohort = find_cohort(tmp_path, absent="refuse")
    reason = "CT with 5 of 5 organs, other structures: GTV-1, SpinalCord_PRV"
    assert _reasons(cohort) == {(_CT, "in"): reason}
    labels = read_case(cohort.scans[0], outside="refuse").reference.voxels
    assert sorted(np.unique(labels).tolist()) == [0, 1, 2, 3, 4, 5]
    assert (labels[:, :, 15:] == 0).all()  # the planning volume of the cord is not the cord


def test_an_organ_that_is_not_outlined_refuses_the_scan_or_is_missing_from_its_names(lidc, tmp_path):
    masks = _masks()
    masks["Heart"][:] = False
    del masks["Lung_R"]
    _write(lidc, tmp_path, masks=masks)
    _write(lidc, tmp_path, patient="PHANTOM-0002", series="2.25.2")
    reason = "CT with 3 of 5 organs, not outlined: heart, lung_right"
    refused, kept = (find_cohort(tmp_path, absent=absent) for absent in ("refuse", "keep"))
    assert _reasons(refused)[_CT, "out"] == reason
    assert [scan.patient for scan in refused.scans] == ["PHANTOM-0002"]
    assert _reasons(kept)[_CT, "in"] == reason
    case = read_case(kept.scans[0], outside="refuse")
    assert dict(case.label_names) == {1: "oesophagus", 3: "lung_left", 5: "spinal_cord"}


def test_a_structure_set_without_any_organ_is_out_in_any_case(lidc, tmp_path):
    _write(lidc, tmp_path, masks=_masks(("GTV-1",)))
    with pytest.raises(CohortError, match=r"0 of 5 organs.* other structures: GTV-1"):
        find_cohort(tmp_path, absent="keep")


def test_two_structures_of_one_organ_are_out(lidc, tmp_path):
    _write(lidc, tmp_path, masks=_masks((*_NAMES, "heart")))
    with pytest.raises(CohortError, match=r"several structures of one organ \(heart: Heart, heart\)"):
        find_cohort(tmp_path, absent="keep")


def test_a_set_that_refers_to_nothing_finds_the_ct_of_its_study_and_frame(lidc, tmp_path):
    path = _write(lidc, tmp_path)
    _write(lidc, tmp_path, patient="PHANTOM-0002", series="2.25.2")
    dataset = pydicom.dcmread(path)
    study = dataset.ReferencedFrameOfReferenceSequence[0].RTReferencedStudySequence[0]
    study.RTReferencedSeriesSequence[0].SeriesInstanceUID = "2.25.404"
    dataset.save_as(path)
    cohort = find_cohort(tmp_path, absent="refuse")
    reason = "structure set of no CT here: refers to 1 series that are not here; its study has 1 CT here, in another "
    reason += "frame of reference; its patient has a CT"
    assert _reasons(cohort)[path_id(path, tmp_path), "out"] == reason
    assert _reasons(cohort)[_CT, "out"] == "CT without structure set"
    _give_frame(tmp_path, "2.25.1.7")
    assert [scan.patient for scan in find_cohort(tmp_path, absent="refuse").scans] == ["PHANTOM-0001", "PHANTOM-0002"]


def test_a_set_that_names_its_frame_in_its_structures_alone_finds_the_ct_of_its_study(lidc, tmp_path):
    path = _write(lidc, tmp_path)
    _give_frame(tmp_path, "2.25.1.7")
    dataset = pydicom.dcmread(path)
    del dataset.ReferencedFrameOfReferenceSequence
    dataset.FrameOfReferenceUID = "2.25.1.7"
    dataset.save_as(path)
    (scan,) = find_cohort(tmp_path, absent="refuse").scans
    assert sorted(read_organs(scan, outside="refuse")[1]) == [1, 2, 3, 4, 5]


def test_the_set_of_another_scan_says_what_was_compared(lidc, tmp_path):
    lidc.write_scan(tmp_path, patient="PHANTOM-0009", series="2.25.9")
    path = _write(lidc, tmp_path / "elsewhere", masks=_masks(("Prostate", "Bladder")))
    path.rename(tmp_path / "PHANTOM-0009" / "1-1.dcm")
    shutil.rmtree(tmp_path / "elsewhere")
    with pytest.raises(
        CohortError, match="refers to 1 series that are not here; its study has no CT; its patient has no CT"
    ):
        find_cohort(tmp_path, absent="keep")


def test_two_ct_of_one_study_and_frame_are_not_guessed_between(lidc, tmp_path):
    path = _write(lidc, tmp_path)
    _give_frame(tmp_path, "2.25.1.7")
    second = path.parents[1] / "second"
    for k, file in enumerate(sorted((path.parents[1] / _CT).iterdir())):
        dataset = pydicom.dcmread(file)
        dataset.SeriesInstanceUID, dataset.SOPInstanceUID = "2.25.8", f"2.25.8.{k}"
        second.mkdir(exist_ok=True)
        dataset.save_as(second / file.name)
    assert [s.series.series_uid for s in find_cohort(tmp_path, absent="refuse").scans] == [_CT]  # by reference
    dataset = pydicom.dcmread(path)
    del dataset.ReferencedFrameOfReferenceSequence[0].RTReferencedStudySequence
    dataset.save_as(path)
    with pytest.raises(CohortError, match="1 out: structure set of one of 2 CT, which one"):
        find_cohort(tmp_path, absent="refuse")


def test_structures_in_another_frame_of_reference_are_out(lidc, tmp_path):
    _write(lidc, tmp_path)
    _give_frame(tmp_path, "2.25.1.8")
    with pytest.raises(CohortError, match="structures in another frame of reference than the CT"):
        find_cohort(tmp_path, absent="refuse")


def test_a_ct_without_structures_with_two_sets_or_of_another_patient_is_out(lidc, tmp_path):
    _write(lidc, tmp_path)
    lidc.write_scan(tmp_path, patient="PHANTOM-0002", series="2.25.2")
    path = _write(lidc, tmp_path, patient="PHANTOM-0003", series="2.25.3")
    path.with_name("copy").write_bytes(path.read_bytes())
    _write(lidc, tmp_path, patient="PHANTOM-0004", series="2.25.4", PatientID="PHANTOM-0001")
    lidc.write_scan(tmp_path, patient="", series="2.25.5")
    assert _reasons(find_cohort(tmp_path, absent="refuse")) == {
        (_CT, "in"): "CT with 5 of 5 organs",
        ("2.25.2", "out"): "CT without structure set",
        ("2.25.3", "out"): "CT with 2 structure sets",
        ("2.25.4", "out"): "structure set of another patient",
        (scan_id("2.25.5", patient="", folder=tmp_path), "out"): "CT without PatientID",
    }


def test_a_broken_structure_set_is_out_with_what_is_broken(lidc, tmp_path):
    _write(lidc, tmp_path)
    path = _write(lidc, tmp_path, patient="PHANTOM-0002", series="2.25.2")
    dataset = pydicom.dcmread(path)
    dataset.ROIContourSequence[1].ContourSequence[0].ContourData = ["1", "2", "3", "4"]
    dataset.save_as(path)
    broken = (
        "broken structure set: expected ContourData (3006,0050): finite numbers, three for each of one or more points"
    )
    reasons = _reasons(find_cohort(tmp_path, absent="refuse"))
    assert reasons["2.25.2", "out"] == broken
    stray = tmp_path / "stray.dcm"
    _change(path, StudyInstanceUID="2.25.404")
    path.rename(stray)
    reasons = _reasons(find_cohort(tmp_path, absent="refuse"))
    assert reasons[path_id(stray, tmp_path), "out"] == broken
    assert reasons["2.25.2", "out"] == "CT without structure set"


def test_an_outline_beyond_the_ct_refuses_the_scan_or_is_listed(lidc, tmp_path):
    path = _write(lidc, tmp_path)
    dataset = pydicom.dcmread(path)
    contour = dataset.ROIContourSequence[1].ContourSequence[0]
    contour.ContourData = ["0", "0", "40", "3", "0", "40", "0", "3", "40"]
    contour.NumberOfContourPoints = 3
    dataset.save_as(path)
    (scan,) = find_cohort(tmp_path, absent="refuse").scans
    with pytest.raises(ContourPlaceError, match="'Heart', contour 0"):
        read_case(scan, outside="refuse")
    _, organs = read_organs(scan, outside="list")
    assert len(organs[2].remarks) == 1
    assert (read_case(scan, outside="list").reference.voxels == 2).sum() == 2 * 6 * 3


def test_a_set_that_turned_ambiguous_after_it_was_found_is_refused(lidc, tmp_path):
    path = _write(lidc, tmp_path)
    (scan,) = find_cohort(tmp_path, absent="refuse").scans
    dataset = pydicom.dcmread(path)
    dataset.StructureSetROISequence[0].ROIName = "heart"
    dataset.save_as(path)
    with pytest.raises(AnnotationMismatchError, match="one outlined structure an organ"):
        read_case(scan, outside="refuse")


def test_no_folder_no_ct_and_no_word_on_absent_organs_are_refused(lidc, tmp_path):
    with pytest.raises(DataNotFoundError):
        find_cohort(tmp_path / "nowhere", absent="refuse")
    (tmp_path / "readme.txt").write_text("x")
    with pytest.raises(DataNotFoundError, match="CT series of LCTSC"):
        find_cohort(tmp_path, absent="refuse")
    with pytest.raises(ArgumentError, match="absent 'refuse' or 'keep'"):
        find_cohort(tmp_path, absent="drop")
    lidc.write_scan(tmp_path)
    with pytest.raises(CohortError, match="CT without structure set"):
        find_cohort(tmp_path, absent="refuse")


def test_what_no_scan_shows_is_a_row_of_the_ledger(lidc, tmp_path):
    root = tmp_path / "root"
    path = _write(lidc, root)
    broken = path.read_bytes()[:160]
    path.with_name("1-2.dcm").write_bytes(broken)
    lidc.write_scan(tmp_path / "elsewhere", patient="PHANTOM-0003", series="2.25.3")
    (root / "PHANTOM-0002").mkdir()
    (root / "PHANTOM-0002" / "1.dcm").touch()
    (root / "PHANTOM-0003").symlink_to(tmp_path / "elsewhere" / "PHANTOM-0003")
    assert _reasons(find_cohort(root, absent="refuse")) == {
        (_CT, "in"): "CT with 5 of 5 organs",
        (path_id(path.with_name("1-2.dcm"), root), "out"): LOST_FILE,
        ("PHANTOM-0002/1.dcm", "out"): LOST_FILE,
        ("PHANTOM-0003", "out"): LINKED_FOLDER,
    }


def test_a_broken_slice_is_told_once_with_its_ct(lidc, tmp_path):
    _write(lidc, tmp_path)
    path = _write(lidc, tmp_path, patient="PHANTOM-0002", series="2.25.2")
    (path.parents[1] / "2.25.2" / "8.dcm").write_bytes(path.read_bytes()[:160])
    reasons = _reasons(find_cohort(tmp_path, absent="refuse"))
    assert reasons.pop((_CT, "in"))
    assert [scan for scan, _ in reasons] == ["2.25.2"]


def test_a_set_that_names_no_frame_says_so(lidc, tmp_path):
    path = _write(lidc, tmp_path)
    _write(lidc, tmp_path, patient="PHANTOM-0002", series="2.25.2")
    dataset = pydicom.dcmread(path)
    del dataset.ReferencedFrameOfReferenceSequence
    for item in dataset.StructureSetROISequence:
        del item.ReferencedFrameOfReferenceUID
    if "FrameOfReferenceUID" in dataset:
        del dataset.FrameOfReferenceUID
    dataset.save_as(path)
    reason = _reasons(find_cohort(tmp_path, absent="refuse"))[path_id(path, tmp_path), "out"]
    assert "its study has 1 CT here, in no frame of reference that it names;" in reason
