"""Tiles: where they are drawn, what training sees of them, and what whole slices are said to be."""

import numpy as np
import pytest
import tensorflow as tf

from reproduce.protocol import Tiles
from reproduce.training.pipeline import held_out
from reproduce.training.predict import predict_scans, read_prediction
from reproduce.training.tiles import draw_corner, most_probable_tile
from tests.training.conftest import placed

SIDE = 8


def tiles(share):
    return placed(Tiles, size=SIDE, region_share=share)


def corners(mask, share, n=100):
    return np.array([draw_corner(tiles(share), tf.constant(mask), tf.constant([7, i], tf.int64)) for i in range(n)])


@pytest.fixture
def two_regions():
    """A speck near an edge, and a hundred times as many pixels of another region elsewhere."""
    mask = np.zeros((32, 32, 2), np.float32)
    mask[2, 29, 0] = 1
    mask[20:30, 4:14, 1] = 1
    return mask


def test_a_tile_about_a_region_holds_one_of_its_pixels_and_each_region_comes_as_often(two_regions):
    speck = 0
    for y, x in corners(two_regions, 1.0).astype(int):
        seen = two_regions[y : y + SIDE, x : x + SIDE].any(axis=(0, 1))
        assert seen.any()
        speck += seen[0]
    assert 0.35 < speck / 100 < 0.65


def test_other_tiles_lie_anywhere_within_the_slice(two_regions):
    found = corners(two_regions, 0.0)
    assert (found.min(), found.max()) == (0, 32 - SIDE)
    assert found.mean(axis=0) == pytest.approx([12, 12], abs=2.5)


def test_a_slice_without_a_region_has_its_tiles_anywhere():
    found = corners(np.zeros((32, 32, 1), np.float32), 1.0)
    assert (found.min(), found.max()) == (0, 32 - SIDE)
    assert len(np.unique(found, axis=0)) > 60


def test_training_sees_the_pixels_of_the_slice_and_the_flag_is_that_of_the_tile(training_set, slices):
    wholes = [example["image"][..., 0] for example in slices.of("ABC").as_numpy_iterator()]
    targets = {"mask": "mask", "slice": "slice"}
    flags = []
    small = placed(Tiles, size=4, region_share=0.0)
    train = training_set(tiles=small, targets=targets)
    for images, of in (batch for epoch in range(3) for batch in train.epoch(epoch).as_numpy_iterator()):
        assert images.shape[1:] == of["mask"].shape[1:] == (4, 4, 1)
        for image in images[..., 0]:
            parts = (np.lib.stride_tricks.sliding_window_view(whole, (4, 4)) for whole in wholes)
            assert any((part == image).all(axis=(2, 3)).any() for part in parts)
        assert of["slice"][:, 0].tolist() == of["mask"].max(axis=(1, 2, 3)).tolist()
        flags += of["slice"][:, 0].tolist()
    assert set(flags) == {0.0, 1.0}


def test_another_epoch_shows_other_tiles_and_validation_the_same_ones(training_set, slices):
    train = training_set(tiles=tiles(0.5))
    first, again, other = (
        np.concatenate([images for images, _ in train.epoch(epoch).as_numpy_iterator()]) for epoch in (0, 0, 1)
    )
    assert np.array_equal(first, again)
    assert not np.array_equal(np.sort(first, axis=0), np.sort(other, axis=0))
    shown = held_out(slices, "D", batch_size=4, targets={"mask": "mask"}, tiles=tiles(0.5))
    one, two = ([images for images, _ in shown.as_numpy_iterator()] for _ in range(2))
    assert one[0].shape == (4, SIDE, SIDE, 1)
    assert np.array_equal(one, two)


def test_an_augmented_tile_lies_about_the_same_place(training_set, augmentation):
    """Turned and scaled about its middle, so that its middle keeps what it shows, up to its shift."""
    still = augmentation.changed("silent: a test", rotation_deg=0.0, scale=(1.0, 1.0), translation=0.0, flip=False)
    plain, same, turned = (
        np.concatenate(
            [images for images, _ in training_set(tiles=tiles(0.5), augmentation=a).epoch(0).as_numpy_iterator()]
        )
        for a in (None, still, augmentation)
    )
    assert same == pytest.approx(plain, abs=1e-6)
    assert turned.shape == plain.shape
    assert not np.allclose(turned, plain)


class Echo:
    """Says of each image its own pixels, and its largest one for the slice."""

    def __init__(self):
        self.seen, self.weights = [], None

    def predict_on_batch(self, images):
        images = np.asarray(images)
        self.seen.append(images.shape)
        return {"mask": images, "slice": images.max(axis=(1, 2))}

    def get_weights(self):
        return ["weights"]

    def set_weights(self, weights):
        self.weights = weights


def test_a_slice_is_as_probable_as_its_most_probable_tile():
    images = np.random.default_rng(1).random((3, 20, 20, 1), np.float32)
    model = Echo()
    assert most_probable_tile(model, images, SIDE)[:, 0] == pytest.approx(images.max(axis=(1, 2, 3)))
    assert model.seen == [(9, SIDE, SIDE, 1)] * 3  # three tiles along each axis, which share a quarter or more


def test_masks_come_of_whole_slices_by_the_weights_of_the_model_of_tiles(slices, tmp_path):
    model, whole = Echo(), Echo()
    predict_scans(model, tmp_path, slices=slices, patients=("A",), batch_size=3, tiles=tiles(0.5), whole=whole)
    found = read_prediction(tmp_path / "scan A.npz")
    assert whole.weights == ["weights"]
    assert {shape[1:3] for shape in whole.seen} == {(16, 16)}
    assert {shape[1:3] for shape in model.seen} == {(SIDE, SIDE)}
    wholes = np.stack([example["image"] for example in slices.of("A").as_numpy_iterator()])
    assert found.mask == pytest.approx(wholes, abs=1e-3)
    assert found.slice == pytest.approx(wholes.max(axis=(1, 2, 3)))
