"""Real cases of the Decathlon's hippocampus task: counts, names, sizes, and the voxels of a few."""

import json
from types import SimpleNamespace

import nibabel as nib
import numpy as np
import pytest

from reproduce.cohorts.decathlon import HIPPOCAMPUS, find_cohort, read_case
from reproduce.imaging.intensity import ZScore
from reproduce.imaging.nifti import write_nifti
from reproduce.prepared.decathlon import prepare_decathlon

pytestmark = pytest.mark.real


@pytest.fixture(scope="module")
def hippocampus(real_data):
    """The folder, which comes without a dataset.json, and its cohort."""
    root = real_data / "msd_hippocampus"
    return SimpleNamespace(root=root, cohort=find_cohort(root, task=HIPPOCAMPUS, broken="refuse"))


def test_two_hundred_cases(hippocampus):
    hippocampus.cohort.ledger.require_counts(n_in=200, n_out=0)
    names = [scan.scan for scan in hippocampus.cohort.scans]
    assert names[:2] == ["hippocampus_001", "hippocampus_003"]
    assert len(set(names)) == 200


def test_sizes_labels_and_voxels(hippocampus):
    shapes, voxels = [], {}
    for scan in hippocampus.cohort.scans:
        case = read_case(scan)
        assert case.label_names == {1: "Anterior", 2: "Posterior"}
        assert case.image.spacing_mm == (1.0, 1.0, 1.0)
        shapes.append(case.image.shape)
        counts = np.bincount(case.reference.voxels.ravel(), minlength=3)
        assert (counts > 0).all()
        voxels[scan.scan] = counts.tolist()
    # As nibabel reads them, whose axes are (x, y, z): from 31 x 40 x 26 to 43 x 59 x 47.
    assert np.min(shapes, axis=0).tolist() == [26, 40, 31]
    assert np.max(shapes, axis=0).tolist() == [47, 59, 43]
    assert voxels["hippocampus_001"] == [59527, 1324, 1624]
    assert voxels["hippocampus_003"] == [58527, 1550, 1803]


def centred(mask, sides=(64, 80, 64)):
    """A mask around the middle of a larger grid, as float."""
    places = np.argwhere(mask)
    places = places - np.round(places.mean(axis=0)).astype(int) + np.array(sides) // 2
    found = np.zeros(sides, np.float32)
    found[tuple(places.T)] = 1
    return found


def test_every_crop_has_one_handedness(hippocampus):
    # Why the ablation finds that mirroring harms: each label is nearer to the mean of all than to its mirror image.
    masks = [centred(read_case(scan).reference.voxels > 0) for scan in hippocampus.cohort.scans]
    mean = np.mean(masks, axis=0)
    gained = mean - mean[:, :, ::-1]
    assert sum((mask * gained).sum() > 0 for mask in masks) == 200


def test_voxels_are_those_of_the_file_turned_to_lps_and_written_back(hippocampus, tmp_path):
    for scan in hippocampus.cohort.scans[::50]:
        case, stored = read_case(scan), nib.load(scan.image)
        assert "".join(nib.aff2axcodes(stored.affine)) == "RAS"  # so x and y are counted from the other end
        assert np.array_equal(case.image.voxels, np.asanyarray(stored.dataobj)[::-1, ::-1].T)
        write_nifti(case.reference, tmp_path / "labels.nii.gz", like=scan.image)
        back, labels = nib.load(tmp_path / "labels.nii.gz"), nib.load(scan.reference)
        assert np.array_equal(back.affine, stored.affine)
        assert np.array_equal(np.asanyarray(back.dataobj), np.asanyarray(labels.dataobj))


@pytest.fixture
def few(hippocampus, tmp_path):
    """A task of three cases with its dataset.json."""
    root, training = tmp_path / "few", []
    for scan in hippocampus.cohort.scans[:3]:
        for path in (scan.image, scan.reference):
            (root / path.parent.name).mkdir(parents=True, exist_ok=True)
            (root / path.parent.name / path.name).symlink_to(path)
        training.append({"image": f"./imagesTr/{scan.image.name}", "label": f"./labelsTr/{scan.image.name}"})
    labels = {"0": "background", "1": "Anterior", "2": "Posterior"}
    listing = {"modality": {"0": "MRI"}, "labels": labels, "numTraining": 3, "training": training, "test": []}
    (root / "dataset.json").write_text(json.dumps(listing))
    return root


def test_slices_with_the_scores_of_the_whole_crop(few, tmp_path):
    prepared = prepare_decathlon(few, tmp_path / "cache", task=None, broken="refuse", intensity=ZScore(within="image"))
    by_scan = {}
    for example in prepared.read().as_numpy_iterator():
        by_scan.setdefault(example["scan"].decode(), []).append(example["image"])
    assert list(by_scan) == ["hippocampus_001", "hippocampus_003", "hippocampus_007"]
    for slices in by_scan.values():
        scores = np.stack(slices)
        assert scores.mean(dtype=np.float64) == pytest.approx(0, abs=1e-5)
        assert scores.std(dtype=np.float64) == pytest.approx(1, abs=1e-5)
    assert [int((found.labels == 2).sum()) for found in prepared.scans()][:2] == [1624, 1803]
