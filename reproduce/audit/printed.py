"""Printed cells: one number of a document with its place, its unit, and the interval that its rounding leaves open."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from fractions import Fraction
from pathlib import Path

from reproduce.audit.cell_fields import LARGER, METRICS, UNPUBLISHED, broken, check_fields, shown
from reproduce.audit.interval import SHARES, Interval, rounded
from reproduce.audit.scores import canonical, score_of
from reproduce.errors import ClaimsError

_COUNT = re.compile(r"[0-9]{1,16}")


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
        positives, negatives: How many there are, as the document says it: a number, or "60-65" for a range; "" where it
            does not say. Of folds or cases: of each alike, or one entry for each with ";" between them.
        average: How the number was averaged, where the document says it: "pooled" for one confusion matrix over all
            cases, "folds" or "cases" for the mean of one number each; "" where it does not say.
        folds: How many folds or cases a mean is over.

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
    positives: str = ""
    negatives: str = ""
    average: str = ""
    folds: int | None = None

    def __post_init__(self) -> None:
        check_fields(self)

    @property
    def published(self) -> bool:
        """Whether the document prints a number here (an order without a number is none)."""
        return self.value not in UNPUBLISHED and self.value != LARGER

    @property
    def interval(self) -> Interval:
        """What the number can have been before rounding, in its own unit.

        Raises:
            ClaimsError: No number is printed here.
        """
        if not self.published:
            raise broken(
                "value", "a printed number", repr(self.value), "ask for the interval of `published` cells alone"
            )
        return rounded(self.value, self._decimals)

    @property
    def share(self) -> Interval:
        """The same as a share of 1, a level cut to the range of its score; raises as `interval` does."""
        ratio = self.interval.scaled(Fraction(1) if self.unit == "ratio" else Fraction(1, 100))
        return ratio if self.against else ratio.clipped(_range(self.metric, ratio))

    @property
    def mean(self) -> bool:
        """Whether the document says that the number is a mean over folds or cases."""
        return self.average in ("folds", "cases")

    @property
    def as_printed(self) -> Cell:
        """This cell with the decimals of its print alone, which leaves the wider interval."""
        return replace(self, decimals=None)

    @property
    def _decimals(self) -> int:
        return len(self.value.partition(".")[2]) if self.decimals is None else self.decimals


__all__ = ["LARGER", "METRICS", "Cell", "csv_rows", "read_cells"]
COLUMNS = tuple(field.name for field in fields(Cell))
_OPTIONAL = ("decimals", "n", "against", "positives", "negatives", "average", "folds")


def read_cells(path: Path) -> tuple[Cell, ...]:
    """Read the cells of a CSV file, in its order; docs/claims_csv.md has the form.

    Args:
        path: UTF-8, commas, a header line. Columns in any order; `decimals` and those after it may be left out.

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
        decimals, n, folds = (_whole(name, row.pop(name, "")) for name in ("decimals", "n", "folds"))
        return Cell(**{**row, "metric": canonical(row["metric"])}, decimals=decimals, n=n, folds=folds)
    except ClaimsError as error:
        at = f"{where}, {error.where}"
        raise ClaimsError(expected=error.expected, got=error.got, where=at, do=error.do) from error


def _whole(name: str, text: str) -> int | None:
    if text and not _COUNT.fullmatch(text):
        raise broken(name, "a whole number or nothing", shown(text), "write up to 16 digits alone, or leave it empty")
    return int(text) if text else None


def _range(metric: str, share: Interval) -> Interval:
    """Return the range of a metric; one without an upper end ends where the print does."""
    score = score_of(metric)
    if score is None:
        return SHARES
    return Interval(Fraction(score.low), max(share.high, Fraction(0)) if score.high is None else Fraction(score.high))
