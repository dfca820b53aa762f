"""SegNet: the widths of both halves, which indices reach which stage, and what the last convolution lacks."""

from itertools import pairwise

import keras
import numpy as np
import pytest

from reproduce.models.segmentation.segnet import MaxPoolingWithIndices, Unpooling, segnet


def built(size=(32, 32), **changes):
    return segnet(size, **{"n_channels": 1, "n_regions": 3, "width": 1, "bn_momentum": 0.9} | changes)


def convolutions(model):
    return [layer for layer in model.layers if isinstance(layer, keras.layers.Conv2D)]


@pytest.mark.usefixtures("unallocated")
def test_the_widths_of_both_halves_mirror_each_other():
    model = built(width=64)
    widths = [layer.filters for layer in convolutions(model)]
    assert widths[:13] == [64, 64, 128, 128, 256, 256, 256, 512, 512, 512, 512, 512, 512]
    assert widths[13:] == [512, 512, 512, 512, 512, 256, 256, 256, 128, 128, 64, 64, 3]
    assert {layer.kernel_size for layer in convolutions(model)} == {(3, 3)}


def test_parameters_by_hand():
    # conv3x3 with bias and batch normalisation of four values a channel; the widths of the test above over 64
    widths = [1, 1, 1, 2, 2, 4, 4, 4, *[8] * 6, *[8] * 5, 4, 4, 4, 2, 2, 1, 1]
    normed = sum(9 * before * after + 5 * after for before, after in pairwise(widths))
    assert len(widths) == 1 + 25
    assert built().count_params() == normed + (9 * 1 * 3 + 3)


def test_each_stage_unpools_by_the_indices_of_its_mirror_image():
    model = built()
    for stage in range(1, 6):
        pooling, unpooling = model.get_layer(f"pool{stage}"), model.get_layer(f"unpool{stage}")
        assert isinstance(pooling, MaxPoolingWithIndices)
        assert isinstance(unpooling, Unpooling)
        assert unpooling.input[1] is pooling.output[1]
        side = 32 // 2**stage
        assert unpooling.input[0].shape == pooling.output[0].shape == (None, side, side, min(2 ** (stage - 1), 8))


def test_indices_and_nothing_else_pass_from_encoder_to_decoder():
    kinds = {type(layer) for layer in built().layers}
    assert not kinds & {keras.layers.Add, keras.layers.Concatenate, keras.layers.MaxPooling2D}


def test_every_convolution_but_the_last_has_batch_normalisation_and_relu():
    model = built()
    names = {layer.name for layer in model.layers}
    without = [layer.name for layer in convolutions(model) if f"{layer.name}_bn" not in names]
    assert without == ["mask_logits"]
    assert [layer.name for layer in convolutions(model) if f"{layer.name}_relu" not in names] == ["mask_logits"]


def test_the_last_unpooling_is_zero_where_no_maximum_stood():
    keras.utils.set_random_seed(1)
    model = built(width=4)
    image = np.random.default_rng(0).random((1, 32, 32, 1), np.float32)
    parts = keras.Model(model.input, [model.get_layer("unpool1").output, model.get_layer("pool1").output[1]])
    values, index = (keras.ops.convert_to_numpy(part)[0] for part in parts(image, training=False))
    elsewhere = np.ones_like(values, bool)
    y, x, channel = np.indices(index.shape)
    elsewhere[2 * y + index // 2, 2 * x + index % 2, channel] = False
    assert elsewhere.sum() == 3 * index.size
    assert (values[elsewhere] == 0).all()
    assert (values[~elsewhere] > 0).any()
