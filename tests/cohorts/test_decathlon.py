"""Any task of the Decathlon: channels, labels and files as dataset.json says, and every file in the account."""

import json

import nibabel as nib
import numpy as np
import pytest

from reproduce.cohorts.decathlon import HIPPOCAMPUS, UNLISTED, Task, find_cohort, read_case
from reproduce.cohorts.decathlon_listing import TEST_IMAGE
from reproduce.cohorts.image_checks import LINKED_FOLDER
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
from reproduce.patient_ids import path_id

AFFINE = np.diag([-2.0, -1.0, 3.0, 1.0])  # i to the left, j to the back, k to the head: x, y, z as they are
SHAPE = (4, 3, 2)
LABELS = {"0": "background", "1": "Anterior", "2": "Posterior"}


def save(path, voxels, affine=AFFINE):
    path.parent.mkdir(parents=True, exist_ok=True)
    nib.Nifti1Image(np.asarray(voxels), affine).to_filename(path)
    return path


def image(n_channels=None):
    """Stored as i + 10 j + 100 k, plus 1000 for each channel."""
    i, j, k = np.indices(SHAPE, dtype=np.float32)
    one = i + 10 * j + 100 * k
    return one if n_channels is None else np.stack([one + 1000 * c for c in range(n_channels)], axis=-1)


def reference(*present):
    voxels = np.zeros(SHAPE, np.uint8)
    voxels[0, : len(present), 1] = present
    return voxels


def write_task(root, *, names=("la_001", "la_002"), n_channels=None, modality=None, labels=LABELS, tests=(), **changes):
    """A task whose cases all hold the same; `changes` replace fields of dataset.json, None takes one away."""
    for name in names:
        save(root / "imagesTr" / f"{name}.nii.gz", image(n_channels))
        save(root / "labelsTr" / f"{name}.nii.gz", reference(1, 2))
    training = [{"image": f"./imagesTr/{name}.nii.gz", "label": f"./labelsTr/{name}.nii.gz"} for name in names]
    content = {"name": "A", "modality": modality or {"0": "MRI"}, "labels": labels, "numTraining": len(names)}
    content |= {"training": training, "test": list(tests), **changes}
    (root / "dataset.json").write_text(json.dumps({k: v for k, v in content.items() if v is not None}))
    return root


def cohort(root, *, task=None, broken="refuse"):
    return find_cohort(root, task=task, broken=broken)


def test_a_case_of_one_modality(tmp_path):
    found = cohort(write_task(tmp_path))
    assert [scan.scan for scan in found.scans] == [scan.patient for scan in found.scans] == ["la_001", "la_002"]
    found.ledger.require_counts(n_in=2, n_out=0)
    case = read_case(found.scans[0])
    assert case.image.voxels.shape == (2, 3, 4)  # (z, y, x) of a file of 4 x 3 x 2
    assert case.image.voxels[1, 2, 3] == 3 + 20 + 100
    assert case.image.spacing_mm == (3.0, 1.0, 2.0)
    assert case.image.unit == "arbitrary"
    assert case.reference.voxels[1, :, 0].tolist() == [1, 2, 0]
    assert case.label_names == {1: "Anterior", 2: "Posterior"}
    assert case.readers == ()


def test_channels_stand_in_the_order_of_their_numbers(tmp_path):
    root = write_task(tmp_path, n_channels=2, modality={"1": "ADC", "0": "T2"})
    (scan, _) = cohort(root).scans
    assert scan.task.modalities == ("T2", "ADC")
    assert read_case(scan).image.voxels[0, 1, 1].tolist() == [11, 1011]


def test_a_fourth_axis_of_length_1_is_dropped(tmp_path):
    scan = cohort(write_task(tmp_path, n_channels=1)).scans[0]
    assert read_case(scan).image.voxels.shape == (2, 3, 4)


@pytest.mark.parametrize(("name", "unit"), [("CT", "HU"), ("ct", "HU"), ("MRI", "arbitrary"), ("T2", "arbitrary")])
def test_ct_is_in_hounsfield_units(tmp_path, name, unit):
    scan = cohort(write_task(tmp_path, modality={"0": name})).scans[0]
    assert read_case(scan).image.unit == unit


def test_hidden_files_do_not_count(tmp_path):
    root = write_task(tmp_path)
    for name in ("imagesTr/._a_1.nii.gz", "labelsTr/._a_1.nii.gz", "._dataset.json"):
        (root / name).write_bytes(b"\x00\x05\x16\x07")
    cohort(root).ledger.require_counts(n_in=2, n_out=0)


def test_files_that_are_links_are_read(tmp_path):
    root = write_task(tmp_path / "task")
    path = root / "imagesTr" / "la_001.nii.gz"
    path.rename(tmp_path / "content")
    path.symlink_to(tmp_path / "content")
    assert read_case(cohort(root).scans[0]).image.voxels[1, 2, 3] == 123


