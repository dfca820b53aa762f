"""PSPNet: its pyramid by hand, its stem, its dilations."""

import keras
import numpy as np
import pytest

from reproduce.errors import ArgumentError
from reproduce.models.segmentation.pspnet import pooling_pyramid, pspnet

SMALL = {
    "n_channels": 1,
    "n_regions": 2,
    "width": 2,
    "blocks": (1, 1, 2, 2),
    "stem": "7x7",
    "bins": (1, 2, 3, 6),
    "dropout": 0.25,
    "auxiliary": True,
    "bn_momentum": 0.9,
}


def pyramid(bins=(1, 2), channels=5, size=(4, 4)):
    features = keras.Input((*size, channels))
    return keras.Model(features, pooling_pyramid(features, bins, bn_momentum=0.9))


def test_parameters_of_the_pyramid_by_hand():
    # two levels from 5 to 5 // 2 channels, 8 for each norm; 5 + 2 * 2 channels out
    model = pyramid()
    assert model.count_params() == 2 * (5 * 2 + 8)
    assert model.output.shape == (None, 4, 4, 9)


def test_features_come_first_and_untouched_then_the_levels():
    model = pyramid()
    features = np.random.default_rng(0).standard_normal((2, 4, 4, 5)).astype(np.float32)
    found = keras.ops.convert_to_numpy(model(features, training=False))
    assert np.array_equal(found[..., :5], features)
    kernel = keras.ops.convert_to_numpy(model.get_layer("pyramid1").kernel)[0, 0]
    # Fresh batch normalisation divides by sqrt(1 + 1e-5); one bin is the same everywhere.
    expected = np.maximum(features.mean(axis=(1, 2)) @ kernel, 0) / np.sqrt(1 + 1e-5)
    assert found[..., 5:7] == pytest.approx(np.broadcast_to(expected[:, None, None], (2, 4, 4, 2)), abs=1e-6)


def test_a_level_by_hand_is_the_interpolated_mean_of_its_bins():
    model = pyramid(bins=(2,), channels=1)
    model.get_layer("pyramid2").kernel.assign([[[[1.0]]]])
    features = np.repeat(np.repeat(np.array([[0.0, 8.0], [0.0, 8.0]], np.float32), 2, 0), 2, 1)[None, ..., None]
    found = keras.ops.convert_to_numpy(model(features, training=False))[0, 0, :, 1]
    # bins 0 and 8; centres of 4 pixels at -1/4, 1/4, 3/4 and 5/4 of two bins
    assert found == pytest.approx(np.array([0, 2, 6, 8]) / np.sqrt(1 + 1e-5), abs=1e-6)


@pytest.mark.parametrize("bins", [(), (0, 1), (2, 2), (1, 2, 3, 4, 5, 6)])
def test_bins_that_cannot_be_are_refused(bins):
    with pytest.raises(ArgumentError, match="1 to 5 different numbers of bins"):
        pyramid(bins=bins)


def test_channels_follow_the_width():
    model = pspnet((16, 16), **SMALL)
    # stage 4 has 32 * 2 channels, a level of four a quarter of them, the fusion 8 * 2, the auxiliary branch 4 * 2
    shapes = {name: model.get_layer(name).kernel.shape for name in ("pyramid1", "pyramid6", "fusion", "aux_conv")}
    assert shapes == {
        "pyramid1": (1, 1, 64, 16),
        "pyramid6": (1, 1, 64, 16),
        "fusion": (3, 3, 128, 16),
        "aux_conv": (3, 3, 32, 8),
    }


def test_all_blocks_of_the_last_two_stages_dilate():
    model = pspnet((16, 16), **SMALL)
    rates = {x.name: x.dilation_rate[0] for x in model.layers if isinstance(x, keras.layers.Conv2D)}
    expected = {f"stage{k}_block{i}_conv2": rate for k, rate in ((3, 2), (4, 4)) for i in (1, 2)}
    assert {name: rate for name, rate in rates.items() if rate > 1} == expected


def test_the_stem_of_three_convolutions_doubles_the_width():
    stems = {stem: pspnet((16, 16), **SMALL | {"stem": stem}) for stem in ("7x7", "3x3")}
    assert [stems[stem].get_layer("stem_pool").output.shape[-1] for stem in ("7x7", "3x3")] == [2, 4]


def test_dropout_sits_before_the_logits():
    model = pspnet((16, 16), **SMALL)
    assert model.get_layer("fusion_dropout").rate == 0.25
    assert model.get_layer("mask_logits").input is model.get_layer("fusion_dropout").output
    assert model.get_layer("aux_dropout").rate == 0.1
