"""Folds in real numbers whose scores have printed means: where a search in whole numbers begins.

A guess proves nothing in either direction: it names the make-up of each fold and counts nearby, which the search in
whole numbers then takes or leaves.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from typing import Any

from reproduce.audit.make_up import MakeUp
from reproduce.audit.matrix import Matrix
from reproduce.audit.matrix_search import Level

_CALLS = 300
_KINDS = 6


def guesses(
    columns: Sequence[Sequence[Level]], folds: Sequence[MakeUp], *, end: float
) -> Iterator[tuple[tuple[Matrix, ...], ...]]:
    """Yield, again and again until `end`, one matrix for each fold, a tuple for each column.

    SciPy's least squares move the positives, negatives, sensitivity and specificity of all folds from random starts,
    the same ones in every run, until each mean lies in the middle half of its interval. Of many folds that are alike
    every sixth begins with the same counts.

    Args:
        columns: The levels of each column; all columns share positives and negatives of the folds.
        folds: What is known of each fold.
        end: Time of `time.monotonic` after which nothing more is tried.
    """
    import numpy as np
    from scipy.optimize import least_squares

    rng = np.random.default_rng(0)
    k = min(len(folds), _KINDS) if len(set(folds)) == 1 else len(folds)
    kind = np.arange(len(folds)) % k
    sides = [*(fold.positives for fold in folds[:k]), *(fold.negatives for fold in folds[:k])]
    low, high = np.array([[float(side[0]), float(side[-1])] for side in sides]).T
    sizes = np.array([[f.total[0], f.total[-1]] for f in folds], dtype=float).T

    def counts(x: Any, column: int) -> tuple[Any, Any, Any, Any]:
        """Return TP, FN, FP and TN of all folds from shares of the ranges, and rates, all from 0 to 1."""
        numbers, rates = low + x[: 2 * k] * (high - low), x[2 * k * (column + 1) : 2 * k * (column + 2)]
        p, n, found, right = numbers[:k][kind], numbers[k:][kind], rates[:k][kind], rates[k:][kind]
        return p * found, p * (1 - found), n * (1 - right), n * right

    def misses(x: Any) -> Any:
        """Return how far each mean lies outside the middle half of its interval, and each fold outside its size."""
        if time.monotonic() > end:
            raise TimeoutError
        found = []
        for i, levels in enumerate(columns):
            for level in levels:
                tops, bottoms = level.score.quotient(Matrix(*counts(x, i)))
                away = float(np.mean(np.asarray(tops) / (np.asarray(bottoms) + 1e-9))) - float(level.share.mid)
                found.append(max(abs(away) - float(level.share.high - level.share.low) / 4, 0.0))
        size = sum(counts(x, 0))
        return np.concatenate([found, np.maximum(sizes[0] - size, size - sizes[1]).clip(0) / sizes[1]])

    narrowest = min(float(level.share.high - level.share.low) for levels in columns for level in levels)
    while time.monotonic() < end:
        start = np.concatenate([rng.random(2 * k), rng.beta(4, 1, 2 * k * len(columns))])
        try:
            done = least_squares(misses, start, bounds=(0, 1), max_nfev=_CALLS)
        except TimeoutError:
            return
        if np.abs(done.fun).max() <= narrowest / 8:
            yield tuple(tuple(_rounded(counts(done.x, i), folds)) for i in range(len(columns)))


def _rounded(counts: tuple[Any, Any, Any, Any], folds: Sequence[MakeUp]) -> Iterator[Matrix]:
    """Yield whole counts of each fold; where its size is known, the negatives are the rest."""
    for fold, *four in zip(folds, *counts, strict=True):
        tp, fn, fp, tn = (float(each) for each in four)
        positives = min(max(round(tp + fn), fold.positives[0]), fold.positives[-1])
        least, most = fold.total[0] - positives, fold.total[-1] - positives
        negatives = min(max(round(fp + tn), fold.negatives[0], least), fold.negatives[-1], most)
        tp, tn = min(positives, round(tp)), min(negatives, round(tn))
        yield Matrix(tp, positives - tp, negatives - tn, tn)
