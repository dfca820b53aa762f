from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reproduce.audit.interval import SHARES, Interval, common, corners, rounded, whole_numbers

numbers = st.fractions(min_value=-10, max_value=10, max_denominator=1000)
intervals = st.tuples(numbers, numbers).map(lambda ends: Interval(min(ends), max(ends)))


def test_print_is_half_a_unit_wide_on_each_side():
    assert rounded("95.2", 1) == Interval(Fraction(9515, 100), Fraction(9525, 100))
    assert rounded("91", 0) == Interval(Fraction(905, 10), Fraction(915, 10))
    assert rounded("91", 1) == Interval(Fraction(9095, 100), Fraction(9105, 100))


@given(st.fractions(min_value=0, max_value=1), st.integers(0, 6))
def test_every_number_lies_in_the_interval_of_its_print(number, decimals):
    step = Fraction(1, 10**decimals)
    printed = round(number / step)
    text = f"{printed // 10**decimals}.{printed % 10**decimals:0{decimals}d}" if decimals else str(printed)
    interval = rounded(text, decimals)
    assert interval.low <= number <= interval.high


def test_intervals_that_touch_share_the_point():
    assert Interval(0, 1).meet(Interval(1, 2)) == Interval(1, 1)
    assert Interval(0, 1).gap(Interval(1, 2)) == 0


@given(intervals, intervals)
def test_gap_is_zero_exactly_where_intervals_meet(one, other):
    assert (one.gap(other) == 0) == (one.meet(other) is not None)
    assert one.gap(other) == other.gap(one)


def test_common_of_three_is_none_where_two_are_disjoint():
    assert common([Interval(0, 2), Interval(1, 3), Interval(Fraction(3, 2), 4)]) == Interval(Fraction(3, 2), 2)
    assert common([Interval(0, 1), Interval(0, 5), Interval(2, 3)]) is None


def test_common_of_nothing_is_an_error():
    with pytest.raises(ValueError, match="empty"):
        common([])


def test_bounds_in_the_wrong_order_are_an_error():
    with pytest.raises(ValueError, match=r"expected low <= high, got 2\.0 > 1\.0"):
        Interval(2, 1)


def test_corners_of_a_quotient():
    # (1 to 2) / (4 to 5): 1/5 at one corner, 2/4 at the opposite one.
    assert corners(lambda a, b: a / b, Interval(1, 2), Interval(4, 5)) == Interval(Fraction(1, 5), Fraction(1, 2))


def test_whole_numbers_of_a_share():
    # 0.845 to 0.855 of 20 is 16.9 to 17.1; of 6 it is 5.07 to 5.13.
    share = Interval(Fraction(845, 1000), Fraction(855, 1000))
    assert list(whole_numbers(share, 20)) == [17]
    assert list(whole_numbers(share, 6)) == []
    # 1/8 = 0.125 rounds to 0.12 or 0.13; in binary the borders would be missed.
    assert list(whole_numbers(rounded("0.12", 2), 8)) == list(whole_numbers(rounded("0.13", 2), 8)) == [1]


@given(st.integers(1, 500), st.integers(0, 4), st.data())
def test_what_is_rounded_is_among_the_whole_numbers(n, decimals, data):
    k = data.draw(st.integers(0, n))
    assert k in whole_numbers(rounded(f"{k / n:.{decimals}f}", decimals), n)


def test_clip_moves_both_bounds():
    assert Interval(Fraction(-1, 2), Fraction(3, 2)).clipped(SHARES) == Interval(0, 1)
    assert Interval(2, 3).clipped(SHARES) == Interval(1, 1)


def test_text_rounds_for_reading():
    assert Interval(Fraction(13, 53), Fraction(15, 53)).text(4) == "[0.2453, 0.2830]"
