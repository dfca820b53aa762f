"""Finding series: what is taken, what is passed over, and what each wrong folder says."""

import re

import numpy as np
import pytest
from pydicom import uid

from reproduce.errors import DataNotFoundError, NotAnImageError, SeveralSeriesError
from reproduce.imaging.dicom import SeriesFiles, find_series, read_series
from reproduce.imaging.dicom_series import find_series_and_rest


def test_any_name_and_nesting_is_found_and_sorted_by_uid(ct, tmp_path):
    for name, series, sop in (("b/c/IM", "2", "1"), ("a.dcm", "1", "1"), ("z/1.2.3", "2", "2")):
        ct.write(tmp_path / name, ct.dataset(stored=ct.numbered(0), series=series, sop=sop, SeriesDescription="lung"))
    first, second = find_series(tmp_path)
    assert first == SeriesFiles(f"{ct.ROOT}.1", f"{ct.ROOT}.9", "phantom", "CT", "lung", (tmp_path / "a.dcm",))
    assert second.files == (tmp_path / "b/c/IM", tmp_path / "z/1.2.3")


@pytest.mark.parametrize(
    "elements",
    [
        {"Modality": "CR", "SOPClassUID": uid.ComputedRadiographyImageStorage},
        {"Modality": "DX", "SOPClassUID": uid.DigitalXRayImageStorageForPresentation},
        {"Modality": "SEG", "SOPClassUID": uid.SegmentationStorage},
        {"Modality": "RTSTRUCT", "SOPClassUID": uid.RTStructureSetStorage},
        {"Modality": None, "SOPClassUID": uid.HangingProtocolStorage},
        {"SOPClassUID": uid.SecondaryCaptureImageStorage},
        {"SOPClassUID": uid.MultiFrameTrueColorSecondaryCaptureImageStorage},
        {"ImageType": ["ORIGINAL", "PRIMARY", "LOCALIZER"]},
    ],
    ids=str,
)
def test_what_is_no_ct_slice_is_passed_over(ct, tmp_path, elements):
    ct.stack(tmp_path, 3)
    ct.write(tmp_path / "other.dcm", ct.dataset(stored=ct.numbered(0), sop="77", position_mm=(0, 0, 1), **elements))
    assert [len(series.files) for series in find_series(tmp_path)] == [3]
    assert read_series(tmp_path).volume.shape == (3, 3, 4)


def test_files_that_are_not_dicom_are_passed_over(ct, tmp_path):
    ct.stack(tmp_path / "images", 2)
    (tmp_path / "empty").touch()
    (tmp_path / "notes.txt").write_text("read me")
    (tmp_path / "long.xml").write_bytes(b"<x>" + bytes(1000))
    assert [len(series.files) for series in find_series(tmp_path)] == [2]


def test_a_media_directory_is_passed_over(ct, tmp_path):
    ct.stack(tmp_path, 2)
    missing = {"Modality": None, "SeriesInstanceUID": None}
    directory = ct.dataset(stored=ct.numbered(0), SOPClassUID=uid.MediaStorageDirectoryStorage, **missing)
    ct.write(tmp_path / "DICOMDIR", directory)
    assert [len(series.files) for series in find_series(tmp_path)] == [2]


def test_another_modality_can_be_asked_for(ct, tmp_path):
    ct.write(
        tmp_path / "s.dcm",
        ct.dataset(stored=ct.numbered(0), Modality="RTSTRUCT", SOPClassUID=uid.RTStructureSetStorage),
    )
    assert find_series(tmp_path) == ()
    assert [series.modality for series in find_series(tmp_path, modality="RTSTRUCT")] == ["RTSTRUCT"]


def test_several_series_are_listed_and_one_can_be_named(ct, tmp_path):
    ct.stack(tmp_path / "a", 2, series="1", SeriesDescription="lung")
    ct.stack(tmp_path / "b", 3, series="2", SeriesDescription="soft")
    with pytest.raises(SeveralSeriesError) as caught:
        read_series(tmp_path)
    for part in (r"uid-[0-9a-f]{12}  2 slices", r"uid-[0-9a-f]{12}  3 slices", re.escape(str(tmp_path))):
        assert re.search(part, str(caught.value))
    assert read_series(tmp_path, series_uid=f"{ct.ROOT}.2").volume.shape[0] == 3
    assert "soft" not in str(caught.value)  # people write names in SeriesDescription
    with pytest.raises(DataNotFoundError, match=r"uid-[0-9a-f]{12}  3 slices"):
        read_series(tmp_path, series_uid="1.2.3")


def test_one_uid_for_two_patients_is_not_mixed(ct, tmp_path):
    ct.stack(tmp_path / "a", 2, PatientID="A")
    ct.stack(tmp_path / "b", 2, PatientID="B")
    assert [series.patient_id for series in find_series(tmp_path)] == ["A", "B"]
    with pytest.raises(SeveralSeriesError):
        read_series(tmp_path, series_uid=f"{ct.ROOT}.1")


