"""Layers of one's own, models without images, and what geometry cannot follow."""

import keras
import numpy as np
import pytest
from keras import layers

from reproduce.errors import ArgumentError
from reproduce.inspection.geometry import layer_geometry
from reproduce.models.layers.footprint import Resample, Window


def chain(*stack, size=(13, 11), channels=2):
    return keras.Sequential([keras.Input((*size, channels)), *stack])


class Unknown(layers.Layer):
    def call(self, x):
        return x


class Doubled(Unknown):
    """Twice the grid, and says so, or not."""

    factor = 2

    def call(self, x):
        return keras.ops.repeat(keras.ops.repeat(x, 2, axis=1), 2, axis=2)

    def readings(self, grid):
        return tuple(Resample(self.factor * n, linear=False) for n in grid)


class DerivedConv(layers.Conv2D):
    """May compute anything."""


def test_layer_of_ones_own_says_what_it_reads():
    rows = layer_geometry(chain(layers.Conv2D(2, 3, 2), Doubled()))
    assert rows[-1].output == (12, 10, 2)
    assert rows[-1].jump == (1, 1)
    assert rows[-1].reads == (Resample(12, linear=False), Resample(10, linear=False))


def test_layer_that_says_something_else_than_it_does_is_refused():
    wrong = Doubled()
    wrong.factor = 3
    with pytest.raises(ArgumentError, match=r"a grid of \(39, 33\), .* got \(26, 22\) from Keras"):
        layer_geometry(chain(wrong))


def functional(change):
    image = keras.Input((8, 8, 2))
    return keras.Model(image, change(image))


REFUSED = {
    "no declaration": (lambda: chain(Unknown()), "a layer whose reading is known, got a Unknown"),
    "derived class": (lambda: chain(DerivedConv(1, 3)), "got a DerivedConv"),
    "operation": (lambda: functional(lambda x: keras.ops.exp(x)), r"layers, got keras.ops \(Exp\)"),
    "unknown size": (lambda: chain(layers.Conv2D(1, 3), size=(None, 8)), "images on one known grid"),
    "no image": (lambda: keras.Sequential([keras.Input((8,)), layers.Dense(2)]), "images on one known grid"),
    "grid reshaped": (lambda: chain(layers.Reshape((11, 13, 2))), "a shape that keeps the grid"),
    "rows joined": (
        lambda: functional(lambda x: layers.Concatenate(axis=1)([x, x])),
        "the axis of channels, got axis 1",
    ),
    "softmax over rows": (lambda: chain(layers.Softmax(axis=1)), "the axis of channels, got axis 1"),
    "cubic": (lambda: chain(layers.Resizing(20, 20, interpolation="bicubic")), "nearest or bilinear interpolation"),
    "antialias": (lambda: chain(layers.Resizing(5, 5, antialias=True)), "plain resizing"),
    "channels first": (
        lambda: functional(lambda x: layers.ZeroPadding2D(1, data_format="channels_first")(x)),
        "channels last, got channels_first",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_followed_is_an_error(case):
    build, message = REFUSED[case]
    with pytest.raises(ArgumentError, match=message):
        layer_geometry(build())


class Subclassed(keras.Model):
    def __init__(self):
        super().__init__()
        self.conv = layers.Conv2D(1, 3)

    def call(self, x):
        return self.conv(x)


def test_model_that_computes_in_python_is_an_error():
    image = keras.Input((8, 8, 1))
    with pytest.raises(ArgumentError, match="a functional or sequential model, got a Subclassed"):
        layer_geometry(keras.Model(image, Subclassed()(image)))
    model = Subclassed()
    model(np.zeros((1, 8, 8, 1), np.float32))
    with pytest.raises(ArgumentError, match="images on one known grid"):
        layer_geometry(model)


def test_three_axes_and_one():
    volume = keras.Sequential(
        [keras.Input((9, 10, 11, 1)), layers.Conv3D(2, (1, 3, 5)), layers.MaxPooling3D((1, 2, 2))]
    )
    row = layer_geometry(volume)[-1]
    assert row.receptive_field == (1, 4, 6)
    assert row.jump == (1, 2, 2)
    signal = keras.Sequential([keras.Input((20, 1)), layers.Conv1D(2, 3, padding="causal"), layers.UpSampling1D(2)])
    row = layer_geometry(signal)[-1]
    assert row.receptive_field == (3,)
    assert row.output == (40, 2)
    assert layer_geometry(signal)[0].reads == (Window(3, 1, 1, 2, 0),)


def test_convolution_as_the_formula_has_it():
    # Document 001, 2.1: (n + 2 p - k) / s + 1 outputs; RF grows by (k - 1) times the strides before.
    rows = layer_geometry(chain(layers.ZeroPadding2D(2), layers.Conv2D(1, 5, 2), layers.Conv2D(1, 3), size=(21, 21)))
    assert rows[1].output[0] == (21 + 2 * 2 - 5) // 2 + 1 == 11
    assert rows[2].receptive_field == (1 + 4 + 2 * 2,) * 2
