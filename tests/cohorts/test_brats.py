"""BraTS in the layouts of its releases: order of modalities, numbering of labels, and what is refused or left out."""

import gzip
from dataclasses import replace
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

from reproduce.cohorts.brats import brain_of, find_cohort, read_case
from reproduce.cohorts.brats_layouts import (
    BRATS_2013_TWO,
    BRATS_2017,
    BRATS_2023,
    LABEL_NAMES,
    PUBLISHED,
    REGIONS,
    TCIA_FUSION,
)
from reproduce.errors import (
    AnnotationFormatError,
    ArgumentError,
    CohortError,
    DataNotFoundError,
    GeometryError,
    ImageAxesError,
    IntensityError,
    NonFiniteError,
    PixelDecodeError,
)

AFFINE = np.diag([-1.0, -1.0, 1.0, 1.0])
VALUE = {"flair": 10.0, "t1": 20.0, "t1ce": 30.0, "t2": 40.0}
SHAPE = (4, 3, 2)


def save(path: Path, voxels, affine=AFFINE) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    nib.Nifti1Image(np.asarray(voxels), affine).to_filename(path)
    return path


def image(value):
    """A file's voxels [i, j, k]: `value` in the brain, whose first voxel is below zero, and 0 where i is 0."""
    voxels = np.full(SHAPE, value, dtype=np.float32)
    voxels[0] = 0
    voxels[1, 0, 0] = -value
    return voxels


def labels(*present):
    """The labels of a file along i = 1, j = 0 .. 2, k = 0, in their order."""
    voxels = np.zeros(SHAPE, dtype=np.uint8)
    voxels[1, : len(present), 0] = present
    return voxels


def write_scan(folder: Path, start: str, layout=BRATS_2017, *, present=(1, 2, 4), without=(), suffix=".nii.gz") -> Path:
    for modality, ending in layout.modalities.items():
        if modality not in without:
            save(folder / f"{start}{ending}{suffix}", image(VALUE[modality]))
    if "reference" not in without:
        save(folder / f"{start}{layout.reference}{suffix}", labels(*present))
    return folder


def only(root, layouts=PUBLISHED, broken="refuse"):
    (scan,) = find_cohort(root, layouts=layouts, broken=broken).scans
    return scan


@pytest.mark.parametrize(
    ("layout", "present"), [(BRATS_2017, (1, 2, 4)), (BRATS_2023, (1, 2, 3))], ids=["2017 to 2021", "2023 on"]
)
def test_every_release_gives_one_order_and_one_numbering(tmp_path, layout, present):
    write_scan(tmp_path / "HGG" / "X-0001-000", "X-0001-000", layout, present=present)
    scan = only(tmp_path)
    case = read_case(scan)
    assert scan.layout == layout.name
    assert case.image.voxels.dtype == np.float32
    assert case.image.voxels.shape == (2, 3, 4, 4)
    assert case.image.voxels[1, 2, 3].tolist() == [10.0, 20.0, 30.0, 40.0]  # flair, t1, t1ce, t2
    assert case.reference.voxels.dtype == np.uint8
    assert case.reference.voxels[0, :, 1].tolist() == [1, 2, 4]
    assert case.label_names == LABEL_NAMES
    assert np.array_equal(case.image.affine, np.eye(4))


def test_regions_are_nested_sums_of_tissues():
    assert REGIONS == {"WT": (1, 2, 4), "TC": (1, 4), "ET": (4,)}
    assert set(REGIONS["ET"]) < set(REGIONS["TC"]) < set(REGIONS["WT"])


@pytest.mark.parametrize(("layout", "present", "alien"), [(BRATS_2017, (1, 3), 3), (BRATS_2023, (1, 4), 4)])
def test_labels_of_another_release_are_refused(tmp_path, layout, present, alien):
    write_scan(tmp_path, "X-000", layout, present=present)
    with pytest.raises(AnnotationFormatError, match=rf"labels \[{alien}\] too") as caught:
        read_case(only(tmp_path))
    assert layout.name in str(caught.value)
    assert layout.reference in str(caught.value)


def test_a_reference_without_tumour_is_read(tmp_path):
    write_scan(tmp_path, "X", present=())
    assert read_case(only(tmp_path)).reference.voxels.max() == 0


def test_patients_and_scans_sorted_at_any_depth(tmp_path):
    write_scan(tmp_path / "LGG" / "b", "b")
    write_scan(tmp_path / "HGG" / "a", "a", suffix=".nii")
    cohort = find_cohort(tmp_path, layouts=PUBLISHED, broken="refuse")
    assert [(scan.patient, scan.scan) for scan in cohort.scans] == [("a", "a"), ("b", "b")]
    assert cohort.ledger.reasons() == {("in", "BraTS 2017 to 2021"): 2}
    cohort.ledger.require_counts(n_in=2, n_out=0)


