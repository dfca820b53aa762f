from dataclasses import replace
from fractions import Fraction

import pytest

from reproduce.audit.counts import Counts, attainable, counts_given, smallest_counts
from reproduce.audit.interval import Interval
from reproduce.audit.prevalence import Rates


@pytest.mark.parametrize(
    ("column", "n", "positives", "tp", "tn"),
    [
        ("LIDC before", 106, 28, 24, 71),
        ("LIDC after", 62, 31, 29, 30),
        ("BraTS before", 181, 59, 48, 110),
        ("BraTS after", 102, 34, 31, 65),
    ],
)
def test_smallest_test_set_of_each_column(rates, column, n, positives, tp, tn):
    assert smallest_counts([rates[column]], 500) == Counts(n, positives, ((tp, tn),))
    # They print what the column prints, e.g. 24/28 = 85.71, 71/78 = 91.03, 95/106 = 89.62 %.
    column = rates[column]
    for value, side in (
        (Fraction(tp, positives), column.sensitivity),
        (Fraction(tn, n - positives), column.specificity),
        (Fraction(tp + tn, n), column.accuracy),
    ):
        assert side.low <= value <= side.high
    assert smallest_counts([column], n - 1) is None


def test_dice_makes_the_smallest_test_set_larger_or_leaves_none(rates, dice):
    before = replace(rates["LIDC before"], dice=dice["LIDC before"])
    found = smallest_counts([before], 500)
    assert (found.n, found.positives) == (240, 63)
    ((tp, tn),) = found.hits
    # 54 of 63, 161 of 177, 215 of 240; 108 / (108 + 16 + 9)
    assert (tp, tn, Fraction(2 * tp, tp + found.n - tn)) == (54, 161, Fraction(108, 133))
    for column in ("LIDC after", "BraTS before", "BraTS after"):
        assert smallest_counts([replace(rates[column], dice=dice[column])], 300) is None


def test_the_search_with_dice_finds_the_same_as_trying_every_confusion_matrix(share):
    def within(value, side):
        return side.low <= value <= side.high

    column = Rates(share("80", 0), share("75", 0), share("83", 0), share("72", 0))
    found = next(
        Counts(n, positives, ((tp, tn),))
        for n in range(2, 200)
        for positives in range(1, n)
        for tp in range(1, positives + 1)
        for tn in range(n - positives + 1)
        if within(Fraction(tp, positives), column.sensitivity)
        and within(Fraction(tn, n - positives), column.specificity)
        and within(Fraction(tp + tn, n), column.accuracy)
        and within(Fraction(2 * tp, tp + n - tn), column.dice)
    )
    assert smallest_counts([column], 200) == found != smallest_counts([replace(column, dice=None)], 200)


def test_smallest_test_set_of_both_columns_of_brats(rates):
    both = [rates["BraTS before"], rates["BraTS after"]]
    assert smallest_counts(both, 500) == Counts(306, 102, ((83, 184), (93, 195)))


def test_no_test_set_of_any_size_gives_both_columns_of_lidc(rates):
    assert smallest_counts([rates["LIDC before"], rates["LIDC after"]], 10**9) is None


def test_search_finds_the_same_as_trying_every_confusion_matrix(share):
    column = Rates(share("80", 0), share("75", 0), share("83", 0))
    found = next(
        Counts(n, positives, ((tp, tn),))
        for n in range(2, 100)
        for positives in range(1, n)
        for tp in range(positives + 1)
        for tn in range(n - positives + 1)
        if column.sensitivity.meet(Interval(Fraction(tp, positives), Fraction(tp, positives)))
        and column.specificity.meet(Interval(Fraction(tn, n - positives), Fraction(tn, n - positives)))
        and column.accuracy.meet(Interval(Fraction(tp + tn, n), Fraction(tp + tn, n)))
    )
    assert smallest_counts([column], 100) == found


def test_attainable_scores_of_20_cases(share):
    # 17 of 20 is 85.0; 85.7 would be 17.14 of 20.
    assert attainable(share("85.0"), 20)
    assert not attainable(share("85.7"), 20)
    # Of 10 to the 100 cases every printed share can be had.
    assert attainable(share("85.7"), 10**100)
    # 6 of 7 is 85.71.
    assert attainable(share("85.7"), 7)


def test_counts_of_a_known_test_set(rates):
    assert counts_given(rates["LIDC before"], 28, 78) == (24, 71)
    assert counts_given(rates["LIDC before"], 29, 77) is None
    # The rates alone fit 31 positives and 31 negatives, but not with this accuracy.
    column = rates["LIDC after"]
    assert counts_given(column, 31, 31) == (29, 30)
    assert (
        counts_given(
            Rates(Interval(Fraction(96, 100), Fraction(97, 100)), column.sensitivity, column.specificity), 31, 31
        )
        is None
    )