@pytest.mark.parametrize("read", [find_series, read_series])
def test_a_wrong_path_says_so(tmp_path, read):
    with pytest.raises(DataNotFoundError, match=r"got nothing(.|\n)*nowhere"):
        read(tmp_path / "nowhere")


def test_a_file_is_not_a_folder(ct, tmp_path):
    with pytest.raises(DataNotFoundError, match=r"got a file(.|\n)*the folder itself"):
        read_series(ct.stack(tmp_path, 1)[0])


def test_an_empty_folder_says_so(tmp_path):
    assert find_series(tmp_path) == ()
    with pytest.raises(DataNotFoundError, match="an empty folder"):
        read_series(tmp_path)


def test_a_folder_without_dicom_says_so(tmp_path):
    (tmp_path / "a.nii").write_bytes(bytes(500))
    with pytest.raises(DataNotFoundError, match="1 files, none of them DICOM"):
        read_series(tmp_path)


def test_a_folder_without_ct_names_what_is_there(ct, tmp_path):
    image = uid.DigitalXRayImageStorageForPresentation
    ct.write(tmp_path / "x.dcm", ct.dataset(stored=ct.numbered(0), Modality="DX", SOPClassUID=image))
    with pytest.raises(DataNotFoundError, match="modalities: DX"):
        read_series(tmp_path)


def test_a_slice_without_series_uid_names_tag_and_file(ct, tmp_path):
    ct.write(tmp_path / "x.dcm", ct.dataset(stored=ct.numbered(0), SeriesInstanceUID=None))
    with pytest.raises(NotAnImageError, match=r"SeriesInstanceUID \(0020,000E\)(.|\n)*x.dcm"):
        find_series(tmp_path)


def test_a_ct_without_modality_names_tag_and_file(ct, tmp_path):
    ct.write(tmp_path / "x.dcm", ct.dataset(stored=ct.numbered(0), Modality=None))
    with pytest.raises(NotAnImageError, match=r"Modality \(0008,0060\)(.|\n)*x\.dcm"):
        find_series(tmp_path)
    assert find_series(tmp_path, modality="MR") == ()


def test_a_header_that_cannot_be_parsed_names_the_file(ct, tmp_path):
    path = ct.write(tmp_path / "x.dcm", ct.dataset(stored=ct.numbered(0)))
    path.write_bytes(path.read_bytes()[:160])  # ends within the file meta information
    with pytest.raises(NotAnImageError, match=r"x\.dcm"):
        find_series(tmp_path)


def test_series_files_say_nothing_of_pixels(ct, tmp_path):
    path = ct.write(tmp_path / "x.dcm", ct.dataset(stored=np.zeros((64, 64), np.int16)))
    path.write_bytes(path.read_bytes()[:-4000])
    assert len(find_series(tmp_path)) == 1


@pytest.mark.parametrize("beside", [{"ImageType": ["ORIGINAL", "PRIMARY", "LOCALIZER"]}, {"Modality": "RTSTRUCT"}])
def test_broken_slices_beside_whole_files_of_another_kind_are_not_passed_over(ct, tmp_path, beside):
    if "Modality" in beside:
        beside = beside | {"SOPClassUID": uid.RTStructureSetStorage}
    ct.write(tmp_path / "a.dcm", ct.dataset(stored=ct.numbered(0), sop="77", **beside))
    for path in ct.stack(tmp_path, 4):
        path.write_bytes(path.read_bytes()[:160])
    for read in (find_series, read_series):
        with pytest.raises(NotAnImageError, match=r"0\.dcm"):
            read(tmp_path)
    series, rest = find_series_and_rest(tmp_path)
    assert series == ()
    faults = [note.path.name for note in rest if note.is_fault]
    assert faults == ["0.dcm", "1.dcm", "2.dcm", "3.dcm"]


def test_a_broken_file_in_a_folder_of_its_own_is_a_fault_of_the_series_above(ct, tmp_path):
    (path, *_) = ct.stack(tmp_path, 3)
    (tmp_path / "more").mkdir()
    (tmp_path / "more" / "x.dcm").write_bytes(path.read_bytes()[:160])
    (series,) = find_series(tmp_path)
    assert [(note.path.name, note.is_fault) for note in series.notes] == [("x.dcm", True)]


def test_what_lies_below_no_series_is_the_rest(ct, tmp_path):
    ct.stack(tmp_path / "a", 2)
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "1.dcm").touch()
    (tmp_path / "b" / "readme.txt").write_text("x")
    (tmp_path / "c").symlink_to(tmp_path / "b")
    series, rest = find_series_and_rest(tmp_path)
    assert series == find_series(tmp_path)
    assert [(note.path.name, note.is_fault) for note in rest] == [("1.dcm", True), ("readme.txt", False), ("c", False)]
