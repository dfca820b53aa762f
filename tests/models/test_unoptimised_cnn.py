"""The plain encoder-decoder: its parameters by hand, and that nothing skips."""

import keras
import numpy as np
import pytest

from reproduce.models.layers.normalisation import BatchNormalization
from reproduce.models.segmentation.optimised_cnn import unoptimised_cnn


def built(**changes):
    settings = {"n_channels": 1, "n_regions": 1, "width": 2, "depth": 1, "bn_momentum": 0.9} | changes
    return unoptimised_cnn((8, 8), **settings)


def test_parameters_by_hand():
    # conv3x3 without bias 9 in out; batch normalisation 4 out (gamma, beta, mean, variance); up 2x2 in out + out
    encoder1 = (9 * 1 * 2 + 4 * 2) + (9 * 2 * 2 + 4 * 2)
    bottleneck = (9 * 2 * 4 + 4 * 4) + (9 * 4 * 4 + 4 * 4)
    decoder1 = (4 * 4 * 2 + 2) + 2 * (9 * 2 * 2 + 4 * 2)
    head = 1 * 2 * 1 + 1
    assert encoder1 + bottleneck + decoder1 + head == 443
    assert built().count_params() == 443


@pytest.mark.parametrize(("change", "more"), [({"n_channels": 4}, 3 * 9 * 2), ({"n_regions": 3}, 2 * (2 + 1))])
def test_a_channel_and_a_region_cost_what_they_must(change, more):
    assert built(**change).count_params() == 443 + more


def test_nothing_skips():
    kinds = {type(layer) for layer in built(depth=2).layers}
    assert not kinds & {keras.layers.Add, keras.layers.Concatenate, keras.layers.Multiply, keras.layers.Average}
    assert kinds == {
        keras.layers.InputLayer,
        keras.layers.Conv2D,
        BatchNormalization,
        keras.layers.ReLU,
        keras.layers.MaxPooling2D,
        keras.layers.Conv2DTranspose,
        keras.layers.Activation,
    }


def test_every_layer_feeds_one_other():
    model = built(depth=2)
    consumers = [len(layer._outbound_nodes) for layer in model.layers]
    assert consumers == [1] * (len(consumers) - 1) + [0]


def test_there_is_no_slice_head():
    assert set(built().output) == {"mask"}


@pytest.mark.parametrize("depth", [1, 2, 3])
def test_the_bottleneck_sees_the_grid_halved_depth_times_and_channels_doubled(depth):
    bottleneck = built(depth=depth).get_layer("bottleneck_conv2_relu").output
    assert bottleneck.shape == (None, 8 // 2**depth, 8 // 2**depth, 2 * 2**depth)


def test_the_mask_starts_from_the_probability_that_is_asked_for():
    bias = built(n_regions=3, prior=0.01).get_layer("mask_logits").bias.numpy()
    assert 1 / (1 + np.exp(-bias)) == pytest.approx([0.01] * 3, rel=1e-5)