def test_a_linked_folder_that_no_case_lies_in_is_a_row_of_the_ledger(tmp_path):
    root = write_task(tmp_path / "task")
    other = write_task(tmp_path / "other", names=("la_003",))
    (root / "imagesTr").rename(tmp_path / "content")
    (root / "imagesTr").symlink_to(tmp_path / "content")  # through it the listed cases are read
    (root / "again").symlink_to(root / "labelsTr")  # its files are found where they are
    (root / "more").symlink_to(other)
    found = cohort(root)
    assert [scan.scan for scan in found.scans] == ["la_001", "la_002"]
    assert [(entry.scan, entry.reason) for entry in found.ledger.entries if entry.status == "out"] == [
        (path_id(root / "more", root), LINKED_FOLDER)
    ]


def test_a_task_of_nothing_but_links_says_so(tmp_path):
    other = write_task(tmp_path / "other")
    (tmp_path / "task").mkdir()
    (tmp_path / "task" / "imagesTr").symlink_to(other / "imagesTr")
    with pytest.raises(DataNotFoundError, match="but 1 links to folders, which are not followed"):
        cohort(tmp_path / "task")


def test_files_that_are_not_of_the_training_set_are_in_the_account(tmp_path):
    root = write_task(tmp_path, tests=["./imagesTs/la_009.nii.gz", "./imagesTs/la_010.nii.gz"])
    save(root / "imagesTs" / "la_009.nii.gz", image())
    save(root / "imagesTr" / "colon_001.nii.gz", image())
    save(root / "labelsTr" / "spleen_001.nii.gz", reference())
    ledger = cohort(root).ledger
    assert [(entry.scan, entry.reason) for entry in ledger.entries if entry.status == "out"] == [
        ("imagesTr/colon_001.nii.gz", UNLISTED),
        ("imagesTs/la_009.nii.gz", TEST_IMAGE),
        ("labelsTr/spleen_001.nii.gz", UNLISTED),
    ]
    assert ledger.n_of("in") == 2


def test_a_part_of_a_task_without_its_listing(tmp_path):
    root = write_task(tmp_path)
    (root / "dataset.json").unlink()
    save(root / "imagesTs" / "la_009.nii.gz", image())
    found = cohort(root, task=HIPPOCAMPUS)
    found.ledger.require_counts(n_in=2, n_out=1)
    assert found.scans[1].reference == root / "labelsTr" / "la_002.nii.gz"
    assert read_case(found.scans[1]).label_names == HIPPOCAMPUS.labels
    with pytest.raises(DataNotFoundError, match=r"expected dataset\.json beside imagesTr"):
        cohort(root)
    with pytest.raises(DataNotFoundError, match=r"expected dataset\.json beside imagesTr"):
        cohort(root / "imagesTr", task=HIPPOCAMPUS)


def test_without_a_listing_what_has_no_partner_is_broken(tmp_path):
    root = write_task(tmp_path)
    (root / "dataset.json").unlink()
    (root / "labelsTr" / "la_001.nii.gz").unlink()
    save(root / "labelsTr" / "liver_009.nii.gz", reference())
    with pytest.raises(CohortError, match="la_001: no reference"):
        cohort(root, task=HIPPOCAMPUS)
    found = cohort(root, task=HIPPOCAMPUS, broken="exclude")
    assert found.ledger.reasons() == {
        ("in", "image with its reference"): 1,
        ("out", "no image"): 1,
        ("out", "no reference"): 1,
    }


def test_the_listing_must_say_what_the_protocol_says(tmp_path):
    assert len(cohort(write_task(tmp_path), task=HIPPOCAMPUS).scans) == 2
    with pytest.raises(AnnotationFormatError, match="as the protocol says"):
        cohort(tmp_path, task=Task(("MRI",), {1: "Posterior", 2: "Anterior"}))


def test_missing_files_are_refused_or_left_out(tmp_path):
    root = write_task(tmp_path, names=("la_001", "la_002", "la_003"))
    (root / "labelsTr" / "la_001.nii.gz").unlink()
    (root / "imagesTr" / "la_003.nii.gz").unlink()
    (root / "labelsTr" / "la_003.nii.gz").unlink()
    with pytest.raises(CohortError, match="la_001: no reference"):
        cohort(root)
    found = cohort(root, broken="exclude")
    assert [scan.scan for scan in found.scans] == ["la_002"]
    assert found.ledger.reasons()[("out", "no image, no reference")] == 1
    (root / "imagesTr" / "la_002.nii.gz").unlink()
    with pytest.raises(CohortError, match="1 out: no reference"):  # then none is left
        cohort(root, broken="exclude")


