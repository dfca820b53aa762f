"""Batch normalisation with its own gradient: the numbers of Keras' layer, in training and outside of it."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from reproduce.models.layers.normalisation import BatchNormalization

SHAPES = [(6, 3), (2, 5, 4, 3), (2, 3, 4, 5, 3)]


def drawn(shape):
    return np.random.default_rng(0).normal(2.0, 3.0, shape).astype(np.float32)


def both(shape, **settings):
    """Ours and Keras' layer with the same weights, none of them 0 or 1."""
    found = [kind(**settings) for kind in (BatchNormalization, keras.layers.BatchNormalization)]
    for layer in found:
        layer.build(shape)
        layer.set_weights([np.linspace(0.5, 1.5, 3) + i for i in range(len(layer.weights))])
    return found


def gradients(layer, x, d):
    """Return the result in training and the gradients of sum(d y) with respect to x, gamma and beta."""
    with tf.GradientTape() as tape:
        given = tf.constant(x)
        tape.watch(given)
        y = layer(given, training=True)
        value = tf.reduce_sum(y * d)
    return y, *tape.gradient(value, [given, *(weight.value for weight in layer.trainable_variables)])


def test_three_values_by_hand():
    # mean 2, variance 2/3; (x - 2) / sqrt(2/3) is -1.2247, 0, 1.2247
    layer = BatchNormalization(momentum=0.75, epsilon=0.0)
    found = layer(np.array([[1.0], [2.0], [3.0]], np.float32), training=True)
    assert np.asarray(found)[:, 0] == pytest.approx([-(1.5**0.5), 0.0, 1.5**0.5])
    assert layer.moving_mean.numpy() == pytest.approx([0.25 * 2.0])
    assert layer.moving_variance.numpy() == pytest.approx([0.75 + 0.25 * 2 / 3])


@pytest.mark.parametrize("shape", SHAPES)
def test_result_gradients_and_running_statistics_are_those_of_keras(shape):
    ours, theirs = both(shape, momentum=0.9, epsilon=1e-3)
    x, d = drawn(shape), drawn(shape)[::-1].copy()
    for own, expected in zip(gradients(ours, x, d), gradients(theirs, x, d), strict=True):
        np.testing.assert_allclose(own, expected, rtol=1e-4, atol=1e-4)
    for own, expected in zip(ours.weights, theirs.weights, strict=True):
        np.testing.assert_allclose(own.numpy(), expected.numpy(), rtol=1e-5)


@pytest.mark.parametrize("settings", [{}, {"trainable": False}, {"center": False}, {"scale": False}])
@pytest.mark.parametrize("training", [False, True])
def test_what_is_not_plain_training_is_left_to_keras(settings, training):
    ours, theirs = both((4, 3), **settings)
    x = drawn((4, 3))
    np.testing.assert_allclose(ours(x, training=training), theirs(x, training=training), rtol=1e-5, atol=1e-5)


def test_in_half_precision_the_statistics_stay_in_float32():
    layer = BatchNormalization(momentum=0.0, dtype="mixed_bfloat16")
    found = layer(drawn((64, 3)), training=True)
    assert found.dtype == "bfloat16"
    assert layer.moving_mean.numpy() == pytest.approx(drawn((64, 3)).mean(axis=0), rel=1e-2)
    assert layer.moving_mean.dtype == "float32"
