"""Small networks: weights that pair by name and seed, training that repeats, and what is measured, by hand."""

from pathlib import Path

import keras
import numpy as np
import pytest
from keras import layers

from reproduce.errors import ArgumentError, NonFiniteError
from reproduce.inspection import activation_formulas as formulas
from reproduce.papers.cnn_survey.measures import trainings
from reproduce.papers.cnn_survey.measures.activations import dead_share
from reproduce.papers.cnn_survey.measures.reductions import shifted, turned
from reproduce.papers.cnn_survey.measures.small_cnns import Unit, dense_head_cnn, plain_cnn, prelu, reduced_cnn
from reproduce.papers.cnn_survey.measures.timing import time_ratios
from reproduce.protocol.section import Call
from reproduce.tasks.x_rays import Training, load
from reproduce.training.gradients import weight_gradients

RELU = Unit("relu", Call(layers.ReLU, {}), Call(formulas.relu, {}), "he_normal")
SIGMOID = Unit("sigmoid", Call(layers.Activation, {"activation": "sigmoid"}), Call(formulas.sigmoid, {}), "he_normal")
FIELDS = ("seeds", "n_train", "width", "learning_rate", "batch_size", "epochs")
VALUES = dict(zip(FIELDS, ((1, 2), 8, 4, 1e-2, 4, 2), strict=True))
TRAINING = Training(**VALUES, because=dict.fromkeys(FIELDS, "silent: we test"))
RNG = np.random.default_rng(8)
IMAGES = RNG.normal(size=(8, 28, 28, 1)).astype(np.float32)
LABELS = np.arange(8, dtype=np.float32) % 2


def write_x_rays(path: Path, n: int) -> Path:
    """X-rays of noise, a brighter one for each with pneumonia, in the layout of the file."""
    labels = np.arange(n, dtype=np.uint8)[:, None] % 2
    images = (RNG.integers(0, 100, (n, 28, 28)) + 100 * labels[..., None]).astype(np.uint8)
    parts = {
        f"{part}_{what}": value
        for part in ("train", "test")
        for what, value in (("images", images), ("labels", labels))
    }
    np.savez(path, **parts)
    return path


def test_layers_of_one_name_and_shape_start_alike_under_one_seed():
    one, other = reduced_cnn("max", width=4), reduced_cnn("average", width=4)
    for model in (one, other):
        trainings.start_afresh(model, 5)
    np.testing.assert_array_equal(one.get_layer("conv2").kernel.numpy(), other.get_layer("conv2").kernel.numpy())
    trainings.start_afresh(other, 6)
    assert not np.array_equal(one.get_layer("conv2").kernel.numpy(), other.get_layer("conv2").kernel.numpy())
    assert not np.array_equal(
        one.get_layer("conv1").kernel.numpy()[..., 0, :], one.get_layer("conv2").kernel.numpy()[..., 0, :]
    )


def test_training_repeats_to_the_bit_and_lowers_the_loss():
    model = trainings.compiled(dense_head_cnn(None, width=4, dropout=0.5, name="dropout"))
    losses, weights = [], []
    for seed in (1, 2, 1):
        trainings.start_afresh(model, seed)
        before = trainings.cross_entropy(model, IMAGES, LABELS)
        trainings.train(model, IMAGES, LABELS, TRAINING, seed=seed, epochs=8)
        losses.append((before, trainings.cross_entropy(model, IMAGES, LABELS)))
        weights.append(model.get_weights())
    assert losses[0][1] < losses[0][0]
    assert all(np.array_equal(a, b) for a, b in zip(weights[0], weights[2], strict=True))
    assert not all(np.array_equal(a, b) for a, b in zip(weights[0], weights[1], strict=True))


def test_a_frozen_dense_layer_keeps_its_weights():
    model = trainings.compiled(dense_head_cnn(layers.MaxPooling2D(4), width=4, frozen=True, name="frozen"))
    trainings.start_afresh(model, 1)
    before = model.get_layer("dense").kernel.numpy().copy()
    trainings.train(model, IMAGES, LABELS, TRAINING, seed=1)
    np.testing.assert_array_equal(model.get_layer("dense").kernel.numpy(), before)
    assert model.get_layer("dense").input.shape[-1] == 7 * 7 * 4


