"""OverLoCK by hand: windows at edges, mixed kernels beside loops, the second look, what is refused."""

import keras
import numpy as np
import pytest

from reproduce.errors import ArgumentError
from reproduce.models.classification.overlock import BESIDE, Plan, overlock
from reproduce.models.layers.channels import ChannelAffine
from reproduce.models.layers.context_mixing import (
    ContextMixing,
    GlobalResponse,
    window_places,
    window_starts,
)

PLAN = Plan((8, 8, 16, 16), (1, 1, 1, 1), (2, 1), (7, 7, 5, 5), 3, (2, 2), 2, 2, 24)
SETTINGS = {
    "n_channels": 1,
    "n_classes": 3,
    "plan": PLAN,
    "merged": False,
    "auxiliary": True,
    "drop_path": 0.0,
    "bn_momentum": 0.9,
}


def run(layer, *inputs):
    return keras.ops.convert_to_numpy(layer(*(np.asarray(x, np.float32) for x in inputs)))


def noise(*shape, seed=0):
    return np.random.default_rng(seed).standard_normal(shape).astype(np.float32)


def test_windows_stay_within_the_grid():
    assert window_starts(6, 3).tolist() == [0, 0, 1, 2, 3, 3]
    assert window_starts(3, 3).tolist() == [0, 0, 0]
    places, offsets = window_places(4, 3)
    # positions 0 to 3 read 0-2, 0-2, 1-3, 1-3; offset 2 is the position itself
    assert places.argmax(axis=-1).tolist() == [[0, 1, 2], [0, 1, 2], [1, 2, 3], [1, 2, 3]]
    assert offsets.tolist() == [[2, 3, 4], [1, 2, 3], [1, 2, 3], [0, 1, 2]]
    assert (places.sum(axis=-1) == 1).all()


def looped(values, queries, keys, weights, heads, sides):
    """Context mixing, pixel by pixel and head by head."""
    biases, (kernel, shift) = weights[:2], weights[2:]
    _, y, x, channels = values.shape
    n_regions = kernel.shape[0]
    width, part = queries.shape[-1] // heads, channels // (2 * heads)
    keys = keys.reshape(n_regions, heads, width)
    out = np.zeros_like(values)
    for i in range(y):
        for j in range(x):
            for g in range(heads):
                likeness = keys[:, g] @ queries[0, i, j, g * width : (g + 1) * width]
                taps = likeness @ kernel + shift
                first = 0
                for half, side in enumerate(sides):
                    own = taps[first : first + side**2].reshape(side, side).copy()
                    first += side**2
                    top, left = window_starts(y, side)[i], window_starts(x, side)[j]
                    for p in range(side):
                        for q in range(side):
                            own[p, q] += biases[half][g, top + p - i + side - 1, left + q - j + side - 1]
                    own = np.exp(own - own.max())
                    own /= own.sum()
                    read = slice((half * heads + g) * part, (half * heads + g + 1) * part)
                    window = values[0, top : top + side, left : left + side, read]
                    out[0, i, j, read] = np.einsum("pq,pqc->c", own, window)
    return out


def test_context_mixing_beside_loops():
    values, queries, keys = noise(1, 6, 5, 8), noise(1, 6, 5, 4, seed=1), noise(1, 4 * 4, seed=2)
    layer = ContextMixing(heads=2, large=5, small=3, regions=4)
    layer.build(values.shape, queries.shape, keys.shape)
    weights = [noise(*w.shape, seed=3 + i) for i, w in enumerate(layer.get_weights())]
    assert [w.shape for w in weights] == [(2, 5, 5), (2, 9, 9), (4, 9 + 25), (34,)]
    layer.set_weights(weights)
    expected = looped(values, queries, keys, weights, heads=2, sides=(3, 5))
    assert run(layer, values, queries, keys) == pytest.approx(expected, abs=1e-5)


def test_a_constant_stays_what_it_is():
    layer = ContextMixing(heads=1, large=5, small=3, regions=4)
    found = run(layer, np.full((2, 5, 7, 4), 2.5), noise(2, 5, 7, 2), noise(2, 8))
    assert found == pytest.approx(np.full((2, 5, 7, 4), 2.5), abs=1e-5)


