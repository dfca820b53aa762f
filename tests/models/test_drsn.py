"""Shrinkage by hand, and the way around it."""

import keras
import numpy as np
import pytest

from reproduce.errors import ArgumentError
from reproduce.models.classification.drsn import MeanMagnitude, Shrink, drsn
from reproduce.models.layers.channels import ChannelPadding

SETTINGS = {
    "n_channels": 1,
    "n_classes": 3,
    "width": 4,
    "blocks": (1, 1),
    "thresholds": "by channel",
    "bn_momentum": 0.9,
}


def run(layer, *inputs):
    return keras.ops.convert_to_numpy(layer(*(np.asarray(x, np.float32) for x in inputs)))


X = np.array([[[-4.0, 1.0], [2.0, -3.0]]])[None]  # one row of two pixels, two channels: means of |x| are 3 and 2


def test_the_mean_magnitude_is_that_of_a_channel():
    assert run(MeanMagnitude(), X).tolist() == [[3, 2]]


def test_each_channel_has_its_threshold():
    # 3 * 0.5 = 1.5 and 2 * 0.75 = 1.5: -4 -> -2.5, 2 -> 0.5; 1 -> 0, -3 -> -1.5
    found = run(Shrink(False), X, [[3, 2]], [[0.5, 0.75]])
    assert found[0, 0].tolist() == [[-2.5, 0], [0.5, -1.5]]


def test_one_threshold_serves_all_channels():
    # (3 + 2) / 2 * 0.4 = 1
    found = run(Shrink(True), X, [[3, 2]], [[0.4]])
    assert found[0, 0] == pytest.approx(np.array([[-3, 0], [1, -2]]))


def test_a_share_of_zero_changes_nothing_and_no_share_adds():
    x = np.random.default_rng(0).standard_normal((2, 5, 4, 3)).astype(np.float32)
    magnitude = run(MeanMagnitude(), x)
    assert np.array_equal(run(Shrink(False), x, magnitude, np.zeros((2, 3))), x)
    shrunk = run(Shrink(False), x, magnitude, np.full((2, 3), 0.9))
    assert (np.abs(shrunk) <= np.abs(x)).all()
    assert (shrunk == 0).mean() > 0.3
    assert (np.sign(shrunk) * np.sign(x) >= 0).all()


def test_channels_are_padded_before_and_behind():
    assert run(ChannelPadding(5), [[[[1, 2]]]]).ravel().tolist() == [0, 1, 2, 0, 0]


def test_the_paper_strides_in_the_stem_and_in_each_stage():
    model = drsn((32, 48), **SETTINGS | {"blocks": (2, 1, 1)})
    grids = [model.get_layer(f"stage{k}_block1_add").output.shape[1:] for k in (1, 2, 3)]
    assert grids == [(8, 12, 4), (4, 6, 8), (2, 3, 16)]


def test_an_odd_grid_joins_its_shortcut():
    assert drsn((29, 31), **SETTINGS).get_layer("stage1_block1_add").output.shape[1:] == (8, 8, 4)


@pytest.mark.parametrize("wrong", [{"thresholds": "both"}, {"blocks": ()}, {"blocks": (1, 0)}])
def test_what_cannot_be_is_refused(wrong):
    with pytest.raises(ArgumentError, match='thresholds "shared" or "by channel", and a block or more'):
        drsn((16, 16), **SETTINGS | wrong)


@pytest.mark.parametrize(
    ("layer", "inputs"),
    [
        (MeanMagnitude(), (X,)),
        (Shrink(True), (X, [[3, 2]], [[0.4]])),
        (ChannelPadding(5), (X,)),
    ],
)
def test_layers_come_back_from_their_configuration_and_know_their_shape(layer, inputs):
    again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(layer))
    expected = run(layer, *inputs)
    assert np.array_equal(run(again, *inputs), expected)
    assert tuple(layer.compute_output_shape(*(np.shape(x) for x in inputs))) == expected.shape
