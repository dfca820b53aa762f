"""Typed access to the elements of a DICOM header: what is missing or no number is an error that names tag and file."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydicom.dataset import Dataset
from pydicom.multival import MultiValue
from pydicom.tag import Tag

from reproduce.errors import NotAnImageError
from reproduce.imaging.volume import FARTHEST_MM

_UID = re.compile(r"\d+(\.\d+)*")


@dataclass(frozen=True, eq=False)
class Elements:
    """Elements of one slice; the first data set that has a keyword answers.

    Attributes:
        path: The file, for errors.
        sources: Data sets in the order in which they are asked: macros of a frame, macros of all frames, the file.
    """

    path: Path
    sources: tuple[Dataset, ...]

    def value(self, keyword: str) -> Any:
        """Return the value, or None where it is absent or empty."""
        try:
            values = (source.get(keyword) for source in self.sources)
            return next((value for value in values if value is not None and value != ""), None)
        except Exception as error:  # values are converted on access; broken bytes raise a dozen types
            raise self.broken(keyword, "a value of its type", f"{type(error).__name__}: {error}") from error

    def text(self, keyword: str) -> str:
        """Return the value as text without white space around it, "" where it is absent or empty."""
        value = self.value(keyword)
        return "" if value is None else str(value).strip()

    def numbers(self, keyword: str, n: int) -> list[float]:
        """Return exactly `n` finite numbers."""
        value = self.value(keyword)
        items = value if isinstance(value, MultiValue) else [] if value is None else [value]
        try:
            numbers = [float(item) for item in items]
        except (TypeError, ValueError) as error:
            raise self.broken(keyword, f"{n} finite number(s)", repr(value)) from error
        if len(numbers) != n or not all(map(math.isfinite, numbers)):
            raise self.broken(keyword, f"{n} finite number(s)", repr(numbers) if numbers else "none")
        return numbers

    def lengths_mm(self, keyword: str, n: int) -> list[float]:
        """Return exactly `n` numbers of at most 100 m: what is farther is no place in a scanner."""
        numbers = self.numbers(keyword, n)
        if max(map(abs, numbers)) > FARTHEST_MM:
            raise self.broken(keyword, f"lengths of at most {FARTHEST_MM:g} mm", repr(numbers))
        return numbers

    def whole(self, keyword: str, *, low: int, high: int) -> int:
        """Return one whole number between two limits, both included."""
        (number,) = self.numbers(keyword, 1)
        if not (number.is_integer() and low <= number <= high):
            raise self.broken(keyword, f"a whole number from {low} to {high}", f"{number:g}")
        return int(number)

    def uid(self, keyword: str) -> str:
        """Return a UID, as `require_uid` does."""
        return require_uid(self.text(keyword), keyword, self.path)

    def items(self, keyword: str) -> list[Dataset]:
        """Return the items of a sequence, none where it is absent or empty."""
        value = self.value(keyword)
        try:
            items = [] if value is None else list(value)
        except TypeError as error:
            raise self.broken(keyword, "a sequence", repr(value)[:80]) from error
        if not all(isinstance(item, Dataset) for item in items):
            raise self.broken(keyword, "a sequence", repr(value)[:80])
        return items

    def broken(self, keyword: str, wanted: str, got: str) -> NotAnImageError:
        """Return the error for an element that cannot be used."""
        return _broken(keyword, wanted, got, self.path)


def require_uid(uid: str, keyword: str, path: Path) -> str:
    """Return a UID: numbers with dots between them, at most 64 characters, so that it is no path either.

    Raises:
        NotAnImageError: It is none; the text names tag and file.
    """
    if not _UID.fullmatch(uid) or len(uid) > 64:
        raise _broken(keyword, "a UID of digits and dots, at most 64", repr(uid) if uid else "none", path)
    return uid


def _broken(keyword: str, wanted: str, got: str, path: Path) -> NotAnImageError:
    return NotAnImageError(
        expected=f"{keyword} {Tag(keyword)}: {wanted}",
        got=got,
        where=path,
        do="mend the header, or leave the series out through the exclusion ledger",
    )