def test_context_mixing_counts_windows_alone():
    layer = ContextMixing(heads=2, large=5, small=3, regions=4)
    found = layer.multiply_adds([(6, 5, 8), (6, 5, 4), (16,)], (6, 5, 8))
    # 30 pixels: likeness 4 * 4, taps 2 heads * 4 * 34, small and large kernel on four channels each
    assert found == 30 * (16 + 2 * 4 * 34 + 4 * 9 + 4 * 25)


@pytest.mark.parametrize(
    ("values", "queries"), [((1, 4, 5, 8), (1, 4, 5, 4)), ((1, 6, 6, 6), (1, 6, 6, 4)), ((1, 6, 6, 8), (1, 6, 6, 3))]
)
def test_kernels_beyond_the_grid_and_uneven_heads_are_refused(values, queries):
    with pytest.raises(ArgumentError, match="a grid of 5 or more, channels in halves of 2 heads"):
        ContextMixing(heads=2, large=5, small=3, regions=4)(noise(*values), noise(*queries), noise(1, 16))


def test_global_responses_by_hand():
    # norms 5 and 15 over two pixels, their mean 10: shares 0.5 and 1.5
    x = np.array([[3.0, 9.0], [4.0, 12.0]]).reshape(1, 1, 2, 2)
    layer = GlobalResponse()
    assert run(layer, x) == pytest.approx(x)
    layer.set_weights([np.array([2, 4]), np.array([0, -1])])
    assert run(layer, x).ravel() == pytest.approx([3 * 2, 9 * 7 - 1, 4 * 2, 12 * 7 - 1], rel=1e-4)


def test_an_affine_starts_as_the_identity():
    layer = ChannelAffine()
    assert run(layer, [[[[1, 2]]]]).ravel().tolist() == [1, 2]
    layer.set_weights([np.array([2, 0]), np.array([1, 5])])
    assert run(layer, [[[[1, 2]]]]).ravel().tolist() == [3, 5]


def test_branches_beside_a_large_kernel_stay_within_it():
    for kernel, branches in BESIDE.items():
        assert all(dilation * (side - 1) + 1 <= kernel for side, dilation in branches)
        assert len(set(branches)) == len(branches)


@pytest.mark.usefixtures("unallocated")
def test_grids_of_the_two_looks():
    model = overlock((224, 160), **SETTINGS)
    taps = ("stem4", "down2", "down3", "down4", "context_up", "focus_down", "context_down")
    found = [model.get_layer(name).output.shape[1:] for name in taps]
    assert found == [(56, 40, 8), (28, 20, 8), (14, 10, 16), (7, 5, 16), (14, 10, 4), (7, 5, 16), (7, 5, 4)]
    # the first block of the second look has nothing to remember yet
    assert [x.name for x in model.layers if x.name.endswith("_remember")] == [
        "focus1_block2_remember",
        "focus2_block1_remember",
    ]
    assert set(model.output) == {"class", "aux"}


@pytest.mark.usefixtures("unallocated")
def test_merging_leaves_one_convolution_with_a_bias():
    several, one = (overlock((160, 160), **SETTINGS | {"merged": merged}) for merged in (False, True))
    name = "stage1_block1_large"
    assert len(several.get_layer(f"{name}_add").input) == 1 + len(BESIDE[7])
    assert one.get_layer(name).use_bias
    assert not any(x.name.startswith(f"{name}_") and "sum" not in x.name for x in one.layers)


@pytest.mark.parametrize(
    ("size", "wrong"),
    [
        ((160, 150), {}),
        ((128, 160), {}),
        ((160, 160), {"plan": Plan((8, 8, 16, 16), (1, 1, 1, 1), (1, 1), (7, 7, 5, 3), 3, (2, 2), 2, 2, 24)}),
    ],
)
def test_what_cannot_be_is_refused(size, wrong):
    with pytest.raises(ArgumentError):
        overlock(size, **SETTINGS | wrong)


@pytest.mark.parametrize("layer", [ContextMixing(1, 3, 3, 4), GlobalResponse(), ChannelAffine()])
def test_layers_come_back_from_their_configuration(layer):
    again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(layer))
    inputs = (
        (noise(1, 4, 4, 2), noise(1, 4, 4, 2), noise(1, 8))
        if isinstance(layer, ContextMixing)
        else (noise(1, 2, 2, 2),)
    )
    expected = run(layer, *inputs)
    again.build(*(x.shape for x in inputs))
    again.set_weights(layer.get_weights())
    assert np.array_equal(run(again, *inputs), expected)
    assert layer.compute_output_shape(*(x.shape for x in inputs)) == expected.shape
