"""Folds whose scores have printed means: by hand, by trying all, and for folds at random."""

import os
import time
from fractions import Fraction
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reproduce.audit.fold_checks import search
from reproduce.audit.fold_search import Folds, find_folds, prints
from reproduce.audit.integer_program import MARGIN, _quiet
from reproduce.audit.interval import Interval
from reproduce.audit.make_up import make_up
from reproduce.audit.matrix import Matrix
from reproduce.audit.matrix_search import Level
from reproduce.audit.prevalence import mean_accuracy
from reproduce.audit.scores import score_of

RATES = ("accuracy", "sensitivity", "specificity")


def soon(seconds=60.0):
    return time.monotonic() + seconds


def around(name, value, half=Fraction(1, 2000)):
    return Level(score_of(name), Interval(value - half, value + half))


def column(rates, name, dice=None):
    sides = zip(RATES, (rates[name].accuracy, rates[name].sensitivity, rates[name].specificity), strict=True)
    levels = [Level(score_of(metric), side) for metric, side in sides]
    return levels if dice is None else [*levels, Level(score_of("dice"), dice[name])]


def matrices(positives, negatives):
    return [
        Matrix(tp, positives - tp, negatives - tn, tn) for tp in range(positives + 1) for tn in range(negatives + 1)
    ]


def means(names, folds):
    return {name: sum(score_of(name).value(m) for m in folds) / len(folds) for name in names}


@pytest.mark.parametrize("name", ["LIDC before", "LIDC after"])
def test_five_folds_of_17_to_37_positives_print_either_column_of_table_1(rates, name):
    levels = column(rates, name)
    folds = [(17, 83), (17, 83), (27, 73), (37, 63), (37, 63)]
    found = find_folds(levels, folds, end=soon())
    assert [(m.tp + m.fn, m.fp + m.tn) for m in found.matrices] == folds
    assert prints(levels, found.matrices)


@pytest.mark.parametrize(
    ("positives", "before", "after"), [(260, True, False), (480, False, True), (370, False, False)]
)
def test_five_folds_of_equal_prevalence_print_one_column_of_table_1_at_most(rates, positives, before, after):
    folds = [(positives, 1000 - positives)] * 5
    for name, possible in (("LIDC before", before), ("LIDC after", after)):
        found = find_folds(column(rates, name), folds, end=soon())
        assert (bool(found.matrices), found.proven) == (possible, True)


def test_five_folds_of_17_to_37_per_cent_print_both_columns_of_table_1_with_dice(rates, dice):
    columns = [column(rates, name, dice) for name in ("LIDC before", "LIDC after")]
    folds = [make_up(range(170, 371), range(630, 831), range(1000, 1001))] * 5
    answer = search(columns, folds, end=soon())
    assert answer.proven
    for levels, found in zip(columns, answer.matrices, strict=True):
        assert prints(levels, found)
        assert all(170 <= m.tp + m.fn <= 370 and sum(m.counts) == 1000 for m in found)
    before, after = answer.matrices
    assert [m.tp + m.fn for m in before] == [m.tp + m.fn for m in after]


def test_folds_near_the_pooled_prevalence_of_one_column_do_not_print_the_other(rates):
    folds = [make_up(range(250, 261), range(740, 751))] * 5
    assert search([column(rates, "LIDC after")], folds, end=soon(5)).proven
    assert search([column(rates, "LIDC after")], folds, end=soon(5)).matrices == ()
    assert search([column(rates, "LIDC before")], folds, end=soon()).matrices


@pytest.mark.parametrize("names", [RATES, ("balanced accuracy", "fnr"), ("dice", "specificity"), ("precision", "f2")])
@pytest.mark.parametrize("folds", [((2, 3), (2, 3)), ((1, 2), (3, 2))])
def test_the_search_finds_the_same_as_trying_all_folds(names, folds):
    every = [means(names, pair) for pair in product(*(matrices(*pair) for pair in folds))]
    for target in (Fraction(1, 2), Fraction(3, 5), Fraction(2, 3), Fraction(7, 9)):
        for shift in (Fraction(0), Fraction(1, 12)):
            levels = [around(name, target + i * shift, Fraction(1, 40)) for i, name in enumerate(names)]
            possible = any(
                all(level.share.low <= each[level.score.name] <= level.share.high for level in levels) for each in every
            )
            found = find_folds(levels, folds, end=soon())
            assert found.proven
            assert bool(found.matrices) == possible


