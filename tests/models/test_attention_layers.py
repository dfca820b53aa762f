"""Attention by hand: what a token, a window and a shifted window see, and what the tables of biases hold."""

import keras
import numpy as np
import pytest

from reproduce.errors import ArgumentError
from reproduce.models.classification.swin import PatchMerging, WindowAttention, relative_index, shift_mask, swin
from reproduce.models.classification.vit import SelfAttention, Tokens, vit
from reproduce.models.layers.footprint import Tiles

VIT = {"patch": 4, "width": 8, "depth": 1, "heads": 2, "mlp_width": 16, "dropout": 0.0}
SWIN = {"width": 8, "depths": (2, 2), "heads": (2, 4), "window": 2, "drop_path": 0.0}
TEN = {"n_channels": 1, "n_classes": 10}


def run(layer, features):
    return keras.ops.convert_to_numpy(layer(np.asarray(features, np.float32)))


def noise(*shape):
    return np.random.default_rng(0).standard_normal(shape).astype(np.float32)


def seen(layer, x):
    """Which positions along one axis move when one of them is changed: `[changed, moved]`."""
    before, side = run(layer, x), x.shape[1]
    found = np.zeros((side, side), bool)
    for i in range(side):
        changed = x.copy()
        changed[:, i] += noise(1, *x.shape[2:])[0]
        found[i] = np.abs(run(layer, changed) - before).max(axis=(0, 2, 3)) > 1e-5
    return found


def test_tokens_are_the_class_and_then_the_patches_in_rows():
    layer = Tokens()
    layer.build((None, 2, 3, 4))
    layer.set_weights([np.full(4, 9.0), np.zeros((7, 4))])
    x = noise(2, 2, 3, 4)
    found = run(layer, x)
    assert found.shape == (2, 1, 7, 4)
    assert (found[:, 0, 0] == 9).all()
    assert np.array_equal(found[:, 0, 1:], x.reshape(2, 6, 4))
    layer.set_weights([np.zeros(4), np.arange(7)[:, None] * np.ones(4)])
    assert run(layer, np.zeros((1, 2, 3, 4)))[0, 0, :, 0].tolist() == list(range(7))


def test_self_attention_by_hand():
    # One head of two channels; query, key and value are the input, and so is the output layer.
    layer = SelfAttention(1, 0.0)
    layer.build((None, 1, 2, 2))
    eye = np.eye(2, dtype=np.float32)
    layer.set_weights([w for each in (eye[:, None],) * 3 for w in (each, np.zeros((1, 2)))] + [eye[None], np.zeros(2)])
    x = np.array([[1.0, 0.0], [0.0, 2.0]])
    scores = np.exp(x @ x.T / np.sqrt(2))
    expected = scores / scores.sum(axis=1, keepdims=True) @ x
    assert run(layer, x[None, None])[0, 0] == pytest.approx(expected, abs=1e-5)


def test_self_attention_counts_four_dense_layers_and_two_products():
    assert SelfAttention(2, 0.0).multiply_adds([(1, 5, 8)], (1, 5, 8)) == 4 * 5 * 64 + 2 * 25 * 8


@pytest.mark.parametrize("layer", [SelfAttention(3, 0.0), WindowAttention(3, 2, 0)])
def test_channels_that_heads_cannot_share_are_refused(layer):
    with pytest.raises(ArgumentError, match="3 heads"):
        layer(noise(1, 4, 4, 8))


def test_a_grid_that_is_no_whole_number_of_windows_is_refused():
    with pytest.raises(ArgumentError, match="a grid of whole windows of 3"):
        WindowAttention(2, 3, 0)(noise(1, 6, 4, 8))


def test_offsets_of_a_window_of_two():
    # 3 x 3 offsets (dy, dx) from -1 to 1; the place of (0, 0) is 4, dy counts 3, dx 1
    assert relative_index(2).tolist() == [[4, 3, 1, 0], [5, 4, 2, 1], [7, 6, 4, 3], [8, 7, 5, 4]]


def test_positions_from_opposite_edges_do_not_see_each_other():
    # 4 x 4 rolled by one: in the last window of an axis its second position came from the first edge
    seen_by = shift_mask((4, 4), 2, 1)
    assert seen_by.shape == (4, 4, 4)
    assert seen_by[0].all()
    pairs = np.eye(2, dtype=bool)
    assert np.array_equal(seen_by[1], np.kron(np.ones((2, 2), bool), pairs))  # right edge: by column
    assert np.array_equal(seen_by[2], np.kron(pairs, np.ones((2, 2), bool)))  # lower edge: by row
    assert np.array_equal(seen_by[3], np.eye(4, dtype=bool))


