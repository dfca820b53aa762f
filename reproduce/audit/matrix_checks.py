"""The check of all scores of one column together, and the smallest conflict of cells that one matrix should print."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from reproduce.audit.columns import RATES, Column, levels_of, make_up_of
from reproduce.audit.conflict import smallest_conflict
from reproduce.audit.finding import Finding, Quantity, Verdict, Witness, finding_of
from reproduce.audit.interval import Interval
from reproduce.audit.make_up import MakeUp
from reproduce.audit.matrix import Matrix
from reproduce.audit.matrix_search import LIMIT_S, cone, find_matrix, prevalences
from reproduce.audit.printed import Cell
from reproduce.audit.scores import score_of


def matrix_findings(column: Column) -> Iterator[Finding]:
    """Yield whether one confusion matrix prints all scores of a column; nothing where another check says so already."""
    cells = tuple(cell for cell in column.cells if score_of(cell.metric) is not None)
    given = any(cell.positives or cell.negatives for cell in cells)
    if len(cells) < (1 if given else 2):
        return
    made_up = make_up_of(cells)
    metrics = {cell.metric for cell in cells}
    by_formula = set(RATES) <= metrics <= {*RATES, "dice"} or metrics == {"iou", "dice"}
    by_counts = metrics == set(RATES) and not given and made_up.known
    if by_counts or (by_formula and made_up.unknown):
        return
    answer = find_matrix(levels_of(cells), made_up)
    contradictory = made_up.contradictory
    conflict: tuple[Cell, ...] = ()
    verdict: Verdict
    if answer.matrix is not None:
        verdict, brief, end = "consistent", "one matrix prints every score", "The counts given here print them all."
    elif answer.proven:
        conflict = () if contradictory else conflict_of(cells, made_up)
        names = " and ".join(cell.metric for cell in conflict)
        verdict, brief, end = "inconsistent", f"no matrix prints {names}", f"None prints {names}."
        if contradictory:
            brief, end = "positives and negatives do not give n", "No two whole numbers fit what is said of P, N and n."
    else:
        verdict, brief = "undetermined", answer.reason
        end = f"Whether one prints all of these is open: {answer.reason}."
    yield finding_of(
        "all scores from one confusion matrix",
        cells,
        verdict=verdict,
        reading="pooled",
        brief=brief,
        explanation=f"The scores of a column are computed from the same four whole numbers, TP, FN, FP and TN. {end}",
        values=[Quantity("searched", made_up.text)],
        witness=witness_of(column.model, answer.matrix),
        conflict=conflict,
    )


def witness_of(model: str, matrix: Matrix | None) -> tuple[Witness, ...]:
    """Return the witness of one column from one matrix; none without a matrix."""
    return () if matrix is None else (Witness(model, (matrix,)),)


def conflict_of(cells: Sequence[Cell], made_up: MakeUp) -> tuple[Cell, ...]:
    """Return the fewest cells of one column that no confusion matrix of that make-up prints."""

    def impossible(some: Sequence[Cell]) -> bool:
        levels = levels_of(some)
        if not cone(levels):
            return True
        answer = None if made_up.unknown else find_matrix(levels, made_up)
        return answer is not None and answer.matrix is None and answer.proven

    return smallest_conflict(cells, impossible, seconds=LIMIT_S)


def conflict_of_pair(cells: Sequence[Cell]) -> tuple[Cell, ...]:
    """Return the fewest cells of two columns that no two confusion matrices with one share of positives print."""
    known: dict[tuple[Cell, ...], Interval | None] = {}

    def shares(some: tuple[Cell, ...]) -> Interval | None:
        if some not in known:
            known[some] = prevalences(cone(levels_of(some)))
        return known[some]

    def impossible(some: Sequence[Cell]) -> bool:
        models = dict.fromkeys(cell.model for cell in some)
        found = [shares(tuple(cell for cell in some if cell.model == model)) for model in models]
        possible = [each for each in found if each is not None]
        return len(possible) < len(found) or (len(possible) == 2 and possible[0].meet(possible[1]) is None)

    return smallest_conflict(cells, impossible, seconds=LIMIT_S)
