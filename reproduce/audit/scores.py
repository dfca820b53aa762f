"""The scores of one confusion matrix: name, formula and its source, aliases, range.

Each is a quotient of whole numbers. Of many both sides are linear in the four counts; of others they are so once the
P = TP + FN positives and N = FP + TN negatives are known. "The score lies in [a, b]" is then two linear inequalities.
Of a square root the signed square is compared. With P and N fixed every score here rises with TP and with TN, or falls
with both. 0 / 0 counts as 0, the default of scikit-learn; another number by 0 is no print. A new score is one entry of
`SCORES`, and what can be printed follows from it.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from reproduce.audit.matrix import Form, Forms, Matrix, Score, dot


def _of_counts(
    name: str, top: Form, bottom: Form, formula: str, source: str, *aliases: str, high: int | None = 1
) -> Score:
    """Return a score linear in the counts whatever P and N."""

    def quotient(matrix: Matrix) -> tuple[int, int]:
        return dot(top, matrix.counts), dot(bottom, matrix.counts)

    forms = (top, bottom)
    return Score(name, formula, source, quotient, lambda _p, _n: forms, forms, aliases, high=high)


def _of_rates(
    name: str,
    forms: Callable[[int, int], Forms],
    formula: str,
    source: str,
    *aliases: str,
    low: int = 0,
    high: int | None = 1,
) -> Score:
    """Return a score linear in the counts for known P and N."""

    def quotient(matrix: Matrix) -> tuple[int, int]:
        top, bottom = forms(matrix.tp + matrix.fn, matrix.fp + matrix.tn)
        return dot(top, matrix.counts), dot(bottom, matrix.counts)

    return Score(name, formula, source, quotient, forms, None, aliases, low, high)


def _of_products(
    name: str,
    quotient: Callable[[int, int, int, int], tuple[int, int]],
    formula: str,
    source: str,
    *aliases: str,
    low: int = 0,
    high: int | None = 1,
    power: int = 1,
) -> Score:
    """Return a score that no linear forms give."""
    return Score(name, formula, source, lambda m: quotient(*m.counts), None, None, aliases, low, high, power)


def _mcc(tp: int, fn: int, fp: int, tn: int) -> tuple[int, int]:
    top = tp * tn - fp * fn
    return top * abs(top), (tp + fp) * (tp + fn) * (tn + fp) * (tn + fn)


_FAWCETT = "Fawcett 2006"
_RIJSBERGEN = "van Rijsbergen 1979"

SCORES: tuple[Score, ...] = (
    _of_counts("accuracy", (1, 0, 0, 1), (1, 1, 1, 1), "(TP + TN) / (P + N)", _FAWCETT, "acc"),
    _of_counts(
        "sensitivity", (1, 0, 0, 0), (1, 1, 0, 0), "TP / P", _FAWCETT,
        "recall", "TPR", "sens", "true positive rate", "hit rate",
    ),
    _of_counts(
        "specificity", (0, 0, 0, 1), (0, 0, 1, 1), "TN / N", _FAWCETT,
        "TNR", "spec", "selectivity", "true negative rate",
    ),
    _of_counts(
        "precision", (1, 0, 0, 0), (1, 0, 1, 0), "TP / (TP + FP)", _FAWCETT,
        "PPV", "positive predictive value",
    ),
    _of_counts(
        "f1", (2, 0, 0, 0), (2, 1, 1, 0), "2 TP / (2 TP + FN + FP)", _RIJSBERGEN,
        "F1 score", "F score", "F measure",
    ),
    _of_counts(
        "dice", (2, 0, 0, 0), (2, 1, 1, 0), "2 TP / (2 TP + FN + FP)", "Dice 1945",
        "DSC", "DC", "Dice score", "Sorensen",
    ),
    _of_counts(
        "iou", (1, 0, 0, 0), (1, 1, 1, 0), "TP / (TP + FN + FP)", "Jaccard 1912",
        "Jaccard", "JSC", "JI", "Jaccard index", "CSI", "threat score",
    ),
    _of_counts("npv", (0, 0, 0, 1), (0, 1, 0, 1), "TN / (TN + FN)", _FAWCETT, "negative predictive value"),
    _of_counts("f2", (5, 0, 0, 0), (5, 4, 1, 0), "5 TP / (5 TP + 4 FN + FP)", _RIJSBERGEN, "F2 score"),
    _of_counts("f0.5", (5, 0, 0, 0), (5, 1, 4, 0), "5 TP / (5 TP + FN + 4 FP)", _RIJSBERGEN, "F0.5 score"),
    _of_counts(
        "voe", (0, 1, 1, 0), (1, 1, 1, 0), "1 - IoU", "Heimann 2009", "volumetric overlap error", "Jaccard distance"
    ),
    _of_counts(
        "error rate", (0, 1, 1, 0), (1, 1, 1, 1), "1 - accuracy", _FAWCETT, "misclassification rate"
    ),
    _of_counts("fpr", (0, 0, 1, 0), (0, 0, 1, 1), "FP / N", _FAWCETT, "fall-out", "false positive rate"),
    _of_counts("fnr", (0, 1, 0, 0), (1, 1, 0, 0), "FN / P", _FAWCETT, "miss rate", "false negative rate"),
    _of_counts(
        "fdr", (0, 0, 1, 0), (1, 0, 1, 0), "FP / (TP + FP)", "Benjamini and Hochberg 1995",
        "false discovery rate",
    ),
    _of_counts("for", (0, 1, 0, 0), (0, 1, 0, 1), "FN / (TN + FN)", _FAWCETT, "false omission rate"),
    _of_rates(
        "balanced accuracy",
        lambda p, n: ((n, 0, 0, p), (2 * n, 2 * n, 0, 0)),
        "(sensitivity + specificity) / 2",
        "Brodersen 2010",
        "bacc", "BA",
    ),
    _of_rates(
        "youden",
        lambda p, n: ((n, 0, -p, 0), (n, n, 0, 0)),
        "sensitivity + specificity - 1",
        "Youden 1950",
        "Youden index", "Youden's J", "informedness",
        low=-1,
    ),
    _of_rates(
        "kappa",
        lambda p, n: ((2 * n, 0, -2 * p, 0), (n, p, n, p)),
        "2 (TP TN - FN FP) / ((TP + FP) N + P (FN + TN))",
        "Cohen 1960",
        "Cohen's kappa", "Cohen kappa",
        low=-1,
    ),
    _of_rates(
        "lr+", lambda p, n: ((n, 0, 0, 0), (0, 0, p, 0)), "sensitivity / (1 - specificity)", "Deeks and Altman 2004",
        "PLR", "positive likelihood ratio",
        high=None,
    ),
    _of_rates(
        "lr-", lambda p, n: ((0, n, 0, 0), (0, 0, 0, p)), "(1 - sensitivity) / specificity", "Deeks and Altman 2004",
        "NLR", "negative likelihood ratio",
        high=None,
    ),
    _of_products(
        "dor", lambda tp, fn, fp, tn: (tp * tn, fp * fn), "TP TN / (FP FN)", "Glas 2003",
        "diagnostic odds ratio", "odds ratio",
        high=None,
    ),
    _of_products(
        "mcc", _mcc, "(TP TN - FP FN) / sqrt((TP + FP) P N (TN + FN))", "Matthews 1975",
        "Matthews correlation coefficient", "phi coefficient",
        low=-1, power=2,
    ),
    _of_products(
        "fowlkes-mallows", lambda tp, fn, fp, tn: (tp * tp, (tp + fp) * (tp + fn)), "sqrt(precision sensitivity)",
        "Fowlkes and Mallows 1983", "FM", "FMI", "Fowlkes-Mallows index",
        power=2,
    ),
    _of_products(
        "g-mean", lambda tp, fn, fp, tn: (tp * tn, (tp + fn) * (tn + fp)), "sqrt(sensitivity specificity)",
        "Kubat and Matwin 1997", "geometric mean",
        power=2,
    ),
    _of_products(
        "markedness",
        lambda tp, fn, fp, tn: (tp * tn - fp * fn, (tp + fp) * (tn + fn)),
        "precision + NPV - 1",
        "Powers 2011",
        "deltap", "MK",
        low=-1,
    ),
)  # fmt: skip

_BY_NAME = {score.name: score for score in SCORES}


def score_of(name: str) -> Score | None:
    """Return the score of a name as a Cell has it; None for a metric that no confusion matrix gives, such as "auc"."""
    return _BY_NAME.get(name)


def canonical(name: str) -> str:
    """Return the name that a Cell has for a name in print, e.g. "sensitivity" for "Recall"; an unknown one as it is.

    >>> canonical("DSC"), canonical("F1-score"), canonical("LR-"), canonical("hausdorff")
    ('dice', 'f1', 'lr-', 'hausdorff')
    """
    return _BY_ALIAS.get(_key(name), name)


def _key(name: str) -> str:
    """Return a name without case, spaces, underscores and inner hyphens; the sign of "LR-" stays."""
    return re.sub(r"[\s_']|-(?!$)", "", name.casefold())


_BY_ALIAS = {_key(alias): score.name for score in SCORES for alias in (score.name, *score.aliases)}
