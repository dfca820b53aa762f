"""Checks of two or more columns that share a test set."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations

from reproduce.audit.columns import RATES, Column
from reproduce.audit.confusion_dice import prevalence_of_dice
from reproduce.audit.counts import Counts, smallest_counts
from reproduce.audit.finding import Finding, Quantity, finding_of, percent, ratio
from reproduce.audit.interval import Interval, common
from reproduce.audit.prevalence import expected_accuracy, least_covariance, prevalence, shared_prevalence
from reproduce.audit.printed import Cell

LARGEST_TEST_SET = 2000
FOLD_SD = 0.05


def pair_findings(columns: Sequence[Column]) -> Iterator[Finding]:
    """Yield what the checks find in the columns of one test set; nothing where fewer than two have the metrics."""
    rated = [column for column in columns if column.rates and prevalence(column.rates)]
    yield from _one_test_set(rated)
    yield from _without_accuracy(columns)


def _one_test_set(columns: Sequence[Column]) -> Iterator[Finding]:
    if len(columns) < 2:
        return
    clashes = [
        pair for pair in combinations(columns, 2) if shared_prevalence([column.rates for column in pair]) is None
    ]
    for pair in clashes:
        yield _clash(pair)
    if clashes:
        return
    rates = [column.rates for column in columns]
    shared = shared_prevalence(rates)
    counts = smallest_counts(rates, LARGEST_TEST_SET)
    yield finding_of(
        "one test set",
        _cells(columns, RATES),
        verdict="consistent",
        reading="pooled",
        brief="one prevalence fits all columns",
        explanation=(
            "All models are tested on the same cases, so one share of positives must fit every column. "
            f"Here {percent(shared, 1)} fits them all."
        ),
        values=[
            Quantity("prevalence that fits all columns", ratio(shared, 4), shared),
            Quantity("smallest test set that prints all columns", _example(counts)),
        ],
    )


def _clash(pair: tuple[Column, Column]) -> Finding:
    first, second = (column.rates for column in pair)
    p_first, p_second = prevalence(first), prevalence(second)
    gap = p_first.gap(p_second)
    values = [
        Quantity(f"prevalence, {column.model}", ratio(p, 4), p)
        for column, p in zip(pair, (p_first, p_second), strict=True)
    ]
    values.append(Quantity("gap between them", f"{float(gap):.4f}"))
    wide = [prevalence(column.as_printed.rates) for column in pair]
    if any(column.as_printed != column for column in pair) and all(wide):
        values.append(Quantity("gap with the decimals of the print alone", f"{float(wide[0].gap(wide[1])):.4f}"))
    for column, rates, other, p in ((pair[1], second, pair[0], p_first), (pair[0], first, pair[1], p_second)):
        accuracy = expected_accuracy(rates, p)
        values.append(Quantity(f"accuracy of {column.model} at the prevalence of {other.model}", percent(accuracy, 2)))
    values += _fold_quantities(pair)
    return finding_of(
        "one test set",
        _cells(pair, RATES),
        verdict="inconsistent",
        reading="pooled",
        brief="prevalence of the two columns disjoint",
        explanation=(
            f"Both models are tested on the same cases, but the column of {pair[0].model} needs {percent(p_first, 1)} "
            f"of them to be positive and that of {pair[1].model} {percent(p_second, 1)}. No test set of any size has "
            "both shares. Averages over folds would need folds whose make-up and errors move together as listed."
        ),
        values=values,
    )


def _fold_quantities(pair: tuple[Column, Column]) -> Iterator[Quantity]:
    """Yield how large the covariance over folds of prevalence and (sensitivity - specificity) must be."""
    rates = [column.rates for column in pair]
    departing = ((pair[0].model, (0,)), (pair[1].model, (1,)), ("both", (0, 1)))
    for who, positions in departing:
        least = least_covariance(rates, positions)
        if least is not None:
            sd = float(100 * least) / FOLD_SD
            text = f"{float(100 * least):.3f} points (at a fold sd of {FOLD_SD} an sd of at least {sd:.1f} points)"
            yield Quantity(f"fold covariance needed, {who} departing", text)


def _without_accuracy(columns: Sequence[Column]) -> Iterator[Finding]:
    metrics = ("sensitivity", "specificity", "dice")
    needed: list[tuple[Column, Interval]] = []
    for column in columns:
        cells = column.some(*metrics)
        p = prevalence_of_dice(cells[2].share, cells[0].share, cells[1].share) if cells else None
        if p is not None:
            needed.append((column, p))
    if len(needed) < 2:
        return
    clashes = [pair for pair in combinations(needed, 2) if pair[0][1].meet(pair[1][1]) is None]
    for (one, p_one), (other, p_other) in clashes:
        yield finding_of(
            "one test set, from Dice",
            _cells((one, other), metrics),
            verdict="inconsistent",
            reading="pooled",
            brief="prevalence from Dice of the two columns disjoint",
            explanation=(
                "Also without accuracy, sensitivity, specificity and Dice tell the share of positives. It is "
                f"{percent(p_one, 1)} for {one.model} and {percent(p_other, 1)} for {other.model}, on the same cases."
            ),
            values=[
                Quantity(f"prevalence from Dice, {one.model}", ratio(p_one, 4), p_one),
                Quantity(f"prevalence from Dice, {other.model}", ratio(p_other, 4), p_other),
                Quantity("gap between them", f"{float(p_one.gap(p_other)):.4f}"),
            ],
        )
    if not clashes:
        shared = common(p for _, p in needed)
        yield finding_of(
            "one test set, from Dice",
            _cells([column for column, _ in needed], metrics),
            verdict="consistent",
            reading="pooled",
            brief="one prevalence from Dice fits all columns",
            explanation="Sensitivity, specificity and Dice tell the share of positives; one share fits all columns.",
            values=[Quantity("prevalence from Dice", ratio(shared, 4), shared)],
        )


def _cells(columns: Sequence[Column], metrics: Sequence[str]) -> list[Cell]:
    return [cell for column in columns for cell in column.some(*metrics)]


def _example(counts: Counts | None) -> str:
    if counts is None:
        return f"none up to {LARGEST_TEST_SET} cases"
    hits = "; ".join(f"TP {tp}, TN {tn}" for tp, tn in counts.hits)
    return f"{counts.n} cases, {counts.positives} positive: {hits}"