def test_visits_of_one_patient_share_the_patient(tmp_path):
    for visit in ("000", "001"):
        write_scan(tmp_path / visit, f"BraTS-GLI-00005-{visit}", BRATS_2023, present=(3,))
    scans = find_cohort(tmp_path, layouts=PUBLISHED, broken="refuse").scans
    assert [scan.patient for scan in scans] == ["BraTS-GLI-00005"] * 2
    assert [scan.scan for scan in scans] == ["BraTS-GLI-00005-000", "BraTS-GLI-00005-001"]


def test_numbers_at_the_end_of_older_names_are_patients(tmp_path):
    for number in ("001", "002"):
        write_scan(tmp_path / number, f"BraTS20_Training_{number}")
    scans = find_cohort(tmp_path, layouts=PUBLISHED, broken="refuse").scans
    assert [scan.patient for scan in scans] == ["BraTS20_Training_001", "BraTS20_Training_002"]


def test_a_scan_that_is_there_twice_is_refused(tmp_path):
    write_scan(tmp_path / "one", "X")
    write_scan(tmp_path / "two", "X")
    with pytest.raises(CohortError, match="the first of them X"):
        find_cohort(tmp_path, layouts=PUBLISHED, broken="refuse")


@pytest.mark.parametrize(
    ("without", "reason"),
    [(("t1ce",), "no t1ce"), (("flair", "t2"), "no flair, no t2"), (("reference",), "no reference")],
)
def test_a_scan_without_a_file_is_refused_or_left_out(tmp_path, without, reason):
    write_scan(tmp_path / "A", "A", without=without)
    write_scan(tmp_path / "B", "B")
    (tmp_path / "A" / "notes.txt").write_text("no NIfTI")
    with pytest.raises(CohortError, match=f"A: {reason} ") as caught:
        find_cohort(tmp_path, layouts=PUBLISHED, broken="refuse")
    assert str(tmp_path / "A") in str(caught.value)
    cohort = find_cohort(tmp_path, layouts=PUBLISHED, broken="exclude")
    assert [scan.scan for scan in cohort.scans] == ["B"]
    assert ("out", f"{reason} (BraTS 2017 to 2021)") in cohort.ledger.reasons()


def test_the_text_lists_the_files_so_that_a_misnamed_one_is_seen(tmp_path):
    write_scan(tmp_path, "BraTS20_Training_355", without=("reference",))
    save(tmp_path / "W39_1998.09.19_Segm.nii", labels(1))
    with pytest.raises(CohortError, match=r"W39_1998\.09\.19_Segm\.nii"):
        find_cohort(tmp_path, layouts=PUBLISHED, broken="refuse")


def test_a_file_that_is_there_packed_and_unpacked_is_refused(tmp_path):
    write_scan(tmp_path, "A")
    save(tmp_path / "A_t1.nii", image(1.0))
    with pytest.raises(CohortError, match="more than one file of t1 "):
        find_cohort(tmp_path, layouts=PUBLISHED, broken="refuse")


def broken_scans(root: Path) -> dict[str, type[Exception]]:
    """Scans that break in one way each, and the error of each."""
    for name in ("good", "grid", "shape", "label", "nan", "constant", "cut", "channels", "skull"):
        write_scan(root / name, name)
    moved = AFFINE.copy()
    moved[2, 3] = 0.5
    save(root / "grid" / "grid_seg.nii.gz", labels(1), moved)
    save(root / "shape" / "shape_t2.nii.gz", np.ones((4, 3, 3), np.float32))
    save(root / "label" / "label_seg.nii.gz", labels(3))
    save(root / "nan" / "nan_t1.nii.gz", np.where(image(1.0) < 0, np.nan, image(1.0)))
    save(root / "constant" / "constant_t1ce.nii.gz", np.zeros(SHAPE, np.float32))
    cut = root / "cut" / "cut_flair.nii.gz"
    cut.write_bytes(cut.read_bytes()[:-12])
    save(root / "channels" / "channels_t1.nii.gz", np.zeros((*SHAPE, 2), np.float32))
    save(root / "skull" / "skull_t1.nii.gz", image(1.0) + 5)
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


def test_every_broken_scan_raises_an_error_of_its_own_that_names_a_file(tmp_path):
    expected = broken_scans(tmp_path)
    cohort = find_cohort(tmp_path, layouts=PUBLISHED, broken="refuse")
    assert len(cohort.scans) == len(expected) + 1
    for scan in cohort.scans:
        if scan.scan in expected:
            with pytest.raises(expected[scan.scan], match=f"{scan.scan}"):
                brain_of(scan, read_case(scan).image)


def test_every_broken_scan_is_in_the_ledger_where_the_user_asks_for_that(tmp_path):
    expected = broken_scans(tmp_path)
    cohort = find_cohort(tmp_path, layouts=PUBLISHED, broken="exclude")
    assert [scan.scan for scan in cohort.scans] == ["good"]
    reasons = {entry.scan: entry.reason for entry in cohort.ledger.entries if entry.status == "out"}
    assert {scan: reason.split(":")[0] for scan, reason in reasons.items()} == {
        scan: error.__name__ for scan, error in expected.items()
    }


