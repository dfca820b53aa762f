"""What layers read, by hand; that Keras and gradients agree stands in test_geometry.py."""

import keras
import pytest
from keras import layers

from reproduce.errors import ArgumentError
from reproduce.inspection.layer_readings import layer_readings, multiply_adds
from reproduce.models.layers.footprint import POINT, WHOLE, Everywhere, Resample, Spread, Window


def readings(layer, grid=(8, 7), channels=4):
    return layer_readings(layer, grid, [(*grid, channels)])


def test_same_padding_puts_the_odd_zero_behind():
    # Stride 2 on 8: 4 outputs read 3 * 2 + 3 = 9, one more than there are; on 7: 4 outputs read 9, two more.
    assert readings(layers.Conv2D(2, 3, 2, "same")) == (Window(3, 2, 1, 0, 1), Window(3, 2, 1, 1, 1))


def test_valid_padding_puts_none():
    assert readings(layers.Conv2D(2, (3, 5), dilation_rate=(2, 1))) == (Window(3, 1, 2, 0, 0), Window(5, 1, 1, 0, 0))


def test_pooling_strides_by_its_size():
    assert readings(layers.MaxPooling2D((2, 3))) == (Window(2, 2, 1, 0, 0), Window(3, 3, 1, 0, 0))


def test_transposed_convolution_cuts_what_goes_beyond_n_strides():
    # Kernel 4, stride 2: 2 outputs beyond, one cut at the start; "valid" keeps both.
    assert readings(layers.Conv2DTranspose(2, 4, 2, "same"))[0] == Spread(4, 2, 1, 1, 16)
    assert readings(layers.Conv2DTranspose(2, 4, 2))[0] == Spread(4, 2, 1, 0, 18)
    assert readings(layers.Conv2DTranspose(2, 2, 3))[0] == Spread(2, 3, 1, 0, 24)


def test_other_layers():
    assert readings(layers.GlobalMaxPooling2D()) == (WHOLE, WHOLE)
    assert readings(layers.Flatten()) == (WHOLE, WHOLE)
    assert readings(layers.GroupNormalization(2)) == (Everywhere(), Everywhere())
    assert readings(layers.LayerNormalization()) == (POINT, POINT)
    assert readings(layers.LayerNormalization(axis=(1, 2, 3))) == (Everywhere(), Everywhere())
    assert readings(layers.Cropping2D(((1, 2), (0, 3)))) == (Window(1, 1, 1, -1, -2), Window(1, 1, 1, 0, -3))
    assert readings(layers.UpSampling2D((2, 3))) == (Resample(16, linear=False), Resample(21, linear=False))
    assert layer_readings(layers.ZeroPadding1D((1, 2)), (8,), [(8, 4)]) == (Window(1, 1, 1, 1, 2),)


def test_output_padding_is_refused():
    with pytest.raises(ArgumentError, match="no output_padding, got"):
        readings(layers.Conv2DTranspose(2, 3, 2, output_padding=1))


def test_vector_becomes_a_grid_of_one():
    assert layer_readings(layers.Reshape((1, 1, 4)), (1, 1), [(4,)]) == (POINT, POINT)


def test_multiply_adds_of_what_has_no_weights_to_multiply_are_zero():
    for layer in (layers.ReLU(), layers.BatchNormalization(), layers.MaxPooling2D(2), layers.UpSampling2D(2)):
        assert multiply_adds(layer, [(8, 7, 4)], (8, 7, 4)) == 0
    dense = layers.Dense(3)
    dense(keras.Input((8, 7, 4)))
    assert multiply_adds(dense, [(8, 7, 4)], (8, 7, 3)) == 8 * 7 * 4 * 3
