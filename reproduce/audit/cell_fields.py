"""What the fields of a printed cell may hold."""

from __future__ import annotations

import difflib
import re
from fractions import Fraction
from typing import TYPE_CHECKING

from reproduce.audit.make_up import entries
from reproduce.audit.scores import SCORES, score_of
from reproduce.errors import ClaimsError

if TYPE_CHECKING:
    from reproduce.audit.printed import Cell

METRICS = (*(score.name for score in SCORES), "miou", "auc")
AVERAGES = ("", "pooled", "folds", "cases")
UNITS = ("%", "ratio", "points")
LARGER = ">"
UNPUBLISHED = ("", "-")
_NUMBER = re.compile(r"[+-]?[0-9]{1,9}(\.[0-9]{1,20})?")
_MOST_DECIMALS = 12
_MOST_UNITS = 10**15
_MOST_FOLDS = 10**4
_SHOWN_CHARACTERS = 40


def check_fields(cell: Cell) -> None:
    """Check every field of a cell.

    Raises:
        ClaimsError: A field is empty, unknown, or not a number where one belongs; the column is named.
    """
    for name in ("document", "place", "model", "data"):
        if not getattr(cell, name).strip():
            raise broken(name, "some text", "nothing", "fill it in; every printed number has a place")
    _one_of("metric", cell.metric, METRICS)
    _one_of("unit", cell.unit, UNITS)
    _one_of("average", cell.average, AVERAGES)
    _check_value(cell)
    _check_counts(cell)


def _check_value(cell: Cell) -> None:
    if cell.value in UNPUBLISHED:
        return
    if cell.value == LARGER:
        if not cell.against:
            raise broken("value", "a number", "'>'", "name the model that it is larger than in the column against")
        return
    if not _NUMBER.fullmatch(cell.value):
        do = (
            "write digits with a decimal point and nothing else, up to 9 before it and 20 behind it; of '93.5 +- 0.4' "
            "the mean, of a lost number '-'"
        )
        raise broken("value", "a number as printed, such as 95.2", shown(cell.value), do)
    if cell.unit == "points" and not cell.against:
        raise broken("unit", "% or ratio for a level", "'points'", "points are for a difference: fill in against")
    score, number, most = score_of(cell.metric), Fraction(cell.value), 1 if cell.unit == "ratio" else 100
    least, open_end = (most * score.low, score.high is None) if score else (0, False)
    if not cell.against and (number < least or (number > most and not open_end)):
        do = "check the value and its unit: 0.894 is a ratio, 89.4 is %"
        expected = f"{least} or more" if open_end else f"{least} to {most} for the unit {cell.unit}"
        raise broken("value", expected, cell.value, do)


def _check_counts(cell: Cell) -> None:
    digits = len(cell.value.partition(".")[2])
    if cell.decimals is not None and not digits <= cell.decimals <= _MOST_DECIMALS:
        do = "leave it empty unless the print drops a trailing zero"
        raise broken("decimals", f"{digits} (those printed) to {_MOST_DECIMALS}", str(cell.decimals), do)
    if cell.n is not None and not 1 <= cell.n <= _MOST_UNITS:
        do = "write how many cases or voxels there are, or leave it empty where the document does not say it"
        raise broken("n", f"1 to {_MOST_UNITS}", shown(str(cell.n)), do)
    if cell.folds is not None and not (cell.mean and 2 <= cell.folds <= _MOST_FOLDS):
        do = "fill in the column average, with folds or cases; leave folds empty for one confusion matrix"
        raise broken("folds", f"2 to {_MOST_FOLDS} for a mean over folds or cases", str(cell.folds), do)
    for name, text in (("positives", cell.positives), ("negatives", cell.negatives)):
        _check_make_up(cell, name, text)
    if cell.against == cell.model:
        raise broken("against", "another model", repr(cell.against), "name the model that this one is compared with")


def _check_make_up(cell: Cell, name: str, text: str) -> None:
    found = entries(text) if text else ()
    if found is None or any(each[-1] > _MOST_UNITS for each in found):
        do = "write 63, or 60-65 for a range; of folds one for all alike, or one for each: 17;17;27;37;37"
        raise broken(name, f"numbers from 1 to {_MOST_UNITS}", shown(text), do)
    if len(found) > 1 and len(found) != cell.folds:
        do = "write one entry for each fold and their number into the column folds, or one for all of them"
        raise broken(name, f"1 entry, or {cell.folds or 'as many as there are folds'}", f"{len(found)} entries", do)


def _one_of(name: str, got: str, known: tuple[str, ...]) -> None:
    if got not in known:
        close = difflib.get_close_matches(got.lower(), known, n=1)
        do = f"did you mean {close[0]!r}?" if close else "leave out what the audit has no check for"
        raise broken(name, f"one of {', '.join(known)}", repr(got), do)


def shown(text: str) -> str:
    """Return a field for an error: quoted, and of a long one the beginning and the length."""
    if len(text) <= _SHOWN_CHARACTERS:
        return repr(text)
    return f"{text[:_SHOWN_CHARACTERS]!r} ... ({len(text)} characters)"


def broken(column: str, expected: str, got: str, do: str) -> ClaimsError:
    """Return the error of one column."""
    return ClaimsError(expected=expected, got=got, where=f"column {column}", do=do)