def test_the_text_of_a_mask_on_another_grid_names_both_files(tmp_path):
    broken_scans(tmp_path)
    (scan,) = [s for s in find_cohort(tmp_path, layouts=PUBLISHED, broken="refuse").scans if s.scan == "grid"]
    with pytest.raises(GeometryError, match=r"0\.500 mm") as caught:
        read_case(scan)
    assert "grid_flair.nii.gz and " in str(caught.value)
    assert "grid_seg.nii.gz" in str(caught.value)


def test_nothing_but_broken_scans_is_an_error_even_where_they_are_left_out(tmp_path):
    write_scan(tmp_path, "A", without=("t2",))
    with pytest.raises(CohortError, match="1 out: no t2"):
        find_cohort(tmp_path, layouts=PUBLISHED, broken="exclude")


def test_the_brain_is_what_is_not_zero_in_any_modality(tmp_path):
    write_scan(tmp_path, "A")
    flair = image(10.0)
    flair[2] = 0  # not brain in FLAIR alone
    save(tmp_path / "A_flair.nii.gz", flair)
    scan = only(tmp_path)
    brain = brain_of(scan, read_case(scan).image)
    assert brain.dtype == bool
    assert brain.sum() == 3 * 3 * 2  # i = 1, 2, 3, all j and k, with the voxel below zero
    assert brain[0, 0, 1]
    assert not brain[:, :, 0].any()


def sample_2013(root: Path) -> Path:
    folder = root / "pat0006"
    save(folder / "Flair_subtrMeanDivStd.nii.gz", image(10.0) - 1)
    save(folder / "T1c_subtrMeanDivStd.nii.gz", image(30.0) - 1)
    save(folder / "OTMultiClass.nii.gz", labels(1, 3, 4).astype(np.float32))
    save(folder / "brainmask.nii.gz", (image(1.0) != 0).astype(np.float32))
    return folder


def test_names_of_no_release_are_refused_with_the_way_out(tmp_path):
    sample_2013(tmp_path)
    with pytest.raises(CohortError, match="NIfTI files that no layout names") as caught:
        find_cohort(tmp_path, layouts=PUBLISHED, broken="refuse")
    for word in ("OTMultiClass.nii.gz", "Decathlon", "pass a Layout", "pat0006"):
        assert word in str(caught.value)


def test_a_root_without_folders_is_named_by_itself(tmp_path):
    with pytest.raises(CohortError, match="pat0006: NIfTI"):
        find_cohort(sample_2013(tmp_path), layouts=PUBLISHED, broken="refuse")


def test_two_modalities_and_five_labels_are_mapped_by_a_layout(tmp_path):
    sample_2013(tmp_path)
    scan = only(tmp_path, (BRATS_2013_TWO,))
    case = read_case(scan)
    assert (scan.patient, scan.scan) == ("pat0006", "pat0006")
    assert case.image.voxels[1, 2, 3].tolist() == [9.0, 29.0]
    assert case.reference.voxels[0, :, 1].tolist() == [1, 1, 4]  # 3, non-enhancing, belongs to the core
    assert brain_of(scan, case.image).sum() == 18  # from the file: no voxel of the images is 0


def test_a_brain_mask_on_another_grid_is_refused(tmp_path):
    folder = sample_2013(tmp_path)
    save(folder / "brainmask.nii.gz", np.ones((4, 3, 3), np.float32))
    scan = only(tmp_path, (BRATS_2013_TWO,))
    with pytest.raises(GeometryError, match="brainmask"):
        brain_of(scan, read_case(scan).image)


def test_an_empty_brain_mask_is_refused(tmp_path):
    folder = sample_2013(tmp_path)
    save(folder / "brainmask.nii.gz", np.zeros(SHAPE, np.float32))
    scan = only(tmp_path, (BRATS_2013_TWO,))
    with pytest.raises(IntensityError, match="without voxels"):
        brain_of(scan, read_case(scan).image)


def test_a_layout_of_the_caller_is_read(tmp_path):
    cavity = replace(BRATS_2023, name="2024 with cavities", labels={**BRATS_2023.labels, 4: 0})
    write_scan(tmp_path, "X-000", cavity, present=(3, 4))
    assert read_case(only(tmp_path, (cavity,))).reference.voxels[0, :, 1].tolist() == [4, 0, 0]


def test_files_in_another_axis_order_become_the_same_case(tmp_path):
    write_scan(tmp_path / "lps", "A")
    before = read_case(only(tmp_path / "lps"))
    for path in (tmp_path / "lps").iterdir():
        turned = nib.as_closest_canonical(nib.load(path)).as_reoriented([[2, 1], [0, -1], [1, 1]])
        (tmp_path / "other").mkdir(exist_ok=True)
        turned.to_filename(tmp_path / "other" / path.name)
    after = read_case(only(tmp_path / "other"))
    assert np.array_equal(before.image.voxels, after.image.voxels)
    assert np.array_equal(before.reference.voxels, after.reference.voxels)
    assert np.array_equal(before.image.affine, after.image.affine)


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
