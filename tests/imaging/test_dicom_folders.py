"""No slice is lost without a word: what lies beside the slices and is none is a fault, or a row of the account."""

import os

import numpy as np
import pytest
from pydicom import uid

from reproduce.errors import DataNotFoundError, NotAnImageError
from reproduce.imaging.dicom import find_series, read_series


def bare(path):
    """Take preamble, "DICM" and file meta information off a file."""
    content = path.read_bytes()
    path.write_bytes(content[content.index(b"\x08\x00\x08\x00") :])


def reasons(folder):
    (series,) = find_series(folder)
    return [(note.path.name, note.reason, note.is_fault) for note in series.notes]


@pytest.mark.parametrize("syntax", [uid.ExplicitVRLittleEndian, uid.ImplicitVRLittleEndian])
def test_a_slice_without_preamble_is_read(ct, tmp_path, syntax):
    for z in range(6):
        dataset = ct.dataset(stored=ct.numbered(z), position_mm=(0, 0, 2 * z), sop=str(z + 1))
        path = ct.write(tmp_path / f"{z}.dcm", dataset, syntax)
    bare(path)
    series = read_series(tmp_path)
    assert series.volume.voxels[:, 0, 0].tolist() == [100 * z - 1024 for z in range(6)]
    assert series.notes == ()


def test_a_series_of_bare_files_is_read(ct, tmp_path):
    for path in ct.stack(tmp_path, 3):
        bare(path)
    assert read_series(tmp_path).volume.shape == (3, 3, 4)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "an empty file"),
        (bytes(100), "a file of zeros"),
        (bytes(5000), "a file of zeros"),
        (b"<html>404: no such slice</html>", "no DICOM file"),
        (bytes(128) + b"DICM" + bytes(400), "broken"),
        (bytes(range(256)) * 4, "no DICOM file"),
    ],
    ids=["empty", "100 bytes", "zeros", "text", "zeros after DICM", "binary"],
)
@pytest.mark.filterwarnings("ignore::UserWarning:pydicom")
def test_a_file_beside_the_slices_that_may_be_one_is_refused(ct, tmp_path, content, reason):
    paths = ct.stack(tmp_path, 6)
    paths[-1].write_bytes(content)
    with pytest.raises(NotAnImageError, match=rf"5\.dcm: {reason}"):
        read_series(tmp_path)
    assert [(name, fault) for name, _, fault in reasons(tmp_path)] == [("5.dcm", True)]


@pytest.mark.parametrize("n", [200, 400, 600, 700])
def test_a_slice_that_is_cut_short_in_its_header_is_refused(ct, tmp_path, n):
    paths = ct.stack(tmp_path, 6)
    paths[-1].write_bytes(paths[-1].read_bytes()[:n])
    with pytest.raises(NotAnImageError, match=r"5\.dcm"):
        read_series(tmp_path)


@pytest.mark.parametrize(
    "elements", [{"Modality": "BT"}, {"Modality": None}, {"Modality": None, "SOPClassUID": "1.2.8"}]
)
def test_a_slice_whose_modality_is_broken_is_refused(ct, tmp_path, elements):
    ct.stack(tmp_path, 3)
    dataset = ct.dataset(stored=ct.numbered(3), position_mm=(0, 0, 6), sop="4", **elements)
    ct.write(tmp_path / "3.dcm", dataset)
    with pytest.raises(NotAnImageError, match=r"3\.dcm: (broken: expected Modality|modality BT)"):
        read_series(tmp_path)


def test_another_modality_in_a_folder_of_its_own_is_passed_over(ct, tmp_path):
    ct.stack(tmp_path / "a", 3)
    ct.stack(tmp_path / "b", 3, series="2", Modality="OT")
    assert [len(series.files) for series in find_series(tmp_path)] == [3]


@pytest.mark.parametrize("name", ["5", "IM5"])
def test_slices_without_an_ending_have_such_files_too(ct, tmp_path, name):
    for path in ct.stack(tmp_path, 5):
        path.rename(path.with_suffix(""))
    (tmp_path / name).touch()
    with pytest.raises(NotAnImageError, match="an empty file"):
        read_series(tmp_path)


def test_what_is_plainly_something_else_is_a_row_of_the_account(ct, tmp_path):
    ct.stack(tmp_path, 3)
    others = {"069.xml": b"<x/>", "._0.dcm": b"\0\5\x16\7", "LICENSE": b"free\n", "a.nii": bytes(400), "log.txt": b""}
    for name, content in others.items():
        (tmp_path / name).write_bytes(content)
    (tmp_path / "below").mkdir()
    (tmp_path / "below" / "b.csv").write_text("a,b")
    series = read_series(tmp_path)
    assert series.volume.shape[0] == 3
    assert {(note.path.name, note.is_fault) for note in series.notes} == {(name, False) for name in (*others, "b.csv")}
    assert {note.reason for note in series.notes} == {"no DICOM file", "an empty file", "a file of zeros, no DICOM"}


