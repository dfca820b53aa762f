"""The contrastive loss of MoCo v3 by hand, against NumPy, and through which arguments its gradient goes."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from reproduce.models.selfsupervised.moco_v3 import info_nce, symmetrised


def loss(query, key, temperature=1.0):
    return keras.ops.convert_to_numpy(info_nce(np.float32(query), np.float32(key), temperature=temperature))


def expected(query, key, temperature):
    """The algorithm's lines in float64: cosines, a softmax over the row, 2 tau times minus the own one's logarithm."""
    q, k = (np.asarray(x, np.float64) / np.linalg.norm(x, axis=1, keepdims=True) for x in (query, key))
    share = np.exp(q @ k.T / temperature)
    return -2 * temperature * np.log(np.diag(share) / share.sum(axis=1))


def test_two_images_by_hand():
    # lengths 5, 1 and 2, 1 are taken out: q = (0.6, 0.8), (1, 0); k = (1, 0), (0, 1)
    # cosines 0.6 0.8 / 1 0; at tau = 0.5 the logits are 1.2 1.6 / 2 0, and 2 tau = 1
    # image 1: log(e^1.2 + e^1.6) - 1.2 = 0.9130; image 2, whose own key is the second: log(e^2 + 1) - 0 = 2.1269
    found = loss([[3, 4], [1, 0]], [[2, 0], [0, 1]], temperature=0.5)
    assert found == pytest.approx([np.log(1 + np.exp(0.4)), np.log(np.exp(2) + 1)], abs=1e-6)
    assert found == pytest.approx([0.9130, 2.1269], abs=1e-4)


def test_the_factor_2_tau():
    # all keys alike: -log(1 / 4) whatever tau, times 2 tau
    same = np.ones((4, 3))
    for temperature in (0.2, 1.0):
        assert loss(same, same, temperature) == pytest.approx(np.full(4, 2 * temperature * np.log(4)), abs=1e-6)


def test_one_image_alone_and_none():
    assert loss([[1, 2]], [[-3, 1]]) == pytest.approx([0.0], abs=1e-6)
    assert loss(np.zeros((0, 2)), np.zeros((0, 2))).shape == (0,)


def test_a_code_of_zeros_is_as_near_to_all_keys():
    assert loss([[0, 0], [1, 0]], [[1, 0], [0, 1]])[0] == pytest.approx(2 * np.log(2), abs=1e-6)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**31), st.integers(2, 9), st.sampled_from([0.1, 0.2, 1.0]), st.floats(0.1, 10))
def test_against_numpy_and_without_regard_to_length_or_order(seed, n, temperature, length):
    rng = np.random.default_rng(seed)
    q, k = rng.normal(size=(n, 5)), rng.normal(size=(n, 5))
    found = loss(q, k, temperature)
    assert found == pytest.approx(expected(q, k, temperature), abs=2e-5)
    assert loss(length * q, k, temperature) == pytest.approx(found, abs=2e-5)
    order = rng.permutation(n)
    assert loss(q[order], k[order], temperature) == pytest.approx(found[order], abs=2e-5)
    assert (found > -1e-6).all()


def test_symmetrised_is_each_view_against_the_other_ones_key():
    q1, q2, k1, k2 = np.random.default_rng(1).normal(size=(4, 6, 3)).astype(np.float32)
    found = keras.ops.convert_to_numpy(symmetrised((q1, q2), (k1, k2), temperature=0.2))
    assert found == pytest.approx(expected(q1, k2, 0.2) + expected(q2, k1, 0.2), abs=1e-5)


def test_the_gradient_goes_through_queries_alone():
    q, k = (tf.Variable(each) for each in np.random.default_rng(2).normal(size=(2, 4, 3)).astype(np.float32))
    with tf.GradientTape() as tape:
        value = keras.ops.sum(info_nce(q, k, temperature=0.2))
    by_query, by_key = tape.gradient(value, [q, k])
    assert np.abs(by_query).max() > 1e-3
    assert by_key is None
