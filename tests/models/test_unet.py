"""U-Net: its parameters by hand, where each skip and dropout sits, and that its paddings keep the grid."""

import keras
import numpy as np
import pytest

from reproduce.models.segmentation.unet import unet


def built(size=(16, 16), **changes):
    settings = {"n_channels": 1, "n_regions": 1, "width": 2, "batch_norm": False, "bn_momentum": 0.9, "dropout": 0.5}
    return unet(size, **settings | changes)


def level(before, after):
    """Two conv3x3 with biases."""
    return (9 * before * after + after) + (9 * after * after + after)


def test_parameters_by_hand():
    encoder = level(1, 2) + level(2, 4) + level(4, 8) + level(8, 16) + level(16, 32)
    up = sum(4 * 2 * c * c + c for c in (16, 8, 4, 2))
    decoder = sum(level(2 * c, c) for c in (16, 8, 4, 2))
    assert built().count_params() == encoder + up + decoder + (2 + 1)


@pytest.mark.parametrize(("change", "more"), [({"n_channels": 4}, 3 * 9 * 2), ({"n_regions": 3}, 2 * (2 + 1))])
def test_a_channel_and_a_region_cost_what_they_must(change, more):
    assert built(**change).count_params() == built().count_params() + more


def test_skips_join_features_of_the_same_level_the_encoders_first():
    model = built()
    for i, side in ((1, 16), (2, 8), (3, 4), (4, 2)):
        skip, up = model.get_layer(f"decoder{i}_skip").input
        assert skip.shape == up.shape == (None, side, side, 2 * 2 ** (i - 1))
        source = f"encoder{i}_conv2_relu" if i < 4 else "encoder4_dropout"
        assert skip is model.get_layer(source).output
        assert up is model.get_layer(f"decoder{i}_up").output


def test_dropout_ends_the_contracting_path():
    model = built(dropout=0.25)
    dropouts = [layer for layer in model.layers if isinstance(layer, keras.layers.Dropout)]
    assert [(layer.name, layer.rate) for layer in dropouts] == [
        ("encoder4_dropout", 0.25),
        ("bottleneck_dropout", 0.25),
    ]
    assert model.get_layer("encoder4_pool").input is model.get_layer("encoder4_dropout").output
    assert model.get_layer("decoder4_up").input is model.get_layer("bottleneck_dropout").output


@pytest.mark.usefixtures("unallocated")
def test_the_bottleneck_of_512_pixels_is_32_as_in_the_caption_of_document_002():
    model = built((512, 512), width=64)
    assert model.get_layer("bottleneck_conv2_relu").output.shape == (None, 32, 32, 1024)
    assert model.output["mask"].shape == (None, 512, 512, 1)


def test_batch_normalisation_follows_every_3x3_convolution_and_no_other():
    model = built(batch_norm=True)
    after = {layer.name for layer in model.layers if isinstance(layer, keras.layers.BatchNormalization)}
    convolutions = {layer.name for layer in model.layers if isinstance(layer, keras.layers.Conv2D)}
    three = {name for name in convolutions if "_conv" in name}
    assert after == {f"{name}_bn" for name in three}
    assert len(three) == 18
    assert all(model.get_layer(name).use_bias for name in convolutions)


def test_a_pixel_far_away_does_not_matter():
    # From a pixel upwards: 2 + 2 in level 1, 4 times each next level; the lowest has 4 x 16 = 64, its ways down and up
    # together less than 200 pixels: what is changed at the left of 512 pixels is not seen at the right.
    keras.utils.set_random_seed(0)
    model = built((16, 512))
    image = np.random.default_rng(0).random((1, 16, 512, 1), np.float32)
    other = image.copy()
    other[:, :, 0] += 1
    a, b = (keras.ops.convert_to_numpy(model(x, training=False)["mask"])[0, 0, :, 0] for x in (image, other))
    assert not np.array_equal(a[:8], b[:8])
    assert np.array_equal(a[200:], b[200:])
