"""One affine map for image and mask: by hand, beside SciPy, and the map as a product of its parts."""

import math

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from reproduce.protocol.augmentation import Augmentation
from reproduce.training.augment import apply_transforms, draw_transform, other_sides

NONE = {"sides": (), "rotation_deg": 0.0, "scale": (1.0, 1.0), "translation": 0.0, "flip": False}
SEEDS = st.tuples(st.integers(0, 2**31 - 1), st.integers(0, 2**62))
quick = settings(max_examples=30, deadline=None)


def ranges(**changes):
    values = {**NONE, **changes}
    return Augmentation(**values, because=dict.fromkeys(values, "silent: it is a test"))


def drawn(augmentation, seed, size):
    return draw_transform(augmentation, tf.constant(seed, tf.int64), size)


def uniform(seed):
    return tf.random.stateless_uniform([5], tf.constant(seed, tf.int64), -1.0, 1.0).numpy().astype(float)


def seed_with(condition):
    return next(seed for seed in ((7, i) for i in range(1000)) if condition(uniform(seed)))


def applied(image, mask, transform):
    both = apply_transforms(
        image[None, ..., None], mask[None, ..., None], tf.reshape(transform, (1, 8)), mirrored=(0,), size=len(image)
    )
    return tuple(each.numpy()[0, ..., 0] for each in both)


def picture(size=9, seed=0):
    rng = np.random.default_rng(seed)
    return rng.random((size, size)).astype(np.float32), (rng.random((size, size)) < 0.4).astype(np.float32)


@quick
@given(SEEDS)
def test_without_ranges_nothing_changes(seed):
    image, mask = picture()
    found = applied(image, mask, drawn(ranges(), seed, 9))
    assert np.array_equal(found[0], image)
    assert np.array_equal(found[1], mask)


def test_a_flip_is_exact_and_left_right():
    image, mask = picture()
    transform = drawn(ranges(flip=True), seed_with(lambda u: u[4] < 0), 9)
    found = applied(image, mask, transform)
    assert np.array_equal(found[0], image[:, ::-1])
    assert np.array_equal(found[1], mask[:, ::-1])


def test_a_flip_happens_half_of_the_time():
    mirrored = [float(drawn(ranges(flip=True), (3, i), 9)[0]) < 0 for i in range(200)]
    # 200 fair throws lie within 4 standard deviations (4 * 7.1) of 100
    assert 71 < sum(mirrored) < 129


@pytest.mark.parametrize("size", [8, 9])
def test_ninety_degrees_are_exact(size):
    image, mask = picture(size)
    seed = seed_with(lambda u: u[0] > 0.5)
    found = applied(image, mask, drawn(ranges(rotation_deg=90 / uniform(seed)[0]), seed, size))
    # a positive angle turns x towards y, that is clockwise as an image is shown
    assert found[0] == pytest.approx(np.rot90(image, -1), abs=1e-5)
    assert np.array_equal(found[1], np.rot90(mask, -1))


def test_a_shift_moves_what_is_seen_to_the_right_and_down():
    image, mask = np.zeros((10, 10), np.float32), np.zeros((10, 10), np.float32)
    image[4, 4] = mask[4, 4] = 1
    seed = seed_with(lambda u: u[2] > 0.5 and u[3] > 0.5)
    u = uniform(seed)
    found = applied(image, mask, drawn(ranges(translation=0.2 / u[2]), seed, 10))
    # 0.2 * 10 pixels along x; along y in proportion to the other draw
    centroid = ndimage.center_of_mass(found[0])
    assert centroid == pytest.approx((4 + 2 * u[3] / u[2], 6), abs=1e-4)


def test_a_magnification_of_two_about_the_centre():
    image, mask = np.zeros((9, 9), np.float32), np.zeros((9, 9), np.float32)
    image[4, 6] = 1  # two right of the centre, which is pixel 4
    found = applied(image, mask, drawn(ranges(scale=(2.0, 2.0)), (1, 1), 9))
    assert np.unravel_index(found[0].argmax(), (9, 9)) == (4, 8)
    assert found[0][4, 8] == 1
    assert found[0][4, 7] == 0.5


def matrix(transform):
    return np.append(np.asarray(transform, float)[:6], [0, 0, 1]).reshape(3, 3)


def translate(x, y):
    return np.array([[1, 0, x], [0, 1, y], [0, 0, 1.0]])


@quick
@given(SEEDS, st.floats(0, 180), st.floats(0.5, 1), st.floats(1, 2), st.floats(0, 0.5), st.booleans())
def test_the_map_is_the_inverse_of_the_product_of_its_parts(seed, rotation, low, high, translation, flip):
    size = 12
    u = uniform(seed)
    angle, scale = math.radians(rotation * u[0]), (low + high) / 2 + u[1] * (high - low) / 2
    centre = translate((size - 1) / 2, (size - 1) / 2)
    turn = np.array([[math.cos(angle), -math.sin(angle), 0], [math.sin(angle), math.cos(angle), 0], [0, 0, 1]])
    mirror = np.diag([-1.0 if flip and u[4] < 0 else 1.0, 1, 1])
    forth = translate(u[2] * translation * size, u[3] * translation * size)
    forth = forth @ centre @ turn @ np.diag([scale, scale, 1]) @ mirror @ np.linalg.inv(centre)
    augmentation = ranges(rotation_deg=rotation, scale=(low, high), translation=translation, flip=flip)
    assert matrix(drawn(augmentation, seed, size)) == pytest.approx(np.linalg.inv(forth), abs=1e-4)


EVERYTHING = {"rotation_deg": 180.0, "scale": (0.7, 1.4), "translation": 0.2, "flip": True}


