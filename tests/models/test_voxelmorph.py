"""VoxelMorph: its release's count, warping beside SciPy, and a step that moves one volume towards the other."""

import keras
import numpy as np
import pytest
from scipy import ndimage

from reproduce.errors import ArgumentError
from reproduce.models.registration.voxelmorph import Warp, voxelmorph

RELEASE = {"encoder": (16, 32, 32, 32), "decoder": (32, 32, 32, 32), "last": (32, 16, 16)}
SMALL = {"encoder": (4, 4), "decoder": (4, 4), "last": (4,)}


def test_parameters_of_the_release():
    assert voxelmorph((16, 32, 16), n_channels=1, **RELEASE).count_params() == 327_331


def test_warping_is_trilinear_and_keeps_the_edge_beyond_it():
    rng = np.random.default_rng(1)
    volume = rng.normal(size=(2, 5, 6, 7, 2)).astype(np.float32)
    flow = rng.normal(scale=3, size=(2, 5, 6, 7, 3)).astype(np.float32)
    found = keras.ops.convert_to_numpy(Warp()([volume, flow]))
    grid = np.stack(np.meshgrid(*map(np.arange, (5, 6, 7)), indexing="ij"))
    for i in range(2):
        places = grid + np.moveaxis(flow[i], -1, 0)
        for channel in range(2):
            expected = ndimage.map_coordinates(volume[i, ..., channel], places, order=1, mode="nearest")
            assert found[i, ..., channel] == pytest.approx(expected, abs=1e-5)


def test_no_flow_leaves_a_volume_as_it_is_and_whole_steps_shift_it():
    volume = np.random.default_rng(2).normal(size=(1, 1, 4, 5, 1)).astype(np.float32)
    still = np.zeros((1, 1, 4, 5, 3), np.float32)
    assert np.array_equal(keras.ops.convert_to_numpy(Warp()([volume, still])), volume)
    shifted = keras.ops.convert_to_numpy(Warp()([volume, still + np.float32([0, 1, 0])]))
    assert np.array_equal(shifted[:, :, :-1], volume[:, :, 1:])
    assert np.array_equal(shifted[:, :, -1], volume[:, :, -1])


@pytest.mark.slow
def test_it_learns_to_move_one_volume_onto_the_other_and_is_read_back_the_same(tmp_path):
    keras.utils.set_random_seed(1)
    model = voxelmorph((8, 16, 8), n_channels=1, **SMALL)
    blob = np.zeros((1, 8, 16, 8, 1), np.float32)
    blob[:, 2:6, 4:10, 2:6] = 1
    blob = ndimage.gaussian_filter(blob, (0, 1, 1, 1, 0))
    pair = {"moving": blob, "fixed": np.roll(blob, 1, axis=2)}
    model.compile(keras.optimizers.Adam(1e-2), loss={"moved": "mse"}, jit_compile=False)
    weights = [v.numpy() for v in model.trainable_variables]
    losses = [model.train_on_batch(pair, {"moved": pair["fixed"]}) for _ in range(30)]
    assert losses[-1] < 0.5 * losses[0]
    assert all(np.abs(v.numpy() - w).max() > 0 for v, w in zip(model.trainable_variables, weights, strict=True))
    model.save(tmp_path / "m.keras")
    again = keras.saving.load_model(tmp_path / "m.keras").predict(pair, verbose=0)
    said = model.predict(pair, verbose=0)
    assert said["flow"].shape == (1, 8, 16, 8, 3)
    assert all(np.array_equal(again[name], said[name]) for name in ("moved", "flow"))


@pytest.mark.parametrize(
    ("size", "changes", "said"),
    [((8, 10, 8), {}, "multiples of 4"), ((8, 8, 8), {"decoder": (4,)}, "as many levels up as down, got 2 down and 1")],
)
def test_what_cannot_be_built_is_refused(size, changes, said):
    with pytest.raises(ArgumentError, match=said):
        voxelmorph(size, n_channels=1, **SMALL | changes)
