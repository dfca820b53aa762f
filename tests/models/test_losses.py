"""Losses by hand, by property, and beside keras.losses."""

import math

import keras
import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from reproduce.models.losses import (
    BinaryCrossEntropy,
    CategoricalCrossEntropy,
    Focal,
    SquaredDice,
    Sum,
    binary_cross_entropy,
    categorical_cross_entropy,
    focal_loss,
    squared_dice_loss,
    sum_of,
)
from reproduce.protocol import Call

REFERENCE = np.array([[1, 1], [0, 0]], np.float32).reshape(1, 2, 2, 1)
PROBABILITY = np.array([[0.5, 1], [0, 0.25]], np.float32).reshape(1, 2, 2, 1)
EMPTY = np.zeros((1, 2, 2, 1), np.float32)

SHAPE = (2, 3, 4, 2)
MASKS = hnp.arrays(np.float32, SHAPE, elements=st.sampled_from([0.0, 1.0]))
PROBABILITIES = hnp.arrays(np.float32, SHAPE, elements=st.floats(0, 1, width=32))
SMOOTH = st.sampled_from([0.5, 1.0, 100.0])
quick = settings(max_examples=40, deadline=None)


def dice(reference, probability, smooth):
    return keras.ops.convert_to_numpy(squared_dice_loss(reference, probability, smooth=smooth))


def focal(reference, probability, gamma, alpha):
    return keras.ops.convert_to_numpy(focal_loss(reference, probability, gamma=gamma, alpha=alpha))


def cross_entropy(reference, probability):
    return keras.ops.convert_to_numpy(binary_cross_entropy(reference, probability))


@pytest.mark.parametrize(
    ("smooth", "expected"),
    # sum(p g) = 0.5 + 1; sum(p^2) = 0.25 + 1 + 0.0625; sum(g^2) = 2
    [(0.0, 1 - 3 / 3.3125), (1.0, 1 - 4 / 4.3125), (10.0, 1 - 13 / 13.3125)],
)
def test_squared_dice_by_hand(smooth, expected):
    assert dice(REFERENCE, PROBABILITY, smooth) == pytest.approx([expected], abs=1e-6)


def test_squared_dice_without_a_reference():
    # smooth 0: 1 - 0 / 1.3125; smooth 1: 1 - 1 / 2.3125
    assert dice(EMPTY, PROBABILITY, 0.0) == pytest.approx([1.0])
    assert dice(EMPTY, PROBABILITY, 1.0) == pytest.approx([1 - 1 / 2.3125])


def test_squared_dice_without_anything_is_undefined_at_smooth_0_and_0_at_smooth_1():
    assert np.isnan(dice(EMPTY, EMPTY, 0.0)).all()
    assert dice(EMPTY, EMPTY, 1.0) == 0.0


def test_squared_dice_of_an_empty_reference_has_a_gradient_only_with_smoothing():
    import tensorflow as tf

    def gradient(smooth):
        p = tf.constant(PROBABILITY)
        with tf.GradientTape() as tape:
            tape.watch(p)
            loss = squared_dice_loss(EMPTY, p, smooth=smooth)
        return tape.gradient(loss, p).numpy().ravel()

    assert np.array_equal(gradient(0.0), np.zeros(4))
    # d/dp of 1 - 1 / (sum(p^2) + 1) is 2 p / (sum(p^2) + 1)^2
    assert gradient(1.0) == pytest.approx(2 * PROBABILITY.ravel() / 2.3125**2, rel=1e-5)


def test_squared_dice_is_one_number_an_image_and_the_mean_over_regions():
    reference = np.concatenate([REFERENCE, EMPTY], axis=-1)
    probability = np.concatenate([PROBABILITY, PROBABILITY], axis=-1)
    images = dice(np.concatenate([reference, reference * 0]), np.concatenate([probability, probability]), 1.0)
    with_lesion, without = 1 - 4 / 4.3125, 1 - 1 / 2.3125
    assert images == pytest.approx([(with_lesion + without) / 2, without], abs=1e-6)


@quick
@given(MASKS, PROBABILITIES, SMOOTH)
def test_squared_dice_lies_between_0_and_1(reference, probability, smooth):
    loss = dice(reference, probability, smooth)
    assert loss.shape == (2,)
    assert ((loss >= -1e-6) & (loss <= 1 + 1e-6)).all()