def test_what_is_no_slice_is_a_row_of_the_account(ct, tmp_path):
    ct.stack(tmp_path, 3)
    for name, elements in {
        "scout": {"ImageType": ["ORIGINAL", "PRIMARY", "LOCALIZER"]},
        "scout2": {"ImageType": ["ORIGINAL", "PRIMARY", "LOCALIZER "]},
        "scout3": {"ImageType": "LOCALIZER"},
        "shot": {"SOPClassUID": uid.SecondaryCaptureImageStorage},
        "seg": {"Modality": "SEG", "SOPClassUID": uid.SegmentationStorage},
    }.items():
        dataset = ct.dataset(stored=ct.numbered(0), sop="77", position_mm=(0, 0, 1), **elements)
        ct.write(tmp_path / f"{name}.dcm", dataset)
    assert reasons(tmp_path) == [
        ("scout.dcm", "a localizer", False),
        ("scout2.dcm", "a localizer", False),
        ("scout3.dcm", "a localizer", False),
        ("seg.dcm", "modality SEG", False),
        ("shot.dcm", "a secondary capture", False),
    ]
    assert read_series(tmp_path).volume.shape[0] == 3


def test_notes_go_to_the_nearest_series_above(ct, tmp_path):
    ct.stack(tmp_path / "a", 2, series="1")
    ct.stack(tmp_path / "b", 2, series="2")
    (tmp_path / "a" / "a.dcm").touch()
    (tmp_path / "top.txt").touch()
    first, second = find_series(tmp_path)
    assert [note.path.name for note in first.notes] == ["a.dcm"]
    assert second.notes == ()
    assert read_series(second).volume.shape[0] == 2


def test_a_copy_that_is_not_read_is_a_row_of_the_account(ct, tmp_path):
    ct.stack(tmp_path, 3)
    ct.write(tmp_path / "copy.dcm", ct.dataset(stored=ct.numbered(1), position_mm=(0, 0, 2), sop="99"))
    assert [(note.path.name, note.reason) for note in read_series(tmp_path).notes] == [
        ("copy.dcm", "a copy of a slice that is read once")
    ]


def test_a_pipe_among_the_slices_does_not_hang(ct, tmp_path):
    ct.stack(tmp_path, 3)
    os.mkfifo(tmp_path / "3.dcm")
    with pytest.raises(NotAnImageError, match=r"3\.dcm: no regular file"):
        read_series(tmp_path)


def test_a_link_to_nothing_is_a_slice_that_was_never_fetched(ct, tmp_path):
    ct.stack(tmp_path, 3)
    (tmp_path / "3.dcm").symlink_to(tmp_path / "absent")
    (tmp_path / "README.md").symlink_to(tmp_path / "absent")
    assert reasons(tmp_path) == [("3.dcm", "a link to nothing", True), ("README.md", "a link to nothing", False)]
    with pytest.raises(NotAnImageError, match=r"3\.dcm: a link to nothing"):
        read_series(tmp_path)


def test_a_linked_folder_is_not_followed_and_said(ct, tmp_path):
    ct.stack(tmp_path / "a", 2)
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "a" / "more").symlink_to(tmp_path / "elsewhere")
    assert reasons(tmp_path) == [("more", "a link to a folder, not followed", False)]


def test_a_folder_of_links_to_nothing_says_so(tmp_path):
    (tmp_path / "d.dcm").symlink_to(tmp_path / "absent")
    with pytest.raises(DataNotFoundError, match="none of them DICOM: 1 a link to nothing"):
        read_series(tmp_path)


@pytest.mark.parametrize("name", ["../../evil", "/etc/x", "1.2.", "..", "1" * 65, "name"])
@pytest.mark.parametrize("keyword", ["SeriesInstanceUID", "StudyInstanceUID"])
@pytest.mark.filterwarnings("ignore:Invalid value for VR UI")
@pytest.mark.filterwarnings("ignore:The value length")
def test_a_uid_that_is_none_is_refused(ct, tmp_path, keyword, name):
    ct.write(tmp_path / "alone" / "x.dcm", ct.dataset(stored=ct.numbered(0), **{keyword: name}))
    with pytest.raises(NotAnImageError, match=rf"{keyword} .*a UID of digits and dots"):
        find_series(tmp_path)
    ct.stack(tmp_path / "alone", 2)
    assert [(name, fault) for name, _, fault in reasons(tmp_path)] == [("x.dcm", True)]


def test_a_deflated_file_is_not_inflated_without_end(ct, tmp_path):
    dataset = ct.dataset(stored=np.zeros((4096, 4096), np.int16))  # 32 MiB of zeros in 33 KB
    path = ct.write(tmp_path / "x.dcm", dataset, uid.DeflatedExplicitVRLittleEndian)
    assert path.stat().st_size < 50_000
    with pytest.raises(NotAnImageError, match="a deflated one of more than"):
        read_series(tmp_path)
