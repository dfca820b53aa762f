"""How far the mean Dice moves between conventions, and which cases make the difference."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from reproduce.scoring.cases import CaseScores
from reproduce.scoring.conventions import Convention
from reproduce.scoring.means import table_of
from reproduce.scoring.regions import RegionSet

_SAME = 1e-12  # two means closer than this differ by the order of a sum


@dataclass(frozen=True)
class Move:
    """The largest difference of two mean Dice over one set of regions; conventions without a mean are left out.

    Attributes:
        regions: Name of the set.
        lowest: Convention of the lowest mean.
        highest: Convention of the highest mean.
        gap: Difference of the two means.
        without: Each case that changes the gap, with the gap that remains without it, nan where no mean does; largest
            change first.
    """

    regions: str
    lowest: str
    highest: str
    gap: float
    without: tuple[tuple[str, float], ...]


@dataclass(frozen=True)
class EmptyMask:
    """A region of a case where a mask is empty, so that conventions differ.

    Attributes:
        case: Name of the case.
        regions: Name of the set.
        region: Name of the region.
        situation: Which mask is empty.
        dice: By name of the convention; nan is left out.
        hd95: Likewise, of the conventions that have one.
    """

    case: str
    regions: str
    region: str
    situation: str
    dice: dict[str, float]
    hd95: dict[str, float]


def largest_move(conventions: Sequence[Convention], regions: RegionSet, cases: Sequence[CaseScores]) -> Move | None:
    """Return the largest difference of two mean Dice; None where fewer than two conventions have a mean."""
    tables = [table_of(each, "dice", regions, cases) for each in conventions]
    means = {table.convention.name: (table.overall(), table) for table in tables}
    known = [name for name, (mean, _) in means.items() if math.isfinite(mean)]
    if len(known) < 2:
        return None
    lowest = min(known, key=lambda name: means[name][0])
    highest = max(known, key=lambda name: means[name][0])
    gap = means[highest][0] - means[lowest][0]
    if gap <= _SAME:
        return Move(regions.name, lowest, highest, 0.0, ())
    without = []
    for i, case in enumerate(cases):
        rest = means[highest][1].without(i).overall() - means[lowest][1].without(i).overall()
        if not abs(rest - gap) <= _SAME:
            without.append((case.name, rest))

    def change(each: tuple[str, float]) -> tuple[float, str]:
        return (-math.inf if math.isnan(each[1]) else -abs(each[1] - gap), each[0])

    return Move(regions.name, lowest, highest, gap, tuple(sorted(without, key=change)))


def empty_masks(conventions: Sequence[Convention], regions: RegionSet, cases: Sequence[CaseScores]) -> list[EmptyMask]:
    """Return every region of every case where a mask is empty, with what each convention gives it."""
    found = []
    for case in cases:
        for name, members in regions.regions.items():
            situation = case.region(members).situation
            if situation:
                dice = {each.name: case.dice(members, each) for each in conventions}
                hd95 = {each.name: case.hd95(members, each) for each in conventions if each.form is not None}
                found.append(EmptyMask(case.name, regions.name, name, situation, dice, hd95))
    return found
