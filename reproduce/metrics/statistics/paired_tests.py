"""Two models on the same patients: paired tests, and Holm's correction over several of them.

Pairs are equal, and differences tied, where they differ by rounding alone; see `ties.differences`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy import stats

from reproduce.metrics import inputs
from reproduce.metrics.statistics.ties import differences, rounding_of

# Up to so many pairs Wilcoxon's p-value is exact, ties or not; beyond, the normal approximation is within 1e-3 of it.
_EXACT_UP_TO = 300


@dataclass(frozen=True)
class TestResult:
    """What a test found.

    Attributes:
        statistic: The test's own statistic, named in its docstring.
        p_value: Two sided, in [0, 1].
        n: Number of pairs that went in.
        n_used: Number of pairs that told something: not equal, or discordant.
    """

    __test__ = False  # The name is the field's; pytest must not collect it.

    statistic: float
    p_value: float
    n: int
    n_used: int


def wilcoxon(a: np.ndarray, b: np.ndarray, *, zeros: Literal["wilcox", "pratt"] = "wilcox") -> TestResult:
    """Signed-rank test of paired values, two sided (Wilcoxon 1945); statistic = min(sum of + ranks, sum of - ranks).

    Up to 300 pairs the p-value is exact under exchange of the two values of a pair, given the ranks as they are, ties
    included; SciPy falls back on the normal approximation once there are ties. Above, SciPy's normal approximation with
    correction for ties, without one for continuity.

    Args:
        a: `[n]`, finite; one value per patient.
        b: `[n]`, finite, in the same order of patients.
        zeros: What becomes of pairs that are equal: "wilcox" leaves them out (Wilcoxon 1945), "pratt" ranks them and
            then drops their ranks (Pratt 1959).

    Returns:
        p = 1 and statistic 0 where every pair is equal, or there is none.

    Raises:
        MetricInputError: The lengths differ, a value is nan or infinite, or `zeros` is neither.
    """
    inputs.one_of(zeros, ("wilcox", "pratt"), where="wilcoxon, zeros")
    difference = differences(a, b, where="wilcoxon")
    kept = difference[difference != 0]
    if kept.size == 0:
        return TestResult(0.0, 1.0, difference.size, 0)
    ranked = difference if zeros == "pratt" else kept
    ranks = stats.rankdata(np.abs(ranked))[ranked != 0]
    positive = float(ranks[kept > 0].sum())
    statistic = min(positive, float(ranks.sum()) - positive)
    if kept.size <= _EXACT_UP_TO:
        p_value = _signed_rank_p(ranks, statistic)
    else:
        p_value = float(stats.wilcoxon(difference, zero_method=zeros, method="approx").pvalue)
    return TestResult(statistic, p_value, difference.size, kept.size)


def _signed_rank_p(ranks: np.ndarray, statistic: float) -> float:
    """Twice the share of the 2**n sign patterns whose sum of + ranks is at most `statistic`, and at most 1.

    Ranks are whole or half, so doubled ranks are integers and the distribution of their sum is built rank by rank.
    """
    doubled = np.rint(2 * ranks).astype(np.int64)
    chance = np.zeros(doubled.sum() + 1)
    chance[0] = 1.0
    for rank in doubled:
        chance[rank:] = (chance[rank:] + chance[: chance.size - rank]) / 2
        chance[:rank] /= 2
    return float(min(1.0, 2 * chance[: round(2 * statistic) + 1].sum()))


def mcnemar(a_correct: np.ndarray, b_correct: np.ndarray) -> TestResult:
    """McNemar's test of paired decisions, exact binomial, two sided; statistic = pairs where only `a` is right.

    Units must be independent: slices of one patient are not, so its p-value over slices is too small where patients
    differ; it is the test over slices that papers report.

    Args:
        a_correct: bool `[n]`, whether `a` was right.
        b_correct: bool `[n]`, whether `b` was, on the same units.

    Returns:
        `n_used` counts the discordant pairs; p = 1 where there is none.

    Raises:
        MetricInputError: An array is not boolean, or the shapes differ.
    """
    a_correct, b_correct = inputs.masks(a_correct, b_correct, where="mcnemar")
    only_a = int(np.count_nonzero(a_correct & ~b_correct))
    only_b = int(np.count_nonzero(b_correct & ~a_correct))
    discordant = only_a + only_b
    p_value = float(stats.binomtest(only_a, discordant, 0.5).pvalue) if discordant else 1.0
    return TestResult(float(only_a), p_value, a_correct.size, discordant)


def permutation(
    a: np.ndarray,
    b: np.ndarray,
    *,
    n_resamples: int,
    seed: Sequence[int] | np.random.Generator,
    grain: float = 0.0,
) -> TestResult:
    """Sign-flip test of paired values, two sided; statistic = mean of a - b (Fisher 1935, chapter 3).

    All 2**n patterns where those are at most `n_resamples`, and then exact; otherwise random ones, the observed one
    added to them, p = (1 + as extreme) / (1 + n_resamples) (Phipson and Smyth 2010), so p is never 0.

    Args:
        a: `[n]`, finite; one value per patient.
        b: `[n]`, finite, in the same order of patients.
        n_resamples: Number of patterns, at least 1.
        seed: Seed words of a named stream, or a generator.
        grain: Step to which the values were rounded, e.g. 1e-6 in a results file: pairs no further apart than that are
            equal, and a pattern that falls short of the observed one by no more than this rounding, or that of float64,
            can, counts as extreme.

    Returns:
        p = 1 where every pair is equal; statistic nan and p = 1 without a pair.

    Raises:
        MetricInputError: The lengths differ, a value is nan or infinite, or `n_resamples` is below 1.
    """
    difference = differences(a, b, where="permutation")
    inputs.within(n_resamples, 1, np.inf, where="permutation, n_resamples")
    kept = np.abs(difference[np.abs(difference) > grain])
    if kept.size == 0:
        return TestResult(float(difference.mean()) if difference.size else np.nan, 1.0, difference.size, 0)
    # Sums in another order differ in the last bits, and the observed pattern itself must count as extreme.
    threshold = abs(float(difference.sum())) - kept.size * max(rounding_of(a, b), grain)
    exact = kept.size < 63 and 2**kept.size <= n_resamples
    n_patterns = 2**kept.size if exact else n_resamples
    rng = np.random.default_rng(seed)
    at_once = max(1, (1 << 20) // kept.size)
    extreme = 0
    for first in range(0, n_patterns, at_once):
        n_here = min(at_once, n_patterns - first)
        if exact:
            plus = (np.arange(first, first + n_here)[:, None] >> np.arange(kept.size)) & 1
        else:
            plus = rng.integers(0, 2, (n_here, kept.size), dtype=np.int8)
        extreme += int(np.count_nonzero(np.abs((2 * plus - 1) @ kept) >= threshold))
    p_value = extreme / n_patterns if exact else (1 + extreme) / (1 + n_patterns)
    return TestResult(float(difference.mean()), p_value, difference.size, kept.size)


def holm(p_values: np.ndarray) -> np.ndarray:
    """P-values adjusted over a family of tests (Holm 1979): max over j <= i of min(1, (m - j) p_(j)), j from 0.

    Args:
        p_values: `[m]`, in [0, 1].

    Returns:
        float64 `[m]`, in the order given, never below the p-value itself; empty for empty input.

    Raises:
        MetricInputError: A value lies outside [0, 1] or is nan.
    """
    p_values = inputs.finite(p_values, where="holm")
    for p_value in p_values:
        inputs.within(p_value, 0, 1, where="holm")
    order = np.argsort(p_values, kind="stable")
    adjusted = np.empty_like(p_values)
    factors = np.arange(p_values.size, 0, -1)
    adjusted[order] = np.minimum(1.0, np.maximum.accumulate(factors * p_values[order]))
    return adjusted
