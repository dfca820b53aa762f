"""Which counts a printed score can stand for."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reproduce.errors import MetricInputError
from reproduce.metrics.statistics import attainable


def test_by_hand():
    # 59 / 62 = 0.95161...; 58 / 62 = 0.9354..., so 95.2 % of 62 is 59 and 95.3 % is nothing.
    assert attainable(0.952, 62, 3) == (59,)
    assert attainable(0.953, 62, 3) == ()
    # Two thirds of three at two decimals.
    assert attainable(0.67, 3, 2) == (2,)
    assert attainable(0.66, 3, 2) == ()
    # With many units several counts round to one score: 0.5 at one decimal is 45 to 55 of 100, halves in.
    assert attainable(0.5, 100, 1) == tuple(range(45, 56))


def test_halves_are_exact():
    # 1/8 = 0.125 rounds to 0.12 or 0.13; in binary the borders would be missed.
    assert attainable(0.12, 8, 2) == (1,)
    assert attainable(0.13, 8, 2) == (1,)
    assert attainable(0.3, 20, 1) == (5, 6, 7)


def test_ends():
    assert attainable(0.0, 10, 2) == (0,)
    assert attainable(1.0, 10, 2) == (10,)
    assert attainable(1.0, 10, 0) == (5, 6, 7, 8, 9, 10)


@given(st.integers(1, 500), st.integers(0, 4), st.data())
def test_what_is_rounded_is_attainable(n, decimals, data):
    k = data.draw(st.integers(0, n))
    assert k in attainable(round(k / n, decimals), n, decimals)


@pytest.mark.parametrize("arguments", [(95.2, 62, 1), (0.5, 0, 1), (0.5, 10, -1), (float("nan"), 10, 1)])
def test_broken_input(arguments):
    with pytest.raises(MetricInputError):
        attainable(*arguments)
