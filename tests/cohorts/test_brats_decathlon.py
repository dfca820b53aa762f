"""Task01 of the Decathlon: channels and labels are what dataset.json says in words, in whatever numbering."""

import json

import nibabel as nib
import numpy as np
import pytest

from reproduce.cohorts.brats import find_cohort, read_case
from reproduce.cohorts.brats_layouts import PUBLISHED
from reproduce.errors import AnnotationFormatError, CohortError, ImageAxesError

AFFINE = np.diag([-1.0, -1.0, 1.0, 1.0])
MODALITIES = {"0": "FLAIR", "1": "T1w", "2": "t1gd", "3": "T2w"}
LABELS = {"0": "background", "1": "edema", "2": "non-enhancing tumor", "3": "enhancing tumour"}


def write_task(root, *, names=("BRATS_001",), modality=MODALITIES, labels=LABELS, tests=(), n_channels=4, **changes):
    (root / "imagesTr").mkdir(parents=True)
    (root / "labelsTr").mkdir()
    image = np.zeros((2, 3, 4, n_channels), np.float32)
    image[1] = np.arange(1, n_channels + 1)  # channel c holds c + 1
    reference = np.zeros((2, 3, 4), np.uint8)
    reference[1, :, 0] = (1, 2, 3)
    training = []
    for name in names:
        nib.Nifti1Image(image, AFFINE).to_filename(root / "imagesTr" / f"{name}.nii.gz")
        nib.Nifti1Image(reference, AFFINE).to_filename(root / "labelsTr" / f"{name}.nii.gz")
        training.append({"image": f"./imagesTr/{name}.nii.gz", "label": f"./labelsTr/{name}.nii.gz"})
    content = {"name": "BRATS", "modality": modality, "labels": labels, "training": training, "test": list(tests)}
    content.update(changes)
    (root / "dataset.json").write_text(json.dumps({k: v for k, v in content.items() if v is not None}))
    return root


def only(root):
    (scan,) = find_cohort(root, layouts=PUBLISHED, broken="refuse").scans
    return scan


def test_channels_and_labels_are_turned_into_those_of_this_package(tmp_path):
    case = read_case(only(write_task(tmp_path / "Task01_BrainTumour")))
    assert case.patient == case.scan == "BRATS_001"
    assert case.image.voxels.shape == (4, 3, 2, 4)
    assert case.image.voxels[0, 0, 1].tolist() == [1.0, 2.0, 3.0, 4.0]
    assert case.reference.voxels[0, :, 1].tolist() == [2, 1, 4]  # oedema, non-enhancing, enhancing


def test_another_order_in_dataset_json_is_followed(tmp_path):
    modality = {"0": "T2w", "1": "FLAIR", "2": "T1w", "3": "T1GD"}
    labels = {"0": "background", "1": "enhancing tumor", "2": "Edema", "3": "non-enhancing tumour"}
    case = read_case(only(write_task(tmp_path, modality=modality, labels=labels)))
    assert case.image.voxels[0, 0, 1].tolist() == [2.0, 3.0, 4.0, 1.0]
    assert case.reference.voxels[0, :, 1].tolist() == [4, 2, 1]


def test_images_of_the_test_set_are_out_by_design(tmp_path):
    root = write_task(tmp_path, tests=["./imagesTs/BRATS_485.nii.gz", "./imagesTs/BRATS_486.nii.gz"])
    (root / "imagesTs").mkdir()
    (root / "imagesTs" / "BRATS_485.nii.gz").touch()
    cohort = find_cohort(root, layouts=PUBLISHED, broken="refuse")
    cohort.ledger.require_counts(n_in=1, n_out=1)
    assert ("out", "image of the test set, whose reference is not published") in cohort.ledger.reasons()


def test_a_file_that_is_listed_but_absent_is_refused_or_left_out(tmp_path):
    root = write_task(tmp_path, names=("BRATS_001", "BRATS_002"))
    (root / "labelsTr" / "BRATS_001.nii.gz").unlink()
    with pytest.raises(CohortError, match="BRATS_001: no reference"):
        find_cohort(root, layouts=PUBLISHED, broken="refuse")
    cohort = find_cohort(root, layouts=PUBLISHED, broken="exclude")
    assert [scan.scan for scan in cohort.scans] == ["BRATS_002"]


def test_an_image_with_other_channels_is_refused(tmp_path):
    with pytest.raises(ImageAxesError, match="expected 4 channels, got 3 channels"):
        read_case(only(write_task(tmp_path, n_channels=3)))


@pytest.mark.parametrize(
    "changes",
    [
        {"modality": {"0": "MRI"}},
        {"modality": {"0": "FLAIR", "1": "T1w", "2": "t1gd", "4": "T2w"}},
        {"modality": None},
        {"labels": {"0": "background", "1": "Anterior", "2": "Posterior"}},
        {"labels": {"0": "background", "1": "edema", "2": "non-enhancing tumor", "x": "enhancing tumour"}},
        {"training": [{"image": "./imagesTr/BRATS_001.nii.gz"}]},
        {"training": [{"image": "../../secret.nii.gz", "label": "./labelsTr/BRATS_001.nii.gz"}]},
        {"training": 7},
    ],
)
def test_a_listing_of_something_else_is_refused(tmp_path, changes):
    with pytest.raises(AnnotationFormatError, match=r"dataset\.json"):
        find_cohort(write_task(tmp_path / "task", **changes), layouts=PUBLISHED, broken="exclude")


def test_a_listing_that_is_no_json_is_refused(tmp_path):
    (write_task(tmp_path) / "dataset.json").write_text("{")
    with pytest.raises(AnnotationFormatError, match="JSON"):
        find_cohort(tmp_path, layouts=PUBLISHED, broken="refuse")
