"""Statements about layers as properties that a calculation or a measurement decides, by rules set beforehand."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from reproduce.errors import ResultsError
from reproduce.metrics.statistics import bootstrap_interval, holm, mean, permutation
from reproduce.randomness import seed_words
from reproduce.results.paired_statements import SIGNIFICANCE
from reproduce.results.verdict_words import CONTRADICTED, SUPPORTED, UNDECIDED

NOT_RUN = "not run: no data"
COLUMNS = ("quantity", "condition", "x", "seed", "value")
CONFIDENCE = 0.95
GRAIN = 1e-6  # of measurements.csv
_RESAMPLES = 1 << 14  # more than the 2**13 sign patterns of 13 seeds, so that tests over them are exact

Point = tuple[str, float]


@dataclass(frozen=True)
class Finding:
    """What a calculation found.

    Attributes:
        holds: Whether the property holds in all that was looked at.
        measured: In words, with the numbers; the counterexample where it does not hold.
    """

    holds: bool
    measured: str


@dataclass(frozen=True)
class Exact:
    """A property that is calculated: supported where it holds, contradicted by one counterexample.

    Attributes:
        check: Calculates it.
        rule: What is looked at, and what would contradict it.
    """

    check: Callable[[], Finding]
    rule: str


@dataclass(frozen=True)
class Compared:
    """A property that is measured under several seeds: one value exceeds another, paired by seed.

    Supported where the mean difference is positive and its sign-flip test over the seeds, corrected over the table by
    Holm, is below 0.05; contradicted where the difference is negative and the test below; undecided elsewhere.

    Attributes:
        quantity: What is measured.
        more: (condition, x) of the value that the statement has larger, or a number.
        less: Likewise of the smaller.
    """

    quantity: str
    more: Point | float
    less: Point | float

    @property
    def rule(self) -> str:
        """In words."""
        return f"{self.quantity}: {_name(self.more)} above {_name(self.less)}, paired by seed, sign flips, Holm, 0.05"


@dataclass(frozen=True)
class Custom:
    """A sentence about what is customary, which no property of a layer decides: undecided.

    Attributes:
        why: What it says, and what would decide it.
    """

    why: str

    @property
    def rule(self) -> str:
        """In words."""
        return "no property: undecided"


@dataclass(frozen=True)
class Statement:
    """One sentence of a table.

    Attributes:
        key: Short and unique in its table.
        place: Document, table and row.
        text: What it says, in our words.
        by: How it is decided.
    """

    key: str
    place: str
    text: str
    by: Exact | Compared | Custom


@dataclass(frozen=True)
class Decided:
    """A statement with its verdict.

    Attributes:
        statement: What is said, and the rule.
        word: "supported", "contradicted", "undecided", or "not run: no data".
        measured: In words, with the numbers.
        n: Seeds; 0 where no seed is in it.
        difference: Mean over the seeds, of the larger less the smaller value as the statement has them; nan without.
        low, high: Bootstrap interval of it over the seeds.
        p_value, p_holm: Of the test, and corrected over the compared statements of the table.
    """

    statement: Statement
    word: str
    measured: str
    n: int = 0
    difference: float = np.nan
    low: float = np.nan
    high: float = np.nan
    p_value: float = np.nan
    p_holm: float = np.nan


def decide(statements: Sequence[Statement], measurements: pd.DataFrame) -> list[Decided]:
    """Each statement with its verdict, in order.

    Args:
        statements: Of one table; Holm's family is those of them that are compared.
        measurements: Columns `COLUMNS`, one value of each quantity, condition, x and seed; without rows where there
            are no data, and then what is compared is "not run: no data".

    Raises:
        ResultsError: A value that a statement compares was not measured, or the two have not the same seeds.
    """
    compared = [] if measurements.empty else [each for each in statements if isinstance(each.by, Compared)]
    pairs = {each.key: _pair(each, measurements) for each in compared}
    p_values = np.array(
        [permutation(*pairs[s.key], n_resamples=_RESAMPLES, seed=_seed(s), grain=GRAIN).p_value for s in compared]
    )
    tests = dict(zip((s.key for s in compared), zip(p_values, holm(p_values), strict=True), strict=True))
    return [
        _compared(each, *pairs[each.key], *tests[each.key]) if each.key in pairs else _other(each)
        for each in statements
    ]


def _other(statement: Statement) -> Decided:
    by = statement.by
    if isinstance(by, Custom):
        return Decided(statement, UNDECIDED, by.why)
    if isinstance(by, Compared):
        return Decided(statement, NOT_RUN, "")
    found = by.check()
    return Decided(statement, SUPPORTED if found.holds else CONTRADICTED, found.measured)


def _compared(statement: Statement, more: np.ndarray, less: np.ndarray, p_value: float, p_holm: float) -> Decided:
    by, difference = statement.by, more - less
    settings = {"n_resamples": 2000, "confidence": CONFIDENCE, "seed": _seed(statement), "method": "percentile"}
    interval = bootstrap_interval(difference, mean, **settings)
    word = UNDECIDED
    if p_holm < SIGNIFICANCE:
        word = SUPPORTED if difference.mean() > 0 else CONTRADICTED
    sides = [f"{_name(p)}: {v.mean():.4g}" for p, v in ((by.more, more), (by.less, less)) if isinstance(p, tuple)]
    numbers = f"difference {difference.mean():+.4g} [{interval.low:.4g}, {interval.high:.4g}]"
    against = "".join(f"; against {p:g}" for p in (by.more, by.less) if not isinstance(p, tuple))
    text = (
        f"{by.quantity} of {', '.join(sides)}{against}; {numbers}, n = {difference.size} seeds, p (Holm) {p_holm:.4f}"
    )
    found = (float(difference.mean()), interval.low, interval.high, float(p_value), float(p_holm))
    return Decided(statement, word, text, difference.size, *found)


def _pair(statement: Statement, measurements: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    by = statement.by
    found = {side: _values(by.quantity, side, measurements, statement) for side in (by.more, by.less)}
    seeds = {tuple(values.index) for values in found.values() if values is not None}
    if len(seeds) != 1:
        got, do = f"seeds {sorted(seeds)}", "measure both under the same seeds"
        raise ResultsError(expected="one set of seeds", got=got, where=statement.key, do=do)
    n = len(next(iter(seeds)))
    more, less = (
        np.full(n, float(side)) if found[side] is None else found[side].to_numpy() for side in (by.more, by.less)
    )
    return more, less


def _values(quantity: str, side: Point | float, measurements: pd.DataFrame, statement: Statement) -> pd.Series | None:
    if not isinstance(side, tuple):
        return None
    condition, x = side
    wanted = (measurements["quantity"] == quantity) & (measurements["condition"] == condition)
    rows = measurements[wanted & np.isclose(measurements["x"], x)]
    if rows.empty or rows["seed"].duplicated().any():
        got = f"{len(rows)} rows of {condition} at {x:g}"
        do = "measure what the statement compares, or mend its condition"
        raise ResultsError(expected=f"one {quantity} a seed", got=got, where=statement.key, do=do)
    return rows.set_index("seed")["value"].sort_index()


def _name(side: Point | float) -> str:
    return f"{side[0]} at {side[1]:g}" if isinstance(side, tuple) else f"{side:g}"


def _seed(statement: Statement) -> list[int]:
    return seed_words("statement", statement.key)
