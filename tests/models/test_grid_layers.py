"""Grids by hand: which pixels a bin holds, where an interpolated pixel lies."""

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reproduce.errors import ArgumentError
from reproduce.models.layers.grid import AdaptiveAveragePooling, BilinearResize, adaptive_bins


def run(layer, features):
    return keras.ops.convert_to_numpy(layer(np.asarray(features, np.float32)))


def test_bins_of_5_pixels_overlap_by_one():
    # from floor(0, 5/3, 10/3) = 0, 1, 3 up to ceil(5/3, 10/3, 5) = 2, 4, 5
    assert adaptive_bins(5, 3).tolist() == [[1, 1, 0, 0, 0], [0, 1, 1, 1, 0], [0, 0, 0, 1, 1]]


def test_bins_of_6_pixels_part_them():
    assert adaptive_bins(6, 3).tolist() == [[1, 1, 0, 0, 0, 0], [0, 0, 1, 1, 0, 0], [0, 0, 0, 0, 1, 1]]


def test_more_bins_than_pixels_repeat_them():
    # from floor(0, 2/3, 4/3) = 0, 0, 1 up to ceil(2/3, 4/3, 2) = 1, 2, 2
    assert adaptive_bins(2, 3).tolist() == [[1, 0], [1, 1], [0, 1]]


@pytest.mark.parametrize(("side", "n_bins"), [(0, 1), (4, 0), (-1, 2)])
def test_no_pixels_or_no_bins_are_refused(side, n_bins):
    with pytest.raises(ArgumentError, match="at least 1 pixel and 1 bin") as caught:
        adaptive_bins(side, n_bins)
    assert caught.value.got == f"{side} pixels and {n_bins} bins"


@given(st.integers(1, 70), st.integers(1, 12))
def test_bins_cover_every_pixel_without_gaps_and_are_the_same_from_either_end(side, n_bins):
    bins = adaptive_bins(side, n_bins)
    assert bins.shape == (n_bins, side)
    assert (bins.sum(axis=0) >= 1).all()
    assert all(np.ptp(np.flatnonzero(row)) + 1 == row.sum() for row in bins)
    assert np.array_equal(bins, bins[::-1, ::-1])


def test_pooling_by_hand():
    features = np.arange(15.0).reshape(1, 3, 5, 1)
    # rows {0, 1} and {1, 2}; columns {0, 1, 2} and {2, 3, 4}: the mean of a corner is that of its middle
    assert run(AdaptiveAveragePooling(2), features)[0, ..., 0].tolist() == [[3.5, 5.5], [8.5, 10.5]]


def test_pooling_to_one_bin_is_the_mean_of_each_image_and_channel():
    features = np.random.default_rng(0).standard_normal((2, 4, 6, 3)).astype(np.float32)
    assert run(AdaptiveAveragePooling(1), features)[:, 0, 0] == pytest.approx(features.mean(axis=(1, 2)), abs=1e-6)


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 12), st.integers(1, 12), st.integers(1, 7))
def test_pooling_is_the_mean_over_rectangles(y, x, n_bins):
    features = np.random.default_rng(y).standard_normal((1, y, x, 2)).astype(np.float32)
    rows, columns = adaptive_bins(y, n_bins) > 0, adaptive_bins(x, n_bins) > 0
    expected = [[features[0][r][:, c].mean(axis=(0, 1)) for c in columns] for r in rows]
    assert run(AdaptiveAveragePooling(n_bins), features)[0] == pytest.approx(np.array(expected), abs=1e-6)


def test_a_constant_stays_what_it_is_in_half_precision(bfloat16):
    # 22 members of a bin, each times the rounded 1/22, would sum to 1.0007 or, rounded again, to less than 1.
    layer = AdaptiveAveragePooling(1, dtype="mixed_bfloat16")
    pooled = layer(np.ones((1, 22, 22, 4), np.float32))
    assert keras.backend.standardize_dtype(pooled.dtype) == "bfloat16"
    assert (np.asarray(pooled, np.float32) == 1).all()


def test_pooling_agrees_with_that_of_keras_where_keras_has_it():
    theirs = getattr(keras.layers, "AdaptiveAveragePooling2D", None)
    if theirs is None:
        pytest.skip("Keras before 3.13 has no adaptive pooling")
    features = np.random.default_rng(0).standard_normal((2, 11, 7, 3)).astype(np.float32)
    assert run(AdaptiveAveragePooling(6), features) == pytest.approx(run(theirs(6), features), abs=1e-6)


def test_resizing_by_hand():
    # Centres of the 4 new pixels lie at -1/4, 1/4, 3/4 and 5/4 of the old grid; beyond the edge the edge is repeated.
    features = np.broadcast_to(np.array([0.0, 4.0])[None, None, :, None], (1, 2, 2, 1))
    assert run(BilinearResize((2, 4)), features)[0, 0, :, 0] == pytest.approx([0, 1, 3, 4])
    assert run(BilinearResize((4, 2)), features.swapaxes(1, 2))[0, :, 0, 0] == pytest.approx([0, 1, 3, 4])


def test_resizing_shrinks_without_smoothing():
    # 4 to 2 pixels: centres at 1/2 and 5/2, between two old pixels each
    features = np.array([0.0, 2.0, 10.0, 20.0])[None, None, :, None]
    assert run(BilinearResize((1, 2)), features)[0, 0, :, 0] == pytest.approx([1, 15])


def test_resizing_one_pixel_repeats_it():
    assert (run(BilinearResize((3, 5)), [[[[2.5, -1.0]]]]) == [2.5, -1.0]).all()


def test_resizing_keeps_the_type_that_it_computes_in(bfloat16):
    resized = BilinearResize((4, 4), dtype="mixed_bfloat16")(np.ones((1, 2, 2, 1), np.float32))
    assert keras.backend.standardize_dtype(resized.dtype) == "bfloat16"


@pytest.mark.parametrize("layer", [AdaptiveAveragePooling(3, name="a"), BilinearResize((5, 6), name="b")])
def test_layers_come_back_from_their_configuration_and_know_their_shape(layer):
    again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(layer))
    features = np.random.default_rng(0).standard_normal((2, 4, 7, 3)).astype(np.float32)
    assert np.array_equal(run(again, features), run(layer, features))
    assert layer.compute_output_shape((None, 4, 7, 3))[1:] == run(layer, features).shape[1:]
