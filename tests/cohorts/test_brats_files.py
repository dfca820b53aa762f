"""Which files make a scan: endings of names, folders, and layouts that share them. No file is opened."""

from dataclasses import replace
from pathlib import Path

import pytest

from reproduce.cohorts.brats_files import scans_of
from reproduce.cohorts.brats_layouts import BRATS_2013_TWO, BRATS_2017, BRATS_2023, TCIA_FUSION, Layout
from reproduce.cohorts.nifti_files import nifti_files, stem
from reproduce.errors import ArgumentError

ROOT = Path("/root")


def paths(*names):
    return [ROOT / name for name in names]


def whole(start, layout=BRATS_2017, suffix=".nii.gz"):
    return paths(*(f"{start}{ending}{suffix}" for ending in layout.endings.values()))


def test_stems():
    assert [stem(Path(name)) for name in ("a.nii", "a.nii.gz", "a.b.nii")] == ["a", "a", "a.b"]


def test_t1_and_t1ce_are_told_apart_whatever_their_order():
    (scan,), broken = scans_of(ROOT, whole("A/A")[::-1], (BRATS_2017,))
    assert broken == []
    assert [(name, channel.path.name, channel.index) for name, channel in scan.images] == [
        ("flair", "A_flair.nii.gz", None),
        ("t1", "A_t1.nii.gz", None),
        ("t1ce", "A_t1ce.nii.gz", None),
        ("t2", "A_t2.nii.gz", None),
    ]
    assert scan.labels == ((0, 0), (1, 1), (2, 2), (4, 4))
    assert scan.reference == ROOT / "A" / "A_seg.nii.gz"


@pytest.mark.parametrize(
    ("layout", "names"),
    [
        (BRATS_2017, ("A_flair.nii", "A_t1.nii", "A_t1ce.nii", "A_t2.nii", "A_seg.nii")),
        (BRATS_2023, ("A-0-t2f.nii", "A-0-t1n.nii", "A-0-t1c.nii", "A-0-t2w.nii", "A-0-seg.nii")),
        (TCIA_FUSION, ("A_fla_bet.nii", "A_t1_bet.nii", "A_t1c_bet.nii", "A_t2_bet.nii", "A_seg_simple-fusion.nii")),
        (BRATS_2013_TWO, ("Flair_subtrMeanDivStd.nii", None, "T1c_subtrMeanDivStd.nii", None, "OTMultiClass.nii")),
    ],
)
def test_the_names_of_the_releases(layout, names):
    (scan,), _ = scans_of(ROOT, paths(*filter(None, names), "brainmask.nii"), (layout,))
    assert {name: channel.path.name for name, channel in scan.images} == {
        modality: name for modality, name in zip(("flair", "t1", "t1ce", "t2"), names[:4], strict=True) if name
    }
    assert scan.reference.name == names[4]


def test_several_scans_may_share_a_folder():
    scans, _ = scans_of(ROOT, whole("A") + whole("B"), (BRATS_2017,))
    assert [scan.scan for scan in scans] == ["A", "B"]


def test_files_beside_a_scan_that_no_layout_names_are_of_no_account():
    scans, broken = scans_of(ROOT, whole("A/A") + paths("A/brainmask.nii.gz"), (BRATS_2017,))
    assert (len(scans), broken) == (1, [])


def test_scans_of_several_layouts_side_by_side():
    scans, _ = scans_of(ROOT, whole("A/A") + whole("B-000", BRATS_2023), (BRATS_2017, BRATS_2023))
    assert sorted((scan.scan, scan.layout) for scan in scans) == [
        ("A", "BraTS 2017 to 2021"),
        ("B-000", "BraTS 2023 on"),
    ]


def test_files_that_mix_two_layouts_make_no_scan():
    mixed = whole("A-000")[:-1] + paths("A-000-seg.nii.gz")
    _, (fault,) = scans_of(ROOT, mixed, (BRATS_2017, BRATS_2023))
    assert fault.reason == "no reference (BraTS 2017 to 2021)"  # the layout that most files belong to


def test_of_layouts_that_share_endings_the_complete_one_is_taken():
    two = replace(BRATS_2017, name="two", modalities={"flair": "_f", "t2": "_t2"})
    files = paths("A_f.nii", "A_t2.nii", "A_seg.nii")
    (scan,), _ = scans_of(ROOT, files, (BRATS_2017, two))
    assert scan.layout == "two"
    _, (fault,) = scans_of(ROOT, [*files, *whole("A", suffix=".nii")[:3]], (BRATS_2017, two))
    assert fault.reason == "files of several layouts: BraTS 2017 to 2021, two"


def test_names_without_a_start_take_the_folder():
    (scan,), _ = scans_of(ROOT, whole("Pat7/"), (BRATS_2017,))
    assert (scan.patient, scan.scan) == ("Pat7", "Pat7")


def test_a_folder_without_any_known_name_is_one_entry():
    _, (fault,) = scans_of(ROOT, paths("x/a.nii", "x/b.nii.gz"), (BRATS_2017,))
    assert (fault.scan, fault.patient, fault.names) == ("x", "", ("a.nii", "b.nii.gz"))


def test_no_files_make_no_scans():
    assert scans_of(ROOT, [], (BRATS_2017,)) == ([], [])


def test_hidden_files_and_other_kinds_do_not_count(tmp_path):
    for name in ("b.nii", "a.nii.gz", "._a.nii.gz", "c.gz", "d.hdr"):
        (tmp_path / name).touch()
    assert [path.name for path in nifti_files(tmp_path, expected="", do="")] == ["a.nii.gz", "b.nii"]


@pytest.mark.parametrize(
    "change", [{"modalities": {"pd": "_pd"}}, {"modalities": {}}, {"labels": {0: 0, 1: 3}}, {"named_by": "date"}]
)
def test_a_layout_that_means_nothing_here_is_refused(change):
    fields = {name: getattr(BRATS_2017, name) for name in BRATS_2017.__dataclass_fields__}
    with pytest.raises(ArgumentError, match="Layout"):
        Layout(**{**fields, **change})
