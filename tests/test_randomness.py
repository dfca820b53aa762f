"""Named streams: the same name the same numbers, any other name others."""

import hashlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reproduce.randomness import seed31, seed_words, stream

PARTS = st.lists(st.one_of(st.integers(), st.text(st.characters(codec="utf-8", exclude_characters="\x1f"))), max_size=4)


def test_words_are_the_sha256_of_the_typed_parts():
    digest = hashlib.sha256(b"int:7\x1fstr:augment").digest()
    words = seed_words(7, "augment")
    assert words == [int.from_bytes(digest[4 * i : 4 * i + 4], "little") for i in range(8)]


@pytest.mark.parametrize(
    ("one", "other"),
    [(("a", "bc"), ("ab", "c")), ((1,), ("1",)), ((1, 0), (10,)), ((), ("",)), ((True,), (1,)), ((0, 1), (1, 0))],
)
def test_names_that_read_alike_are_different_names(one, other):
    assert seed_words(*one) != seed_words(*other)


@given(PARTS, PARTS)
def test_different_names_have_different_words(one, other):
    alike = [(type(part), part) for part in one] == [(type(part), part) for part in other]
    assert (seed_words(*one) == seed_words(*other)) == alike


@given(PARTS)
def test_the_same_name_gives_the_same_numbers(name):
    assert np.array_equal(stream(*name).random(5), stream(*name).random(5))


def test_streams_of_neighbouring_names_are_not_correlated():
    # |r| of 4000 independent pairs stays below 4 / sqrt(4000) = 0.063 but once in 16,000 times.
    first, second = stream(1, "epoch", 0).random(4000), stream(1, "epoch", 1).random(4000)
    assert abs(np.corrcoef(first, second)[0, 1]) < 0.063


def test_a_stream_is_left_alone_by_numpys_global_seed():
    np.random.seed(0)  # noqa: NPY002
    before = stream("x").random()
    np.random.seed(1)  # noqa: NPY002
    assert stream("x").random() == before


@given(PARTS)
def test_seed31_fits_a_signed_integer(name):
    assert 0 <= seed31(*name) < 2**31
