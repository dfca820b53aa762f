"""One confusion matrix that prints several scores: by hand, by trying every matrix, and for any matrix at all."""

import time
from decimal import ROUND_HALF_EVEN, Decimal
from fractions import Fraction
from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reproduce.audit.interval import Interval, rounded
from reproduce.audit.make_up import LARGEST_TEST_SET, make_up
from reproduce.audit.matrix import Matrix
from reproduce.audit.matrix_search import Answer, Level, cone, find_matrix, prevalences
from reproduce.audit.scores import SCORES, score_of

NAMES = [score.name for score in SCORES]


def level(name, value):
    """A score as printed: as a ratio, or in per cent with a %."""
    text, scale = (value[:-1], Fraction(1, 100)) if value.endswith("%") else (value, 1)
    return Level(score_of(name), rounded(text, len(text.partition(".")[2])).scaled(scale))


def levels(**printed):
    return [level(name, value) for name, value in printed.items()]


def all_matrices(positives, negatives):
    for tp in range(positives + 1):
        for tn in range(negatives + 1):
            yield Matrix(tp, positives - tp, negatives - tn, tn)


def printed(score, matrix, decimals):
    """What a matrix prints: exact half-way cases to even, as most software does; None for no value."""
    value = score.value(matrix)
    if value is None:
        return None
    number = Decimal(value.numerator) / Decimal(value.denominator)
    number = number if score.power == 1 else number.copy_abs().sqrt().copy_sign(number)
    text = str(number.quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_EVEN))
    return text.lstrip("-") if Decimal(text) == 0 else text


LIDC = {"accuracy": "89.6%", "sensitivity": "85.7%", "specificity": "91.0%", "dice": "0.812"}


def test_the_column_of_document_000_that_one_matrix_prints():
    # 54 of 63, 161 of 177, 215 of 240; 108 / 133: the smallest, as the search for the four rates alone finds it.
    assert find_matrix(levels(**LIDC), make_up(None, None)) == Answer(Matrix(54, 9, 16, 161))
    fewer = {name: value for name, value in LIDC.items() if name != "dice"}
    assert find_matrix(levels(**fewer), make_up(None, None)) == Answer(Matrix(24, 4, 7, 71))


def test_a_column_that_no_matrix_of_any_size_prints():
    after = levels(accuracy="95.2%", sensitivity="93.5%", specificity="96.8%", dice="0.894")
    assert cone(after) == []
    assert find_matrix(after, make_up(None, None)) == Answer(None, proven=True)


def test_prevalence_is_that_of_the_formula():
    # (C - A) / (C - S): 1.30 / 5.30 to 1.50 / 5.30.
    edges = cone(levels(accuracy="89.6%", sensitivity="85.7%", specificity="91.0%"))
    assert prevalences(edges) == Interval(Fraction(13, 53), Fraction(15, 53))


def test_known_numbers_decide_what_unknown_ones_leave_open():
    column = levels(sensitivity="85.7%", precision="77.1%")
    assert find_matrix(column, make_up(range(63, 64), range(177, 178))).matrix == Matrix(54, 9, 16, 161)
    # 85.7 % of 62 would be 53.13.
    assert find_matrix(column, make_up(range(62, 63), range(178, 179))) == Answer(None, proven=True)
    assert find_matrix(column, make_up(range(62, 64), range(177, 178))).matrix == Matrix(54, 9, 16, 161)
    assert find_matrix(column, make_up(None, None, range(240, 241))).matrix == Matrix(54, 9, 16, 161)


def test_a_column_without_a_small_matrix_gets_a_large_one():
    # Four decimals of pixels: U-Net on DRIVE.
    pixels = levels(dice="0.8157", sensitivity="0.7924", specificity="0.9781", accuracy="0.9544")
    found = find_matrix(pixels, make_up(None, None)).matrix
    assert sum(found.counts) > LARGEST_TEST_SET
    assert all(each.printed_by(found) for each in pixels)


def test_one_known_side_proves_where_the_other_cannot_help():
    known = make_up(range(63, 64), None)
    # .7924 of 63 is 49.9, whatever the negatives.
    assert find_matrix(levels(sensitivity="0.7924", accuracy="0.9"), known) == Answer(None, proven=True)
    # 12.7 % positives make at most 500 cases of 63; Dice 0.8157 is of none of them.
    column = levels(dice="0.81571", specificity="0.97810", accuracy="0.95440")
    assert find_matrix(column, known) == Answer(None, proven=True)
    # Specificity and NPV alone leave open how large the negatives are.
    answer = find_matrix(levels(specificity="0.99981", npv="0.99721"), known)
    assert (answer.matrix, answer.proven) == (None, False)
    assert answer.reason == "no test set up to 2000 cases prints it"


