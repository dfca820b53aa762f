"""Printed cells: one number of a document with its place, its unit, and the interval that its rounding leaves open."""

from __future__ import annotations

import csv
import difflib
import re
from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from fractions import Fraction
from pathlib import Path

from reproduce.audit.interval import SHARES, Interval, rounded
from reproduce.errors import ClaimsError

METRICS = ("accuracy", "sensitivity", "specificity", "precision", "f1", "dice", "iou", "miou", "auc")
UNITS = ("%", "ratio", "points")
LARGER = ">"
_UNPUBLISHED = ("", "-")
_NUMBER = re.compile(r"[+-]?[0-9]{1,9}(\.[0-9]{1,20})?")
_COUNT = re.compile(r"[0-9]{1,16}")
_MOST_DECIMALS = 12
_MOST_UNITS = 10**15
_SHOWN_CHARACTERS = 40


@dataclass(frozen=True)
class Cell:
    """One printed number.

    Attributes:
        document: Which document prints it.
        place: Where in it: table, section, figure.
        model: Whose number it is.
        data: What it was measured on. Cells of one document with the same `data` are taken to share one test set.
        metric: One of `METRICS`.
        unit: "%", "ratio", or for a difference of two percentages "points".
        value: The text as printed; "" or "-" for a cell that the document names but does not print. In a row with
            `against`, ">" for "better, by how much is not said".
        decimals: Decimals that the number was rounded to where the print hides them ("91" in a column of 95.2); None
            takes those of `value`.
        n: What the share is a share of (cases for accuracy, positives for sensitivity ...), where the document says it.
        against: The model that this one is compared with: `value` is then a difference, not a level.

    Raises:
        ClaimsError: A field is empty, unknown, or not a number where one belongs; the column is named.
    """

    document: str
    place: str
    model: str
    data: str
    metric: str
    unit: str
    value: str
    decimals: int | None = None
    n: int | None = None
    against: str = ""

    def __post_init__(self) -> None:
        for name in ("document", "place", "model", "data"):
            if not getattr(self, name).strip():
                raise _broken(name, "some text", "nothing", "fill it in; every printed number has a place")
        _one_of("metric", self.metric, METRICS)
        _one_of("unit", self.unit, UNITS)
        _check_value(self)
        _check_counts(self)

    @property
    def published(self) -> bool:
        """Whether the document prints a number here (an order without a number is none)."""
        return self.value not in _UNPUBLISHED and self.value != LARGER

    @property
    def interval(self) -> Interval:
        """What the number can have been before rounding, in its own unit.

        Raises:
            ClaimsError: No number is printed here.
        """
        if not self.published:
            raise _broken(
                "value", "a printed number", repr(self.value), "ask for the interval of `published` cells alone"
            )
        return rounded(self.value, self._decimals)

    @property
    def share(self) -> Interval:
        """The same as a share of 1, cut to [0, 1] for a level; raises as `interval` does."""
        ratio = self.interval.scaled(Fraction(1) if self.unit == "ratio" else Fraction(1, 100))
        return ratio if self.against else ratio.clipped(SHARES)

    @property
    def as_printed(self) -> Cell:
        """This cell with the decimals of its print alone, which leaves the wider interval."""
        return replace(self, decimals=None)

    @property
    def _decimals(self) -> int:
        return len(self.value.partition(".")[2]) if self.decimals is None else self.decimals


COLUMNS = tuple(field.name for field in fields(Cell))
_OPTIONAL = ("decimals", "n", "against")


def read_cells(path: Path) -> tuple[Cell, ...]:
    """Read the cells of a CSV file, in its order; docs/claims_csv.md has the form.

    Args:
        path: UTF-8, commas, a header line. Columns in any order; `decimals`, `n` and `against` may be left out.

    Returns:
        One cell for each row; blank lines are skipped. Never empty.

    Raises:
        ClaimsError: The file cannot be read, is no such CSV, holds no rows, or a row is broken; the error names the
            line and the column.
    """
    rows = csv_rows(Path(path))
    _, header = next(rows, (0, []))
    _check_header(path, header)
    cells: list[Cell] = []
    seen: dict[tuple[str, ...], int] = {}
    for line, row in rows:
        cell = _cell(dict(zip(header, row, strict=True)), where=f"{path}, line {line}")
        key = (cell.document, cell.place, cell.model, cell.data, cell.metric, cell.against)
        if key in seen:
            got, do = f"the cell of line {seen[key]} again", "take one out, or give each its own place"
            raise ClaimsError(expected="each cell once", got=got, where=f"{path}, line {line}", do=do)
        seen[key] = line
        cells.append(cell)
    if not cells:
        do = "add a row for each printed number"
        raise ClaimsError(expected="at least one row below the header", got="none", where=path, do=do)
    return tuple(cells)


