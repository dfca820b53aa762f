"""Scans of BraTS that break: an error that names the file, or a row of the ledger."""

from pathlib import Path

import numpy as np
import pytest

from reproduce.cohorts.brats import brain_of, find_cohort, read_case
from reproduce.cohorts.brats_layouts import PUBLISHED
from reproduce.errors import (
    AnnotationFormatError,
    CohortError,
    GeometryError,
    ImageAxesError,
    IntensityError,
    NonFiniteError,
    PixelDecodeError,
)


def test_a_scan_that_is_there_twice_is_refused(brats, tmp_path):
    brats.write_scan(tmp_path / "one", "X")
    brats.write_scan(tmp_path / "two", "X")
    with pytest.raises(CohortError, match="the first of them X"):
        find_cohort(tmp_path, layouts=PUBLISHED, broken="refuse")


@pytest.mark.parametrize(
    ("without", "reason"),
    [(("t1ce",), "no t1ce"), (("flair", "t2"), "no flair, no t2"), (("reference",), "no reference")],
)
def test_a_scan_without_a_file_is_refused_or_left_out(brats, tmp_path, without, reason):
    brats.write_scan(tmp_path / "A", "A", without=without)
    brats.write_scan(tmp_path / "B", "B")
    (tmp_path / "A" / "notes.txt").write_text("no NIfTI")
    with pytest.raises(CohortError, match=f"A: {reason} ") as caught:
        find_cohort(tmp_path, layouts=PUBLISHED, broken="refuse")
    assert str(tmp_path / "A") in str(caught.value)
    cohort = find_cohort(tmp_path, layouts=PUBLISHED, broken="exclude")
    assert [scan.scan for scan in cohort.scans] == ["B"]
    assert ("out", f"{reason} (BraTS 2017 to 2021)") in cohort.ledger.reasons()


def test_the_text_lists_the_files_so_that_a_misnamed_one_is_seen(brats, tmp_path):
    brats.write_scan(tmp_path, "BraTS20_Training_355", without=("reference",))
    brats.save(tmp_path / "W39_1998.09.19_Segm.nii", brats.labels(1))
    with pytest.raises(CohortError, match=r"W39_1998\.09\.19_Segm\.nii"):
        find_cohort(tmp_path, layouts=PUBLISHED, broken="refuse")


def test_a_file_that_is_there_packed_and_unpacked_is_refused(brats, tmp_path):
    brats.write_scan(tmp_path, "A")
    brats.save(tmp_path / "A_t1.nii", brats.image(1.0))
    with pytest.raises(CohortError, match="more than one file of t1 "):
        find_cohort(tmp_path, layouts=PUBLISHED, broken="refuse")


def broken_scans(brats, root: Path) -> dict[str, type[Exception]]:
    """Scans that break in one way each, and the error of each."""
    for name in ("good", "grid", "shape", "label", "nan", "constant", "cut", "channels", "skull"):
        brats.write_scan(root / name, name)
    moved = brats.AFFINE.copy()
    moved[2, 3] = 0.5
    brats.save(root / "grid" / "grid_seg.nii.gz", brats.labels(1), moved)
    brats.save(root / "shape" / "shape_t2.nii.gz", np.ones((4, 3, 3), np.float32))
    brats.save(root / "label" / "label_seg.nii.gz", brats.labels(3))
    brats.save(root / "nan" / "nan_t1.nii.gz", np.where(brats.image(1.0) < 0, np.nan, brats.image(1.0)))
    brats.save(root / "constant" / "constant_t1ce.nii.gz", np.zeros(brats.SHAPE, np.float32))
    cut = root / "cut" / "cut_flair.nii.gz"
    cut.write_bytes(cut.read_bytes()[:-12])
    brats.save(root / "channels" / "channels_t1.nii.gz", np.zeros((*brats.SHAPE, 2), np.float32))
    brats.save(root / "skull" / "skull_t1.nii.gz", brats.image(1.0) + 5)
    return {
        "grid": GeometryError,
        "shape": GeometryError,
        "label": AnnotationFormatError,
        "nan": NonFiniteError,
        "constant": IntensityError,
        "cut": PixelDecodeError,
        "channels": ImageAxesError,
        "skull": IntensityError,
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
    assert [scan.scan for scan in cohort.scans] == ["good"]
    reasons = {entry.scan: entry.reason for entry in cohort.ledger.entries if entry.status == "out"}
    assert {scan: reason.split(":")[0] for scan, reason in reasons.items()} == {
        scan: error.__name__ for scan, error in expected.items()
    }


def test_the_text_of_a_mask_on_another_grid_names_both_files(brats, tmp_path):
    broken_scans(brats, tmp_path)
    (scan,) = [s for s in find_cohort(tmp_path, layouts=PUBLISHED, broken="refuse").scans if s.scan == "grid"]
    with pytest.raises(GeometryError, match=r"0\.500 mm") as caught:
        read_case(scan)
    assert "grid_flair.nii.gz and " in str(caught.value)
    assert "grid_seg.nii.gz" in str(caught.value)


def test_nothing_but_broken_scans_is_an_error_even_where_they_are_left_out(brats, tmp_path):
    brats.write_scan(tmp_path, "A", without=("t2",))
    with pytest.raises(CohortError, match="1 out: no t2"):
        find_cohort(tmp_path, layouts=PUBLISHED, broken="exclude")


def test_names_of_no_release_are_refused_with_the_way_out(brats, tmp_path):
    brats.sample_2013(tmp_path)
    with pytest.raises(CohortError, match="NIfTI files that no layout names") as caught:
        find_cohort(tmp_path, layouts=PUBLISHED, broken="refuse")
    for word in ("OTMultiClass.nii.gz", "Decathlon", "pass a Layout", "pat0006"):
        assert word in str(caught.value)
