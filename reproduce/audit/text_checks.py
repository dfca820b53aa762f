"""Checks of a document against itself: restated numbers, improvements, orders without a number, lost cells."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

from reproduce.audit.differences import in_points, relative
from reproduce.audit.finding import Finding, Quantity, Verdict, finding_of, percent
from reproduce.audit.interval import Interval
from reproduce.audit.printed import LARGER, Cell


def text_findings(cells: Sequence[Cell]) -> Iterator[Finding]:
    """Yield what the document says against itself, in the order of the cells."""
    levels: dict[tuple[str, ...], list[Cell]] = {}
    for cell in cells:
        if not cell.against:
            levels.setdefault(_key(cell, cell.model), []).append(cell)
    for same in levels.values():
        yield from _restated([cell for cell in same if cell.published])
    first = {key: same[0] for key, same in levels.items()}
    compared = [_compare(cell, first) for cell in cells if cell.against]
    yield from (each.finding for each in compared)
    yield from _one_meaning(compared)
    for cell in first.values():
        if not cell.published:
            yield _lost(cell, cells, first)


def _key(cell: Cell, model: str) -> tuple[str, ...]:
    return cell.document, cell.data, model, cell.metric


def _restated(same: Sequence[Cell]) -> Iterator[Finding]:
    """Yield one finding for all citations that agree with the first, and one for each that does not."""
    agreeing = [again for again in same[1:] if again.share.meet(same[0].share)]
    groups = [agreeing] if agreeing else []
    groups += [[again] for again in same[1:] if again not in agreeing]
    for group in groups:
        agree = group is agreeing
        places = ", ".join(again.place for again in group)
        printed = ", ".join(f"{again.place} {again.value} {again.unit}" for again in group)
        yield finding_of(
            "text against table",
            [same[0], *group],
            verdict="consistent" if agree else "inconsistent",
            reading="text",
            brief=f"repeated in {places}" if agree else f"{places} prints {group[0].value}",
            explanation=(
                f"{same[0].place} prints {same[0].value} {same[0].unit}, {printed} for the same thing; "
                + ("all can be roundings of one number." if agree else "no number rounds to both.")
            ),
        )


@dataclass(frozen=True)
class _Compared:
    finding: Finding
    as_points: bool
    as_relative: bool


def _compare(cell: Cell, first: dict[tuple[str, ...], Cell]) -> _Compared:
    new, old = (_published(first.get(_key(cell, model))) for model in (cell.model, cell.against))
    if new is None or old is None:
        missing = [model for model, level in ((cell.model, new), (cell.against, old)) if level is None]
        return _Compared(_without_levels(cell, missing), as_points=False, as_relative=False)
    if cell.value == LARGER:
        return _Compared(_ordered(cell, new, old), as_points=False, as_relative=False)
    # Whether the document means points or a relative difference is what this check finds out, so both are tried.
    points, share = in_points(new.share, old.share), relative(new.share, old.share)
    as_points = points.meet(cell.share) is not None
    as_relative = cell.unit == "%" and share is not None and share.meet(cell.share) is not None
    values = [Quantity("in points", f"{_points(points)} ({_says(as_points)})", points)]
    exact = None
    if share is not None:
        exact = new.share.mid / old.share.mid - 1
        text = f"{percent(share, 2)}, {float(100 * exact):.2f} % from the numbers as printed ({_says(as_relative)})"
        values.append(Quantity("relative", text, share))
    verdict, brief = _verdict(cell, as_points, as_relative, exact)
    found = finding_of(
        "improvement against its levels",
        [cell, new, old],
        verdict=verdict,
        reading="text",
        brief=brief,
        explanation=(
            f"{cell.place} prints a difference of {cell.value} {cell.unit}. Its levels differ by "
            f"{_points(points)} as a plain difference"
            + (f", and by {percent(share, 2)} of the lower level." if share is not None else ".")
        ),
        values=values,
    )
    return _Compared(found, as_points, as_relative)


def _without_levels(cell: Cell, missing: Sequence[str]) -> Finding:
    return finding_of(
        "order of two models" if cell.value == LARGER else "improvement against its levels",
        [cell],
        verdict="undetermined",
        reading="text",
        brief=f"level of {' and '.join(missing)} not published",
        explanation=f"{cell.place} compares {cell.model} with {cell.against}, but does not print both levels.",
    )


def _published(cell: Cell | None) -> Cell | None:
    return cell if cell is not None and cell.published else None


def _verdict(cell: Cell, as_points: bool, as_relative: bool, exact: Fraction | None) -> tuple[Verdict, str]:
    if as_points:
        return "consistent", "fits as points" + (", and relative" if as_relative else "")
    if not as_relative or exact is None:
        return "inconsistent", "fits neither as points nor relative"
    if cell.share.low <= exact <= cell.share.high:
        return "consistent", "fits as a relative difference, not as points"
    return "consistent", "not as points; relative only from levels before rounding"


def _points(difference: Interval) -> str:
    return f"{float(100 * difference.low):.2f} to {float(100 * difference.high):.2f} points"


def _says(fits: bool) -> str:
    return "fits" if fits else "does not fit"


def _one_meaning(compared: Sequence[_Compared]) -> Iterator[Finding]:
    """Yield whether the differences of one citation in one unit are all points, or all relative."""
    places: dict[tuple[str, str, str], list[_Compared]] = {}
    for each in compared:
        cell = each.finding.cells[0]
        if cell.unit == "%" and (each.as_points or each.as_relative):
            places.setdefault((cell.document, cell.place, cell.data), []).append(each)
    for (_, place, _), group in places.items():
        if len(group) < 2:
            continue
        one = all(each.as_points for each in group) or all(each.as_relative for each in group)
        yield finding_of(
            "differences of one place",
            [each.finding.cells[0] for each in group],
            verdict="consistent" if one else "inconsistent",
            reading="text",
            brief="one meaning" if one else "points and relative mixed",
            explanation=(
                f"The differences in {place} stand side by side with one unit, so all should be plain differences or "
                + (
                    "all relative ones; one of the two fits them all."
                    if one
                    else "all relative ones. No one meaning fits them all."
                )
            ),
        )


def _ordered(cell: Cell, new: Cell, old: Cell) -> Finding:
    a, b = new.share, old.share
    surely, possible = a.low > b.high, a.high > b.low
    return finding_of(
        "order of two models",
        [cell, new, old],
        verdict="consistent" if surely else "undetermined" if possible else "inconsistent",
        reading="text",
        brief="order as printed" if surely else "order hidden by rounding" if possible else "order reversed",
        explanation=f"{cell.place} puts {cell.model} above {cell.against}; printed are {new.value} and {old.value}.",
    )


def _lost(cell: Cell, cells: Sequence[Cell], first: dict[tuple[str, ...], Cell]) -> Finding:
    """Return the finding on a cell without a number: undetermined, with the bounds that printed orders leave."""
    low, high, by = Fraction(0), Fraction(1), []
    for order in cells:
        if order.value != LARGER or _key(order, "") != _key(cell, ""):
            continue
        other = _published(first.get(_key(order, order.against if order.model == cell.model else order.model)))
        if cell.model not in (order.model, order.against) or other is None:
            continue
        if order.against == cell.model and other.share.high < high:
            high = other.share.high
            by.append(f"below {other.model} ({other.value} {other.unit}, {order.place})")
        elif order.model == cell.model and other.share.low > low:
            low = other.share.low
            by.append(f"above {other.model} ({other.value} {other.unit}, {order.place})")
    values = [Quantity("bound from the text", text) for text in by]
    if low <= high and by:
        values.append(Quantity("between", percent(Interval(low, high), 2), Interval(low, high)))
    return finding_of(
        "not published",
        [cell],
        verdict="undetermined",
        reading="text",
        brief="not published" + (f"; {by[-1]}" if by else ""),
        explanation="The document names this cell but prints no number for it, so there is nothing to compare with.",
        values=values,
    )
