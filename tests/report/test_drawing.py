import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reproduce.report.drawing import Scale, padded, polyline

values = st.floats(-1e6, 1e6)


def test_scale_maps_ends_to_ends_and_the_middle_to_the_middle():
    scale = Scale(50, 100, 10, 110)
    assert [scale(value) for value in (50, 75, 100)] == [10, 60, 110]


def test_axis_that_goes_up():
    assert Scale(0, 1, 200, 0)(0.25) == 150


def test_value_beyond_an_end_stands_on_it():
    assert Scale(0, 1, 10, 20)(-5) == 10
    assert Scale(0, 1, 10, 20)(7) == 20


def test_scale_without_a_range_puts_everything_in_the_middle():
    assert Scale(3, 3, 0, 100)(3) == 50
    assert Scale(3, 3, 0, 100).ticks(5) == [3]


@pytest.mark.parametrize(
    ("low", "high", "about", "expected"),
    [
        (0, 1, 5, [0, 0.2, 0.4, 0.6, 0.8, 1.0]),
        (0.19, 0.55, 5, [0.2, 0.3, 0.4, 0.5]),
        (1, 12, 6, [2, 4, 6, 8, 10, 12]),
        (0, 0.03, 3, [0, 0.01, 0.02, 0.03]),
    ],
)
def test_ticks_are_round(low, high, about, expected):
    assert Scale(low, high, 0, 1).ticks(about) == pytest.approx(expected)


@given(low=st.floats(-1e3, 1e3), width=st.floats(1e-3, 1e3), about=st.integers(2, 10))
def test_ticks_lie_within_and_are_not_many(low, width, about):
    scale = Scale(low, low + width, 0, 1)
    ticks = scale.ticks(about)
    assert len(ticks) <= about + 1
    assert all(low - 1e-6 <= tick <= low + width + 1e-6 for tick in ticks)


@given(a=values, b=values, value=values)
def test_places_stay_between_the_ends(a, b, value):
    scale = Scale(min(a, b), max(a, b), 4, 176)
    assert 4 <= scale(value) <= 176


def test_polyline():
    assert polyline([(0, 1), (2.5, 3)], closed=False) == "M0.00 1.00L2.50 3.00"
    assert polyline([(0, 0), (1, 0), (1, 1)], closed=True) == "M0.00 0.00L1.00 0.00L1.00 1.00Z"
    assert polyline([], closed=True) == ""


def test_padding_looks_at_finite_values_alone():
    assert padded([1.0, 3.0, math.nan, math.inf], 0.1) == pytest.approx((0.8, 3.2))
    assert padded([], 0.1) == (0.0, 1.0)
    low, high = padded([5.0, 5.0], 0.1)
    assert low < 5 < high
    low, high = padded([0.0], 0.1)
    assert low < 0 < high