def test_a_score_without_a_value_is_no_print():
    # Nothing called positive: precision 0 / 0 counts as 0, as scikit-learn prints it.
    column = levels(sensitivity="0.0%", specificity="100.0%", precision="0.0%")
    assert find_matrix(column, make_up(range(5, 6), range(9, 10))).matrix == Matrix(0, 5, 0, 9)
    other = levels(sensitivity="0.0%", specificity="100.0%", precision="50.0%")
    assert find_matrix(other, make_up(range(5, 6), range(9, 10))) == Answer(None, proven=True)
    assert find_matrix(levels(**{"lr+": "3.5", "specificity": "100%"}), make_up(range(5, 6), range(9, 10))).proven


def test_a_value_of_0_by_0_does_not_hide_the_counts_beside_it():
    # No positive missed: with TN = 0 the NPV is 0 / 0, with TN = 1 it is 1.
    column = levels(sensitivity="100.0%", npv="100.0%")
    assert find_matrix(column, make_up(range(5, 6), range(9, 10))).matrix == Matrix(5, 0, 8, 1)


@pytest.mark.parametrize("names", [*combinations(["precision", "kappa", "mcc", "f2", "dor", "markedness", "lr-"], 2)])
def test_the_search_finds_the_same_as_trying_every_matrix(names):
    for positives, negatives in ((4, 5), (7, 3)):
        for first in ("0.5", "0.6", "0.9", "3"):
            for second in ("0.4", "0.7", "2"):
                pair = [level(names[0], first), level(names[1], second)]
                any_one = any(all(each.printed_by(m) for each in pair) for m in all_matrices(positives, negatives))
                known = make_up(range(positives, positives + 1), range(negatives, negatives + 1))
                answer = find_matrix(pair, known)
                assert answer.proven
                assert (answer.matrix is not None) == any_one


counts = st.tuples(*(st.integers(0, 60),) * 4).filter(lambda c: c[0] + c[1] > 0 and c[2] + c[3] > 0)


@settings(max_examples=150, deadline=None)
@given(counts, st.lists(st.sampled_from(NAMES), min_size=1, max_size=5, unique=True), st.integers(0, 4), st.data())
def test_a_column_made_from_a_matrix_is_feasible_and_the_witness_prints_it(confusion, names, decimals, data):
    matrix = Matrix(*confusion)
    texts = {name: printed(score_of(name), matrix, decimals) for name in names}
    column = [Level(score_of(name), rounded(text, decimals)) for name, text in texts.items() if text is not None]
    positives, negatives = matrix.tp + matrix.fn, matrix.fp + matrix.tn
    made_up = data.draw(
        st.sampled_from(
            [
                make_up(range(positives, positives + 1), range(negatives, negatives + 1)),
                make_up(range(max(1, positives - 2), positives + 3), range(negatives, negatives + 2)),
                make_up(None, None, range(positives + negatives, positives + negatives + 1)),
                make_up(None, None),
            ]
        )
    )
    found = find_matrix(column, made_up).matrix
    assert found is not None
    assert found.tp + found.fn in made_up.positives
    assert found.fp + found.tn in made_up.negatives
    # Printed again: the same text, or its neighbour where the value lies half-way between two.
    for each in column:
        value, ends = each.score.value(found), each.score.raised(each.share)
        assert value in (ends.low, ends.high) or printed(each.score, found, decimals) == texts[each.score.name]


@pytest.mark.parametrize(
    "column",
    [
        {"accuracy": "89.6%", "sensitivity": "85.7%", "specificity": "91.0%"},
        {"accuracy": "89.6%", "f1": "0.812", "precision": "77.2%"},
        {"balanced accuracy": "0.88", "kappa": "0.71", "accuracy": "95.3%"},
    ],
)
def test_all_makeups_of_1018_cases_take_at_most_a_tenth_of_a_second(column):
    started = time.process_time()
    find_matrix(levels(**column), make_up(None, None, range(1018, 1019)))
    assert time.process_time() - started < 0.1
