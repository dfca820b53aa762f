from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reproduce.audit.confusion_dice import (
    accuracy_of_dice,
    dice_at,
    implied_dice,
    needed_specificity,
    prevalence_of_dice,
)
from reproduce.audit.interval import SHARES, Interval
from reproduce.audit.prevalence import Rates

AUDIT = [
    ("LIDC before", "[0.8024, 0.8228]", True, "[0.2591, 0.2644]", "[89.55, 89.68]"),
    ("LIDC after", "[0.9470, 0.9521]", False, "[0.1658, 0.1734]", "[96.18, 96.30]"),
    ("BraTS before", "[0.8036, 0.8133]", False, "[0.2405, 0.2450]", "[87.99, 88.13]"),
    ("BraTS after", "[0.9084, 0.9177]", False, "[0.2239, 0.2321]", "[94.53, 94.66]"),
]


@pytest.mark.parametrize(("column", "expected", "fits", "tied", "accuracy"), AUDIT)
def test_dice_of_the_columns_of_document_000(rates, dice, column, expected, fits, tied, accuracy):
    one, printed = rates[column], dice[column]
    # Lowest for LIDC before: p = 1.30 / 5.30, S = .8565, A = .8965, so 2 p S / (2 p S + .1035) = .42017 / .52367.
    assert implied_dice(one).text(4) == expected
    assert (implied_dice(one).meet(printed) is not None) == fits
    assert prevalence_of_dice(printed, one.sensitivity, one.specificity).text(4) == tied
    assert accuracy_of_dice(printed, one.sensitivity, one.specificity).scaled(100).text(2) == accuracy


@pytest.mark.parametrize(("data", "gap"), [("LIDC", 0.086), ("BraTS", 0.008)])
def test_prevalence_from_dice_of_before_and_after_is_disjoint(rates, dice, data, gap):
    before, after = (
        prevalence_of_dice(dice[name], rates[name].sensitivity, rates[name].specificity)
        for name in (f"{data} before", f"{data} after")
    )
    assert before.meet(after) is None
    assert round(float(before.gap(after)), 3) == gap


@pytest.mark.parametrize(
    ("column", "at_1", "at_01", "specificity"),
    [
        # 2 * .01 * .857 / (.00857 + .01 + .99 * .09) = .01714 / .10767 = .159.
        ("LIDC before", 0.159, 0.019, 99.74),
        ("LIDC after", 0.366, 0.055, 99.84),
        ("BraTS before", 0.141, 0.016, 99.69),
        ("BraTS after", 0.291, 0.040, 99.85),
    ],
)
def test_dice_of_a_small_foreground(rates, dice, column, at_1, at_01, specificity):
    one = rates[column]
    middle = [Interval(side.mid, side.mid) for side in (one.sensitivity, one.specificity)]
    for percent, expected in ((Fraction(1), at_1), (Fraction(1, 10), at_01)):
        assert round(float(dice_at(Interval(percent / 100, percent / 100), *middle).low), 3) == expected
    needed = needed_specificity(dice[column].mid, one.sensitivity.mid, Fraction(1, 100))
    assert round(float(100 * needed), 2) == specificity


def test_needed_specificity_gives_that_dice():
    needed = needed_specificity(Fraction(8, 10), Fraction(9, 10), Fraction(2, 10))
    one = [Interval(value, value) for value in (Fraction(2, 10), Fraction(9, 10), needed)]
    assert dice_at(*one) == Interval(Fraction(8, 10), Fraction(8, 10))


def test_no_specificity_is_enough_above_the_ceiling_of_the_sensitivity():
    # Without false positives D = 2 * .5 / 1.5 = .667.
    assert needed_specificity(Fraction(7, 10), Fraction(1, 2), Fraction(1, 100)) is None


@pytest.mark.parametrize(("dice", "p"), [(0, Fraction(1, 2)), (Fraction(1, 2), 0), (Fraction(1, 2), 1)])
def test_needed_specificity_refuses_the_ends(dice, p):
    with pytest.raises(ValueError, match="expected dice > 0 and 0 < p < 1"):
        needed_specificity(Fraction(dice), Fraction(1, 2), Fraction(p))


def test_dice_above_the_ceiling_fits_no_prevalence(share):
    # S = 50 % allows a Dice of at most .667.
    printed = Interval(Fraction(7, 10), Fraction(71, 100))
    assert prevalence_of_dice(printed, share("50.0"), share("90.0")) is None
    assert accuracy_of_dice(printed, share("50.0"), share("90.0")) is None


def test_column_without_prevalence_has_no_dice(share):
    assert implied_dice(Rates(share("97.0"), share("90.0"), share("95.0"))) is None


def test_column_that_can_lack_positives_allows_dice_from_zero(share):
    assert implied_dice(Rates(share("95.0"), share("90.0"), share("95.0"))).low == 0


small = st.integers(0, 20)
confusions = st.tuples(small, small, small, small).filter(lambda c: c[0] + c[1] > 0 and c[2] + c[3] > 0)


def box(confusion, half):
    tp, fn, tn, fp = confusion
    values = (
        Fraction(tp + tn, sum(confusion)),
        Fraction(tp, tp + fn),
        Fraction(tn, tn + fp),
        Fraction(2 * tp, 2 * tp + fp + fn),
    )
    return [Interval(max(Fraction(0), value - half), min(Fraction(1), value + half)) for value in values]


@given(confusions, st.sampled_from([Fraction(0), Fraction(1, 2000), Fraction(1, 200), Fraction(1, 20)]))
def test_true_values_are_always_inside(confusion, half):
    tp, fn, _, fp = confusion
    accuracy, sensitivity, specificity, dice = box(confusion, half)
    expected = implied_dice(Rates(accuracy, sensitivity, specificity))
    assert expected.low <= Fraction(2 * tp, 2 * tp + fp + fn) <= expected.high
    p = prevalence_of_dice(dice, sensitivity, specificity)
    # Without false positives, or without hits, every prevalence gives the same Dice.
    assert p.low <= Fraction(tp + fn, sum(confusion)) <= p.high or half == 0


@given(
    st.tuples(*(st.fractions(min_value=Fraction(1, 20), max_value=Fraction(19, 20)),) * 3),
    st.sampled_from([Fraction(1, 2000), Fraction(1, 200), Fraction(1, 20)]),
    st.tuples(*(st.fractions(min_value=0, max_value=1),) * 3),
)
def test_bounds_hold_for_every_point_of_the_box(centre, half, inside):
    p, s, c = (value - half + 2 * half * part for value, part in zip(centre, inside, strict=True))
    accuracy, dice = p * s + (1 - p) * c, 2 * p * s / (p * s + p + (1 - p) * (1 - c))
    s_side, c_side = (Interval(value - half, value + half) for value in centre[1:])
    a_side, d_side = (Interval(value - half, value + half) for value in (accuracy, dice))
    expected = implied_dice(Rates(a_side, s_side, c_side))
    assert expected.low <= dice <= expected.high
    tied = prevalence_of_dice(d_side.clipped(SHARES), s_side, c_side)
    assert tied.low <= p <= tied.high
    allowed = accuracy_of_dice(d_side.clipped(SHARES), s_side, c_side)
    assert allowed.low <= accuracy <= allowed.high