@quick
@given(SEEDS)
def test_images_are_those_of_scipy(seed):
    image, mask = picture(15)
    transform = drawn(ranges(**EVERYTHING), seed, 15)
    (a0, a1, a2, b0, b1, b2) = np.asarray(transform, float)[:6]
    # SciPy counts (y, x); grid-constant interpolates with zeros beyond the edge, as TensorFlow does
    theirs = ndimage.affine_transform(
        image.astype(float), [[b1, b0], [a1, a0]], (b2, a2), order=1, mode="grid-constant", cval=0.0
    )
    assert applied(image, mask, transform)[0] == pytest.approx(theirs, abs=2e-4)


@quick
@given(SEEDS)
def test_a_mask_stays_a_mask_and_moves_with_its_image(seed):
    mask = (np.hypot(*np.mgrid[-16:16, -16:16] - np.array([2, -3])[:, None, None]) < 6).astype(np.float32)
    image, moved = applied(mask, mask, drawn(ranges(**EVERYTHING), seed, 32))
    assert set(np.unique(moved)) <= {0.0, 1.0}
    assert np.array_equal(moved, image >= 0.5)


@quick
@given(SEEDS)
def test_a_blob_goes_where_the_map_says(seed):
    size = 64
    y, x = np.mgrid[:size, :size]
    blob = np.exp(-((y - 27) ** 2 + (x - 36) ** 2) / 18).astype(np.float32)
    transform = drawn(ranges(rotation_deg=180.0, scale=(0.9, 1.1), translation=0.05, flip=True), seed, size)
    to_x, to_y, _ = np.linalg.inv(matrix(transform)) @ [36, 27, 1]
    image, mask = applied(blob, (blob > 0.3).astype(np.float32), transform)
    assert ndimage.center_of_mass(image) == pytest.approx((to_y, to_x), abs=0.1)
    # a mask is moved by whole pixels
    assert ndimage.center_of_mass(mask) == pytest.approx((to_y, to_x), abs=0.5)


def test_what_comes_from_outside_is_0():
    ones = np.ones((8, 8), np.float32)
    image, mask = applied(ones, ones, drawn(ranges(scale=(0.25, 0.25)), (1, 1), 8))
    # a quarter of the size: two pixels in the middle are left
    assert image.sum() == pytest.approx(4, abs=1e-4)
    assert mask[0].sum() == 0


def test_each_image_of_a_batch_has_its_own_map_and_every_channel_the_same():
    rng = np.random.default_rng(0)
    images, masks = rng.random((2, 9, 9, 3)).astype(np.float32), np.ones((2, 9, 9, 2), np.float32)
    flip = drawn(ranges(flip=True), seed_with(lambda u: u[4] < 0), 9)
    keep = drawn(ranges(), (0, 0), 9)
    found, found_masks = apply_transforms(images, masks, tf.stack([flip, keep]), mirrored=(0,), size=images.shape[1])
    assert np.array_equal(found[0], images[0][:, ::-1])
    assert np.array_equal(found[1], images[1])
    assert np.array_equal(found_masks, masks)
    assert found_masks.dtype == tf.float32


@quick
@given(SEEDS)
def test_draws_stay_within_their_ranges(seed):
    a0, a1, _, b0, b1, _ = np.asarray(drawn(ranges(**EVERYTHING), seed, 20), float)[:6]
    magnification = 1 / math.sqrt(abs(a0 * b1 - a1 * b0))
    assert 0.7 - 1e-5 <= magnification <= 1.4 + 1e-5


def test_draws_fill_their_ranges():
    angles = []
    for i in range(300):
        a0, a1 = np.asarray(drawn(ranges(rotation_deg=30.0), (9, i), 20), float)[:2]
        angles.append(math.degrees(math.atan2(a1, a0)))
    assert -30 <= min(angles) < -27
    assert 27 < max(angles) <= 30
    # the mean of 300 uniform draws has the standard deviation 30 / sqrt(3 * 300) = 1
    assert abs(np.mean(angles)) < 4


def test_the_same_seed_gives_the_same_map_and_any_other_another():
    augmentation = ranges(**EVERYTHING)
    maps = [tuple(drawn(augmentation, seed, 20).numpy()) for seed in ((1, 1), (1, 1), (1, 2), (2, 1))]
    assert maps[0] == maps[1]
    assert len(set(maps)) == 3


def test_a_mirrored_image_swaps_the_masks_of_its_sides_and_a_turned_one_does_not():
    masks = np.zeros((2, 9, 9, 3), np.float32)
    masks[:, 4, 1, 1] = 1  # left of the image
    masks[:, 4, 4, 0] = 1
    flip = drawn(ranges(flip=True), seed_with(lambda u: u[4] < 0), 9)
    half_turn = tf.constant([-1.0, 0, 8, 0, -1, 8, 0, 0])
    sides = other_sides(("heart", "left", "right"), (("left", "right"),))
    assert sides == (0, 2, 1)
    images = np.zeros((2, 9, 9, 1), np.float32)
    _, found = apply_transforms(images, masks, tf.stack([flip, half_turn]), mirrored=sides, size=images.shape[1])
    assert np.argwhere(found[0].numpy()).tolist() == [[4, 4, 0], [4, 7, 2]]
    assert np.argwhere(found[1].numpy()).tolist() == [[4, 4, 0], [4, 7, 1]]


def test_a_region_without_another_side_stays_and_an_unknown_one_is_an_error():
    assert other_sides(("a", "b"), ()) == (0, 1)
    with pytest.raises(ValueError, match="not in tuple"):
        other_sides(("a", "b"), (("a", "c"),))
