"""Checks of Dice beside IoU."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import combinations

from reproduce.audit.columns import Column
from reproduce.audit.finding import Finding, Quantity, Verdict, finding_of, percent, ratio
from reproduce.audit.interval import Interval
from reproduce.audit.overlap_means import (
    background_iou_of_classes,
    background_reading,
    dice_bounds_of_mean_iou,
    dice_of_iou,
    most_in_band,
    one_bad_class,
    shared_foreground,
    two_point_example,
)
from reproduce.audit.printed import Cell

ORDINARY = Interval(Fraction(1, 2), Fraction(9, 10))
ORGANS = 5


def overlap_findings(columns: Sequence[Column]) -> Iterator[Finding]:
    """Yield what the checks find in Dice and IoU of one test set; nothing where either is missing."""
    for metric in ("iou", "miou"):
        pairs = [(cells[0], cells[1]) for column in columns if (cells := column.some(metric, "dice"))]
        for iou, dice in pairs:
            if not iou.mean:
                yield _pooled(iou, dice)
            yield _per_case(iou, dice)
        if metric == "miou" and pairs and not columns[0].mean:
            yield _background(pairs)
        if len(pairs) > 1:
            yield _ranking(pairs)


def _pooled(iou: Cell, dice: Cell) -> Finding:
    expected = dice_of_iou(iou.share)
    fits = expected.meet(dice.share) is not None
    short = float(100 * expected.gap(dice.share))
    return finding_of(
        "Dice against IoU, pooled",
        [iou, dice],
        verdict="consistent" if fits else "inconsistent",
        reading="pooled",
        brief="Dice fits IoU" if fits else f"Dice should be {percent(expected, 2)}",
        explanation=(
            "From the same counts Dice and IoU are one number in two scales, Dice = 2 IoU / (1 + IoU). "
            + ("The print agrees." if fits else f"The printed Dice is {short:.1f} points off.")
        ),
        values=[Quantity("Dice that the IoU gives", percent(expected, 2), expected)],
    )


def _per_case(iou: Cell, dice: Cell) -> Finding:
    bounds = dice_bounds_of_mean_iou(iou.share)
    inside = bounds.meet(dice.share) is not None
    alike = dice_of_iou(iou.share).meet(dice.share) is not None
    band = most_in_band(iou.share, dice.share, ORDINARY)
    values = [Quantity("mean Dice that the mean IoU allows", percent(bounds, 2), bounds)]
    example = two_point_example(iou.share.mid, dice.share.mid)
    if inside and not alike:
        values.append(Quantity("largest share of cases with an IoU of 0.5 to 0.9", f"{float(band):.2f}"))
        if example:
            share, level = (float(each) for each in example)
            values.append(Quantity("example", f"{share:.2f} of the cases at an IoU of {level:.2f}, the rest at 0"))
        organs = one_bad_class(iou.share.mid, dice.share.mid, ORGANS) if iou.metric == "miou" else None
        if organs:
            text = f"one at an IoU of {organs[0]:.2f}, {ORGANS - 1} at {organs[1]:.2f}"
            values.append(Quantity(f"example with {ORGANS} structures and the background", text))
    verdict: Verdict
    if not inside:
        verdict, brief, end = "inconsistent", "no mean of cases gives both", "The print lies outside that range."
    elif alike:
        verdict, brief, end = "consistent", "cases alike would give both", "Cases that are all alike would print this."
    else:
        verdict, brief = "undetermined", "possible only as a mean of complete misses and near-perfect cases"
        end = (
            "The print lies inside, but only if complete misses are mixed with near-perfect cases: at most "
            f"{float(100 * band):.0f} % of the cases can have an ordinary IoU of 0.5 to 0.9."
        )
    return finding_of(
        "Dice against IoU, as means",
        [iou, dice],
        verdict=verdict,
        reading="any",
        brief=brief,
        explanation="A mean of Dice cannot fall below the mean IoU, nor exceed what cases that are all alike give. "
        + end,
        values=values,
    )


def _background(rows: Sequence[tuple[Cell, Cell]]) -> Finding:
    read = [background_reading(iou.share, dice.share) for iou, dice in rows]
    values = []
    for (iou, _), row in zip(rows, read, strict=True):
        if row is None:
            values.append(Quantity(f"{iou.model}: IoU of the background", "outside 0 to 1"))
            continue
        values.append(Quantity(f"{iou.model}: IoU of the foreground", ratio(row.iou_foreground, 3), row.iou_foreground))
        values.append(Quantity(f"{iou.model}: IoU of the background", ratio(row.iou_background, 3), row.iou_background))
        values.append(Quantity(f"{iou.model}: foreground", percent(row.foreground, 1), row.foreground))
        values.append(Quantity(f"{iou.model}: wrong pixels", percent(row.pixel_error, 1), row.pixel_error))
    possible = [row for row in read if row is not None]
    shared = shared_foreground(possible) if len(possible) == len(rows) else None
    if shared:
        values.append(Quantity("foreground that fits all rows", ratio(shared, 3), shared))
    two = [background_iou_of_classes(iou.share, dice.share, 2) for iou, dice in rows]
    if all(each.low > 1 for each in two):
        values.append(Quantity("with two foreground classes", "impossible: the background's IoU would exceed 1"))
    return finding_of(
        "background counted in the mean IoU",
        [cell for row in rows for cell in row],
        verdict="consistent" if shared else "inconsistent",
        reading="background",
        brief="fits if the mean IoU counts the background" if shared else "counting the background does not help",
        explanation=(
            "If there is one structure, the mean IoU is that of structure and background, and Dice is that of the "
            "structure alone, then the two tell how much of the image the structure fills, which must be the same for "
            + (
                f"all models. {percent(shared, 1)} fits every row."
                if shared
                else "all models. No share fits every row."
            )
        ),
        values=values,
    )


def _ranking(rows: Sequence[tuple[Cell, Cell]]) -> Finding:
    swapped = [
        (a[0].model, b[0].model)
        for a, b in combinations(rows, 2)
        if (_order(a[0], b[0]) and _order(a[1], b[1]) and _order(a[0], b[0]) != _order(a[1], b[1]))
    ]
    ranked = " > ".join(iou.model for iou, _ in sorted(rows, key=lambda row: -row[0].share.mid))
    values = [Quantity("by IoU", ranked)]
    values += [Quantity("swapped", f"{one} and {other}") for one, other in swapped]
    return finding_of(
        "ranking by IoU and by Dice",
        [cell for row in rows for cell in row],
        verdict="undetermined" if swapped else "consistent",
        reading="text",
        brief="rankings differ" if swapped else "rankings agree",
        explanation=(
            "IoU and Dice of one case always rank models alike. "
            + ("These means do not, which means over cases can do." if swapped else "So do these.")
        ),
        values=values,
    )


def _order(one: Cell, other: Cell) -> int:
    """Return 1 where one is surely larger, -1 where it is surely smaller, 0 where rounding leaves it open."""
    a, b = one.share, other.share
    return (a.low > b.high) - (a.high < b.low)
