"""The 3-D U-Net of its paper and our lean one: counts, shapes, and what a step moves."""

import keras
import numpy as np
import pytest

from reproduce.errors import ArgumentError
from reproduce.inspection.geometry import cost
from reproduce.models.segmentation.lean_unet3d import lean_unet3d
from reproduce.models.segmentation.unet3d import unet3d

BOX = (8, 16, 8)


def lean(box=BOX, **changes):
    usual = {"n_channels": 1, "n_regions": 3, "widths": (4, 8, 16), "residual": True, "bn_momentum": 0.9}
    return lean_unet3d(box, **usual | changes)


def kernels(model):
    return sum(int(np.prod(v.shape)) for v in model.trainable_variables if v.name == "kernel")


def test_the_paper_counts_kernels_and_one_bias_a_convolution():
    model = unet3d((16, 16, 16), n_channels=3, n_regions=3, width=32, bn_momentum=0.9)
    # 2.1: "19069955 parameters in total". Ours have batch normalisation instead of biases, so kernels are compared,
    # with a bias for each channel of a 3x3x3 convolution, 1440 before and 896 after, and 3 of the last one.
    assert kernels(model) + 1440 + 896 + 3 == 19_069_955
    # Two weights and two statistics a channel of batch normalisation, and the three biases.
    assert model.count_params() == kernels(model) + 4 * (1440 + 896) + 3


def test_the_lean_one_is_the_sum_of_its_layers():
    # full 1>4; down 4>8, 8>8 twice; down 8>16, 16>16 twice; up 16>8 with bias, 16>8, 8>8; up 8>4 with bias, 8>4; 4>3.
    convolutions = 27 * (4 + 8 * 8 * 2 + 16 * 16 * 2 + 16 * 8 + 8 * 8 + 8 * 4) + 8 * (4 * 8 + 8 * 16)
    ups = 8 * (16 * 8 + 8 * 4) + 8 + 4
    normalised = 4 + 3 * 8 + 3 * 16 + 2 * 8 + 4
    assert lean().count_params() == convolutions + ups + 4 * normalised + 4 * 3 + 3


@pytest.mark.parametrize("build", [lean, lambda: unet3d(BOX, n_channels=1, n_regions=3, width=2, bn_momentum=0.9)])
def test_every_voxel_gets_a_probability_of_each_region_and_every_weight_moves(build):
    model = build()
    model.compile(keras.optimizers.Adam(1e-2), loss={"mask": "categorical_crossentropy"}, jit_compile=False)
    before = [v.numpy() for v in model.trainable_variables]
    rng = np.random.default_rng(0)
    image = rng.normal(size=(2, *BOX, 1)).astype(np.float32)
    mask = np.eye(3, dtype=np.float32)[rng.integers(0, 3, (2, *BOX))]
    model.train_on_batch(image, {"mask": mask})
    assert all(np.abs(v.numpy() - b).max() > 0 for v, b in zip(model.trainable_variables, before, strict=True))
    found = model.predict_on_batch(image)["mask"]
    assert found.shape == (2, *BOX, 3)
    np.testing.assert_allclose(found.sum(axis=-1), 1.0, atol=1e-5)


def test_shortcuts_cost_no_weight():
    assert lean(residual=False).count_params() == lean().count_params()
    kinds = [[layer.name for layer in lean(residual=r).layers if layer.name.endswith("_add")] for r in (True, False)]
    assert (len(kinds[0]), len(kinds[1])) == (5, 0)


def test_a_lean_model_spends_most_below_the_full_grid():
    narrow = cost(lean((32, 48, 32), widths=(8, 32, 64, 128)))
    plain = cost(unet3d((32, 48, 32), n_channels=1, n_regions=3, width=8, bn_momentum=0.9))
    # 27 taps at 32 x 48 x 32 voxels: 1 to 8 before and 16 to 8 after, and 8 to 3 by one tap
    full = 32 * 48 * 32 * (27 * (8 + 16 * 8) + 8 * 3)
    assert full < 0.2 * narrow.multiply_adds < 0.2 * plain.multiply_adds


@pytest.mark.parametrize("box", [(8, 16, 6), (0, 16, 8)])
def test_a_grid_that_cannot_be_halved_is_refused(box):
    with pytest.raises(ArgumentError):
        lean(box)
    with pytest.raises(ArgumentError):
        unet3d(box, n_channels=1, n_regions=3, width=2, bn_momentum=0.9)
