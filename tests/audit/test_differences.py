from fractions import Fraction

import pytest

from reproduce.audit.differences import in_points, level_after, relative
from reproduce.audit.interval import Interval, rounded

TABLE = {
    # new, old, decimals, difference in points, its interval, relative in per cent
    "LIDC accuracy": ("95.2", "89.6", 1, "[5.50, 5.70]", 6.25),
    "LIDC sensitivity": ("93.5", "85.7", 1, "[7.70, 7.90]", 9.10),
    "LIDC specificity": ("96.8", "91", 1, "[5.70, 5.90]", 6.37),
    "BraTS accuracy": ("94.1", "87.3", 1, "[6.70, 6.90]", 7.79),
    "BraTS sensitivity": ("91.2", "81.4", 1, "[9.70, 9.90]", 12.04),
    "BraTS specificity": ("95.6", "90.2", 1, "[5.30, 5.50]", 5.99),
}


@pytest.mark.parametrize("row", TABLE)
def test_differences_of_the_percentages_of_document_000(row):
    new, old, decimals, points, share = TABLE[row]
    assert in_points(rounded(new, decimals), rounded(old, decimals)).text(2) == points
    assert round(float(100 * (Fraction(new) / Fraction(old) - 1)), 2) == share
    both = relative(rounded(new, decimals), rounded(old, decimals))
    assert both.low < Fraction(new) / Fraction(old) - 1 < both.high


def test_difference_of_the_dice_of_lidc():
    new, old = rounded("0.894", 3), rounded("0.812", 3)
    assert in_points(new, old).text(3) == "[0.081, 0.083]"
    assert relative(new, old).scaled(100).text(2) == "[9.97, 10.23]"
    # .894 / .812 - 1 = 10.10 %: 10.2 rounds from 10.15 to 10.25, so only levels before rounding reach it.
    assert round(float(100 * (Fraction("0.894") / Fraction("0.812") - 1)), 2) == 10.10
    assert relative(new, old).scaled(100).meet(rounded("10.2", 1)).text(2) == "[10.15, 10.23]"
    assert in_points(new, old).scaled(100).meet(rounded("10.2", 1)) is None


def test_difference_of_the_dice_of_brats():
    new, old = Fraction("0.885"), Fraction("0.768")
    assert new - old == Fraction("0.117")
    assert round(float(100 * (new / old - 1)), 1) == 15.2


def test_relative_difference_needs_a_level_above_zero():
    assert relative(Interval(Fraction(1, 2), 1), Interval(0, Fraction(1, 10))) is None


def test_improvement_by_95_per_cent_over_85_to_90_is_impossible():
    base = Interval(Fraction(85, 100), Fraction(90, 100))
    # As a gain relative to the base: 85 * 1.95 = 165.75 % and more; in points 180 % and more.
    assert level_after(base, Fraction(95, 100), is_relative=True).low == Fraction(16575, 10000)
    assert level_after(base, Fraction(95, 100), is_relative=False).low == Fraction(180, 100)
    # Read as an accuracy of 95 % the gain is 5 to 10 points, 5.6 to 11.8 % relative.
    accuracy = Interval(Fraction(95, 100), Fraction(95, 100))
    assert in_points(accuracy, base).scaled(100).text(1) == "[5.0, 10.0]"
    assert relative(accuracy, base).scaled(100).text(1) == "[5.6, 11.8]"
