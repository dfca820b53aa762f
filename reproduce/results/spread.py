"""How far each cell of a table moves under other arithmetic: numerical_spread.csv as it is written, read and told."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from reproduce.provenance import write_text
from reproduce.results.folders import optional_number, read_rows
from reproduce.results.number_format import number

FILE = "numerical_spread.csv"
NOT_MEASURED = "not measured"
CELL = ("model", "region", "metric", "level", "average", "unit")
"""Columns of table.csv that name a cell."""
DECIMALS = 6
Cell = tuple[str, ...]


@dataclass(frozen=True)
class NumericalSpread:
    """How far the cells of a table move.

    Attributes:
        arithmetics: Names of the arithmetics under which one fold was trained.
        by_cell: Largest less smallest value over them, in the unit of the cell; nan where one of them has none.
    """

    arithmetics: tuple[str, ...]
    by_cell: Mapping[Cell, float]

    def text(self, cell: Cell) -> str:
        """Return the spread of a cell as table.md has it."""
        return number(self.by_cell[cell], cell[-1]) if cell in self.by_cell else NOT_MEASURED

    def field(self, cell: Cell) -> str:
        """Return the spread of a cell as table.csv has it: "" where an arithmetic gives no number."""
        value = self.by_cell.get(cell)
        if value is None:
            return NOT_MEASURED
        return "" if math.isnan(value) else f"{value:.{DECIMALS}f}"


NOTHING_MEASURED = NumericalSpread((), {})


def measured_spread(values: Mapping[str, Mapping[Cell, float]]) -> NumericalSpread:
    """Return the spread of every cell that all arithmetics have.

    Args:
        values: For each arithmetic the number of each cell, nan where it is undefined.
    """
    first, *others = values.values()
    cells = [cell for cell in first if all(cell in other for other in others)]
    by_cell = {cell: _spread([of[cell] for of in values.values()]) for cell in cells}
    return NumericalSpread(tuple(values), by_cell)


def _spread(values: Sequence[float]) -> float:
    return math.nan if any(map(math.isnan, values)) else round(max(values) - min(values), DECIMALS)


def write_spread(folder: Path, values: Mapping[str, Mapping[Cell, float]]) -> NumericalSpread:
    """Write numerical_spread.csv into a results folder: each cell under each arithmetic, and its spread."""
    spread = measured_spread(values)
    lines = [",".join((*CELL, *(_quoted(name) for name in values), "spread"))]
    for cell in spread.by_cell:
        numbers = [of[cell] for of in values.values()]
        texts = ("" if math.isnan(value) else f"{value:.{DECIMALS}f}" for value in numbers)
        lines.append(",".join((*map(_quoted, cell), *texts, spread.field(cell))))
    write_text(folder / FILE, "\n".join(lines) + "\n")
    return spread


def _quoted(text: str) -> str:
    return '"' + text.replace('"', '""') + '"' if {",", '"'} & set(text) else text


def read_spread(folder: Path) -> NumericalSpread:
    """Return the spread of a results folder; `NOTHING_MEASURED` where it has no numerical_spread.csv.

    Raises:
        ResultsError: The file is broken.
    """
    path = folder / FILE
    if not path.is_file():
        return NOTHING_MEASURED
    rows = read_rows(path, (*CELL, "spread"))
    names = tuple(name for name in (rows[0] if rows else ()) if name not in (*CELL, "spread"))
    return NumericalSpread(names, {cell_of(row): optional_number(row["spread"], path) for row in rows})


def cell_of(row: Mapping[str, str]) -> Cell:
    """Return the cell that a row of table.csv or numerical_spread.csv is of; a column that is not there is empty."""
    return tuple(row.get(name, "") for name in CELL)


def spread_words(spread: NumericalSpread) -> str:
    """Say in a sentence or two what the numerical spread of a page is, and how it was measured."""
    if not spread.arithmetics:
        return "Numerical spread: not measured; how far the numbers move on another processor is not known."
    return (
        "Numerical spread: the largest less the smallest value of a cell when one fold is trained again from the same "
        f"seed under other arithmetic ({', '.join(spread.arithmetics)}) and everything else is the same. A fold alone "
        "moves more than the mean of all folds; numbers on another processor may differ by as much."
    )
