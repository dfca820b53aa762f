"""The builder of the Decathlon: normalised slices, labels, order, keys."""

import json

import nibabel as nib
import numpy as np
import pytest

from reproduce.cohorts.decathlon import HIPPOCAMPUS
from reproduce.errors import ArgumentError, CohortError, DataNotFoundError
from reproduce.imaging.intensity import ZScore
from reproduce.prepared.decathlon import prepare_decathlon
from reproduce.protocol import Call, Preparation
from reproduce.protocol.intensities import Normalised, Window
from reproduce.training.pipeline import resized_slices

AFFINE = np.diag([-1.0, -1.0, 2.5, 1.0])
SHAPE = (8, 6, 3)
WHOLE = ZScore(within="image")


def write_task(root, *, n_channels=1):
    training = []
    for seed, name in enumerate(("liver_002", "la_001")):
        for part in ("imagesTr", "labelsTr"):
            (root / part).mkdir(parents=True, exist_ok=True)
        generator = np.random.default_rng(seed)
        shape = SHAPE if n_channels == 1 else (*SHAPE, n_channels)
        voxels = generator.normal(100, 10, shape).astype(np.float32)
        labels = np.zeros(SHAPE, np.uint8)
        labels[2:4, 3, 1] = (1, 2)
        nib.Nifti1Image(voxels, AFFINE).to_filename(root / "imagesTr" / f"{name}.nii.gz")
        nib.Nifti1Image(labels, AFFINE).to_filename(root / "labelsTr" / f"{name}.nii.gz")
        training.append({"image": f"./imagesTr/{name}.nii.gz", "label": f"./labelsTr/{name}.nii.gz"})
    modality = {str(i): "MRI" if n_channels == 1 else f"MRI {i}" for i in range(n_channels)}
    labels = {"0": "background", "1": "Anterior", "2": "Posterior"}
    listing = {"modality": modality, "labels": labels, "training": training, "test": []}
    (root / "dataset.json").write_text(json.dumps(listing))
    return root


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    return write_task(tmp_path_factory.mktemp("task"))


@pytest.fixture(scope="module")
def prepared(root, tmp_path_factory):
    return prepare_decathlon(root, tmp_path_factory.mktemp("cache"), task=None, broken="refuse", intensity=WHOLE)


def test_slices_in_the_order_of_names_with_the_scores_of_the_whole_image(prepared, root):
    examples = list(prepared.read().as_numpy_iterator())
    assert [(e["patient"], int(e["slice"])) for e in examples] == [
        (n, z) for n in (b"la_001", b"liver_002") for z in range(3)
    ]
    stored = nib.load(root / "imagesTr" / "la_001.nii.gz").get_fdata()
    expected = ((stored - stored.mean()) / stored.std()).T
    for z in range(3):
        np.testing.assert_allclose(examples[z]["image"][..., 0], expected[z], atol=1e-5)
        assert examples[z]["image"].dtype == np.float32
        assert examples[z]["spacing_mm"].tolist() == [2.5, 1.0, 1.0]
    assert prepared.name == "decathlon"


def test_labels_and_ledger(prepared):
    first = next(prepared.scans())
    assert (first.patient, first.scan) == ("la_001", "la_001")
    assert first.labels[1, 3].tolist() == [0, 0, 1, 2, 0, 0, 0, 0]
    assert prepared.ledger.read_text().splitlines()[1:] == [
        "la_001,la_001,in,image with its reference",
        "liver_002,liver_002,in,image with its reference",
    ]


def test_a_window_instead(root, tmp_path):
    intensity = Window(90.0, 110.0)
    prepared = prepare_decathlon(root, tmp_path, task=HIPPOCAMPUS, broken="refuse", intensity=intensity)
    first = next(iter(prepared.read().as_numpy_iterator()))["image"]
    stored = nib.load(root / "imagesTr" / "la_001.nii.gz").get_fdata().T[0]
    np.testing.assert_allclose(first[..., 0], np.clip((stored - 90) / 20, 0, 1), atol=1e-6)


def test_several_channels_reach_a_model(tmp_path):
    root = write_task(tmp_path / "task", n_channels=2)
    prepared = prepare_decathlon(root, tmp_path / "cache", task=None, broken="refuse", intensity=WHOLE)
    because = dict.fromkeys(("size", "intensity", "cohort", "regions"), "silent: a test needs no reason")
    preparation = Preparation(
        size=8,
        intensity=Normalised(grey=(-2.0, 2.0), within="image", channels=("MRI",)),
        cohort=Call(prepare_decathlon, {"task": None, "broken": "refuse", "intensity": WHOLE}),
        regions={"anterior": (1,), "posterior": (2,)},
        because=because,
    )
    slices = resized_slices(prepared, preparation, cache=tmp_path)
    assert (slices.n_channels, slices.regions) == (2, ("anterior", "posterior"))
    assert len(slices.names) == 6
    assert min(float(example["image"].min()) for example in slices.examples.as_numpy_iterator()) < -1  # not clipped


def test_files_and_parameters_change_the_key(tmp_path):
    root, cache = write_task(tmp_path / "task"), tmp_path / "cache"

    def key(**changes):
        given = {"task": None, "broken": "refuse", "intensity": WHOLE, **changes}
        return prepare_decathlon(root, cache, **given).key

    first = key()
    others = [
        key(task=HIPPOCAMPUS),
        key(broken="exclude"),
        key(intensity=ZScore("nonzero")),
        key(intensity=Window(0, 1)),
    ]
    assert key() == first
    assert len({first, *others}) == 5
    (root / "labelsTr" / "la_001.nii.gz").touch()
    assert key() == first
    nib.Nifti1Image(np.ones(SHAPE, np.uint8), AFFINE).to_filename(root / "labelsTr" / "la_001.nii.gz")
    assert key() != first


def test_what_cannot_be_prepared(root, tmp_path):
    with pytest.raises(ArgumentError, match="'skip'"):
        prepare_decathlon(root, tmp_path, task=None, broken="skip", intensity=WHOLE)
    with pytest.raises(DataNotFoundError, match="nothing there"):
        prepare_decathlon(tmp_path / "none", tmp_path, task=None, broken="refuse", intensity=WHOLE)
    part = write_task(tmp_path / "task")
    (part / "labelsTr" / "la_001.nii.gz").unlink()
    with pytest.raises(CohortError, match="la_001: no reference"):
        prepare_decathlon(part, tmp_path / "cache", task=None, broken="refuse", intensity=WHOLE)
