"""Checks of accuracy, sensitivity, specificity and Dice of one column."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from fractions import Fraction

from reproduce.audit.columns import RATES, Column, levels_of, make_up_of, rates_of
from reproduce.audit.confusion_dice import (
    accuracy_of_dice,
    dice_at,
    implied_dice,
    needed_specificity,
    prevalence_of_dice,
)
from reproduce.audit.counts import Counts, attainable, counts_given, smallest_counts
from reproduce.audit.finding import Finding, Quantity, Verdict, finding_of, percent, ratio
from reproduce.audit.interval import Interval
from reproduce.audit.make_up import LARGEST_TEST_SET, make_up
from reproduce.audit.matrix import Matrix
from reproduce.audit.matrix_checks import conflict_of, witness_of
from reproduce.audit.matrix_search import cone, large_matrix
from reproduce.audit.prevalence import prevalence
from reproduce.audit.printed import Cell

FEW_VOXELS = (Fraction(1, 100), Fraction(1, 1000))


def column_findings(column: Column, small_structures: Collection[str]) -> Iterator[Finding]:
    """Yield what the checks find in one column; nothing where it lacks the metrics that they need.

    Args:
        column: Published levels of one model.
        small_structures: The `data` of which at most 1 % of the voxels are known to be foreground.
    """
    if cells := column.some(*RATES):
        yield _between(cells)
    if cells := column.some(*RATES, "dice"):
        yield _dice(cells)
    if cells := column.some("sensitivity", "specificity", "dice"):
        yield _voxels(cells, small_structures)
    yield from _attainable(column)
    if cells := column.some(*RATES):
        yield from _counts(cells)


def _between(cells: Sequence[Cell]) -> Finding:
    rates = rates_of(cells)
    possible = prevalence(rates)
    values = [Quantity("prevalence", _prevalence(possible), possible)]
    if any(cell.decimals is not None for cell in cells):
        wider = prevalence(rates_of(cell.as_printed for cell in cells))
        values.append(Quantity("prevalence, with the decimals of the print alone", _prevalence(wider), wider))
    verdict: Verdict
    counts = None
    if possible is None:
        brief, verdict = "accuracy not between sensitivity and specificity", "inconsistent"
        explanation = (
            "Accuracy is the average of sensitivity (over the positives) and specificity (over the negatives), "
            "weighted by how many there are of each, so it must lie between the two. Here it does not."
        )
    else:
        brief, verdict = f"positives are {percent(possible, 1)} of the cases", "consistent"
        explanation = (
            "Accuracy lies between sensitivity and specificity, as it must. Where it lies between them tells which "
            "share of the cases was positive."
        )
        counts = smallest_counts([rates], LARGEST_TEST_SET)
        values.append(Quantity("smallest test set that prints these three", _example(counts)))
    return finding_of(
        "accuracy, sensitivity and specificity",
        cells,
        verdict=verdict,
        reading="pooled",
        brief=brief,
        explanation=explanation,
        values=values,
        witness=witness_of(cells[0].model, _matrix(counts) or (_large(cells) if possible else None)),
        conflict=() if possible else conflict_of(cells, make_up(None, None)),
    )


def _matrix(counts: Counts | None) -> Matrix | None:
    return counts.matrices[0] if counts else None


def _large(cells: Sequence[Cell]) -> Matrix | None:
    levels = levels_of(cells)
    return large_matrix(levels, cone(levels))


def _prevalence(interval: Interval | None) -> str:
    return ratio(interval, 4) if interval else "none"


def _example(counts: Counts | None) -> str:
    if counts is None:
        return f"none up to {LARGEST_TEST_SET} cases"
    ((tp, tn),) = counts.hits
    return f"{counts.n} cases, {counts.positives} positive, {tp} of them found, {tn} negatives right"


def _dice(cells: Sequence[Cell]) -> Finding:
    rates, printed = rates_of(cells[:3]), cells[3].share
    expected = implied_dice(rates)
    tied = prevalence_of_dice(printed, rates.sensitivity, rates.specificity)
    accuracy = accuracy_of_dice(printed, rates.sensitivity, rates.specificity)
    values = [Quantity("Dice printed", ratio(printed, 4), printed)]
    if expected:
        values.append(Quantity("Dice that accuracy, sensitivity and specificity give", ratio(expected, 4), expected))
    if tied and accuracy:
        values.append(Quantity("prevalence that Dice needs", ratio(tied, 4), tied))
        values.append(Quantity("accuracy at that prevalence", percent(accuracy, 2), accuracy))
    fits = expected is not None and expected.meet(printed) is not None
    counts = smallest_counts([rates_of(cells)], LARGEST_TEST_SET) if fits else None
    example = _example(counts) if fits else "none of any size"
    values.append(Quantity("smallest test set that prints all four", example))
    should = f"Dice should be {ratio(expected, 3)}" if expected else "no Dice fits"
    return finding_of(
        "Dice from one confusion matrix",
        cells,
        verdict="consistent" if fits else "inconsistent",
        reading="pooled",
        brief="Dice fits the other three" if fits else should,
        explanation=(
            "Sensitivity, specificity and accuracy fix how many of every hundred cases were hits, misses and false "
            "alarms, and Dice is computed from the same counts, so it is no longer free. "
            + (
                "The printed Dice agrees."
                if fits
                else f"{should}; the printed one must count something else or be wrong."
            )
        ),
        values=values,
        witness=witness_of(cells[0].model, _matrix(counts) or (_large(cells) if fits else None)),
        conflict=() if fits else conflict_of(cells, make_up(None, None)),
    )


def _voxels(cells: Sequence[Cell], small_structures: Collection[str]) -> Finding:
    sensitivity, specificity, dice = (cell.share for cell in cells)
    expected = [dice_at(Interval(p, p), sensitivity, specificity) for p in FEW_VOXELS]
    values = [
        Quantity(f"Dice if {float(100 * p):g} % of the voxels are foreground", ratio(each, 3), each)
        for p, each in zip(FEW_VOXELS, expected, strict=True)
    ]
    if dice.mid:
        needed = needed_specificity(dice.mid, sensitivity.mid, FEW_VOXELS[0])
        text = f"{float(100 * needed):.2f} %" if needed is not None else "none is enough"
        values.append(Quantity("specificity that the printed Dice needs at 1 %", text))
    # Dice rises with the share of foreground: a value below that of 1 % belongs to a smaller share.
    fits = dice.low <= expected[0].high
    known = cells[0].data in small_structures
    return finding_of(
        "Dice on voxels",
        cells,
        verdict="consistent" if fits else "inconsistent" if known else "undetermined",
        reading="voxels",
        brief="fits a small structure" if fits else "not on voxels of which 1 % are foreground",
        explanation=(
            "Where few voxels are foreground, a few per cent of false alarms among all the others outnumber it and "
            "pull Dice down. "
            + (
                "The print allows for that."
                if fits
                else "At 1 % the printed specificity is too low for the printed Dice."
            )
            + (" This structure is known to be that small." if known and not fits else "")
        ),
        values=values,
    )


def _attainable(column: Column) -> Iterator[Finding]:
    for cell in column.cells:
        if cell.n is None or cell.metric not in RATES:
            continue
        fits = attainable(cell.share, cell.n)
        yield finding_of(
            "attainable for n",
            [cell],
            verdict="consistent" if fits else "inconsistent",
            reading="pooled",
            brief=f"a share of {cell.n}" if fits else f"no whole number of {cell.n} gives it",
            explanation=(
                f"With n = {cell.n} only {cell.n + 1} values are possible (0, 1/{cell.n}, 2/{cell.n} ...). "
                + ("One of them rounds to the print." if fits else "None of them rounds to the print.")
            ),
            values=[Quantity("n", str(cell.n))],
            conflict=() if fits else [cell],
        )


def _counts(cells: Sequence[Cell]) -> Iterator[Finding]:
    positives, negatives = cells[1].n, cells[2].n
    if positives is None or negatives is None:
        return
    hits = counts_given(rates_of(cells), positives, negatives)
    counts = Counts(positives + negatives, positives, (hits,)) if hits else None
    example = f"{hits[0]} of {positives} positives and {hits[1]} of {negatives} negatives right" if hits else "none"
    yield finding_of(
        "counts of the column",
        cells,
        verdict="consistent" if hits else "inconsistent",
        reading="pooled",
        brief="whole counts exist" if hits else "no whole counts fit",
        explanation=(
            f"With {positives} positives and {negatives} negatives the three rates come from whole numbers of cases. "
            + ("Such numbers exist." if hits else "No such numbers give all three as printed.")
        ),
        values=[Quantity("counts", example)],
        witness=witness_of(cells[0].model, _matrix(counts)),
        conflict=() if counts else conflict_of(cells, make_up_of(cells)),
    )
