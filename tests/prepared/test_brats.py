"""The builder of BraTS: z-scores within the brain, labels, order, keys; and the way on to what a model sees."""

import csv
import logging

import nibabel as nib
import numpy as np
import pytest

from reproduce.cohorts.brats_layouts import BRATS_2017, MODALITIES, PUBLISHED, REGIONS
from reproduce.errors import ArgumentError, CohortError
from reproduce.prepared.brats import prepare_brats
from reproduce.protocol import Call, Preparation
from reproduce.protocol.intensities import Normalised
from reproduce.training.pipeline import resized_slices

AFFINE = np.array([[-1.0, 0, 0, 0], [0, -1, 0, 0], [0, 0, 2.5, 0], [0, 0, 0, 1]])
SHAPE = (8, 8, 3)


def write_scan(root, name, *, seed):
    """Four modalities of noise in a brain of i = 2 .. 6, and three labels."""
    generator = np.random.default_rng(seed)
    reference = np.zeros(SHAPE, np.uint8)
    reference[3, 3:6, 1] = (1, 2, 4)
    for i, modality in enumerate(MODALITIES):
        voxels = np.zeros(SHAPE, np.float32)
        voxels[2:7] = generator.normal(100 * (i + 1), 10 * (i + 1), (5, 8, 3))
        nib.Nifti1Image(voxels, AFFINE).to_filename(root / f"{name}_{modality}.nii.gz")
    nib.Nifti1Image(reference, AFFINE).to_filename(root / f"{name}_seg.nii.gz")


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    folder = tmp_path_factory.mktemp("brats")
    write_scan(folder, "BraTS-PHANTOM-0002", seed=2)
    write_scan(folder, "BraTS-PHANTOM-0001", seed=1)
    return folder


@pytest.fixture(scope="module")
def brats(root, tmp_path_factory):
    return prepare_brats(root, tmp_path_factory.mktemp("cache"), layouts=PUBLISHED, broken="refuse")


def test_slices_in_the_order_of_patients(brats):
    examples = list(brats.read().as_numpy_iterator())
    assert [(e["patient"], int(e["slice"])) for e in examples] == [
        (p, z) for p in (b"BraTS-PHANTOM-0001", b"BraTS-PHANTOM-0002") for z in range(3)
    ]
    assert brats.name == "brats"
    for example in examples:
        assert example["image"].shape == (8, 8, 4)
        assert example["image"].dtype == np.float32
        assert example["spacing_mm"].tolist() == [2.5, 1.0, 1.0]


def test_every_modality_has_mean_0_and_deviation_1_within_the_brain_and_0_outside(brats):
    slices = np.stack([e["image"] for e in brats.read().as_numpy_iterator() if e["patient"] == b"BraTS-PHANTOM-0001"])
    brain = np.zeros((3, 8, 8), bool)
    brain[..., 2:7] = True
    assert (slices[~brain] == 0).all()
    np.testing.assert_allclose(slices[brain].mean(axis=0), 0, atol=1e-6)
    np.testing.assert_allclose(slices[brain].std(axis=0), 1, atol=1e-6)


def test_channels_are_flair_t1_t1ce_t2(brats, root):
    flair = nib.load(root / "BraTS-PHANTOM-0001_flair.nii.gz").get_fdata()[2:7]
    first = next(iter(brats.read().as_numpy_iterator()))["image"]
    expected = (flair[0, 4, 0] - flair.mean()) / flair.std()
    assert first[4, 2, 0] == pytest.approx(expected, abs=1e-5)


def test_labels_are_those_of_this_package(brats):
    first = next(brats.scans())
    patient, scan, labels = first.patient, first.scan, first.labels
    assert (patient, scan) == ("BraTS-PHANTOM-0001", "BraTS-PHANTOM-0001")
    assert labels[1, 3:6, 3].tolist() == [1, 2, 4]
    assert labels[[0, 2]].max() == 0


def test_the_ledger_stands_beside_the_examples(brats):
    rows = list(csv.DictReader(brats.ledger.read_text().splitlines()))
    assert [(row["scan"], row["status"], row["reason"]) for row in rows] == [
        ("BraTS-PHANTOM-0001", "in", "BraTS 2017 to 2021"),
        ("BraTS-PHANTOM-0002", "in", "BraTS 2017 to 2021"),
    ]


