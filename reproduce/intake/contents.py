"""What was found in a folder: items with facts, the account of the rest, and the layouts that the finders see."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from reproduce.errors import ReproduceError
from reproduce.imaging.account import Note
from reproduce.imaging.dicom import SeriesHeader
from reproduce.imaging.dicom_series import SeriesFiles

Kind = Literal["series", "structures", "reads", "segments", "nifti", "arrays"]
KINDS: tuple[Kind, ...] = ("series", "structures", "reads", "segments", "nifti", "arrays")


def plural(n: int, one: str) -> str:
    """Return a count with its noun."""
    return f"{n} {one}" if n == 1 else f"{n} {one}s"


@dataclass(frozen=True, eq=False)
class Item:
    """A series, or a file that is no slice.

    Attributes:
        kind: Kind of the item.
        path: The file, or the folder of a series.
        facts: What its reader says, by stable keys; names of patients, series and structures are as the file has them.
        notes: What is left out beside it, or speaks against it.
        fault: Why its reader refuses it, None where it does not.
        series_uid: The series that it is, or that an annotation belongs to; "" for none.
    """

    kind: Kind
    path: Path
    facts: Mapping[str, Any]
    notes: tuple[Note, ...] = ()
    fault: ReproduceError | None = None
    series_uid: str = ""


@dataclass(frozen=True, eq=False)
class Series:
    """A series with what its headers say; no header where they are refused."""

    files: SeriesFiles
    header: SeriesHeader | None
    item: Item


@dataclass(frozen=True)
class LayoutFound:
    """What the finder of a public data set makes of the folder."""

    name: str  # of the data set
    n_in: int  # cases that it takes
    n_out: int  # what it leaves out
    reasons: Mapping[str, int] = field(default_factory=dict)  # why, with how many
    refusal: str = ""  # why it takes none; "" where it takes some


@dataclass(frozen=True, eq=False)
class Contents:
    """All that lies in and below a folder.

    Attributes:
        root: The folder.
        n_files: Files of any kind.
        layouts: Public data sets that it looks like.
        items: Sorted by kind and path.
        notes: Files that belong to no item, and why.
    """

    root: Path
    n_files: int
    layouts: tuple[LayoutFound, ...]
    items: tuple[Item, ...]
    notes: tuple[Note, ...]

    @property
    def patients(self) -> frozenset[str]:
        """Return every PatientID."""
        return frozenset(item.facts.get("patient", "") for item in self.items)

    @property
    def faults(self) -> tuple[tuple[Path, str], ...]:
        """Return path and text of everything that is wrong, a file once."""
        found: dict[tuple[Path, str], None] = {}
        for note in (*(note for item in self.items for note in item.notes), *self.notes):
            if note.is_fault:
                found[note.path, note.reason] = None
        for item in self.items:
            if item.fault is not None:
                kind = type(item.fault).__name__
                path = Path(item.fault.where)
                path = path if path.is_relative_to(item.path) else item.path  # the slice, where an error names it
                found[path, f"{kind}: expected {item.fault.expected}, got {item.fault.got}"] = None
        return tuple(found)

    @property
    def left_out(self) -> tuple[tuple[Path, str], ...]:
        """Return path and text of every note that is no fault; a file that another reader takes is not left out."""
        items = {item.path for item in self.items if item.kind != "series"}
        beside = (note for item in self.items if item.kind == "series" for note in item.notes if note.path not in items)
        own = (note for item in self.items if item.kind != "series" for note in item.notes)
        notes = (*beside, *own, *self.notes)
        return tuple(dict.fromkeys((note.path, note.reason) for note in notes if not note.is_fault))
