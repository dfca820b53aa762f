"""Scans of BraTS that break: an error that names the file, or a row of the ledger."""

import gzip
from pathlib import Path

import numpy as np
import pytest

from reproduce.cohorts.brats import brain_of, find_cohort, read_case
from reproduce.cohorts.brats_layouts import PUBLISHED
from reproduce.cohorts.image_checks import LINKED_FOLDER
from reproduce.errors import (
    AnnotationFormatError,
    CohortError,
    GeometryError,
    ImageAxesError,
    IntensityError,
    NonFiniteError,
    PixelDecodeError,
    PixelRangeError,
)
from reproduce.patient_ids import path_id


def test_a_scan_that_is_there_twice_is_refused(brats, tmp_path):
    brats.write_scan(tmp_path / "one", "BraTS-PHANTOM-0003")
    brats.write_scan(tmp_path / "two", "BraTS-PHANTOM-0003")
    with pytest.raises(CohortError, match="the first of them BraTS-PHANTOM-0003"):
        find_cohort(tmp_path, layouts=PUBLISHED, broken="refuse")


@pytest.mark.parametrize(
    ("without", "reason"),
    [(("t1ce",), "no t1ce"), (("flair", "t2"), "no flair, no t2"), (("reference",), "no reference")],
)
def test_a_scan_without_a_file_is_refused_or_left_out(brats, tmp_path, without, reason):
    brats.write_scan(tmp_path / "BraTS-PHANTOM-0001", "BraTS-PHANTOM-0001", without=without)
    brats.write_scan(tmp_path / "BraTS-PHANTOM-0002", "BraTS-PHANTOM-0002")
    (tmp_path / "BraTS-PHANTOM-0001" / "notes.txt").write_text("no NIfTI")
    with pytest.raises(CohortError, match=f"BraTS-PHANTOM-0001: {reason} ") as caught:
        find_cohort(tmp_path, layouts=PUBLISHED, broken="refuse")
    assert "where: BraTS-PHANTOM-0001\n" in str(caught.value)
    cohort = find_cohort(tmp_path, layouts=PUBLISHED, broken="exclude")
    assert [scan.scan for scan in cohort.scans] == ["BraTS-PHANTOM-0002"]
    assert ("out", f"{reason} (BraTS 2017 to 2021)") in cohort.ledger.reasons()


def test_the_text_lists_the_files_so_that_a_misnamed_one_is_seen(brats, tmp_path):
    brats.write_scan(tmp_path, "BraTS20_Training_355", without=("reference",))
    brats.save(tmp_path / "W39_1998.09.19_Segm.nii", brats.labels(1))
    with pytest.raises(CohortError, match=path_id(tmp_path / "W39_1998.09.19_Segm.nii", tmp_path)):
        find_cohort(tmp_path, layouts=PUBLISHED, broken="refuse")


def test_a_file_that_is_there_packed_and_unpacked_is_refused(brats, tmp_path):
    brats.write_scan(tmp_path, "BraTS-PHANTOM-0001")
    brats.save(tmp_path / "BraTS-PHANTOM-0001_t1.nii", brats.image(1.0))
    with pytest.raises(CohortError, match="more than one file of t1 "):
        find_cohort(tmp_path, layouts=PUBLISHED, broken="refuse")


NAMES = {
    how: f"BraTS-PHANTOM-{number:04d}"
    for number, how in enumerate(
        ("good", "grid", "shape", "label", "nan", "constant", "cut", "channels", "skull", "range", "float32")
    )
}