def test_normalised_intensities_reach_a_model_as_they_are(brats, tmp_path):
    because = dict.fromkeys(("size", "intensity", "cohort", "regions"), "silent: a test needs no reason")
    preparation = Preparation(
        size=8,
        intensity=Normalised(grey=(-2.0, 4.0), within="nonzero", channels=("flair", "t1", "t1ce", "t2")),
        cohort=Call(prepare_brats, {"layouts": PUBLISHED, "broken": "refuse"}),
        regions=REGIONS,
        because=because,
    )
    slices = resized_slices(brats, preparation, cache=tmp_path)
    assert (slices.n_channels, slices.regions) == (4, ("WT", "TC", "ET"))
    seen = list(slices.examples.as_numpy_iterator())
    stored = list(brats.read().as_numpy_iterator())
    for ours, theirs in zip(seen, stored, strict=True):
        np.testing.assert_allclose(ours["image"], theirs["image"], atol=1e-6)
    assert min(example["image"].min() for example in seen) < -1  # not clipped
    # Labels 1, 2, 4 at y = 3, 4, 5: all are WT, 1 and 4 are TC, 4 is ET.
    assert seen[1]["mask"][3:6, 3].tolist() == [[1, 1, 0], [1, 0, 0], [1, 1, 1]]
    assert [float(example["slice"][0]) for example in seen] == [0, 1, 0, 0, 1, 0]


def test_files_and_parameters_change_the_key(root, tmp_path):
    write_scan(tmp_path, "BraTS-PHANTOM-0001", seed=1)

    def key(**changes):
        cache = tmp_path.parent / f"{tmp_path.name}-cache"
        return prepare_brats(tmp_path, cache, **{"layouts": PUBLISHED, "broken": "refuse", **changes}).key

    first = key()
    assert key() == first
    assert key(broken="exclude") != first
    assert key(layouts=(BRATS_2017,)) != first
    write_scan(tmp_path, "BraTS-PHANTOM-0001", seed=9)
    assert key() != first


def test_broken_scans_are_refused_or_left_out(tmp_path):
    folder = tmp_path / "root"
    folder.mkdir()
    write_scan(folder, "BraTS-PHANTOM-0001", seed=1)
    write_scan(folder, "BraTS-PHANTOM-0002", seed=2)
    (folder / "BraTS-PHANTOM-0002_t2.nii.gz").unlink()
    with pytest.raises(CohortError, match="BraTS-PHANTOM-0002: no t2"):
        prepare_brats(folder, tmp_path / "cache", layouts=PUBLISHED, broken="refuse")
    prepared = prepare_brats(folder, tmp_path / "cache", layouts=PUBLISHED, broken="exclude")
    assert [found.scan for found in prepared.scans()] == ["BraTS-PHANTOM-0001"]
    assert "BraTS-PHANTOM-0002,BraTS-PHANTOM-0002,out,no t2 (BraTS 2017 to 2021)" in prepared.ledger.read_text()


def test_no_layout_is_refused(root, tmp_path):
    with pytest.raises(ArgumentError, match="layouts"):
        prepare_brats(root, tmp_path, layouts=(), broken="refuse")


@pytest.mark.slow
@pytest.mark.filterwarnings("default")  # Beam and what it imports warn of their own matters
def test_beam_prepares_the_same_examples(brats, root, tmp_path):
    pytest.importorskip("apache_beam", reason="apache_beam is of the extra `scale`")
    from apache_beam.options.pipeline_options import PipelineOptions

    logging.getLogger("apache_beam").setLevel(logging.ERROR)
    options = PipelineOptions(["--runner=DirectRunner"])
    by_beam = prepare_brats(root, tmp_path, layouts=PUBLISHED, broken="refuse", beam=options)
    assert by_beam.key == brats.key
    for ours, theirs in zip(brats.read().as_numpy_iterator(), by_beam.read().as_numpy_iterator(), strict=True):
        for name, value in ours.items():
            assert np.array_equal(theirs[name], value), name
