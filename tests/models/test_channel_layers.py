"""Layers on channels by hand, and beside Keras where it has the like."""

import keras
import numpy as np
import pytest
from keras import layers

from reproduce.errors import ArgumentError
from reproduce.models.layers.channels import (
    ChannelScale,
    ChannelShuffle,
    ChannelSlice,
    GroupedPointwise,
    ResponseNormalisation,
)


def run(layer, features):
    return keras.ops.convert_to_numpy(layer(np.asarray(features, np.float32)))


def pixel(*channels):
    return np.array(channels, np.float32).reshape(1, 1, 1, -1)


def test_a_slice_ends_before_its_end():
    assert run(ChannelSlice(1, 3), pixel(0, 1, 2, 3)).ravel().tolist() == [1, 2]


def test_a_shuffle_takes_from_each_group_in_turn():
    # three groups of two: (0 1) (2 3) (4 5)
    assert run(ChannelShuffle(3), pixel(*range(6))).ravel().tolist() == [0, 2, 4, 1, 3, 5]


def test_shuffles_by_groups_and_by_their_size_undo_each_other():
    features = np.random.default_rng(0).random((2, 3, 4, 12), np.float32)
    assert np.array_equal(run(ChannelShuffle(4), run(ChannelShuffle(3), features)), features)


@pytest.mark.parametrize("groups", [1, 2, 4])
def test_grouped_pointwise_is_the_grouped_convolution_of_keras(groups):
    features = np.random.default_rng(0).standard_normal((2, 3, 5, 8)).astype(np.float32)
    ours, theirs = GroupedPointwise(12, groups), layers.Conv2D(12, 1, groups=groups, use_bias=False)
    ours.build(features.shape)
    theirs.build(features.shape)
    # Keras keeps the filters of all groups side by side: [1, 1, channels of a group, filters]
    kernel = np.concatenate(list(keras.ops.convert_to_numpy(ours.kernel)), axis=1)
    theirs.set_weights([kernel[None, None]])
    assert run(ours, features) == pytest.approx(run(theirs, features), abs=1e-5)
    assert ours.multiply_adds([(3, 5, 8)], (3, 5, 12)) == 3 * 5 * 12 * 8 // groups
    assert ours.count_params() == 8 * 12 // groups


def test_grouped_pointwise_starts_by_what_one_filter_reads():
    layer = GroupedPointwise(512, 4)
    layer.build((None, 1, 1, 256))
    assert keras.ops.convert_to_numpy(layer.kernel).std() == pytest.approx((2 / 64) ** 0.5, rel=0.02)


@pytest.mark.parametrize("layer", [ChannelShuffle(3, name="wrong"), GroupedPointwise(6, 3, name="wrong")])
def test_channels_that_cannot_be_grouped_are_refused(layer):
    with pytest.raises(ArgumentError, match="a positive multiple of 3 groups, got 4 channels") as caught:
        layer(pixel(1, 2, 3, 4))
    assert caught.value.where == "wrong"


def test_filters_that_cannot_be_grouped_are_refused():
    with pytest.raises(ArgumentError, match="a positive multiple of 2 groups, got 3 channels"):
        GroupedPointwise(3, 2)(pixel(1, 2))


def test_a_scale_starts_as_told_and_belongs_to_a_channel():
    layer = ChannelScale(0.5)
    assert run(layer, pixel(2, 4)).ravel().tolist() == [1, 2]
    layer.set_weights([np.array([3, -1], np.float32)])
    assert run(layer, pixel(2, 4)).ravel().tolist() == [6, -4]


def test_responses_are_divided_by_those_of_five_neighbours():
    # 100^2 a channel and alpha 1e-4: each neighbour adds 1; the first sees itself and two more, the middle all five
    found = run(ResponseNormalisation(), pixel(100, 100, 100, 100, 100)).ravel()
    assert found == pytest.approx([100 / (2 + n) ** 0.75 for n in (3, 4, 5, 4, 3)], rel=1e-5)


def test_responses_do_not_see_beyond_two_channels():
    changed = run(ResponseNormalisation(), pixel(1, 0, 0, 1, 0)) != run(ResponseNormalisation(), pixel(1, 0, 0, 500, 0))
    assert changed.ravel().tolist() == [False, False, False, True, False]
    near = run(ResponseNormalisation(), pixel(1, 0, 500)).ravel()
    assert near[0] == pytest.approx(1 / (2 + 1e-4 * (1 + 500**2)) ** 0.75, rel=1e-5)


@pytest.mark.parametrize(
    "layer",
    [
        ChannelSlice(1, 3, name="a"),
        ChannelShuffle(2, name="b"),
        GroupedPointwise(6, 2, name="c"),
        ChannelScale(0.25, name="d"),
        ResponseNormalisation(name="e"),
    ],
)
def test_layers_come_back_from_their_configuration_and_know_their_shape(layer):
    again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(layer))
    features = np.random.default_rng(0).standard_normal((2, 3, 5, 4)).astype(np.float32)
    expected = run(layer, features)
    again.build(features.shape)
    again.set_weights(layer.get_weights())
    assert np.array_equal(run(again, features), expected)
    assert layer.compute_output_shape((None, 3, 5, 4)) == (None, *expected.shape[1:])
    assert len(layer.readings((3, 5))) == 2
