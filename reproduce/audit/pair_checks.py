"""Checks of two or more columns that share a test set."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

from reproduce.audit.columns import RATES, Column, rates_of
from reproduce.audit.confusion_dice import prevalence_of_dice
from reproduce.audit.counts import Counts, smallest_counts
from reproduce.audit.finding import Finding, Quantity, Witness, finding_of, percent, ratio
from reproduce.audit.interval import Interval, common
from reproduce.audit.make_up import LARGEST_TEST_SET
from reproduce.audit.matrix_checks import conflict_of_pair
from reproduce.audit.prevalence import Rates, expected_accuracy, least_covariance, prevalence
from reproduce.audit.printed import Cell

FOLD_SD = 0.05


@dataclass(frozen=True)
class _Rated:
    """A column with the cells of `RATES` whose numbers imply a prevalence."""

    model: str
    cells: tuple[Cell, ...]
    rates: Rates
    prevalence: Interval


def pair_findings(columns: Sequence[Column]) -> Iterator[Finding]:
    """Yield what the checks find in the columns of one test set; nothing where fewer than two have the metrics."""
    yield from _one_test_set([rated for column in columns if (rated := _rated(column))])
    yield from _without_accuracy(columns)


def _rated(column: Column) -> _Rated | None:
    if not (cells := column.some(*RATES)):
        return None
    rates = rates_of(cells)
    possible = prevalence(rates)
    return None if possible is None else _Rated(column.model, cells, rates, possible)


def _one_test_set(columns: Sequence[_Rated]) -> Iterator[Finding]:
    if len(columns) < 2:
        return
    shared = common(column.prevalence for column in columns)
    if shared is None:  # then two of the intervals are disjoint (Helly)
        for one, other in combinations(columns, 2):
            if one.prevalence.meet(other.prevalence) is None:
                yield _clash(one, other)
        return
    counts = smallest_counts([column.rates for column in columns], LARGEST_TEST_SET)
    yield finding_of(
        "one test set",
        [cell for column in columns for cell in column.cells],
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
        witness=[
            Witness(column.model, (matrix,))
            for column, matrix in zip(columns, counts.matrices if counts else (), strict=False)
        ],
    )


def _clash(one: _Rated, other: _Rated) -> Finding:
    cells = (*one.cells, *other.cells)
    p_one, p_other = one.prevalence, other.prevalence
    values = [
        Quantity(f"prevalence, {each.model}", ratio(each.prevalence, 4), each.prevalence) for each in (one, other)
    ]
    values.append(Quantity("gap between them", f"{float(p_one.gap(p_other)):.4f}"))
    if any(cell.decimals is not None for cell in cells):
        wide_one, wide_other = (prevalence(rates_of(c.as_printed for c in each.cells)) for each in (one, other))
        if wide_one and wide_other:
            gap = f"{float(wide_one.gap(wide_other)):.4f}"
            values.append(Quantity("gap with the decimals of the print alone", gap))
    for column, at in ((other, one), (one, other)):
        accuracy = expected_accuracy(column.rates, at.prevalence)
        values.append(Quantity(f"accuracy of {column.model} at the prevalence of {at.model}", percent(accuracy, 2)))
    values += _fold_quantities(one, other)
    return finding_of(
        "one test set",
        cells,
        verdict="inconsistent",
        reading="pooled",
        brief="prevalence of the two columns disjoint",
        explanation=(
            f"Both models are tested on the same cases, but the column of {one.model} needs {percent(p_one, 1)} "
            f"of them to be positive and that of {other.model} {percent(p_other, 1)}. No test set of any size has "
            "both shares. Averages over folds would need folds whose make-up and errors move together as listed."
        ),
        values=values,
        conflict=conflict_of_pair(cells),
    )


def _fold_quantities(one: _Rated, other: _Rated) -> Iterator[Quantity]:
    """Yield how large the covariance over folds of prevalence and (sensitivity - specificity) must be."""
    for who, departing in ((one.model, (0,)), (other.model, (1,)), ("both", (0, 1))):
        least = least_covariance([one.rates, other.rates], departing)
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
    shared = common(p for _, p in needed)
    for (one, p_one), (other, p_other) in combinations(needed, 2):
        if p_one.meet(p_other) is not None:
            continue
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
            conflict=conflict_of_pair(_cells((one, other), metrics)),
        )
    if shared is not None:
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