@quick
@given(MASKS, MASKS, SMOOTH)
def test_squared_dice_of_masks_is_symmetric(one, other, smooth):
    assert dice(one, other, smooth) == pytest.approx(dice(other, one, smooth), abs=1e-6)


@quick
@given(MASKS, SMOOTH)
def test_squared_dice_of_a_mask_with_itself_is_0(mask, smooth):
    assert dice(mask, mask, smooth) == pytest.approx([0, 0], abs=1e-6)


@quick
@given(MASKS, PROBABILITIES, st.randoms(use_true_random=False))
def test_no_loss_depends_on_the_order_of_the_pixels(reference, probability, random):
    order = random.sample(range(12), 12)

    def shuffled(images):
        return images.reshape(2, 12, 2)[:, order].reshape(SHAPE)

    for loss in (lambda g, p: dice(g, p, 1.0), lambda g, p: focal(g, p, 2.0, 0.25), cross_entropy):
        assert loss(reference, probability) == pytest.approx(
            loss(shuffled(reference), shuffled(probability)), rel=1e-4, abs=1e-6
        )


def test_squared_dice_disagrees_with_keras_as_its_denominator_is_not_squared():
    # keras.losses.Dice: 1 - (2 * 1.5 + e) / (sum(p) + sum(g) + e) = 1 - 3 / 3.75
    theirs = float(keras.losses.Dice(axis=(1, 2, 3))(REFERENCE, PROBABILITY))
    assert theirs == pytest.approx(1 - 3 / 3.75, abs=1e-5)
    assert dice(REFERENCE, PROBABILITY, 0.0)[0] == pytest.approx(theirs - (3 / 3.3125 - 3 / 3.75), abs=1e-5)


@quick
@given(MASKS, MASKS)
def test_squared_dice_of_masks_is_keras_dice_where_there_is_anything(reference, prediction):
    # for masks p^2 = p, so that only the treatment of nothing is left to differ
    g, p = reference[:1, ..., :1], prediction[:1, ..., :1]
    assume(g.any() or p.any())
    assert dice(g, p, 0.0)[0] == pytest.approx(float(keras.losses.Dice(axis=(1, 2, 3))(g, p)), abs=1e-5)


def test_for_nothing_found_where_nothing_is_keras_has_the_full_loss_and_smoothing_none():
    assert float(keras.losses.Dice(axis=(1, 2, 3))(EMPTY, EMPTY)) == 1.0
    assert dice(EMPTY, EMPTY, 1.0) == 0.0


def test_focal_by_hand():
    reference, probability = np.array([[1.0], [0.0]]), np.array([[0.25], [0.25]])
    # -1/4 (3/4)^2 ln(1/4) and -3/4 (1/4)^2 ln(3/4)
    expected = [0.25 * 0.5625 * math.log(4), 0.75 * 0.0625 * math.log(4 / 3)]
    assert focal(reference, probability, 2.0, 0.25) == pytest.approx(expected, rel=1e-5)


def test_focal_of_a_certain_mistake_is_finite():
    # clipped at 1e-7: -alpha ln(1e-7)
    loss = focal(np.array([[1.0]]), np.array([[0.0]]), 2.0, 0.25)
    assert loss == pytest.approx([0.25 * 7 * math.log(10)], rel=1e-4)


@quick
@given(MASKS, PROBABILITIES)
def test_focal_at_gamma_0_and_alpha_one_half_is_half_of_the_cross_entropy(reference, probability):
    half = keras.ops.convert_to_numpy(keras.losses.binary_crossentropy(reference, probability)).mean(axis=(1, 2)) / 2
    assert focal(reference, probability, 0.0, 0.5) == pytest.approx(half, rel=1e-4, abs=1e-6)


@quick
@given(MASKS, PROBABILITIES)
def test_cross_entropy_is_that_of_keras(reference, probability):
    theirs = float(keras.losses.BinaryCrossentropy()(reference, probability))
    assert cross_entropy(reference, probability).mean() == pytest.approx(theirs, rel=1e-4, abs=1e-6)


