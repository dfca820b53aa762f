"""A folder of predictions under several conventions side by side."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from reproduce.errors import DataNotFoundError, ReproduceError
from reproduce.scoring.cases import CaseScores, score_pair
from reproduce.scoring.conventions import Convention
from reproduce.scoring.mask_files import find_pairs
from reproduce.scoring.means import Mean, means_of
from reproduce.scoring.moves import EmptyMask, Move, empty_masks, largest_move
from reproduce.scoring.regions import LABELS, RegionSet, region_sets


@dataclass(frozen=True)
class Fault:
    """A case that is not scored, and why."""

    name: str
    error: ReproduceError


@dataclass(frozen=True)
class Scored:
    """All that is said of a folder of predictions.

    Attributes:
        conventions: Those that were asked for.
        sets: The regions that are averaged together.
        cases: Those that are in the means.
        faults: Those that are not.
        means: By convention, metric and set of regions.
        moves: One for each set of regions, where two conventions have a mean.
        empties: Where a mask is empty.
    """

    conventions: tuple[Convention, ...]
    sets: tuple[RegionSet, ...]
    cases: tuple[CaseScores, ...]
    faults: tuple[Fault, ...]
    means: tuple[Mean, ...]
    moves: tuple[Move, ...]
    empties: tuple[EmptyMask, ...]


def score(predictions: Path, references: Path, *, conventions: Sequence[Convention], regions: str) -> Scored:
    """Score two folders, or two files, under each convention.

    A case whose partner is missing, whose grids differ or whose file cannot be read is a fault, and in no mean.

    Args:
        predictions: See `find_pairs`.
        references: See `find_pairs`.
        conventions: One or more.
        regions: See `region_sets`.

    Raises:
        DataNotFoundError: There is nothing to score, or every case is a fault; the text has the first of them.
        ArgumentError: See `region_sets` and `find_pairs`.
    """
    # What is wrong with the text shows before a file is read; which labels there are is known when all are.
    sets = () if regions == LABELS else region_sets(regions, ())
    named = [members for each in sets for members in each.regions.values()] or None
    forms = tuple(dict.fromkeys(each.form for each in conventions if each.form is not None))
    background = any(each.background for each in conventions)
    cases: list[CaseScores] = []
    faults: list[Fault] = []
    for pair in find_pairs(predictions, references):
        try:
            cases.append(score_pair(pair, named, forms=forms, background=background))
        except ReproduceError as error:
            faults.append(Fault(pair.name, error))
    if not cases:
        first = faults[0].error
        got = f"{len(faults)} of {len(faults)} that cannot; the first: expected {first.expected}, got {first.got}"
        raise DataNotFoundError(expected="masks that can be scored", got=got, where=first.where, do=first.do)
    sets = region_sets(regions, (label for case in cases for label in case.labels))
    return summarised(conventions, sets, cases, faults)


def summarised(
    conventions: Sequence[Convention], sets: Sequence[RegionSet], cases: Sequence[CaseScores], faults: Iterable[Fault]
) -> Scored:
    """Return the means of cases under each convention, and how far they are apart."""
    moves = (largest_move(conventions, each, cases) for each in sets)
    return Scored(
        conventions=tuple(conventions),
        sets=tuple(sets),
        cases=tuple(cases),
        faults=tuple(faults),
        means=tuple(mean for each in sets for one in conventions for mean in means_of(one, each, cases)),
        moves=tuple(move for move in moves if move is not None),
        empties=tuple(empty for each in sets for empty in empty_masks(conventions, each, cases)),
    )
