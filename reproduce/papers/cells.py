"""The printed cells of the papers: each `table*.csv` of a room is a table, its `text.csv` what the text prints."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from reproduce.audit.printed import Cell, csv_rows, read_cells
from reproduce.errors import ArgumentError, ClaimsError

if TYPE_CHECKING:
    from reproduce.tasks.task import Claims

PAPERS = Path(__file__).parent
"""The folder of all papers' rooms."""


@cache
def rooms_by_number() -> dict[str, Path]:
    """Return the room of each document, a folder, by its number, sorted by number.

    A document is a folder beside this file with cells (`table*.csv`, `text.csv`) or statements (`statements.csv`). Its
    number is the first in their column `document`: results, cells and citations name the document by it.

    Raises:
        ClaimsError: Two rooms have the same number, or a CSV is broken.
    """
    found: dict[str, Path] = {}
    for room in sorted(path.parent for path in PAPERS.glob("*/__init__.py")):
        for number in _numbers(room):
            if not number:
                do = f"write its number into the column `document` of the CSVs of {room.name}"
                raise ClaimsError(expected="the number of a document", got="nothing", where=room, do=do)
            if number in found:
                do = f"write another number into the column `document` of the CSVs of {room.name}"
                got = f"the number {number} of {found[number].name} again"
                raise ClaimsError(expected="a number for each document", got=got, where=room, do=do)
            found[number] = room
            break
    return dict(sorted(found.items()))


def _numbers(room: Path) -> Iterator[str]:
    """Yield the number of the document of each row of a room."""
    for path in (*sorted(room.glob("table*.csv")), room / "text.csv", room / "statements.csv"):
        rows = csv_rows(path) if path.is_file() else iter(())
        _, header = next(rows, (0, []))
        for _, row in rows:
            yield dict(zip(header, row, strict=True)).get("document", "").partition(",")[0]


def number_of(document: str) -> str:
    """Return the number of a document, e.g. "000" for "000" and for "xue2025".

    Raises:
        ArgumentError: No document has that number or room.
    """
    numbers = {room.name: number for number, room in rooms_by_number().items()}
    if document not in (known := (*numbers.values(), *numbers)):
        do = f"use one of {', '.join(known)}"
        raise ArgumentError(
            expected="the number or the room of a document", got=repr(document), where="document", do=do
        )
    return numbers.get(document, document)


def table_cells(table: str) -> tuple[Cell, ...]:
    """Return the cells of one of the packaged tables in printed order.

    Args:
        table: Name of a table, e.g. "table1_lidc", or "text_" and the name of a room.

    Raises:
        ClaimsError: There is no such table; the error names those there are, and where a new one belongs.
    """
    if table not in packaged_tables():
        known = ", ".join(packaged_tables())
        do = f"use one of {known}; or put {table}.csv into a paper's room, a folder of {PAPERS}, for a new table"
        raise ClaimsError(expected="the name of a packaged table", got=repr(table), where="table_cells", do=do)
    return read_cells(packaged_tables()[table])


def text_cells(table: str) -> tuple[Cell, ...]:
    """Return what the text of the same document prints of what a table measures, in printed order.

    Raises:
        ClaimsError: As `table_cells`.
    """
    measured = {(cell.document, cell.data) for cell in table_cells(table)}
    texts = [cell for name in packaged_tables() if name.startswith("text_") for cell in table_cells(name)]
    return tuple(cell for cell in texts if (cell.document, cell.data) in measured)


def claims_of(table: str) -> Claims:
    """Return what a document prints of one of its tables: the cells, and the text that repeats them.

    Raises:
        ClaimsError: As `table_cells`.
    """
    from reproduce.tasks.task import Claims  # it loads pandas, which the audit answers without

    return Claims(table_cells(table), text_cells(table))


@cache
def packaged_tables() -> dict[str, Path]:
    """Return the CSV of each packaged table: the tables sorted by name, then the texts in the order of documents."""
    rooms = rooms_by_number().values()
    tables = sorted((path.stem, path) for room in rooms for path in room.glob("table*.csv"))
    texts = [(f"text_{room.name}", room / "text.csv") for room in rooms if (room / "text.csv").exists()]
    return dict([*tables, *texts])
