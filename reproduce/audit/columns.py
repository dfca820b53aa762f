"""Cells arranged as the columns of a table."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from reproduce.audit.make_up import MakeUp, entries, make_up
from reproduce.audit.matrix_search import Level
from reproduce.audit.prevalence import Rates
from reproduce.audit.printed import Cell
from reproduce.audit.scores import score_of

RATES = ("accuracy", "sensitivity", "specificity")


@dataclass(frozen=True)
class Column:
    """The published levels of one model on one test set.

    Attributes:
        model: Name as printed.
        cells: One cell for each metric: the first that the input has.
    """

    model: str
    cells: tuple[Cell, ...]

    @property
    def mean(self) -> bool:
        """Whether its numbers are means over folds or cases."""
        return self.cells[0].mean

    def cell(self, metric: str) -> Cell | None:
        """Return the cell of a metric, or None."""
        return next((cell for cell in self.cells if cell.metric == metric), None)

    def some(self, *metrics: str) -> tuple[Cell, ...]:
        """Return the cells of all these metrics in their order, or no cell where one of them is missing."""
        found = [cell for metric in metrics if (cell := self.cell(metric)) is not None]
        return tuple(found) if len(found) == len(metrics) else ()


def rates_of(cells: Iterable[Cell]) -> Rates:
    """Return the rates that the cells of `RATES`, in that order, print, and the Dice of a fourth cell."""
    return Rates(*(cell.share for cell in cells))


def levels_of(cells: Iterable[Cell]) -> list[Level]:
    """Return the scores of a confusion matrix that cells print; a metric that is none is left out."""
    return [Level(score, cell.share) for cell in cells if (score := score_of(cell.metric)) is not None]


def make_up_of(cells: Iterable[Cell]) -> MakeUp:
    """Return what the cells of one column say of its test set.

    The columns `positives` and `negatives` count first, then the n of sensitivity and of specificity; the n of
    accuracy is both together.
    """
    known: dict[str, range] = {}
    for cell in cells:
        for side, text in (("positives", cell.positives), ("negatives", cell.negatives)):
            if text and (found := entries(text)):
                known[side] = found[0]
        if cell.n is not None and (part := _PARTS.get(cell.metric)):
            known.setdefault(part, range(cell.n, cell.n + 1))
    return make_up(known.get("positives"), known.get("negatives"), known.get("total"))


_PARTS = {"sensitivity": "positives", "fnr": "positives", "specificity": "negatives", "fpr": "negatives"}
_PARTS |= {"accuracy": "total", "error rate": "total"}


def by_test_set(cells: Sequence[Cell]) -> tuple[tuple[Column, ...], ...]:
    """Return the columns in the order of the input, those of one document on the same data together.

    Means over folds or cases are columns apart from numbers of one confusion matrix.
    """
    tables: dict[tuple[str, str, str], dict[str, dict[str, Cell]]] = {}
    for cell in cells:
        if cell.published and not cell.against:
            models = tables.setdefault((cell.document, cell.data, cell.average if cell.mean else ""), {})
            models.setdefault(cell.model, {}).setdefault(cell.metric, cell)
    return tuple(
        tuple(Column(model, tuple(metrics.values())) for model, metrics in models.items()) for models in tables.values()
    )
