"""Volumes turned, shifted, bent and regreyed together with their labels."""

import numpy as np
import pytest

from reproduce.protocol.augmentation import VolumeAugmentation
from reproduce.training.augment_volumes import _spline, augmented

STILL = {
    "rotation_deg": 0.0,
    "scale": (1.0, 1.0),
    "translation_voxels": 0.0,
    "flip": False,
    "deformation_voxels": 0.0,
    "control_points": (3, 3, 3),
    "contrast": (1.0, 1.0),
    "brightness": 0.0,
    "noise": 0.0,
}
BOX = (8, 10, 6)


def ranges(**changes):
    values = STILL | changes
    return VolumeAugmentation(**values, because=dict.fromkeys(values, "silent: it is a test"))


def scene(shape=BOX):
    rng = np.random.default_rng(3)
    labels = np.zeros(shape, np.uint8)
    labels[2:5, 3:7, 1:3], labels[5:7, 3:7, 1:3] = 1, 2
    return rng.normal(size=(*shape, 2)).astype(np.float32), labels


def rng():
    return np.random.default_rng(1)


def test_ranges_of_nothing_change_nothing():
    image, labels = scene()
    found, relabelled = augmented(image, labels, BOX, ranges(), rng())
    np.testing.assert_allclose(found, image, atol=1e-5)
    assert (found.dtype, relabelled.dtype) == (np.float32, np.uint8)
    assert np.array_equal(relabelled, labels)


def test_a_volume_of_another_size_keeps_its_middle():
    image, labels = scene((10, 12, 8))
    found, relabelled = augmented(image, labels, BOX, ranges(), rng())
    np.testing.assert_allclose(found, image[1:-1, 1:-1, 1:-1], atol=1e-5)
    assert np.array_equal(relabelled, labels[1:-1, 1:-1, 1:-1])
    found, _ = augmented(image, labels, (12, 14, 10), ranges(), rng())
    assert found[0].any() == found[-1].any() == False  # noqa: E712
    np.testing.assert_allclose(found[1:-1, 1:-1, 1:-1], image, atol=1e-5)


def test_the_mirror_turns_the_last_axis_half_of_the_time():
    image, labels = scene()
    mirrored = 0
    for seed in range(40):
        found, relabelled = augmented(image, labels, BOX, ranges(flip=True), np.random.default_rng(seed))
        if np.allclose(found, image[:, :, ::-1], atol=1e-5):
            assert np.array_equal(relabelled, labels[:, :, ::-1])
            mirrored += 1
        else:
            np.testing.assert_allclose(found, image, atol=1e-5)
    assert 10 <= mirrored <= 30


def test_a_scale_of_two_doubles_each_side():
    labels = np.zeros((9, 9, 9), np.uint8)
    labels[3:6, 3:6, 3:6] = 7
    image = labels[..., None].astype(np.float32)
    found, relabelled = augmented(image, labels, (9, 9, 9), ranges(scale=(2.0, 2.0)), rng())
    # Voxels 3 to 5 reach from 2.5 to 5.5, and twice that about the middle, 4, is from 1 to 7.
    assert np.flatnonzero(relabelled[4, 4]).tolist() == [1, 2, 3, 4, 5, 6, 7]
    assert set(np.unique(relabelled)) == {0, 7}
    assert found[4, 4, 4, 0] == 7


def test_greys_are_changed_by_factor_and_sum_and_labels_are_not():
    image, labels = scene()
    found, relabelled = augmented(image, labels, BOX, ranges(contrast=(2.0, 2.0), brightness=0.5), rng())
    added = found - 2 * image
    assert np.ptp(added) < 1e-4
    assert 0 < abs(added.mean()) <= 0.5
    assert np.array_equal(relabelled, labels)


def test_a_bend_moves_labels_with_the_image():
    labels = np.zeros((16, 16, 16), np.uint8)
    labels[4:12, 4:12, 4:12] = 1
    image = labels[..., None].astype(np.float32)
    found, relabelled = augmented(image, labels, labels.shape, ranges(deformation_voxels=2.0), rng())
    assert not np.array_equal(relabelled, labels)
    assert np.array_equal(relabelled > 0, found[..., 0] > 0.5)


def test_the_same_stream_draws_the_same_sample_and_another_another():
    image, labels = scene()
    wild = ranges(rotation_deg=20.0, translation_voxels=2.0, deformation_voxels=1.0, noise=0.2)
    first, again = (augmented(image, labels, BOX, wild, np.random.default_rng(5)) for _ in range(2))
    other = augmented(image, labels, BOX, wild, np.random.default_rng(6))
    assert all(np.array_equal(a, b) for a, b in zip(first, again, strict=True))
    assert not np.array_equal(first[0], other[0])


def test_no_label_stays_none():
    image, labels = scene()
    _, relabelled = augmented(image, 0 * labels, BOX, ranges(rotation_deg=20.0), rng())
    assert not relabelled.any()


@pytest.mark.parametrize(("n_points", "side"), [(2, 5), (5, 32), (6, 48)])
def test_weights_of_control_points_add_up_and_are_cubic_in_between(n_points, side):
    weights = _spline(n_points, side)
    assert weights.shape == (side, n_points)
    np.testing.assert_allclose(weights.sum(axis=1), 1.0)
    assert (weights >= 0).all()
    # At the first point its own weight is 2/3, and 1/6 of the point before it, which repeats it.
    np.testing.assert_allclose(weights[0, :2], [5 / 6, 1 / 6])
