"""Whole volumes: kept on disk, drawn in boxes by epoch, validated by their middles, predicted at their own grid."""

from types import SimpleNamespace

import keras
import numpy as np
import pytest

from reproduce.errors import NonFiniteError, ProtocolError
from reproduce.protocol.augmentation import VolumeAugmentation
from reproduce.protocol.intensities import Window
from reproduce.training.pipeline import SliceName
from reproduce.training.predict import read_prediction
from reproduce.training.volumes import (
    Volumes,
    VolumeTrainingSet,
    held_out_volumes,
    predict_volumes,
    whole_volumes,
)

BOX = (4, 6, 4)
SHAPES = {"A": (3, 6, 4), "B": (4, 8, 4), "C": (5, 5, 6)}


@pytest.fixture(scope="module")
def volumes(tmp_path_factory):
    folder = tmp_path_factory.mktemp("volumes")
    for i, shape in enumerate(SHAPES.values()):
        rng = np.random.default_rng(i)
        np.save(folder / f"{i}.image.npy", rng.uniform(0.1, 1.0, (*shape, 1)).astype(np.float32))
        np.save(folder / f"{i}.labels.npy", rng.integers(0, 3, shape).astype(np.uint8))
    names = tuple(SliceName(patient, f"scan {patient}", None) for patient in SHAPES)
    return Volumes(folder, names, {"background": (0,), "one": (1,), "any": ()}, 1)


def training_set(volumes, **changes):
    usual = {"patients": ("A", "B", "C"), "box": BOX, "batch_size": 1, "micro_batch": 1, "targets": {"mask": "mask"}}
    return VolumeTrainingSet(volumes=volumes, **{**usual, "augmentation": None, "seed": 1, "fold": 0, **changes})


def drawn(training, epoch=0):
    return [(image.numpy(), targets["mask"].numpy()) for image, targets in training.epoch(epoch)]


def test_masks_follow_the_labels_of_each_region(volumes):
    labels = volumes.labels(0)
    masks = volumes.masks(labels)
    assert masks.dtype == np.float32
    for i, expected in enumerate((labels == 0, labels == 1, labels > 0)):
        assert np.array_equal(masks[..., i], expected)


def test_an_epoch_shows_each_volume_once_and_names_it(volumes):
    training = training_set(volumes)
    for epoch in (0, 1):
        shown = drawn(training, epoch)
        names = [training.names(epoch, i)[0].patient for i in range(3)]
        assert sorted(names) == ["A", "B", "C"]
        for (image, mask), name in zip(shown, names, strict=True):
            assert image.shape == (1, *BOX, 1)
            assert mask.shape == (1, *BOX, 3)
            if name == "A":  # three of four planes are its own, the last is zeros
                assert np.array_equal(image[0, :3], volumes.image(0))
                assert not image[0, 3].any()
                assert mask[0, 3, ..., 0].all()
    orders = {tuple(training.names(epoch, i)[0].patient for i in range(3)) for epoch in range(12)}
    assert len(orders) > 1


def test_augmented_epochs_repeat_themselves_and_differ_from_one_another(volumes):
    values = {"rotation_deg": 10.0, "scale": (0.9, 1.1), "translation_voxels": 1.0, "flip": True}
    values |= {"deformation_voxels": 0.5, "control_points": (3, 3, 3)}
    values |= {"contrast": (0.8, 1.2), "brightness": 0.1, "noise": 0.1}
    ranges = VolumeAugmentation(**values, because=dict.fromkeys(values, "silent: it is a test"))
    first, again, later = (drawn(training_set(volumes, augmentation=ranges), epoch) for epoch in (0, 0, 1))
    assert all(np.array_equal(a, b) for x, y in zip(first, again, strict=True) for a, b in zip(x, y, strict=True))
    assert not any(np.array_equal(x[0], y[0]) for x in first for y in later)
    assert all((mask.sum(axis=-1)[mask[..., 0] == 1] == 1).all() for _, mask in first)


def test_an_epoch_has_whole_steps_alone(volumes):
    assert len(drawn(training_set(volumes, batch_size=2, micro_batch=1))) == 2
    assert len(drawn(training_set(volumes, batch_size=2, micro_batch=2))) == 1


def test_too_few_volumes_for_a_step_are_refused(volumes):
    with pytest.raises(ProtocolError, match="3 training volumes"):
        training_set(volumes, batch_size=4, micro_batch=2)


def test_validation_sees_the_middles_in_order(volumes):
    batches = list(held_out_volumes(volumes, ("C", "B"), BOX, batch_size=2, targets={"mask": "mask"}))
    assert len(batches) == 1
    images = batches[0][0].numpy()
    assert np.array_equal(images[0], volumes.image(1)[:, 1:7])
    assert np.array_equal(images[1, :, :5], volumes.image(2)[:4, :, 1:5])


class Echo:
    """Tells each voxel's own value as the probability of every region."""

    def predict_on_batch(self, images):
        return {"mask": np.repeat(images, 3, axis=-1)}


def test_a_prediction_lies_on_the_grid_of_its_scan(volumes, tmp_path):
    predict_volumes(Echo(), tmp_path, volumes=volumes, patients=("A", "C"), box=BOX)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["scan A.npz", "scan C.npz"]
    for i, scan in ((0, "A"), (2, "C")):
        prediction = read_prediction(tmp_path / f"scan {scan}.npz")
        assert prediction.slice is None
        np.testing.assert_allclose(prediction.mask, np.repeat(volumes.image(i), 3, axis=-1), atol=1e-3)


def test_a_probability_that_is_not_finite_names_its_scan_and_writes_nothing(volumes, tmp_path):
    class Broken(Echo):
        def predict_on_batch(self, images):
            return {"mask": np.full((1, *BOX, 3), np.nan, np.float32)}

    with pytest.raises(NonFiniteError) as caught:
        predict_volumes(Broken(), tmp_path, volumes=volumes, patients=("B",), box=BOX)
    assert caught.value.where == "B scan scan B"
    assert not list(tmp_path.iterdir())


def test_a_prepared_cohort_becomes_volumes_once(prepared, tmp_path):
    preparation = SimpleNamespace(intensity=Window(low_hu=-1000.0, high_hu=400.0), regions={"nodule": ()})
    found = whole_volumes(prepared, preparation, cache=tmp_path)
    scans = list(prepared.scans())
    assert [name.scan for name in found.names] == [scan.scan for scan in scans]
    for i, scan in enumerate(scans):
        assert np.array_equal(found.labels(i), scan.labels)
        assert found.image(i).shape == (*scan.labels.shape, 1)
        assert 0 <= found.image(i).min() <= found.image(i).max() <= 1
    stamps = {path: path.stat().st_mtime_ns for path in found.folder.iterdir()}
    again = whole_volumes(prepared, preparation, cache=tmp_path)
    assert again == found or again.names == found.names
    assert {path: path.stat().st_mtime_ns for path in found.folder.iterdir()} == stamps


def test_a_model_of_keras_predicts_too(volumes, tmp_path):
    image = keras.Input((*BOX, 1))
    model = keras.Model(image, {"mask": keras.layers.Conv3D(3, 1, activation="softmax")(image)})
    predict_volumes(model, tmp_path, volumes=volumes, patients=("B",), box=BOX)
    mask = read_prediction(tmp_path / "scan B.npz").mask
    assert mask.shape == (4, 8, 4, 3)
    np.testing.assert_allclose(mask.astype(np.float32).sum(axis=-1), 1.0, atol=2e-3)