@pytest.mark.parametrize(("shift", "blocks"), [(0, [[0, 1, 2, 3], [4, 5, 6, 7]]), (2, [[0, 1], [2, 3, 4, 5], [6, 7]])])
def test_windows_see_what_their_readings_say(shift, blocks):
    layer = WindowAttention(2, 4, shift)
    expected = np.zeros((8, 8), bool)
    for block in blocks:
        expected[np.ix_(block, block)] = True
    assert np.array_equal(seen(layer, noise(1, 8, 8, 4)), expected)
    reading = layer.readings((8, 8))[0]
    assert reading == Tiles(4, shift)
    assert [list(reading.reads(i, 8)) for i in range(8)] == [np.flatnonzero(row).tolist() for row in expected]


def test_a_window_as_large_as_the_grid_without_biases_is_self_attention():
    ours, whole = WindowAttention(2, 4, 0), SelfAttention(2, 0.0)
    x = noise(2, 4, 4, 6)
    for layer in (ours, whole):
        layer.build(x.shape)
    parts = {w.path.rpartition("attention/")[2]: keras.ops.convert_to_numpy(w) for w in whole.weights}
    kernels = [parts[f"{k}/kernel"].reshape(6, 6) for k in ("query", "key", "value")]
    last = parts["attention_output/kernel"].reshape(6, 6)
    by_name = {
        "queries/kernel": np.concatenate(kernels, axis=1),
        "queries/bias": np.zeros(18),
        "output/kernel": last,
        "output/bias": np.zeros(6),
        "bias": np.zeros((49, 2)),
    }
    names = [w.path.partition("/")[2] if w.name != "bias" or w.path.count("/") > 1 else "bias" for w in ours.weights]
    ours.set_weights([by_name[name] for name in names])
    assert run(ours, x) == pytest.approx(run(whole, x), abs=1e-5)


def test_a_bias_belongs_to_an_offset():
    # A large bias for the offset (0, 1) alone: each position of a row of two takes the value of its right neighbour.
    layer = WindowAttention(1, 2, 0)
    layer.build((None, 2, 2, 1))
    for w in layer.weights:
        if w.shape == (1, 3):
            w.assign(np.array([[0, 0, 1]], np.float32))
        elif w.shape == (1, 1):
            w.assign(np.ones((1, 1), np.float32))
        elif w.shape == (9, 1):
            table = np.zeros((9, 1), np.float32)
            table[relative_index(2)[0, 1]] = 50
            w.assign(table)
        else:
            w.assign(np.zeros(w.shape, np.float32))
    found = run(layer, np.array([[1.0, 2.0], [3.0, 4.0]])[None, :, :, None])[0, ..., 0]
    assert found[:, 0] == pytest.approx([2, 4], abs=1e-4)
    assert found[:, 1] == pytest.approx([2.5, 2.5], abs=1e-4)  # no right neighbour, so the mean of all


def test_merging_puts_rows_before_columns():
    x = np.arange(16.0).reshape(1, 4, 4, 1)
    found = run(PatchMerging(), x)
    assert found.shape == (1, 2, 2, 4)
    assert found[0, 0, 0].tolist() == [0, 4, 1, 5]
    assert found[0, 1, 1].tolist() == [10, 14, 11, 15]


def test_the_class_token_sees_every_pixel():
    keras.utils.set_random_seed(1)
    model = vit((8, 8), **TEN, **VIT)
    x = noise(1, 8, 8, 1)
    before = keras.ops.convert_to_numpy(model(x)["class"])
    for y in range(0, 8, 3):
        changed = x.copy()
        changed[0, y, 7 - y] += 5
        assert not np.array_equal(keras.ops.convert_to_numpy(model(changed)["class"]), before)


@pytest.mark.parametrize("size", [(8, 6), (2, 8)])
def test_an_image_that_is_no_whole_number_of_patches_is_refused(size):
    with pytest.raises(ArgumentError, match="multiples of the patch, 4 pixels"):
        vit(size, **TEN, **VIT)


@pytest.mark.parametrize(
    ("size", "change"), [((20, 16), {}), ((4, 8), {}), ((16, 16), {"heads": (2,)}), ((16, 16), {"depths": ()})]
)
def test_a_swin_that_cannot_be_is_refused(size, change):
    with pytest.raises(ArgumentError, match="sides that are multiples of"):
        swin(size, **TEN, **SWIN | change)


def test_every_second_block_of_swin_is_shifted_where_there_are_windows_to_shift():
    model = swin((32, 16), **TEN, **SWIN | {"window": 4, "depths": (3, 2)})
    found = [(x.name, x.window, x.shift) for x in model.layers if isinstance(x, WindowAttention)]
    # 8 x 4 patches: the shorter side is one window; then 4 x 2 and windows of 2
    assert found == [
        *((f"stage1_block{i}_attention", 4, 0) for i in (1, 2, 3)),
        *((f"stage2_block{i}_attention", 2, 0) for i in (1, 2)),
    ]
    model = swin((32, 32), **TEN, **SWIN | {"depths": (3, 2)})
    shifts = [x.shift for x in model.layers if isinstance(x, WindowAttention)]
    assert shifts == [0, 1, 0, 0, 1]