def test_another_number_than_numtraining_is_refused_or_entered(tmp_path):
    root = write_task(tmp_path, numTraining=260)
    with pytest.raises(CohortError, match="numTraining is 260, but training lists 2"):
        cohort(root)
    found = cohort(root, broken="exclude")
    assert len(found.scans) == 2
    assert found.ledger.reasons()[("out", "numTraining is 260, but training lists 2")] == 1


@pytest.mark.parametrize(
    ("broken_file", "voxels", "affine", "error", "text"),
    [
        ("labelsTr", reference(1, 3), AFFINE, AnnotationFormatError, r"labels 0 and \[1, 2\], got labels \[3\] too"),
        ("labelsTr", reference(1), np.diag([-2.0, -1.0, 3.1, 1.0]), GeometryError, r"imagesTr/la_001.+labelsTr/la_001"),
        ("labelsTr", np.zeros((4, 3, 1), np.uint8), AFFINE, GeometryError, "labelsTr/la_001"),
        ("imagesTr", image(3), AFFINE, ImageAxesError, r"1 channel \(MRI\), got 3"),
        ("imagesTr", np.full(SHAPE, 7.0, np.float32), AFFINE, IntensityError, "7 everywhere in MRI"),
        ("imagesTr", np.full(SHAPE, np.nan, np.float32), AFFINE, NonFiniteError, "24 NaN or infinite voxels of MRI"),
    ],
)
def test_a_case_that_does_not_fit_is_an_error_or_an_entry(tmp_path, broken_file, voxels, affine, error, text):
    root = write_task(tmp_path)
    save(root / broken_file / "la_001.nii.gz", voxels, affine)
    scan = cohort(root).scans[0]
    with pytest.raises(error, match=text):
        read_case(scan)
    found = cohort(root, broken="exclude")
    assert [scan.scan for scan in found.scans] == ["la_002"]
    (reason,) = [entry.reason for entry in found.ledger.entries if entry.status == "out"]
    assert reason.startswith(error.__name__)


def test_a_file_that_is_cut_short_is_left_out(tmp_path):
    root = write_task(tmp_path)
    path = root / "imagesTr" / "la_002.nii.gz"
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(PixelDecodeError):
        read_case(cohort(root).scans[1])
    assert [scan.scan for scan in cohort(root, broken="exclude").scans] == ["la_001"]


@pytest.mark.parametrize(
    "changes",
    [
        {"modality": {"1": "MRI"}},
        {"modality": {"0": "T2", "2": "ADC"}},
        {"labels": {"0": "background", "one": "Anterior"}},
        {"labels": {"0": "background", "1": "Anterior", "01": "Posterior"}},
        {"labels": {"-1": "Anterior"}},
        {"labels": None},
        {"training": None},
        {"training": [{"image": "../a.nii.gz", "label": "./labelsTr/la_001.nii.gz"}]},
        {"training": [{"image": "/imagesTr/la_001.nii.gz", "label": "./labelsTr/la_001.nii.gz"}]},
        {"training": [{"image": "imagesTr/la_001.nii.gz", "label": 7}]},
        {"training": "all"},
        {"numTraining": "many"},
    ],
)
def test_a_broken_listing_is_refused(tmp_path, changes):
    with pytest.raises(AnnotationFormatError, match=r"dataset\.json"):
        cohort(write_task(tmp_path / "task", **changes), broken="exclude")


@pytest.mark.parametrize("text", ["{", "[]", "7", ""])
def test_a_listing_that_is_no_object_is_refused(tmp_path, text):
    (write_task(tmp_path) / "dataset.json").write_text(text)
    with pytest.raises(AnnotationFormatError, match="JSON"):
        cohort(tmp_path)


def test_a_case_that_is_listed_twice_is_refused(tmp_path):
    pair = {"image": "imagesTr/la_001.nii.gz", "label": "labelsTr/la_001.nii.gz"}
    with pytest.raises(CohortError, match="la_001"):
        cohort(write_task(tmp_path, training=[pair, pair]))


def test_no_data_and_wrong_words(tmp_path):
    with pytest.raises(DataNotFoundError, match="nothing there"):
        cohort(tmp_path / "none")
    with pytest.raises(DataNotFoundError, match="empty folder"):
        cohort(tmp_path)
    (tmp_path / "readme.txt").touch()
    with pytest.raises(DataNotFoundError, match=r"no \.nii"):
        cohort(tmp_path)
    with pytest.raises(ArgumentError, match="'skip'"):
        cohort(write_task(tmp_path), broken="skip")


@pytest.mark.parametrize(("modalities", "labels"), [((), {1: "a"}), (("MRI",), {}), (("MRI",), {0: "background"})])
def test_a_task_without_channels_or_labels_is_refused(modalities, labels):
    with pytest.raises(ArgumentError, match="Task"):
        Task(modalities, labels)
