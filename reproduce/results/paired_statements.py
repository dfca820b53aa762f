"""Sentences of a document that a paired test over patients can decide."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from reproduce.metrics.formulas import metric_named
from reproduce.metrics.statistics.effect_sizes import matched_rank_biserial
from reproduce.metrics.statistics.paired_tests import holm, mcnemar, wilcoxon
from reproduce.protocol import Reading, Statement
from reproduce.results.cases import of_region
from reproduce.results.verdict_words import statement_word

WILCOXON = "Wilcoxon"


@dataclass(frozen=True)
class Tested:
    """A statement with its test.

    Attributes:
        statement: Who is said to be better at what, and where.
        level: Level of the metric.
        better, worse: Means over the patients of the two, shares of 1.
        n: Patients on whom both are defined.
        test: Name of the test, e.g. "Wilcoxon".
        p_value: P-value of that test over patients, two sided.
        p_holm: The same, corrected over the statements of the table (Holm 1979).
        effect: Matched-pairs rank-biserial correlation, in [-1, 1], positive where the statement holds.
        p_mcnemar: McNemar over slices where the metric is one of slices, nan elsewhere; slices of a patient are not
            independent, so it is given and does not decide.
        word: "supported", "contradicted" or "undecided", from `p_holm` at 0.05 and the sign.
    """

    statement: Statement
    level: str
    better: float
    worse: float
    n: int
    test: str
    p_value: float
    p_holm: float
    effect: float
    p_mcnemar: float
    word: str


def decide_statements(
    statements: Sequence[Statement],
    cases: pd.DataFrame,
    slices: pd.DataFrame,
    readings: Sequence[Reading],
    *,
    means: Mapping[str, tuple[str, ...]],
) -> list[Tested]:
    """Decide each statement on the cases of one run.

    Args:
        statements: Statements of one table.
        cases: Table that `case_frame` returns.
        slices: Table that `slice_frame` returns.
        readings: How a cell is read: the first of a cell gives metric, region and level.
        means: See `protocol.Decision`.
    """
    read = {reading.cell: reading for reading in reversed(readings)}
    drawn = [_paired(each, of_region(cases, read[each.metric].region, means), read[each.metric]) for each in statements]
    tests = [wilcoxon(better, worse) for better, worse in drawn]
    adjusted = holm(np.array([test.p_value for test in tests]))
    results = []
    for each, (better, worse), test, p_holm in zip(statements, drawn, tests, adjusted, strict=True):
        larger = metric_named(read[each.metric].metric).larger_is_better
        pair = (better, worse) if larger else (worse, better)
        effect = matched_rank_biserial(*pair) if len(better) else math.nan
        level = read[each.metric].level
        results.append(
            Tested(
                statement=each,
                level=level,
                better=float(better.mean()) if len(better) else math.nan,
                worse=float(worse.mean()) if len(worse) else math.nan,
                n=len(better),
                test=WILCOXON,
                p_value=test.p_value,
                p_holm=float(p_holm),
                effect=effect,
                p_mcnemar=_mcnemar(each, slices) if level == "slice" else math.nan,
                word=statement_word(p_holm, effect),
            )
        )
    return results


def _paired(statement: Statement, cases: pd.DataFrame, reading: Reading) -> tuple[np.ndarray, np.ndarray]:
    """Return each patient's metric under both models, the mean of scans, seeds and regions; undefined ones are out."""
    rows = cases[cases["level"] == reading.level]
    table = rows.pivot_table(index="patient", columns="model", values=reading.metric, aggfunc="mean")
    both = table.reindex(columns=[statement.better, statement.worse]).dropna()
    return both[statement.better].to_numpy(), both[statement.worse].to_numpy()


def _mcnemar(statement: Statement, slices: pd.DataFrame) -> float:
    wanted = {"sensitivity": ("1",), "specificity": ("0",)}.get(statement.metric, ("0", "1"))
    correct = {}
    for model in (statement.better, statement.worse):
        rows = slices[slices["model"] == model].sort_values(["seed", "scan"])
        reference = np.array(list("".join(rows["reference"])))
        prediction = np.array(list("".join(rows["prediction"])))
        correct[model] = (reference == prediction)[np.isin(reference, wanted)]
    return mcnemar(correct[statement.better], correct[statement.worse]).p_value
