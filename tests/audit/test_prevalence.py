from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reproduce.audit.interval import Interval
from reproduce.audit.prevalence import Rates, expected_accuracy, least_covariance, prevalence, shared_prevalence

counts = st.tuples(*(st.integers(0, 30),) * 4).filter(lambda c: c[0] + c[1] > 0 and c[2] + c[3] > 0)


def around(value, half):
    return Interval(max(Fraction(0), value - half), min(Fraction(1), value + half))


@pytest.mark.parametrize(
    ("column", "printed"),
    [
        # (C - A) / (C - S): lowest 1.30 / 5.30, highest 1.50 / 5.30.
        ("LIDC before", "[0.2453, 0.2830]"),
        # 1.50 / 3.30 and 1.70 / 3.30.
        ("LIDC after", "[0.4545, 0.5152]"),
        # 2.80 / 8.80 and 3.00 / 8.80.
        ("BraTS before", "[0.3182, 0.3409]"),
        # 1.40 / 4.40 and 1.60 / 4.40.
        ("BraTS after", "[0.3182, 0.3636]"),
    ],
)
def test_prevalence_of_the_columns_of_document_000(rates, column, printed):
    assert prevalence(rates[column]).text(4) == printed


@pytest.mark.parametrize(
    ("column", "middle"),
    [("LIDC before", 0.264), ("LIDC after", 0.485), ("BraTS before", 0.330), ("BraTS after", 0.341)],
)
def test_prevalence_of_the_printed_numbers_themselves(rates, column, middle):
    column = rates[column]
    exact = Rates(*(Interval(side.mid, side.mid) for side in (column.accuracy, column.sensitivity, column.specificity)))
    p = prevalence(exact)
    assert p.low == p.high
    assert round(float(p.low), 3) == middle


def test_specificity_of_91_without_decimals_widens_the_interval(share, rates):
    whole = Rates(share("89.6"), share("85.7"), share("91", 0))
    assert prevalence(whole).text(4) == "[0.1753, 0.3391]"
    assert round(float(prevalence(whole).gap(prevalence(rates["LIDC after"]))), 3) == 0.115


def test_columns_of_lidc_share_no_prevalence(rates):
    before, after = rates["LIDC before"], rates["LIDC after"]
    assert shared_prevalence([before, after]) is None
    assert round(float(prevalence(before).gap(prevalence(after))), 4) == 0.1715
    assert expected_accuracy(after, prevalence(before)).scaled(100).text(2) == "[95.82, 96.04]"
    assert expected_accuracy(before, prevalence(after)).scaled(100).text(2) == "[88.22, 88.64]"


def test_columns_of_brats_share_a_prevalence(rates):
    assert shared_prevalence([rates["BraTS before"], rates["BraTS after"]]).text(4) == "[0.3182, 0.3409]"


def test_covariance_over_folds_that_lidc_needs(rates):
    columns = [rates["LIDC before"], rates["LIDC after"]]
    in_points = {who: 100 * least_covariance(columns, who) for who in ((1,), (0,), (0, 1))}
    # The optimised column alone, at the nearest p of the other, 1.5 / 5.3: 1.5 - 3.3 * 1.5 / 5.3.
    assert round(float(in_points[1,]), 3) == 0.566
    # The unoptimised column alone, at p = 1.5 / 3.3: 5.3 * 1.5 / 3.3 - 1.5.
    assert round(float(in_points[0,]), 3) == 0.909
    # Fold averages give a covariance to both: 5.3 p - 1.5 = 1.5 - 3.3 p at p = 3 / 8.6, which leaves 0.349 to each.
    # 0.566 is therefore no lower bound for averages over folds, but only for one column averaged and one pooled.
    assert in_points[0, 1] == Fraction(53, 10) * Fraction(30, 86) - Fraction(15, 10)
    assert round(float(in_points[0, 1]), 3) == 0.349
    # Fold prevalence sd 0.05: sd(S - C) of at least 11.3 points for 0.566, of 7.0 for 0.349.
    assert [round(float(in_points[who]) / 0.05, 1) for who in ((1,), (0, 1))] == [11.3, 7.0]


def test_no_covariance_is_needed_where_pooling_fits(rates):
    columns = [rates["BraTS before"], rates["BraTS after"]]
    assert least_covariance(columns, (0, 1)) == 0
    assert least_covariance(columns, ()) == 0


def test_no_covariance_helps_columns_that_may_not_depart(rates):
    assert least_covariance([rates["LIDC before"], rates["LIDC after"]], ()) is None


def test_accuracy_outside_sensitivity_and_specificity_fits_no_prevalence(share):
    assert prevalence(Rates(share("97.0"), share("90.0"), share("95.0"))) is None
    assert prevalence(Rates(share("80.0"), share("90.0"), share("95.0"))) is None
    columns = [Rates(share("97.0"), share("90.0"), share("95.0")), Rates(share("92.0"), share("90.0"), share("95.0"))]
    assert shared_prevalence(columns) is None


def test_equal_sensitivity_and_specificity_leave_prevalence_open(share):
    assert prevalence(Rates(share("90.0"), share("90.0"), share("90.0"))) == Interval(0, 1)


def test_sensitivity_above_specificity_works_the_same_way(share):
    # p = (A - C) / (S - C) from 0.195 / 0.2 ... : A 88.0, S 90.0, C 70.0 gives 0.9.
    p = prevalence(Rates(share("88.0"), share("90.0"), share("70.0")))
    assert p.low < Fraction(9, 10) < p.high


@given(counts, st.fractions(min_value=0, max_value=Fraction(1, 20)))
def test_true_prevalence_is_always_among_the_possible_ones(confusion, half):
    tp, fn, tn, fp = confusion
    n = tp + fn + tn + fp
    column = Rates(
        around(Fraction(tp + tn, n), half), around(Fraction(tp, tp + fn), half), around(Fraction(tn, tn + fp), half)
    )
    p = prevalence(column)
    assert p.low <= Fraction(tp + fn, n) <= p.high


@given(counts, counts)
def test_columns_of_one_test_set_are_never_called_disjoint(one, other):
    tp, fn, tn, fp = one
    positives, negatives, n = tp + fn, tn + fp, sum(one)
    second_tp, second_tn = min(other[0], positives), min(other[2], negatives)
    columns = [
        Rates(
            *(
                around(value, Fraction(1, 2000))
                for value in (Fraction(a + b, n), Fraction(a, positives), Fraction(b, negatives))
            )
        )
        for a, b in ((tp, tn), (second_tp, second_tn))
    ]
    assert shared_prevalence(columns) is not None
    assert least_covariance(columns, (0, 1)) == 0
