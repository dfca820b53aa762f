"""What one check says of some cells."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from reproduce.audit.interval import Interval
from reproduce.audit.matrix import Matrix
from reproduce.audit.printed import Cell

Verdict = Literal["consistent", "inconsistent", "undetermined"]
Reading = Literal["any", "pooled", "folds", "equal folds", "cases", "voxels", "background", "text", "network"]

READINGS: dict[Reading, str] = {
    "any": "however the numbers were averaged",
    "pooled": "if all numbers of a column come from one confusion matrix over the same cases and classes",
    "folds": "if each number is the mean of one number from each fold",
    "equal folds": "if each number is the mean of one number from each fold, all with the same share of positives",
    "cases": "if each number is the mean of one number from each case",
    "voxels": "if the numbers count voxels, at most 1 % of which are foreground",
    "background": "if the mean IoU includes the background, and Dice is that of one foreground class",
    "text": "comparing the document with itself",
    "network": "for the published network of that name",
}


@dataclass(frozen=True)
class Quantity:
    """One figure of a check.

    Attributes:
        name: What it is.
        text: The figure for reading.
        interval: The same as an exact interval for drawing, as a share of 1; None where it is no interval.
    """

    name: str
    text: str
    interval: Interval | None = None


@dataclass(frozen=True)
class Witness:
    """Counts that print a column exactly.

    Attributes:
        model: Whose column.
        matrices: One confusion matrix, or one for each fold or case.
    """

    model: str
    matrices: tuple[Matrix, ...]

    @property
    def text(self) -> str:
        """The counts for reading."""
        if len(self.matrices) == 1:
            return self.matrices[0].text
        return "; ".join(f"{i}: {each.text}" for i, each in enumerate(self.matrices, 1))


@dataclass(frozen=True)
class Finding:
    """What one check says.

    Attributes:
        check: Name of the check.
        document: Which document.
        data: What the cells were measured on.
        models: The columns concerned, in printed order.
        metrics: The metrics concerned, in printed order.
        verdict: "consistent", "inconsistent" or "undetermined", under `reading`.
        reading: What must hold for the verdict; `READINGS` says it in words.
        values: The figures behind it.
        brief: A few words for a table.
        explanation: One to three sentences for a reader who is no statistician.
        cells: The cells that the check looked at; empty for a statement that no cell prints.
        witness: Counts that print the cells, one entry for each column; empty where none are given.
        conflict: The fewest of the cells that cannot stand together; empty where none are named.
    """

    check: str
    document: str
    data: str
    models: tuple[str, ...]
    metrics: tuple[str, ...]
    verdict: Verdict
    reading: Reading
    values: tuple[Quantity, ...]
    brief: str
    explanation: str
    cells: tuple[Cell, ...] = ()
    witness: tuple[Witness, ...] = ()
    conflict: tuple[Cell, ...] = ()

    @property
    def figures(self) -> tuple[Quantity, ...]:
        """The values, then the witness and the conflict for reading."""
        witness = (Quantity(f"counts that print it, {each.model}", each.text) for each in self.witness)
        fewest = ", ".join(f"{cell.metric} {cell.value}{_UNITS[cell.unit]} ({cell.model})" for cell in self.conflict)
        conflict = (Quantity("smallest conflict", fewest),) if self.conflict else ()
        return (*self.values, *witness, *conflict)


_UNITS = {"%": " %", "ratio": "", "points": " points"}


def finding_of(
    check: str,
    cells: Sequence[Cell],
    *,
    verdict: Verdict,
    reading: Reading,
    brief: str,
    explanation: str,
    values: Sequence[Quantity] = (),
    witness: Sequence[Witness] = (),
    conflict: Sequence[Cell] = (),
) -> Finding:
    """Return a finding on one or more cells of one document; their models and metrics keep their order."""
    return Finding(
        check=check,
        document=cells[0].document,
        data=cells[0].data,
        models=tuple(dict.fromkeys(cell.model for cell in cells)),
        metrics=tuple(dict.fromkeys(cell.metric for cell in cells)),
        verdict=verdict,
        reading=reading,
        values=tuple(values),
        brief=brief,
        explanation=explanation,
        cells=tuple(cells),
        witness=tuple(witness),
        conflict=tuple(conflict),
    )


def percent(interval: Interval, digits: int) -> str:
    """Return a share of 1 as percentages, e.g. "95.82 to 96.04 %"."""
    low, high = (f"{float(100 * bound):.{digits}f}" for bound in (interval.low, interval.high))
    return f"{low} %" if low == high else f"{low} to {high} %"


def ratio(interval: Interval, digits: int) -> str:
    """Return a share of 1 as decimals, e.g. "0.947 to 0.952"."""
    low, high = (f"{float(bound):.{digits}f}" for bound in (interval.low, interval.high))
    return low if low == high else f"{low} to {high}"
