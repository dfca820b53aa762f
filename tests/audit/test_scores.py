"""Scores by hand values, by their properties, and under their names in print."""

import doctest
from fractions import Fraction
from itertools import pairwise
from math import sqrt

import pytest

from reproduce.audit import make_up, scores
from reproduce.audit.interval import Interval
from reproduce.audit.matrix import Matrix
from reproduce.audit.scores import SCORES, canonical, score_of

# 63 positives, 177 negatives, 240 cases; 70 called positive, 170 negative.
MATRIX = Matrix(tp=54, fn=9, fp=16, tn=161)
BY_HAND = {
    "accuracy": Fraction(215, 240),
    "sensitivity": Fraction(54, 63),
    "specificity": Fraction(161, 177),
    "precision": Fraction(54, 70),
    "npv": Fraction(161, 170),
    "f1": Fraction(108, 133),
    "dice": Fraction(108, 133),
    # (1 + 4) 54 / (5 54 + 4 9 + 16) and (1 + 1/4) 54 / (5/4 54 + 1/4 9 + 16).
    "f2": Fraction(270, 322),
    "f0.5": Fraction(270, 343),
    "iou": Fraction(54, 79),
    "voe": Fraction(25, 79),
    "error rate": Fraction(25, 240),
    "fpr": Fraction(16, 177),
    "fnr": Fraction(9, 63),
    "fdr": Fraction(16, 70),
    "for": Fraction(9, 170),
    "balanced accuracy": (Fraction(54, 63) + Fraction(161, 177)) / 2,
    "youden": Fraction(54, 63) + Fraction(161, 177) - 1,
    "markedness": Fraction(54, 70) + Fraction(161, 170) - 1,
    "lr+": Fraction(54, 63) / Fraction(16, 177),
    "lr-": Fraction(9, 63) / Fraction(161, 177),
    "dor": Fraction(54 * 161, 16 * 9),
    # Observed agreement 215 / 240, expected (70 63 + 170 177) / 240**2.
    "kappa": (Fraction(215, 240) - Fraction(34500, 57600)) / (1 - Fraction(34500, 57600)),
    # (54 161 - 16 9)**2 / (70 63 177 170); the squares of the other two are products of rates.
    "mcc": Fraction(8550**2, 70 * 63 * 177 * 170),
    "fowlkes-mallows": Fraction(54, 70) * Fraction(54, 63),
    "g-mean": Fraction(54, 63) * Fraction(161, 177),
}


def matrices(positives, negatives):
    return [
        [Matrix(tp, positives - tp, negatives - tn, tn) for tn in range(negatives + 1)] for tp in range(positives + 1)
    ]


@pytest.mark.parametrize("score", SCORES, ids=lambda score: score.name)
def test_value_by_hand(score):
    assert score.value(MATRIX) == BY_HAND[score.name]


def test_every_score_has_a_value_by_hand():
    assert set(BY_HAND) == {score.name for score in SCORES}


@pytest.mark.parametrize("score", SCORES, ids=lambda score: score.name)
def test_a_score_rises_or_falls_with_both_counts_and_stays_in_its_range(score):
    rises = score.name not in ("voe", "error rate", "fpr", "fnr", "fdr", "for", "lr-")
    for positives, negatives in ((1, 1), (3, 7), (6, 5)):
        grid = [[score.value(each) for each in row] for row in matrices(positives, negatives)]
        # A number by 0 is larger than every other.
        grid = [[Fraction(10**9) if value is None else value for value in row] for row in grid]
        for line in (*grid, *zip(*grid, strict=True)):
            assert all((a <= b) if rises else (a >= b) for a, b in pairwise(line))
        values = [value for row in grid for value in row]
        assert min(values) >= score.low
        assert score.high is None or max(values) <= score.high


def test_a_root_is_compared_by_its_signed_square():
    mcc, root = score_of("mcc"), sqrt(float(BY_HAND["mcc"]))
    assert round(root, 4) == 0.7422
    assert mcc.prints(Interval(Fraction(7421, 10000), Fraction(7423, 10000)), MATRIX)
    assert not mcc.prints(Interval(Fraction(7423, 10000), Fraction(7425, 10000)), MATRIX)
    # Called positive and negative the other way round the sign turns: 9 16 - 161 54.
    wrong = Matrix(tp=9, fn=54, fp=161, tn=16)
    assert mcc.value(wrong) == -BY_HAND["mcc"]
    assert mcc.prints(Interval(Fraction(-7423, 10000), Fraction(-7421, 10000)), wrong)


def test_nothing_called_positive():
    none = Matrix(tp=0, fn=5, fp=0, tn=9)
    assert score_of("precision").value(none) == score_of("mcc").value(none) == 0
    # The likelihood ratio of a test without false positives has no value.
    assert score_of("lr+").value(Matrix(tp=1, fn=4, fp=0, tn=9)) is None
    assert not score_of("lr+").prints(Interval(Fraction(0), Fraction(10**9)), Matrix(tp=1, fn=4, fp=0, tn=9))


def test_no_two_scores_share_a_name():
    names = [scores._key(name) for score in SCORES for name in (score.name, *score.aliases)]
    assert sorted(names) == sorted(set(names))
    assert all(canonical(score.name) == score.name for score in SCORES)


@pytest.mark.parametrize("module", [scores, make_up], ids=lambda module: module.__name__)
def test_examples_in_docstrings(module):
    found = doctest.testmod(module)
    assert found.attempted > 0
    assert found.failed == 0
