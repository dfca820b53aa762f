"""The documents at hand: all their cells, their statements, and the audit of both."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, get_args

from reproduce.audit.audit import audit
from reproduce.audit.finding import Finding, Verdict
from reproduce.audit.printed import Cell, csv_rows
from reproduce.errors import ClaimsError
from reproduce.papers.ai_radiology2024 import claims as ai_radiology2024
from reproduce.papers.cells import packaged_tables, rooms_by_number, table_cells
from reproduce.papers.xue2025 import claims as xue2025
from reproduce.papers.zheng2024 import claims as zheng2024


@dataclass(frozen=True)
class JudgedStatement:
    """What a document says without a cell, and what else is known.

    Attributes:
        key: Short name: e and a number where a document contradicts or repeats itself or another, f where it meets
            public facts, g for figures that nothing here can check.
        document: Number of the document, or of several with commas; the row stands in the room of the first.
        place: Section, table or figure that says it.
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
    """Return every printed cell of the documents; tables come before the text that repeats them."""
    return tuple(cell for table in packaged_tables() for cell in table_cells(table))


def document_findings() -> tuple[Finding, ...]:
    """Return the audit of the documents: of their cells, then of what else they say: folds, sizes and one gain."""
    cells = audit(document_cells(), small_structures=_SMALL)
    sizes = (*xue2025.size_findings(), *zheng2024.size_findings())
    return (*cells, *xue2025.fold_findings(), *sizes, ai_radiology2024.gain_finding())


def judged_statements() -> tuple[JudgedStatement, ...]:
    """Return the statements of every room's statements.csv, sorted by key; a room may have none.

    Raises:
        ClaimsError: A row has an empty field, another key than a letter with a number, or an unknown verdict.
    """
    paths = [room / "statements.csv" for room in rooms_by_number().values()]
    found = [statement for path in paths if path.is_file() for statement in _read(path)]
    return tuple(sorted(found, key=lambda each: (each.key[0], int(each.key[1:]))))


def _read(path: Path) -> Iterator[JudgedStatement]:
    rows = csv_rows(path)
    _, columns = next(rows, (0, []))
    names = [field.name for field in fields(JudgedStatement)]
    for line, row in rows:
        by_name: dict[str, Any] = dict(zip(columns, row, strict=True))
        known = columns == names and by_name["verdict"] in get_args(Verdict)
        if not known or not all(row) or not re.fullmatch(r"[efg]\d+", by_name["key"]):
            expected, do = f"{len(names)} filled fields, a key such as e1, and a verdict", "correct the row"
            raise ClaimsError(expected=expected, got=", ".join(row), where=f"{path}, line {line}", do=do)
        yield JudgedStatement(**by_name)
