"""Scans of BraTS below a folder: patients, visits and arguments."""

import gzip

import pytest

from reproduce.cohorts.brats import find_cohort
from reproduce.cohorts.brats_layouts import BRATS_2013_TWO, BRATS_2023, PUBLISHED, TCIA_FUSION
from reproduce.errors import ArgumentError, CohortError, DataNotFoundError


def test_patients_and_scans_sorted_at_any_depth(brats, tmp_path):
    brats.write_scan(tmp_path / "LGG" / "BraTS-PHANTOM-0002", "BraTS-PHANTOM-0002")
    brats.write_scan(tmp_path / "HGG" / "BraTS-PHANTOM-0001", "BraTS-PHANTOM-0001", suffix=".nii")
    cohort = find_cohort(tmp_path, layouts=PUBLISHED, broken="refuse")
    assert [(scan.patient, scan.scan) for scan in cohort.scans] == [
        ("BraTS-PHANTOM-0001", "BraTS-PHANTOM-0001"),
        ("BraTS-PHANTOM-0002", "BraTS-PHANTOM-0002"),
    ]
    assert cohort.ledger.reasons() == {("in", "BraTS 2017 to 2021"): 2}
    cohort.ledger.require_counts(n_in=2, n_out=0)


def test_visits_of_one_patient_share_the_patient(brats, tmp_path):
    for visit in ("000", "001"):
        brats.write_scan(tmp_path / visit, f"BraTS-GLI-00005-{visit}", BRATS_2023, present=(3,))
    scans = find_cohort(tmp_path, layouts=PUBLISHED, broken="refuse").scans
    assert [scan.patient for scan in scans] == ["BraTS-GLI-00005"] * 2
    assert [scan.scan for scan in scans] == ["BraTS-GLI-00005-000", "BraTS-GLI-00005-001"]


def test_numbers_at_the_end_of_older_names_are_patients(brats, tmp_path):
    for number in ("001", "002"):
        brats.write_scan(tmp_path / number, f"BraTS20_Training_{number}")
    scans = find_cohort(tmp_path, layouts=PUBLISHED, broken="refuse").scans
    assert [scan.patient for scan in scans] == ["BraTS20_Training_001", "BraTS20_Training_002"]


def test_a_root_without_folders_is_named_by_itself(brats, tmp_path):
    with pytest.raises(CohortError, match="pat0006: NIfTI"):
        find_cohort(brats.sample_2013(tmp_path), layouts=PUBLISHED, broken="refuse")


def test_wrong_roots_are_refused(tmp_path):
    with pytest.raises(DataNotFoundError, match="nothing there"):
        find_cohort(tmp_path / "absent", layouts=PUBLISHED, broken="refuse")
    (tmp_path / "a.txt").write_text("x")
    (tmp_path / "._A_t1.nii.gz").write_bytes(gzip.compress(b"macOS"))
    with pytest.raises(DataNotFoundError, match=r"no \.nii"):
        find_cohort(tmp_path, layouts=PUBLISHED, broken="refuse")


@pytest.mark.parametrize(
    ("layouts", "broken"),
    [((), "refuse"), ((TCIA_FUSION, BRATS_2013_TWO), "refuse"), (PUBLISHED, "warn")],
)
def test_arguments_that_make_no_cohort_are_refused(tmp_path, layouts, broken):
    with pytest.raises(ArgumentError):
        find_cohort(tmp_path, layouts=layouts, broken=broken)
