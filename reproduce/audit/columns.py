"""Cells arranged as the columns of a table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from reproduce.audit.prevalence import Rates
from reproduce.audit.printed import Cell

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

    def cell(self, metric: str) -> Cell | None:
        """Return the cell of a metric, or None."""
        return next((cell for cell in self.cells if cell.metric == metric), None)

    def some(self, *metrics: str) -> tuple[Cell, ...] | None:
        """Return the cells of all these metrics, or None where one of them is missing."""
        found = tuple(self.cell(metric) for metric in metrics)
        return None if None in found else found

    @property
    def rates(self) -> Rates | None:
        """Accuracy, sensitivity and specificity, or None where one of them is missing."""
        cells = self.some(*RATES)
        return Rates(*(cell.share for cell in cells)) if cells else None

    @property
    def as_printed(self) -> Column:
        """The column with the decimals of the print alone."""
        return Column(self.model, tuple(cell.as_printed for cell in self.cells))


def by_test_set(cells: Sequence[Cell]) -> tuple[tuple[Column, ...], ...]:
    """Return the columns in the order of the input, those of one document on the same data together."""
    tables: dict[tuple[str, str], dict[str, dict[str, Cell]]] = {}
    for cell in cells:
        if cell.published and not cell.against:
            models = tables.setdefault((cell.document, cell.data), {})
            models.setdefault(cell.model, {}).setdefault(cell.metric, cell)
    return tuple(
        tuple(Column(model, tuple(metrics.values())) for model, metrics in models.items()) for models in tables.values()
    )
