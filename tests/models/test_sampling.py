"""Samples of boxes: how many of which kind, and that the seed decides."""

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from keras import ops

from reproduce.models.detection.targets import n_positive_of, sample


def drawn(n_positive, n_negative, n_left_out=0, *, n_sampled=8, positive_share=0.25, seed=0):
    """Boxes in the order positive, negative, left out: indices, positive and chosen of one image."""
    kinds = np.repeat([1, 0, -1], [n_positive, n_negative, n_left_out])[None]
    settings = {"n_sampled": n_sampled, "positive_share": positive_share, "seed": seed}
    return [ops.convert_to_numpy(part)[0] for part in sample(kinds == 1, kinds == 0, **settings)]


def test_a_quarter_is_positive_and_stands_first():
    index, positive, chosen = drawn(5, 20)
    assert positive.tolist() == [True] * 2 + [False] * 6
    assert chosen.all()
    assert (index[:2] < 5).all()
    assert (index[2:] >= 5).all()


def test_missing_positives_are_made_up_by_negatives():
    index, positive, chosen = drawn(1, 20)
    assert positive.sum() == 1
    assert chosen.all()
    assert index[0] == 0


def test_missing_negatives_are_not_made_up_by_positives():
    _, positive, chosen = drawn(10, 3)
    assert positive.sum() == 2
    assert chosen.sum() == 5


def test_boxes_left_out_are_never_chosen():
    index, _, chosen = drawn(1, 2, n_left_out=10)
    assert sorted(index[chosen]) == [0, 1, 2]


def test_none_of_either_kind():
    assert not drawn(0, 0, n_left_out=9)[2].any()


def test_fewer_boxes_than_are_to_be_sampled():
    index, _, chosen = drawn(1, 2)
    assert sorted(index[chosen]) == [0, 1, 2]
    assert len(index) == 3


@settings(deadline=None, max_examples=25)
@given(st.integers(0, 12), st.integers(0, 12), st.integers(0, 12), st.integers(4, 20), st.integers(0, 1000))
def test_counts(n_positive, n_negative, n_left_out, n_sampled, seed):
    if n_positive + n_negative + n_left_out == 0:
        return
    index, positive, chosen = drawn(n_positive, n_negative, n_left_out, n_sampled=n_sampled, seed=seed)
    expected = min(n_positive, n_positive_of(n_sampled, 0.25))
    assert positive.sum() == expected
    assert chosen.sum() == expected + min(n_negative, n_sampled - expected)
    assert len(set(index[chosen])) == chosen.sum()
    assert (positive[:expected]).all()


def test_an_integer_draws_the_same_again_and_a_generator_does_not():
    assert drawn(9, 90, seed=3)[0].tolist() == drawn(9, 90, seed=3)[0].tolist()
    assert drawn(9, 90, seed=3)[0].tolist() != drawn(9, 90, seed=4)[0].tolist()
    generator = keras.random.SeedGenerator(5)
    assert drawn(9, 90, seed=generator)[0].tolist() != drawn(9, 90, seed=generator)[0].tolist()


def test_every_box_is_drawn_about_equally_often():
    times = np.zeros(6)
    for seed in range(300):
        index, positive, _ = drawn(6, 10, seed=seed)
        times[index[positive]] += 1
    # two of six, 300 times: 100 each, standard deviation sqrt(300 1/3 2/3) = 8.2
    assert times == pytest.approx(100, abs=4 * 8.2)
