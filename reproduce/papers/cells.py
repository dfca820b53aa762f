"""The printed cells of the papers: each `table*.csv` of a room is a table, its `text.csv` what the text prints."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Literal, get_args

from reproduce.audit.printed import Cell, read_cells
from reproduce.errors import ClaimsError

if TYPE_CHECKING:
    from reproduce.tasks.task import Claims

Number = Literal["000", "001", "002", "003", "004"]
Room = Literal["xue2025", "cnn_survey", "zheng2024", "imagemedix2023", "ai_radiology2024"]
Document = Literal[Number, Room]
"""What a user may call a document: its number or its room."""

DOCUMENTS: dict[str, str] = dict(zip(get_args(Number), get_args(Room), strict=True))
"""Room of each document by its number, which results, cells and citations name it by."""


def number_of(document: Document) -> str:
    """Return the number of a document, e.g. "000" for "000" and for "xue2025"."""
    return next((number for number, room in DOCUMENTS.items() if room == document), document)


def table_cells(table: str) -> tuple[Cell, ...]:
    """Return the cells of one of the packaged tables in printed order.

    Args:
        table: Name of a table, e.g. "table1_lidc", or "text_" and the name of a room.

    Raises:
        ClaimsError: There is no such table; the tables that there are stand in the error.
    """
    if table not in packaged_tables():
        got, known = f"{table!r}", ", ".join(packaged_tables())
        raise ClaimsError(
            expected="the name of a packaged table", got=got, where="table_cells", do=f"use one of {known}"
        )
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
    rooms = [Path(__file__).with_name(room) for room in DOCUMENTS.values()]
    tables = sorted((path.stem, path) for room in rooms for path in room.glob("table*.csv"))
    texts = [(f"text_{room.name}", room / "text.csv") for room in rooms if (room / "text.csv").exists()]
    return dict([*tables, *texts])
