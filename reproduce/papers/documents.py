"""The five documents at hand: all their cells, their statements, and the audit of both."""

from __future__ import annotations

import csv
from dataclasses import dataclass, fields
from fractions import Fraction
from pathlib import Path
from typing import get_args

from reproduce.audit.audit import audit
from reproduce.audit.differences import in_points, level_after, relative
from reproduce.audit.finding import Finding, Quantity, Verdict, percent
from reproduce.audit.interval import Interval
from reproduce.audit.printed import Cell
from reproduce.errors import ClaimsError
from reproduce.papers.cells import packaged_tables, table_cells
from reproduce.papers.sizes import size_findings


@dataclass(frozen=True)
class Statement:
    """What a document says without a cell, and what else is known.

    Attributes:
        key: Short name; e... sets a document against itself or another, f... against public facts, g... are figures
            that nothing here can check.
        document: Which document, or several with commas.
        place: Where in it.
        subject: What it is about.
        printed: What the document says, in figures and few words.
        known: What stands elsewhere.
        source: Where that stands.
        verdict: How the two agree, judged by hand.
    """

    key: str
    document: str
    place: str
    subject: str
    printed: str
    known: str
    source: str
    verdict: Verdict


# A nodule of LIDC-IDRI fills far less than 1 % of its scan, and a whole tumour of BraTS is of the order of 1 % of its.
_SMALL = frozenset({"LIDC-IDRI", "BraTS"})


def document_cells() -> tuple[Cell, ...]:
    """Every printed cell of the five documents; tables come before the text that repeats them."""
    return tuple(cell for table in packaged_tables() for cell in table_cells(table))


def document_findings() -> tuple[Finding, ...]:
    """The audit of the five documents, with their statements on parameters, memory and one gain."""
    return (*audit(document_cells(), small_structures=_SMALL), *size_findings(), _gain_of_cnns())


def _gain_of_cnns() -> Finding:
    """Document 004 prints an improvement of up to 95 % over 85 to 90 % in section 4.1, an accuracy of 95 % in 5."""
    base, gain = Interval(Fraction(85, 100), Fraction(90, 100)), Fraction(95, 100)
    accuracy = Interval(gain, gain)
    after, added = (level_after(base, gain, is_relative=is_relative) for is_relative in (True, False))
    possible = after.low <= 1 or added.low <= 1
    return Finding(
        check="gain over a level",
        document="004",
        data="lung and breast cancer, no study named",
        models=("CNN models",),
        metrics=("accuracy",),
        verdict="consistent" if possible else "inconsistent",
        reading="text",
        values=(
            Quantity("accuracy after a relative gain of 95 %", percent(after, 1), after),
            Quantity("accuracy after a gain of 95 points", percent(added, 1), added),
            Quantity("gain of an accuracy of 95 %, in points", percent(in_points(accuracy, base), 1)),
            Quantity("gain of an accuracy of 95 %, relative", percent(relative(accuracy, base), 1)),
        ),
        brief="possible" if possible else "an accuracy above 100 %",
        explanation=(
            "Section 4.1 speaks of improving an accuracy of 85 to 90 % by up to 95 %, which would end above 100 % "
            "either way. Section 5 gives 95 % as the accuracy itself, which is a gain of 5 to 10 points."
        ),
    )


def statements() -> tuple[Statement, ...]:
    """The statements of the packaged statements.csv, in its order.

    Raises:
        ClaimsError: A row has an empty field or an unknown verdict.
    """
    path = Path(__file__).with_name("statements.csv")
    names = [field.name for field in fields(Statement)]
    found = []
    with path.open(encoding="utf-8", newline="") as file:
        for line, row in enumerate(csv.DictReader(file, strict=True), start=2):
            if list(row) != names or not all(row.values()) or row["verdict"] not in get_args(Verdict):
                expected, do = f"{len(names)} filled fields and a verdict", "mend the row"
                raise ClaimsError(expected=expected, got=str(row), where=f"{path}, row {line}", do=do)
            found.append(Statement(**row))
    return tuple(found)
