"""Checks of numbers that are means over folds or cases: which counts of each of them print the columns."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations_with_replacement, product

from reproduce.audit.columns import RATES, Column, levels_of
from reproduce.audit.conflict import smallest_conflict
from reproduce.audit.finding import Finding, Quantity, Reading, Verdict, Witness, finding_of
from reproduce.audit.fold_guess import guesses
from reproduce.audit.fold_search import Pair, find_folds, linear_form
from reproduce.audit.interval import Interval
from reproduce.audit.make_up import MakeUp, entries, make_up
from reproduce.audit.matrix import Matrix
from reproduce.audit.matrix_search import LIMIT_S, Level
from reproduce.audit.prevalence import mean_accuracy
from reproduce.audit.printed import Cell
from reproduce.audit.scores import score_of

MOST_MAKE_UPS = 60
"""Where the folds can be made up in no more ways than these, all are tried, and then nothing is left open."""
_SEARCHED_PER_CENT = (5, 95)
_SEARCHED_SIZE = 1000


@dataclass(frozen=True)
class Answer:
    """What a search of folds found.

    Attributes:
        matrices: For each column one confusion matrix of each fold; empty where none were found.
        proven: Whether there are none where none were found.
    """

    matrices: tuple[tuple[Matrix, ...], ...]
    proven: bool


def fold_findings(columns: Sequence[Column]) -> Iterator[Finding]:
    """Yield what the checks find in the columns of one test set whose numbers are means over folds or cases.

    Each column is checked alone, then all together where the make-up of the folds is not known, since they share it.
    """
    checked = [(column, cells) for column in columns if (cells := _cells(column))]
    if not checked:
        return
    end = time.monotonic() + LIMIT_S
    every = [cell for _, cells in checked for cell in cells]
    folds = folds_of(every)
    if folds is None:
        for column, cells in checked:
            yield _finding([column.model], cells, Answer((), proven=False), (), ())
        return
    single = []
    for i, (column, cells) in enumerate(checked):
        # The search of all columns together gets a share of the time too.
        share = (end - time.monotonic()) / (len(checked) - i + 1)
        answer = search([levels_of(cells)], folds, end=time.monotonic() + share)
        single.append(answer)
        conflict = _conflict(cells, folds, end) if answer.proven and not answer.matrices else ()
        yield _finding([column.model], cells, answer, conflict, folds)
    if len(checked) > 1 and _ways(folds) != 1 and all(answer.matrices for answer in single):
        together = search([levels_of(cells) for _, cells in checked], folds, end=end)
        yield _finding([column.model for column, _ in checked], every, together, (), folds)


def folds_of(cells: Sequence[Cell]) -> tuple[MakeUp, ...] | None:
    """Return what cells say of each fold or case; None where they do not say how many there are.

    Where they say nothing of the make-up it is searched from 5 to 95 % positives, in folds of 1000 cases or of n / K.
    """
    number = next((cell.folds for cell in cells if cell.folds is not None), None)
    if number is None:
        return None
    sides: list[Sequence[range | None]] = []
    for texts in ([cell.positives for cell in cells], [cell.negatives for cell in cells]):
        text = next(filter(None, texts), "")
        found = entries(text) if text else None
        sides.append([None] * number if found is None else list(found) * (number if len(found) == 1 else 1))
    n = next((cell.n for cell in cells if cell.metric == "accuracy" and cell.n is not None), None)
    # A fold has a positive and a negative: with fewer cases than two a fold n is of something else.
    sizes = [n // number + (i < n % number) if n and n >= 2 * number else _SEARCHED_SIZE for i in range(number)]
    three = zip(sides[0], sides[1], sizes, strict=True)
    return tuple(_fold(positives, negatives, range(size, size + 1)) for positives, negatives, size in three)


def search(columns: Sequence[Sequence[Level]], folds: Sequence[MakeUp], *, end: float) -> Answer:
    """Return the matrices of each fold whose means print every column, or that there are none, or neither.

    Args:
        columns: The levels of each column; all share the folds.
        folds: What is known of each fold.
        end: Time of `time.monotonic` after which the search is given up.
    """
    if any(_impossible(levels, folds) for levels in columns):
        return Answer((), proven=True)
    linear = [[level for level in levels if linear_form(level, (2, 3))] for levels in columns]
    few, some = _few(folds), [levels for levels in linear if levels]
    if few and some:
        first = _among(some, _make_ups(folds), end)
        if first.proven and (not first.matrices or some == [list(levels) for levels in columns]):
            return first
    # To enumerate all matrices of all folds takes seconds; a guess mostly takes less.
    second = _guessed(columns, folds, time.monotonic() + (end - time.monotonic()) / 4)
    if second.matrices:
        return second
    third = _among(columns, _make_ups(folds), end) if few else Answer((), proven=False)
    return third if third.proven else _guessed(columns, folds, end)


def _guessed(columns: Sequence[Sequence[Level]], folds: Sequence[MakeUp], end: float) -> Answer:
    for guess in guesses(columns, folds, end=end):
        found = []
        for levels, near in zip(columns, guess, strict=True):
            if not (matrices := find_folds(levels, (), near=near, end=end).matrices):
                break
            found.append(matrices)
        if len(found) == len(columns):
            return Answer(tuple(found), proven=True)
    return Answer((), proven=False)


def _impossible(levels: Sequence[Level], folds: Sequence[MakeUp]) -> bool:
    """Whether no shares of positives that the folds can have give the mean accuracy beside the two other means."""
    by_name = {level.score.name: level.share for level in levels}
    if any(fold.open for fold in folds) or not set(RATES) <= set(by_name):
        return False
    ends = [(f.positives[0], f.negatives[-1]) for f in folds], [(f.positives[-1], f.negatives[0]) for f in folds]
    low, high = (choose(Fraction(p, p + n) for p, n in side) for choose, side in zip((min, max), ends, strict=True))
    possible = mean_accuracy(by_name["sensitivity"], by_name["specificity"], Interval(low, high))
    return possible.meet(by_name["accuracy"]) is None


def _few(folds: Sequence[MakeUp]) -> bool:
    return _ways(folds) <= MOST_MAKE_UPS and not any(fold.open for fold in folds)


def _among(columns: Sequence[Sequence[Level]], make_ups: Sequence[tuple[Pair, ...]], end: float) -> Answer:
    proven = True
    share = (end - time.monotonic()) / 2 / len(make_ups)
    for pairs in make_ups:
        found = []
        for levels in columns:
            answer = find_folds(levels, pairs, end=min(end, time.monotonic() + share))
            if not answer.matrices:
                proven = proven and answer.proven
                break
            found.append(answer.matrices)
        if len(found) == len(columns):
            return Answer(tuple(found), proven=True)
    return Answer((), proven=proven)


def _cells(column: Column) -> tuple[Cell, ...]:
    """Return the cells of scores that a mean in fractions can be taken of: all but roots."""
    scores = [(cell, score_of(cell.metric)) for cell in column.cells]
    return tuple(cell for cell, score in scores if score is not None and score.power == 1)


def _fold(positives: range | None, negatives: range | None, size: range) -> MakeUp:
    if positives and negatives:
        return make_up(positives, negatives)
    if positives or negatives:
        known = positives or negatives or size
        rest = range(1, max(2, 10 * known[-1]))
        return MakeUp(positives or rest, negatives or rest, range(2, known[-1] + rest[-1] + 1), open=True)
    low, high = (size[-1] * share // 100 for share in _SEARCHED_PER_CENT)
    both = range(max(1, low), high + 1)
    return MakeUp(both, both, size, open=True)


def _ways(folds: Sequence[MakeUp]) -> int:
    """Return in how many ways the folds can be made up; folds of which the same is known may change places."""
    each = [len(fold.positives) * len(fold.negatives) for fold in folds]
    return math.comb(each[0] + len(folds) - 1, len(folds)) if len(set(folds)) == 1 else math.prod(each)


def _make_ups(folds: Sequence[MakeUp]) -> list[tuple[Pair, ...]]:
    pairs = [[(p, n) for p, n in product(fold.positives, fold.negatives) if p + n in fold.total] for fold in folds]
    alike = len(set(folds)) == 1
    return list(combinations_with_replacement(pairs[0], len(folds)) if alike else product(*pairs))


def _conflict(cells: Sequence[Cell], folds: Sequence[MakeUp], end: float) -> tuple[Cell, ...]:
    """Return the fewest cells of one column that no folds print, of those that there is time to try."""

    def impossible(some: Sequence[Cell]) -> bool:
        levels = levels_of(some)
        if _impossible(levels, folds):
            return True
        answer = _among([levels], _make_ups(folds), end) if _few(folds) else Answer((), proven=False)
        return answer.proven and not answer.matrices

    return smallest_conflict(cells, impossible, seconds=max(0.0, end - time.monotonic()))


def _finding(
    models: Sequence[str],
    cells: Sequence[Cell],
    answer: Answer,
    conflict: tuple[Cell, ...],
    folds: Sequence[MakeUp],
) -> Finding:
    left_open = f"not decided in {LIMIT_S:g} s" if folds else "how many of them there are is not said"
    reading: Reading = "cases" if cells[0].average == "cases" else "folds"
    verdict: Verdict
    if answer.matrices:
        verdict, brief, end = "consistent", f"{reading} exist that print it", "The counts given here have these means."
    elif answer.proven:
        names = " and ".join(cell.metric for cell in conflict)
        verdict, brief, end = "inconsistent", f"no {reading} print {names}", f"None have the printed means of {names}."
    else:
        verdict, brief, end = "undetermined", left_open, f"Whether some have the printed means is open: {left_open}."
    return finding_of(
        f"means over {reading}" if len(models) == 1 else f"one test set, as means over {reading}",
        cells,
        verdict=verdict,
        reading=reading,
        brief=brief,
        explanation=f"Each printed number is the mean of one number from each of the {reading}, and means are not "
        f"bound by the identities of one confusion matrix. {end}",
        values=[Quantity(f"searched, {reading}", _searched(folds))] if folds else [],
        witness=[Witness(model, found) for model, found in zip(models, answer.matrices, strict=False)],
        conflict=conflict,
    )


def _searched(folds: Sequence[MakeUp]) -> str:
    low, high = _SEARCHED_PER_CENT
    if all(fold.open and fold.positives == fold.negatives for fold in folds):
        sizes = " or ".join(str(n) for n in sorted({fold.total[0] for fold in folds}))
        return f"{len(folds)} of {sizes} cases, {low} to {high} % of them positive"
    if len(set(folds)) > 1:
        return "; ".join(f"{i}: {fold.text}" for i, fold in enumerate(folds, 1))
    return f"{len(folds)} of {folds[0].text}"
