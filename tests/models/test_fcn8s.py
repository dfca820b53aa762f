"""The FCNs: bilinear deconvolutions of ramps, which scores are joined, and what the border takes away."""

from itertools import pairwise

import keras
import numpy as np
import pytest

from reproduce.errors import ArgumentError
from reproduce.models.segmentation.fcn8s import BilinearUpsampling, fcn, fcn8s

SETTINGS = {"n_channels": 1, "n_regions": 2, "width": 1, "batch_norm": False, "bn_momentum": 0.9, "dropout": 0.5}


def upsampled(x, factor):
    layer = keras.layers.Conv2DTranspose(
        x.shape[-1], 2 * factor, factor, "same", use_bias=False, kernel_initializer=BilinearUpsampling()
    )
    return keras.ops.convert_to_numpy(layer(x))


def test_the_kernel_of_factor_2_by_hand():
    # |i - 1.5| / 2 = 0.75, 0.25, 0.25, 0.75
    fall = np.array([0.25, 0.75, 0.75, 0.25])
    kernel = keras.ops.convert_to_numpy(BilinearUpsampling()((4, 4, 2, 2)))
    assert kernel.dtype == np.float32
    assert np.array_equal(kernel[:, :, 0, 0], np.outer(fall, fall))
    assert np.array_equal(kernel[:, :, 1, 1], np.outer(fall, fall))
    assert not kernel[:, :, 0, 1].any()
    assert not kernel[:, :, 1, 0].any()


@pytest.mark.parametrize("factor", [2, 8, 16, 32])
def test_of_a_ramp_is_the_ramp(factor):
    y, x = np.mgrid[:5, :6].astype(np.float32)
    ramps = np.stack([3 * y - 2 * x + 1, x], axis=-1)[None]
    fine_y, fine_x = ((np.arange(n * factor) + 0.5) / factor - 0.5 for n in (5, 6))
    fine_y, fine_x = np.meshgrid(fine_y, fine_x, indexing="ij")
    expected = np.stack([3 * fine_y - 2 * fine_x + 1, fine_x], axis=-1)
    inner = slice(factor // 2, -factor // 2)
    assert upsampled(ramps, factor)[0, inner, inner] == pytest.approx(expected[inner, inner], abs=1e-5)


def test_beyond_the_border_counts_as_zero():
    # Factor 2 on (4, 8): 1/4 of zero and 3/4 of 4; 3/4 of 4 and 1/4 of 8; the mirror image; 3/4 of 8. Rows likewise.
    line = np.array([3.0, 5.0, 7.0, 6.0])
    x = np.float32([[4, 8]]).reshape(1, 1, 2, 1)
    assert upsampled(x, 2)[0, :, :, 0] == pytest.approx(np.stack([0.75 * line, 0.75 * line]))


@pytest.mark.parametrize("shape", [(4, 4, 2, 3), (4, 6, 2, 2), (6, 6, 2, 2), (3, 3, 1, 1), (4, 4)])
def test_a_kernel_that_cannot_interpolate_is_refused(shape):
    with pytest.raises(ArgumentError, match="a square kernel of side 2 f with f even"):
        BilinearUpsampling()(shape)


@pytest.mark.parametrize(
    ("stride", "fused", "kernels"),
    [(32, [], [64]), (16, ["fuse_pool4"], [4, 32]), (8, ["fuse_pool4", "fuse_pool3"], [4, 4, 16])],
)
def test_each_stride_joins_what_it_must(stride, fused, kernels):
    model = fcn((64, 96), stride=stride, **SETTINGS)
    assert model.name == f"fcn{stride}s"
    assert [layer.name for layer in model.layers if isinstance(layer, keras.layers.Add)] == fused
    deconvolutions = [layer for layer in model.layers if isinstance(layer, keras.layers.Conv2DTranspose)]
    assert [layer.kernel_size[0] for layer in deconvolutions] == kernels
    assert [layer.strides[0] for layer in deconvolutions] == [kernel // 2 for kernel in kernels]
    assert not any(layer.use_bias for layer in deconvolutions)
    for name in fused:
        stage = int(name[-1])
        coarse, scores = model.get_layer(name).input
        assert coarse.shape == scores.shape == (None, 64 // 2**stage, 96 // 2**stage, 2)
        assert model.get_layer(f"score_pool{stage}").input is model.get_layer(f"pool{stage}").output
        assert scores is model.get_layer(f"score_pool{stage}").output


def test_fcn8s_is_the_one_of_stride_8():
    model = fcn8s((64, 64), **SETTINGS)
    assert model.name == "fcn8s"
    assert model.count_params() == fcn((64, 64), stride=8, **SETTINGS).count_params()


def test_parameters_by_hand():
    widths = [1, 1, 1, 2, 2, 4, 4, 4, 8, 8, 8, 8, 8, 8]
    vgg = sum(9 * before * after + after for before, after in pairwise(widths))
    dense = (49 * 8 * 64 + 64) + (64 * 64 + 64)
    scores = (64 * 2 + 2) + (8 * 2 + 2) + (4 * 2 + 2)
    deconvolutions = (16 + 16 + 256) * 2 * 2
    assert fcn8s((32, 32), **SETTINGS).count_params() == vgg + dense + scores + deconvolutions


def test_the_dense_layers_are_convolutions_with_dropout():
    model = fcn8s((64, 64), **SETTINGS | {"dropout": 0.25, "width": 2})
    assert [model.get_layer(name).kernel_size for name in ("fc6", "fc7")] == [(7, 7), (1, 1)]
    assert [model.get_layer(name).filters for name in ("fc6", "fc7")] == [128, 128]
    dropouts = [layer for layer in model.layers if isinstance(layer, keras.layers.Dropout)]
    assert [(layer.name, layer.rate) for layer in dropouts] == [("fc6_dropout", 0.25), ("fc7_dropout", 0.25)]


def test_batch_normalisation_follows_every_convolution_but_the_scores():
    model = fcn8s((32, 32), **SETTINGS | {"batch_norm": True})
    after = [layer.name for layer in model.layers if isinstance(layer, keras.layers.BatchNormalization)]
    assert after == [f"conv{s}_{i}_bn" for s, n in enumerate((2, 2, 3, 3, 3), 1) for i in range(1, n + 1)] + [
        "fc6_bn",
        "fc7_bn",
    ]


def test_an_even_score_stays_even_but_at_the_border():
    # Each deconvolution takes half a pixel of its input at the border: 16 + 8 + 4 = 28 pixels of the image.
    model = fcn8s((128, 128), **SETTINGS)
    for name in ("score_fc7", "score_pool4", "score_pool3"):
        kernel, bias = model.get_layer(name).weights
        kernel.assign(np.zeros(kernel.shape))
        bias.assign([2, -1])
    logits = keras.Model(model.input, model.get_layer("up_image").output)
    image = np.random.default_rng(0).random((1, 128, 128, 1), np.float32)
    scores = keras.ops.convert_to_numpy(logits(image, training=False))[0]
    inner = slice(28, -28)
    assert scores[inner, inner] == pytest.approx(np.broadcast_to([6.0, -3.0], (72, 72, 2)), abs=1e-5)
    assert (scores[27, inner, 0] < 6).all()