@quick
@given(MASKS, PROBABILITIES, st.floats(0, 5), st.floats(0, 1))
def test_focal_is_at_least_0_and_focusing_only_lowers_it(reference, probability, gamma, alpha):
    loss, unfocused = focal(reference, probability, gamma, alpha), focal(reference, probability, 0.0, alpha)
    assert (loss >= 0).all()
    assert (loss <= unfocused * (1 + 1e-5) + 1e-7).all()


def test_focal_is_that_of_keras():
    # keras.losses.BinaryFocalCrossentropy with apply_class_balancing has the same equation 5 of Lin et al.
    rng = np.random.default_rng(0)
    reference, probability = (rng.random((4, 6)) < 0.3).astype(np.float32), rng.random((4, 6)).astype(np.float32)
    theirs = keras.losses.BinaryFocalCrossentropy(apply_class_balancing=True, alpha=0.25, gamma=2.0, reduction=None)
    expected = keras.ops.convert_to_numpy(theirs(reference, probability))
    assert focal(reference, probability, 2.0, 0.25) == pytest.approx(expected, rel=1e-4)


LOSSES = [
    SquaredDice(smooth=1.0),
    Focal(gamma=2.0, alpha=0.25),
    BinaryCrossEntropy(),
    CategoricalCrossEntropy(weight=0.4),
    Sum([SquaredDice(smooth=1.0), Focal(gamma=2.0, alpha=0.25)]),
]


@pytest.mark.parametrize("loss", LOSSES)
def test_a_loss_survives_serialisation(loss):
    again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(loss))
    assert type(again) is type(loss)
    assert again.get_config() == loss.get_config()
    assert float(again(REFERENCE, PROBABILITY)) == float(loss(REFERENCE, PROBABILITY))


def test_the_loss_of_a_batch_is_the_mean_of_its_images():
    reference = np.concatenate([REFERENCE, EMPTY])
    probability = np.concatenate([PROBABILITY, PROBABILITY])
    for loss in LOSSES:
        apart = [float(loss(reference[i : i + 1], probability[i : i + 1])) for i in range(2)]
        assert float(loss(reference, probability)) == pytest.approx(np.mean(apart), rel=1e-6)


def test_half_precision_is_summed_in_float32():
    # 4096 pixels of 0.1: in float16 their sum stops growing near 256
    reference, probability = np.ones((1, 64, 64, 1), np.float16), np.full((1, 64, 64, 1), 0.1, np.float16)
    p = float(np.float16(0.1))
    assert dice(reference, probability, 0.0) == pytest.approx([1 - 2 * p / (p * p + 1)], rel=1e-5)
    assert dice(reference, probability, 0.0).dtype == np.float32


def test_categorical_cross_entropy_by_hand():
    # two pixels of regions 0 and 1, and one that no region holds
    reference = np.array([[[[1.0, 0.0], [0.0, 1.0], [0.0, 0.0]]]])
    probability = np.array([[[[0.25, 0.75], [0.5, 0.5], [0.1, 0.9]]]])
    expected = (math.log(4) + math.log(2)) / 3
    assert keras.ops.convert_to_numpy(categorical_cross_entropy(reference, probability)) == pytest.approx([expected])
    assert float(CategoricalCrossEntropy(weight=0.4)(reference, probability)) == pytest.approx(0.4 * expected)


def test_categorical_cross_entropy_is_that_of_keras_where_each_pixel_has_a_region():
    rng = np.random.default_rng(0)
    reference = np.eye(3, dtype=np.float32)[rng.integers(0, 3, (2, 4, 4))]
    probability = rng.dirichlet(np.ones(3), (2, 4, 4)).astype(np.float32)
    theirs = float(keras.losses.CategoricalCrossentropy()(reference, probability))
    assert float(CategoricalCrossEntropy(weight=1.0)(reference, probability)) == pytest.approx(theirs, rel=1e-4)


def test_a_sum_is_the_sum_of_its_parts_and_made_from_calls():
    parts = (Call(SquaredDice, {"smooth": 1.0}), Call(Focal, {"gamma": 2.0, "alpha": 0.25}))
    expected = sum(float(part()(REFERENCE, PROBABILITY)) for part in parts)
    assert float(Call(sum_of, {"losses": parts})()(REFERENCE, PROBABILITY)) == pytest.approx(expected)