def broken_scans(brats, root: Path) -> dict[str, type[Exception]]:
    """Scans that break in one way each, and the error of each."""
    for name in NAMES.values():
        brats.write_scan(root / name, name)

    def file(how, ending):
        return root / NAMES[how] / f"{NAMES[how]}_{ending}.nii.gz"

    moved = brats.AFFINE.copy()
    moved[2, 3] = 0.5
    brats.save(file("grid", "seg"), brats.labels(1), moved)
    brats.save(file("shape", "t2"), np.ones((4, 3, 3), np.float32))
    brats.save(file("label", "seg"), brats.labels(3))
    brats.save(file("nan", "t1"), np.where(brats.image(1.0) < 0, np.nan, brats.image(1.0)))
    brats.save(file("constant", "t1ce"), np.zeros(brats.SHAPE, np.float32))
    cut = file("cut", "flair")
    cut.write_bytes(cut.read_bytes()[:-12])
    brats.save(file("channels", "t1"), np.zeros((*brats.SHAPE, 2), np.float32))
    brats.save(file("skull", "t1"), brats.image(1.0) + 5)
    brats.save(file("range", "t1"), brats.image(20.0).astype(np.int16))
    for how in ("range", "float32"):
        content = bytearray(gzip.decompress(file(how, "t1").read_bytes()))
        content[112:116] = np.float32(3e38).tobytes()  # scl_slope
        file(how, "t1").write_bytes(gzip.compress(content))
    return {
        NAMES["grid"]: GeometryError,
        NAMES["shape"]: GeometryError,
        NAMES["label"]: AnnotationFormatError,
        NAMES["nan"]: NonFiniteError,
        NAMES["constant"]: IntensityError,
        NAMES["cut"]: PixelDecodeError,
        NAMES["channels"]: ImageAxesError,
        NAMES["skull"]: IntensityError,
        NAMES["range"]: PixelRangeError,
        NAMES["float32"]: PixelRangeError,
    }


def test_every_broken_scan_raises_an_error_of_its_own_that_names_a_file(brats, tmp_path):
    expected = broken_scans(brats, tmp_path)
    cohort = find_cohort(tmp_path, layouts=PUBLISHED, broken="refuse")
    assert len(cohort.scans) == len(expected) + 1
    for scan in cohort.scans:
        if scan.scan in expected:
            with pytest.raises(expected[scan.scan], match=f"{scan.scan}"):
                brain_of(scan, read_case(scan).image)


def test_every_broken_scan_is_in_the_ledger_where_the_user_asks_for_that(brats, tmp_path):
    expected = broken_scans(brats, tmp_path)
    cohort = find_cohort(tmp_path, layouts=PUBLISHED, broken="exclude")
    assert [scan.scan for scan in cohort.scans] == [NAMES["good"]]
    reasons = {entry.scan: entry.reason for entry in cohort.ledger.entries if entry.status == "out"}
    assert {scan: reason.split(":")[0] for scan, reason in reasons.items()} == {
        scan: error.__name__ for scan, error in expected.items()
    }


def test_a_linked_folder_is_a_row_of_the_ledger(brats, tmp_path):
    brats.write_scan(tmp_path / "root" / "BraTS-PHANTOM-0001", "BraTS-PHANTOM-0001")
    brats.write_scan(tmp_path / "elsewhere", "BraTS-PHANTOM-0002")
    (tmp_path / "root" / "BraTS-PHANTOM-0002").symlink_to(tmp_path / "elsewhere")
    cohort = find_cohort(tmp_path / "root", layouts=PUBLISHED, broken="refuse")
    assert [scan.scan for scan in cohort.scans] == ["BraTS-PHANTOM-0001"]
    assert [(entry.scan, entry.reason) for entry in cohort.ledger.entries if entry.status == "out"] == [
        ("BraTS-PHANTOM-0002", LINKED_FOLDER)
    ]


def test_the_text_of_a_mask_on_another_grid_names_both_files(brats, tmp_path):
    broken_scans(brats, tmp_path)
    (scan,) = [s for s in find_cohort(tmp_path, layouts=PUBLISHED, broken="refuse").scans if s.scan == NAMES["grid"]]
    with pytest.raises(GeometryError, match=r"0\.500 mm") as caught:
        read_case(scan)
    assert f"{NAMES['grid']}_flair.nii.gz and " in str(caught.value)
    assert f"{NAMES['grid']}_seg.nii.gz" in str(caught.value)


def test_nothing_but_broken_scans_is_an_error_even_where_they_are_left_out(brats, tmp_path):
    brats.write_scan(tmp_path, "BraTS-PHANTOM-0001", without=("t2",))
    with pytest.raises(CohortError, match="1 out: no t2"):
        find_cohort(tmp_path, layouts=PUBLISHED, broken="exclude")


def test_names_of_no_release_are_refused_with_the_way_out(brats, tmp_path):
    brats.sample_2013(tmp_path)
    with pytest.raises(CohortError, match="NIfTI files that no layout names") as caught:
        find_cohort(tmp_path, layouts=PUBLISHED, broken="refuse")
    for word in (
        path_id(tmp_path / "pat0006" / "OTMultiClass.nii.gz", tmp_path).partition("/")[2],
        "Decathlon",
        "pass a Layout",
        "pat0006",
    ):
        assert word in str(caught.value)
