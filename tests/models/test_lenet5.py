"""LeNet-5 by hand: Table I, subsampling, the squashing function, codes, and what is refused."""

import keras
import numpy as np
import pytest

from reproduce.errors import ArgumentError
from reproduce.models.classification.lenet5 import (
    C3_READS,
    RadialBasis,
    SparseConvolution,
    TrainableSubsampling,
    class_codes,
    lenet5,
    lenet5_dense,
    scaled_tanh,
)
from reproduce.models.layers.footprint import Window

MODERN = {"n_channels": 1, "n_classes": 10, "padding": 0, "activation": "tanh", "pooling": "average"}


def run(layer, features):
    return keras.ops.convert_to_numpy(layer(np.asarray(features, np.float32)))


def test_table_1_has_sixty_connections_and_ten_for_each_map():
    assert [len(reads) for reads in C3_READS] == [3] * 6 + [4] * 9 + [6]
    assert np.bincount([m for reads in C3_READS for m in reads]).tolist() == [10] * 6
    assert len(set(C3_READS)) == 16
    # Rotating the maps of S2 by one permutes the first six filters, and the next six, and the next three.
    for group in (C3_READS[:6], C3_READS[6:12], C3_READS[12:15]):
        rotated = {tuple(sorted((m + 1) % 6 for m in reads)) for reads in group}
        assert rotated == set(group)


def test_a_sparse_convolution_is_a_dense_one_with_zeros():
    features = np.random.default_rng(0).standard_normal((2, 7, 6, 3)).astype(np.float32)
    reads = ((0, 2), (1,), (0, 1, 2))
    sparse, dense = SparseConvolution(reads, 3), keras.layers.Conv2D(3, 3)
    sparse.build(features.shape)
    dense.build(features.shape)
    kernels, bias = np.random.default_rng(1).standard_normal((9, 6)), np.array([1.0, -2.0, 3.0])
    sparse.set_weights([kernels, bias])
    whole = np.zeros((3, 3, 3, 3))
    pairs = [(channel, f) for f, each in enumerate(reads) for channel in each]
    for k, (channel, f) in enumerate(pairs):
        whole[:, :, channel, f] = kernels[:, k].reshape(3, 3)
    dense.set_weights([whole, bias])
    assert run(sparse, features) == pytest.approx(run(dense, features), abs=1e-4)
    assert sparse.count_params() == 9 * 6 + 3
    assert sparse.multiply_adds([(7, 6, 3)], (5, 4, 3)) == 9 * 6 * 5 * 4
    assert sparse.readings((7, 6)) == (Window(3, 1, 1, 0, 0),) * 2


def test_subsampling_by_hand():
    layer = TrainableSubsampling()
    x = np.array([[1, 2], [3, 4]], np.float32)[None, :, :, None] * np.array([1, 10], np.float32)
    assert run(layer, x).ravel() == pytest.approx([2.5, 25])  # starts as the mean
    layer.set_weights([np.array([2, 0.1]), np.array([-1, 5])])
    assert run(layer, x).ravel() == pytest.approx([2 * 10 - 1, 0.1 * 100 + 5])


def test_an_odd_edge_is_left_out():
    assert run(TrainableSubsampling(), np.ones((1, 5, 4, 1))).shape == (1, 2, 2, 1)


def test_the_squashing_function_passes_through_one():
    found = keras.ops.convert_to_numpy(scaled_tanh(np.array([-1, 0, 1, 100], np.float32)))
    assert found == pytest.approx([-1, 0, 1, 1.7159], abs=1e-4)


def test_the_output_is_minus_the_squared_distance_to_each_code():
    codes = class_codes(4, 84)
    features = np.stack([codes[2], np.zeros(84, np.float32)])
    found = run(RadialBasis(4), features)
    # Codes of -1 and 1 that differ in k places are 4 k apart; from zero each is 84 away.
    assert found[0] == pytest.approx([-4 * (codes[i] != codes[2]).sum() for i in range(4)], abs=1e-3)
    assert found[1] == pytest.approx([-84] * 4)


def test_the_output_of_one_class_is_how_much_nearer_yes_is_than_no():
    no, yes = class_codes(1, 84)
    apart = 4 * (no != yes).sum()
    assert run(RadialBasis(1), np.stack([no, yes])).ravel() == pytest.approx([-apart, apart], abs=1e-3)


@pytest.mark.parametrize("n_classes", [2, 10, 50])
def test_codes_are_of_one_and_minus_one_fixed_and_far_apart(n_classes):
    codes = class_codes(n_classes, 84)
    assert set(np.unique(codes)) == {-1.0, 1.0}
    assert np.array_equal(codes, class_codes(n_classes, 84))
    apart = (codes[:, None] != codes).sum(axis=-1)[~np.eye(n_classes, dtype=bool)]
    assert apart.min() >= 20  # of 84; even odds give 42 +- 4.6


def test_grids_are_those_of_figure_2():
    model = lenet5((32, 32), n_channels=1, n_classes=10, padding=0)
    found = {name: model.get_layer(name).output.shape[1:] for name in ("c1", "s2", "c3", "s4", "c5", "f6")}
    assert found == {
        "c1": (28, 28, 6),
        "s2": (14, 14, 6),
        "c3": (10, 10, 16),
        "s4": (5, 5, 16),
        "c5": (1, 1, 120),
        "f6": (84,),
    }


@pytest.mark.parametrize("build", [lenet5, lambda size, **s: lenet5_dense(size, **MODERN | s)])
def test_images_below_32_pixels_are_refused(build):
    with pytest.raises(ArgumentError, match="28 x 40 pixels and 1 zeros around them"):
        build((28, 40), n_channels=1, n_classes=10, padding=1)


@pytest.mark.parametrize("wrong", [{"activation": "gelu"}, {"pooling": "sum"}])
def test_another_activation_or_pooling_is_refused(wrong):
    with pytest.raises(ArgumentError, match=" or "):
        lenet5_dense((32, 32), **MODERN | wrong)


@pytest.mark.parametrize("layer", [SparseConvolution(((0, 1), (1,)), 3), TrainableSubsampling(), RadialBasis(3)])
def test_layers_come_back_from_their_configuration_and_know_their_shape(layer):
    again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(layer))
    shape = (2, 5) if isinstance(layer, RadialBasis) else (2, 6, 8, 2)
    features = np.random.default_rng(0).standard_normal(shape).astype(np.float32)
    expected = run(layer, features)
    again.build(shape)
    again.set_weights(layer.get_weights())
    assert np.array_equal(run(again, features), expected)
    assert layer.compute_output_shape((None, *shape[1:])) == (None, *expected.shape[1:])
