import math

import pytest

from reproduce.results.number_format import as_printed, in_unit, interval, number, p_text, reading, signed

NAN = float("nan")


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (93.456, "%", "93.5"),
        (0.8944, "ratio", "0.894"),
        (7410.0, "count", "7410"),
        (0.05, "points", "0.1"),
        (NAN, "%", "–"),
    ],
)
def test_number_has_the_decimals_of_its_unit(value, unit, text):
    assert number(value, unit) == text


def test_unknown_unit_is_no_number():
    with pytest.raises(KeyError):
        number(1.0, "cm")


@pytest.mark.parametrize(("value", "text"), [(1.24, "+1.2"), (-1.26, "-1.3"), (0.0, "+0.0"), (NAN, "–")])
def test_difference_has_its_sign(value, text):
    assert signed(value, "%") == text


def test_interval_is_one_dash_where_an_end_is_undefined():
    assert interval(61.04, 72.46, "%") == "61.0 to 72.5"
    assert interval(NAN, 72.46, "%") == "–"


@pytest.mark.parametrize(
    ("p", "text"), [(0.0312, "0.031"), (0.001, "0.001"), (0.0009, "< 0.001"), (1.0, "1.000"), (NAN, "–")]
)
def test_p_values(p, text):
    assert p_text(p) == text


def test_share_becomes_a_percentage_only_for_percent():
    assert in_unit(0.5, "%") == 50
    assert in_unit(0.5, "ratio") == 0.5


def test_reading_in_words():
    assert reading("pixel", "per_case") == "pixel, per case"


@pytest.mark.parametrize(
    ("value", "printed", "unit", "text"),
    [
        (95.26, "95.2", "%", "95.3"),
        (91.26, "91", "%", "91.3"),  # never fewer than one decimal of a percentage
        (95.267, "95.20", "%", "95.27"),
        (0.12345, "0.8", "ratio", "0.123"),
        (910.0, "928", "count", "910"),
        (math.nan, "95.2", "%", ""),
    ],
)
def test_ours_has_the_decimals_of_the_print(value, printed, unit, text):
    assert as_printed(value, printed, unit) == text