pairs = st.tuples(st.integers(1, 12), st.integers(1, 12))


@settings(max_examples=30, deadline=None)
@given(
    st.lists(pairs, min_size=2, max_size=4),
    st.lists(st.sampled_from([*RATES, "dice", "npv", "lr-", "kappa", "for"]), min_size=1, max_size=3, unique=True),
    st.data(),
)
def test_folds_at_random_are_feasible_and_the_witness_prints_their_means(folds, names, data):
    true = [data.draw(st.sampled_from(matrices(*pair))) for pair in folds]
    names = [name for name in names if all(score_of(name).value(m) is not None for m in true)]
    levels = [around(name, value) for name, value in means(names, true).items()]
    if not levels:
        return
    found = find_folds(levels, folds, end=soon(5))
    assert found.matrices or not found.proven
    assert not found.matrices or prints(levels, found.matrices)


def test_what_lies_within_the_margin_of_the_solver_is_left_open():
    # Two folds of 4 positives have mean sensitivities of 0, 1/8 ... An interval that ends just below 5/8 has none.
    half = Fraction(1, 200)
    middle = Fraction(5, 8) - half
    inside, near, beyond = (
        [around("sensitivity", middle - off * half, half)]
        for off in (Fraction(0), Fraction(MARGIN) / 2, Fraction(MARGIN) * 3)
    )
    folds = [(4, 2), (4, 2)]
    assert [m.tp for m in find_folds(inside, folds, end=soon()).matrices] == [2, 3]
    assert find_folds(near, folds, end=soon()) == Folds((), proven=False)
    assert find_folds(beyond, folds, end=soon()) == Folds((), proven=True)


def test_what_floats_cannot_tell_apart_is_left_open():
    folds = [(4, 2), (4, 2)]
    for half, proven in ((Fraction(1, 10**10), False), (Fraction(1, 10**7), True)):
        assert find_folds([around("sensitivity", Fraction(7, 10), half)], folds, end=soon()) == Folds((), proven=proven)
    # 10 ** 7 positives: the third of their number is not whole.
    none = [around("sensitivity", Fraction(1, 3), Fraction(1, 10**8))]
    assert find_folds(none, [(10**7, 1)], end=soon()) == Folds((), proven=False)


def test_what_the_solver_writes_stays_out_of_the_output(capfd):
    with _quiet():
        os.write(1, b"HighsMipSolverData")
    print("[]")
    assert capfd.readouterr().out == "[]\n"


def test_nothing_is_proven_when_time_is_up():
    levels = [around("dice", Fraction(4, 5))]
    assert find_folds(levels, [(5, 5)] * 3, end=soon(-1)) == Folds((), proven=False)
    assert search([levels], [make_up(range(5, 6), range(5, 6))] * 3, end=soon(-1)).proven is False


def test_mean_accuracy_by_hand():
    # S = .9, C = .8, p of .2 to .4: w = .7, so .4 .9 + .8 .8 - .2 .7 = .86 and .2 .9 + .6 .8 + .2 .7 = .80.
    s, c = Fraction(9, 10), Fraction(8, 10)
    possible = mean_accuracy(Interval(s, s), Interval(c, c), Interval(Fraction(1, 5), Fraction(2, 5)))
    assert possible == Interval(Fraction(80, 100), Fraction(86, 100))
    # With one prevalence it is the identity of one matrix.
    assert mean_accuracy(Interval(s, s), Interval(c, c), Interval(Fraction(1, 5), Fraction(1, 5))) == Interval(
        Fraction(82, 100), Fraction(82, 100)
    )


@given(st.lists(st.tuples(pairs, st.integers(0, 12), st.integers(0, 12)), min_size=1, max_size=5))
def test_mean_accuracy_of_any_folds_is_possible(folds):
    all_of = [Matrix(min(tp, p), p - min(tp, p), n - min(tn, n), min(tn, n)) for (p, n), tp, tn in folds]
    accuracy, s, c = means(RATES, all_of).values()
    shares = [Fraction(p, p + n) for (p, n), _, _ in folds]
    possible = mean_accuracy(Interval(s, s), Interval(c, c), Interval(min(shares), max(shares)))
    assert possible.low <= accuracy <= possible.high
