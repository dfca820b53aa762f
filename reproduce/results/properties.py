"""Statements about layers as properties that a calculation or a measurement decides, by rules set beforehand."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from reproduce.errors import ResultsError
from reproduce.metrics.statistics import bootstrap_interval, holm, mean, permutation
from reproduce.randomness import seed_words
from reproduce.results.verdict_words import CONTRADICTED, SUPPORTED, UNDECIDED, statement_word

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
        measured: The numbers in words; the counterexample where it does not hold.
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
        less: (condition, x) of the smaller value, or a number.
    """

    quantity: str
    more: Point | float
    less: Point | float

    @property
    def rule(self) -> str:
        """Say the rule in words."""
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
        """Say the rule in words."""
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
        measured: The numbers in words.
        n: Seeds; 0 where no seed is in it.
        difference: Mean over the seeds, of the larger less the smaller value as the statement has them; nan without.
        low, high: Bootstrap interval of it over the seeds.
        p_value, p_holm: P-value of the test, and corrected over the compared statements of the table.
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
    """Decide each statement, in order.

    Args:
        statements: Statements of one table; Holm's family is those of them that are compared.
        measurements: Columns `COLUMNS`, one value of each quantity, condition, x and seed; without rows where there
            are no data, and then what is compared is "not run: no data".

    Raises:
        ResultsError: A value that a statement compares was not measured, or the two have not the same seeds.
    """
    rules = {} if measurements.empty else {s.key: s.by for s in statements if isinstance(s.by, Compared)}
    pairs = {key: _pair(key, rule, measurements) for key, rule in rules.items()}
    p_values = [
        permutation(*pair, n_resamples=_RESAMPLES, seed=seed_words("statement", key), grain=GRAIN).p_value
        for key, pair in pairs.items()
    ]
    tests = dict(zip(pairs, zip(p_values, holm(np.array(p_values)), strict=True), strict=True))
    return [
        _compared(s, rules[s.key], *pairs[s.key], *tests[s.key]) if s.key in pairs else _other(s) for s in statements
    ]


def _other(statement: Statement) -> Decided:
    by = statement.by
    if isinstance(by, Custom):
        return Decided(statement, UNDECIDED, by.why)
    if isinstance(by, Compared):
        return Decided(statement, NOT_RUN, "")
    finding = by.check()
    return Decided(statement, SUPPORTED if finding.holds else CONTRADICTED, finding.measured)


def _compared(
    statement: Statement, rule: Compared, more: np.ndarray, less: np.ndarray, p_value: float, p_holm: float
) -> Decided:
    difference = more - less
    interval = bootstrap_interval(
        difference,
        mean,
        n_resamples=2000,
        confidence=CONFIDENCE,
        seed=seed_words("statement", statement.key),
        method="percentile",
    )
    sides = ((rule.more, more), (rule.less, less))
    measured = [f"{_name(side)}: {values.mean():.4g}" for side, values in sides if isinstance(side, tuple)]
    against = "".join(f"; against {side:g}" for side, _ in sides if not isinstance(side, tuple))
    numbers = f"difference {difference.mean():+.4g} [{interval.low:.4g}, {interval.high:.4g}]"
    return Decided(
        statement,
        statement_word(p_holm, difference.mean()),
        f"{rule.quantity} of {', '.join(measured)}{against}; {numbers}, n = {difference.size} seeds, "
        f"p (Holm) {p_holm:.4f}",
        n=difference.size,
        difference=float(difference.mean()),
        low=interval.low,
        high=interval.high,
        p_value=float(p_value),
        p_holm=float(p_holm),
    )


def _pair(key: str, rule: Compared, measurements: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """Return both sides of a comparison by seed, a number repeated for each."""
    sides = [
        _values(key, rule.quantity, *side, measurements) if isinstance(side, tuple) else side
        for side in (rule.more, rule.less)
    ]
    seeds = {tuple(values.index) for values in sides if isinstance(values, pd.Series)}
    if len(seeds) != 1:
        got, do = f"seeds {sorted(seeds)}", "measure both under the same seeds"
        raise ResultsError(expected="one set of seeds", got=got, where=key, do=do)
    n = len(seeds.pop())
    more, less = (values.to_numpy() if isinstance(values, pd.Series) else np.full(n, float(values)) for values in sides)
    return more, less


def _values(key: str, quantity: str, condition: str, x: float, measurements: pd.DataFrame) -> pd.Series:
    wanted = (measurements["quantity"] == quantity) & (measurements["condition"] == condition)
    rows = measurements[wanted & np.isclose(measurements["x"], x)]
    if rows.empty or rows["seed"].duplicated().any():
        got = f"{len(rows)} rows of {condition} at {x:g}"
        do = "measure what the statement compares, or mend its condition"
        raise ResultsError(expected=f"one {quantity} a seed", got=got, where=key, do=do)
    return rows.set_index("seed")["value"].sort_index()


def _name(side: Point | float) -> str:
    return f"{side[0]} at {side[1]:g}" if isinstance(side, tuple) else f"{side:g}"
