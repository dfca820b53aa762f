"""Pooling with indices and unpooling: by hand, on ties, as inverses, their gradients, and what is refused."""

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from keras import ops

from reproduce.errors import ArgumentError
from reproduce.models.segmentation.segnet import MaxPoolingWithIndices, Unpooling, max_pool_with_indices, unpool

# Few values, so that windows have ties.
FEW = st.sampled_from([-1.5, -1.0, 0.0, 0.25, 2.0])
EVEN = st.tuples(st.integers(1, 2), st.integers(1, 3), st.integers(1, 3), st.integers(1, 3))
IMAGES = EVEN.flatmap(lambda s: arrays(np.float32, (s[0], 2 * s[1], 2 * s[2], s[3]), elements=FEW))


def pooled(x):
    return tuple(ops.convert_to_numpy(part) for part in max_pool_with_indices(ops.convert_to_tensor(x)))


def unpooled(x, index):
    return ops.convert_to_numpy(unpool(ops.convert_to_tensor(x), ops.convert_to_tensor(index)))


def windows(x):
    """`[batch, y / 2, x / 2, channel, 4]`, the places of a window in row-major order."""
    batch, y, width, channels = x.shape
    split = x.reshape(batch, y // 2, 2, width // 2, 2, channels).transpose(0, 1, 3, 5, 2, 4)
    return split.reshape(*split.shape[:4], 4)


def test_by_hand():
    x = np.array([[1, 5, 2, 0], [3, 4, 0, 9], [-1, -2, 7, 7], [-4, -3, 6, 7]], np.float32)[None, :, :, None]
    values, index = pooled(x)
    assert values[0, :, :, 0].tolist() == [[5, 9], [-1, 7]]
    assert index[0, :, :, 0].tolist() == [[1, 3], [0, 0]]
    assert index.dtype == np.uint8
    back = unpooled(values * 10, index)
    assert back[0, :, :, 0].tolist() == [[0, 50, 0, 0], [0, 0, 0, 90], [-10, 0, 70, 0], [0, 0, 0, 0]]


@pytest.mark.parametrize(
    ("window", "place"),
    [((0, 0, 0, 0), 0), ((1, 2, 2, 2), 1), ((1, 0, 3, 3), 2), ((1, 2, 2, 1), 1), ((1, 0, 1, 0), 0), ((0, 0, 0, 1), 3)],
)
def test_of_equal_maxima_the_first_in_row_major_order_counts(window, place):
    _, index = pooled(np.reshape(np.float32(window), (1, 2, 2, 1)))
    assert index.item() == place


@settings(deadline=None, max_examples=60)
@given(IMAGES)
def test_pooling_is_maximum_and_argmax_of_each_window(x):
    values, index = pooled(x)
    assert np.array_equal(values, windows(x).max(-1))
    assert np.array_equal(index, windows(x).argmax(-1))


@settings(deadline=None, max_examples=60)
@given(IMAGES)
def test_unpooling_what_was_pooled_keeps_the_maxima_and_no_other_pixel(x):
    values, index = pooled(x)
    back = unpooled(values, index)
    first = np.arange(4) == index[..., None]
    assert np.array_equal(windows(back), np.where(first, windows(x), 0))


@settings(deadline=None, max_examples=60)
@given(IMAGES)
def test_unpooling_and_adding_up_each_window_gives_the_values_back(x):
    values, index = pooled(x)
    assert np.array_equal(windows(unpooled(values, index)).sum(-1), values)
    assert np.array_equal(pooled(unpooled(np.abs(values) + 1, index))[1], index)


def test_channels_and_images_do_not_mix():
    x = np.random.default_rng(0).permutation(3 * 4 * 6 * 5).astype(np.float32).reshape(3, 4, 6, 5)
    values, index = pooled(x)
    back = unpooled(values, index)
    for image in range(3):
        for channel in range(5):
            alone = pooled(x[image : image + 1, :, :, channel : channel + 1])
            assert np.array_equal(alone[0][0, :, :, 0], values[image, :, :, channel])
            assert np.array_equal(unpooled(*alone)[0, :, :, 0], back[image, :, :, channel])


def test_an_empty_batch_stays_empty():
    values, index = pooled(np.zeros((0, 4, 4, 2), np.float32))
    assert values.shape == index.shape == (0, 2, 2, 2)
    assert unpooled(values, index).shape == (0, 4, 4, 2)


def test_the_types_of_half_precision_stay():
    values, index = max_pool_with_indices(ops.ones((1, 2, 2, 1), "bfloat16"))
    assert keras.backend.standardize_dtype(values.dtype) == "bfloat16"
    assert keras.backend.standardize_dtype(unpool(values, index).dtype) == "bfloat16"


@pytest.mark.parametrize("bad", [np.nan, np.inf])
@pytest.mark.parametrize("place", range(4))
def test_what_is_not_finite_is_not_hidden(bad, place):
    x = np.ones((1, 2, 4, 1), np.float32)
    x[0, place // 2, place % 2, 0] = bad
    values, index = pooled(x)
    assert np.isfinite(values[0, 0, :, 0]).tolist() == [False, True]
    assert not np.isfinite(unpooled(values, index)[0, :, :2]).any()


def test_the_gradient_goes_to_the_place_of_the_maximum_alone():
    # A linear function of one weight per pixel: training moves a weight by minus its gradient.
    image = keras.Input((2, 4, 1))
    weights = keras.layers.Dense(8, use_bias=False, kernel_initializer="zeros")
    pixels = keras.layers.Reshape((2, 4, 1))(weights(keras.layers.Flatten()(image)))
    values, index = MaxPoolingWithIndices()(keras.layers.Add()([image, pixels]))
    model = keras.Model(image, Unpooling()(values, index))
    model.compile(keras.optimizers.SGD(1.0), loss=lambda y, p: -ops.sum(p * y, axis=(1, 2, 3)), run_eagerly=True)
    x = np.float32([[7, 7, 0, 1], [7, 2, 3, 3]])[None, :, :, None]
    target = np.arange(1, 9, dtype=np.float32).reshape(1, 2, 4, 1)
    model.train_on_batch(x, target)
    # The maxima stand at (0, 0), the first of three sevens, and at (1, 2), the first of two threes.
    expected = np.zeros((2, 4))
    expected[0, 0], expected[1, 2] = 1, 7
    moved = ops.convert_to_numpy(weights.kernel) / x.reshape(-1, 1).clip(1e-9)
    rows = moved[x.ravel() > 0]
    assert rows == pytest.approx(np.tile(expected.ravel(), (len(rows), 1)), abs=1e-5)


@pytest.mark.parametrize("shape", [(1, 3, 4, 1), (1, 4, 5, 1)])
def test_odd_sizes_are_refused(shape):
    with pytest.raises(ArgumentError, match=f"{shape[1]} x {shape[2]} pixels"):
        max_pool_with_indices(ops.zeros(shape))


def test_an_unknown_size_is_refused():
    with pytest.raises(ArgumentError, match="known beforehand"):
        MaxPoolingWithIndices()(keras.Input((None, 4, 1)))


@pytest.mark.parametrize("shape", [(1, 2, 3, 1), (1, 2, 2, 2)])
def test_an_index_of_another_grid_is_refused(shape):
    with pytest.raises(ArgumentError, match="an index for each value"):
        unpool(ops.zeros((1, 2, 2, 1)), ops.zeros(shape, "uint8"))
    with pytest.raises(ArgumentError, match="an index for each value"):
        Unpooling()(keras.Input((2, 2, 1)), keras.Input(shape[1:], dtype="uint8"))


def test_layers_know_their_shapes_beforehand():
    values, index = MaxPoolingWithIndices()(keras.Input((6, 8, 3)))
    assert values.shape == index.shape == (None, 3, 4, 3)
    assert index.dtype == "uint8"
    assert Unpooling()(values, index).shape == (None, 6, 8, 3)