def csv_rows(path: Path) -> Iterator[tuple[int, list[str]]]:
    """Yield line number and stripped fields of the header and of each row that is not blank.

    Raises:
        ClaimsError: The file cannot be read, is no CSV in UTF-8, or a row has more or fewer fields than the header.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        do = "check the path"
        raise ClaimsError(expected="a CSV file", got=f"{error.strerror}", where=path, do=do) from error
    except UnicodeDecodeError as error:
        got, do = f"the byte {error.object[error.start]:#04x} at {error.start}", "save the file as UTF-8"
        raise ClaimsError(expected="UTF-8 text", got=got, where=path, do=do) from error
    reader, n_fields = csv.reader(text.splitlines(keepends=True), strict=True), 0
    try:
        for row in reader:
            if any(field.strip() for field in row):
                n_fields = n_fields or len(row)
                if len(row) != n_fields:
                    got, do = f"{len(row)} fields", "quote a field that holds a comma, and write empty fields out"
                    where = f"{path}, line {reader.line_num}"
                    raise ClaimsError(expected=f"{n_fields} fields", got=got, where=where, do=do)
                yield reader.line_num, [field.strip() for field in row]
    except csv.Error as error:
        do = "close every quotation mark; write one inside a quoted field twice"
        raise ClaimsError(
            expected="well-formed CSV", got=str(error), where=f"{path}, line {reader.line_num}", do=do
        ) from error


def _check_header(path: Path, header: list[str]) -> None:
    required = [name for name in COLUMNS if name not in _OPTIONAL]
    missing = [name for name in required if name not in header]
    wrong = [name for name in header if name not in COLUMNS]
    twice = sorted({name for name in header if header.count(name) > 1})
    do = f"start the file with: {','.join(required)}; may follow: {','.join(_OPTIONAL)}"
    if not header:
        raise ClaimsError(expected="a header line", got="an empty file", where=path, do=do)
    if len(header) == 1 and re.search(r"[;\t]", header[0]):
        do = "separate the fields by commas"
        raise ClaimsError(expected="fields separated by commas", got=f"{header[0]!r}", where=f"{path}, line 1", do=do)
    for what, names in (("column missing", missing), ("column unknown", wrong), ("column twice", twice)):
        if names:
            got = f"{what}: {', '.join(names)}"
            raise ClaimsError(expected="the columns of the form, each once", got=got, where=f"{path}, line 1", do=do)


def _cell(row: dict[str, str], *, where: str) -> Cell:
    try:
        decimals, n = (_whole(name, row.pop(name, "")) for name in ("decimals", "n"))
        return Cell(**row, decimals=decimals, n=n)
    except ClaimsError as error:
        at = f"{where}, {error.where}"
        raise ClaimsError(expected=error.expected, got=error.got, where=at, do=error.do) from error


def _whole(name: str, text: str) -> int | None:
    if text and not _COUNT.fullmatch(text):
        raise _broken(name, "a whole number or nothing", _shown(text), "write up to 16 digits alone, or leave it empty")
    return int(text) if text else None


def _check_value(cell: Cell) -> None:
    if cell.value in _UNPUBLISHED:
        return
    if cell.value == LARGER:
        if not cell.against:
            raise _broken("value", "a number", "'>'", "name the model that it is larger than in the column against")
        return
    if not _NUMBER.fullmatch(cell.value):
        do = (
            "write digits with a decimal point and nothing else, up to 9 before it and 20 behind it; of '93.5 +- 0.4' "
            "the mean, of a lost number '-'"
        )
        raise _broken("value", "a number as printed, such as 95.2", _shown(cell.value), do)
    if cell.unit == "points" and not cell.against:
        raise _broken("unit", "% or ratio for a level", "'points'", "points are for a difference: fill in against")
    most = 1 if cell.unit == "ratio" else 100
    if not cell.against and not 0 <= Fraction(cell.value) <= most:
        do = "check the value and its unit: 0.894 is a ratio, 89.4 is %"
        raise _broken("value", f"0 to {most} for the unit {cell.unit}", cell.value, do)


def _check_counts(cell: Cell) -> None:
    digits = len(cell.value.partition(".")[2])
    if cell.decimals is not None and not digits <= cell.decimals <= _MOST_DECIMALS:
        do = "leave it empty unless the print drops a trailing zero"
        raise _broken("decimals", f"{digits} (those printed) to {_MOST_DECIMALS}", str(cell.decimals), do)
    if cell.n is not None and not 1 <= cell.n <= _MOST_UNITS:
        do = "write how many cases or voxels there are, or leave it empty where the document does not say it"
        raise _broken("n", f"1 to {_MOST_UNITS}", _shown(str(cell.n)), do)
    if cell.against == cell.model:
        raise _broken("against", "another model", repr(cell.against), "name the model that this one is compared with")


def _one_of(name: str, got: str, known: tuple[str, ...]) -> None:
    if got not in known:
        close = difflib.get_close_matches(got.lower(), known, n=1)
        do = f"did you mean {close[0]!r}?" if close else "leave out what the audit has no check for"
        raise _broken(name, f"one of {', '.join(known)}", repr(got), do)


def _shown(text: str) -> str:
    """Return a field for an error: quoted, and of a long one the beginning and the length."""
    if len(text) <= _SHOWN_CHARACTERS:
        return repr(text)
    return f"{text[:_SHOWN_CHARACTERS]!r} ... ({len(text)} characters)"


def _broken(column: str, expected: str, got: str, do: str) -> ClaimsError:
    return ClaimsError(expected=expected, got=got, where=f"column {column}", do=do)
