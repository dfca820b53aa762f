"""The residual, dense, U-shaped model: its parameters by hand, and where each part sits."""

import keras
import pytest

from reproduce.models.segmentation.optimised_cnn import optimised_cnn


def built(**changes):
    settings = {"n_channels": 1, "n_regions": 1, "width": 2, "depth": 1, "bn_momentum": 0.9} | changes
    return optimised_cnn((8, 8), **settings)


def residual(before, after):
    """Two conv3x3 and their batch normalisations, and a projection where the channels change."""
    projection = before * after + 4 * after if before != after else 0
    return (9 * before * after + 4 * after) + (9 * after * after + 4 * after) + projection


def dense(before, n_layers, growth):
    """BN-conv1x1(4 growth)-BN-conv3x3(growth) on all channels so far."""
    widths = [before + i * growth for i in range(n_layers)]
    return sum(4 * c + c * 4 * growth + 4 * (4 * growth) + 9 * (4 * growth) * growth for c in widths)


def test_parameters_by_hand():
    stem = 9 * 1 * 2 + 4 * 2
    encoder = 2 * residual(2, 2) + residual(2, 4) + residual(4, 4)
    bottleneck = dense(4, 4, 1) + (8 * 4 + 4 * 4)
    slice_head = 4 + 1
    decoder = (4 * 4 * 2 + 2) + (9 * (2 + 2) * 2 + 4 * 2) + (9 * 2 * 2 + 4 * 2)
    mask_head = 2 + 1
    assert (stem, encoder, bottleneck, decoder) == (26, 768, 432, 158)
    assert built().count_params() == stem + encoder + bottleneck + slice_head + decoder + mask_head == 1392


@pytest.mark.parametrize(("change", "more"), [({"n_channels": 4}, 3 * 9 * 2), ({"n_regions": 3}, 2 * (2 + 1))])
def test_a_channel_and_a_region_cost_what_they_must(change, more):
    assert built(**change).count_params() == 1392 + more


def test_each_level_has_a_skip_and_two_residual_blocks():
    model = built(depth=3, width=4)
    names = [layer.name for layer in model.layers]
    assert [name for name in names if name.endswith("_skip")] == [f"decoder{level}_skip" for level in (3, 2, 1)]
    adds = [layer.name for layer in model.layers if isinstance(layer, keras.layers.Add)]
    assert adds == [f"encoder{level}_block{i}_add" for level in (1, 2, 3, 4) for i in (1, 2)]


def test_skips_join_features_of_the_same_level():
    model = built(depth=2)
    for level, side in ((1, 8), (2, 4)):
        up, skip = model.get_layer(f"decoder{level}_skip").input
        assert up.shape == skip.shape == (None, side, side, 2 * 2 ** (level - 1))
        assert skip is model.get_layer(f"encoder{level}_block2_relu").output


def test_the_dense_block_doubles_the_bottleneck_and_the_transition_halves_it_again():
    model = built(depth=2)
    assert model.get_layer("dense_layer4_concat").output.shape == (None, 2, 2, 16)
    assert model.get_layer("transition_relu").output.shape == (None, 2, 2, 8)


def test_the_slice_head_reads_the_bottleneck():
    model = built(depth=2)
    assert model.get_layer("slice_pool").input is model.get_layer("transition_relu").output
    assert model.output["slice"].shape == (None, 1)
