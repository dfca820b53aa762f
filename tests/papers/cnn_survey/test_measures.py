"""What is measured for Tables 1 and 2, on numbers whose result is known."""

import keras
import numpy as np
import pytest
from keras import layers

from reproduce.inspection import activation_formulas as formulas
from reproduce.papers.cnn_survey.measures.activations import (
    ActivationStudy,
    dead_units,
    gradients_over_depth,
    turned_by_quarters,
    variance_over_layers,
)
from reproduce.papers.cnn_survey.measures.dense_layers import mirrored, read_out
from reproduce.papers.cnn_survey.measures.small_cnns import Unit
from reproduce.protocol.section import Call
from reproduce.tasks.x_rays import Data, Training

LINEAR = Unit(
    "linear", Call(layers.Activation, {"activation": "linear"}), Call(formulas.leaky, {"slope": 1.0}), "he_normal"
)
RELU = Unit("relu", Call(layers.ReLU, {}), Call(formulas.relu, {}), "he_normal")
TRAINING = {"seeds": (1, 2), "n_train": 8, "width": 3, "learning_rate": 1e-2, "batch_size": 4, "epochs": 1}
STUDY = {
    "units": (LINEAR, RELU),
    "gradient_depths": (2, 3),
    "depth": 2,
    "dying": ("relu",),
    "dying_depths": (2,),
    "dying_rates": (0.1,),
    "dying_epochs": 1,
    "dense_layers": 3,
    "dense_width": 500,
    "dense_starts": (("kept", "linear", 1.0), ("doubled", "linear", 2.0)),
}
RNG = np.random.default_rng(9)
IMAGES = RNG.normal(size=(8, 28, 28, 1)).astype(np.float32)
DATA = Data(IMAGES, np.arange(8, dtype=np.float32) % 2, IMAGES, np.arange(8, dtype=np.float32) % 2)


def because(names):
    return dict.fromkeys(names, "silent: we test")


@pytest.fixture
def study():
    return ActivationStudy(
        training=Training(**TRAINING, because=because(TRAINING)), **STUDY, because=because(["training", *STUDY])
    )


def test_a_linear_stack_multiplies_variances(study):
    rows = list(variance_over_layers(DATA, study))
    assert len(rows) == 2 * 2 * 3 * 2  # starts, seeds, layers, quantities
    found = {(q, condition, x, seed): v for q, condition, x, seed, v in rows}
    for seed in (1, 2):
        # noise of variance 1; each layer multiplies by c: 1, and 2 to the third, log10 of which is 0.903
        assert found["abs_log10_variance", "kept", 3, seed] == pytest.approx(0, abs=0.15)
        assert found["abs_log10_variance", "doubled", 3, seed] == pytest.approx(3 * np.log10(2), abs=0.15)
        # the same weights under one seed, so the two differ by exactly that
        difference = abs(found["abs_log10_variance", "doubled", 3, seed] - 3 * np.log10(2))
        assert difference == pytest.approx(found["abs_log10_variance", "kept", 3, seed], abs=1e-9)


def test_at_two_layers_the_ratio_of_gradients_is_one(study):
    rows = list(gradients_over_depth(DATA, study))
    assert len(rows) == 2 * 2 * 2
    assert {v for *_, x, _, v in rows if x == 2} == {0.0}
    assert all(v != 0 for *_, x, _, v in rows if x == 3)


def test_dead_units_are_counted_before_and_after_each_rate(study):
    rows = list(dead_units(DATA, study))
    assert [(q, condition, x, seed) for q, condition, x, seed, _ in rows] == [
        ("dead_share", "relu, 2 layers", x, seed) for seed in (1, 2) for x in (0.0, 0.1)
    ]
    assert all(0 <= v <= 1 for *_, v in rows)


def test_turns_by_quarters_and_mirrors_by_hand():
    image = np.array([[1.0, 2.0], [3.0, 4.0]])[None, ..., None]
    turned, turns = turned_by_quarters(np.repeat(image, 5, axis=0))
    assert turns.tolist() == [0, 1, 2, 3, 0]
    assert turned[1, ..., 0].tolist() == [[2, 4], [1, 3]]
    assert turned[2, ..., 0].tolist() == [[4, 3], [2, 1]]
    images, labels = mirrored(np.repeat(image, 2, axis=0))
    assert labels.tolist() == [0, 1]
    assert images[0, ..., 0].tolist() == [[1, 2], [3, 4]]
    assert images[1, ..., 0].tolist() == [[2, 1], [4, 3]]


def test_a_linear_read_out_finds_what_is_linear_and_nothing_in_noise():
    model = keras.Sequential([layers.Input((3,)), layers.Identity()])
    x, x_test = RNG.normal(size=(400, 3)).astype(np.float32), RNG.normal(size=(400, 3)).astype(np.float32)
    x[:, 2] = x_test[:, 2] = 1.0  # a feature that does not vary says nothing, and must not divide by 0
    labels, test_labels = ((each[:, 0] - each[:, 1] > 0).astype(float) for each in (x, x_test))
    assert read_out(model, x, labels, x_test, test_labels, ridge=0.01) > 0.95
    chance = RNG.integers(0, 2, 400).astype(float)
    assert read_out(model, x, chance, x_test, RNG.integers(0, 2, 400).astype(float), ridge=0.01) < 0.6