def test_prelu_starts_where_it_is_told_with_one_slope_a_channel():
    unit = Unit("prelu", Call(prelu, {"start": 0.25}), Call(formulas.leaky, {"slope": 0.25}), "he_normal")
    model = plain_cnn(unit, 2, width=4, n_outputs=1)
    model.get_layer("act1").alpha.assign(np.ones((1, 1, 4)))
    trainings.start_afresh(model, 1)
    assert model.get_layer("act1").alpha.numpy().ravel().tolist() == [0.25] * 4


def test_accuracy_and_cross_entropy_by_hand():
    model = keras.Sequential([layers.Input((1, 1, 1)), layers.Flatten()])
    logits = np.log([3.0, 1 / 3, 1.0])[:, None, None, None]  # probabilities 3/4, 1/4, 1/2
    labels = np.array([1.0, 1.0, 0.0])
    assert trainings.accuracy(model, logits, labels) == pytest.approx(2 / 3)  # one half is said as 0
    expected = -np.log([0.75, 0.25, 0.5]).mean()
    assert trainings.cross_entropy(model, logits, labels) == pytest.approx(expected, rel=1e-6)


def test_a_dead_channel_is_counted_and_a_sigmoid_has_none():
    for unit, dead in ((RELU, 1 / 8), (SIGMOID, 0.0)):
        model = plain_cnn(unit, 2, width=4, n_outputs=1)
        trainings.start_afresh(model, 1)
        # one of the first layer's four channels far below 0; the others of both layers far above, on any image
        model.get_layer("conv1").bias.assign([-50.0, 50.0, 50.0, 50.0])
        model.get_layer("conv2").kernel.assign(np.abs(model.get_layer("conv2").kernel.numpy()))
        probe = keras.Model(model.input, [model.get_layer(f"conv{i}").output for i in (1, 2)])
        assert dead_share(probe, unit, IMAGES) == dead


def test_gradients_by_hand_and_those_that_are_not_finite():
    model = keras.Sequential([layers.Input((2,)), layers.Dense(1, name="out")])
    model.get_layer("out").kernel.assign([[1.0], [2.0]])
    loss = keras.losses.MeanSquaredError()
    # output 1 * 3 + 2 * 5 = 13, target 10: d (13 - 10)^2 = 2 * 3 * x
    found = weight_gradients(model, np.array([[3.0, 5.0]], np.float32), np.array([[10.0]], np.float32), loss)
    np.testing.assert_allclose(found["out/kernel"].ravel(), [18.0, 30.0])
    np.testing.assert_allclose(found["out/bias"], [6.0])
    with pytest.raises(NonFiniteError, match="out/kernel"):
        weight_gradients(model, np.array([[np.inf, 0.0]], np.float32), np.zeros((1, 1), np.float32), loss)


def test_a_weight_that_the_loss_does_not_see_is_named():
    inputs = layers.Input((2,))
    unused, used = layers.Dense(1, name="unused")(inputs), layers.Dense(1, name="used")(inputs)
    model = keras.Model(inputs, [unused, used])
    with pytest.raises(ValueError, match="unused/kernel"):
        weight_gradients(model, np.ones((1, 2), np.float32), None, lambda _, outputs: keras.ops.sum(outputs[1]))


def test_shifts_and_turns_by_hand():
    image = np.arange(9, dtype=np.float32).reshape(1, 3, 3, 1)
    assert shifted(image, 1)[0, 0, :, 0].tolist() == [0, 0, 1]
    np.testing.assert_array_equal(shifted(image, 0), image)
    np.testing.assert_allclose(turned(image, 90.0)[0, ..., 0], np.rot90(image[0, ..., 0]), atol=1e-5)


def test_x_rays_are_standardised_by_those_trained_on_and_halved_by_label(tmp_path):
    data = load(write_x_rays(tmp_path / "x.npz", 20), n_train=8)
    assert data.train_images.shape == (8, 28, 28, 1)
    assert data.train_labels.sum() == 4
    assert data.train_images.mean() == pytest.approx(0, abs=1e-5)
    assert data.train_images.std() == pytest.approx(1, abs=1e-5)
    assert len(data.test_labels) == 20


@pytest.mark.parametrize("n", [0, 3, 22])
def test_numbers_that_cannot_be_drawn_are_refused(tmp_path, n):
    with pytest.raises(ArgumentError, match="10 normal and 10 with pneumonia"):
        load(write_x_rays(tmp_path / "x.npz", 20), n_train=n)


def test_times_are_multiples_of_the_first():
    found = time_ratios((RELU, SIGMOID), repeats=3)
    assert set(found) == {"sigmoid"}
    assert 0 < found["sigmoid"]["low"] <= found["sigmoid"]["ratio"] <= found["sigmoid"]["high"]
