"""Every data set that the five documents name: what it is, where it lives, who may have it, and what they err in."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Literal, get_args

from reproduce.audit.printed import csv_rows
from reproduce.errors import ArgumentError, ClaimsError
from reproduce.papers.cells import number_of, rooms_by_number

Task = Literal["classification", "detection", "segmentation", "registration", "text", "archive"]
Identity = Literal["named", "inferred", "not verified", "ours"]
Access = Literal["open", "registration", "application", "private", "not verified"]

NOT_VERIFIED = "not verified"
NO_LOADER = "no loader"
_MAY_BE_EMPTY = ("aliases", "places", "year_printed", "size_printed", "link_printed", "errors")
_FIRST_YEAR, _LAST_YEAR = 1990, 2026
_URL = re.compile(r"https?://[\w-]+(\.[\w-]+)+(/[\w./:;?#!%&=+()~-]*)?", re.ASCII)
_DOI = re.compile(r"https://doi\.org/10\.\d{4,9}/\S+", re.ASCII)
_SCRIPT = re.compile(r"(experiments|benchmarks)/\w+\.py", re.ASCII)
_PACKAGED = Path(__file__).with_name("datasets.csv")


@dataclass(frozen=True)
class DataSet:
    """One data set. Several values of a field stand in one text, parted by semicolons.

    A field whose value could not be verified says "not verified" and holds no guess.

    Attributes:
        name: Ours, unique; `Experiment.source` is the same but for case and punctuation.
        aliases: Other names, those that the documents print among them.
        places: Where a document names it, each with the document first: "001 Table 4; 001 4.1". Empty for `ours`.
        identity: `named`: the document's name or link says which set it is. `inferred`: we concluded it from year, task
            or the cited work. `not verified`: nobody can tell. `ours`: no document names it, this project uses it.
        task: What the documents, or we, use it for; each one of `Task`.
        modality: How it was taken.
        body_part: What it shows.
        year: Of its first publication.
        year_printed: What the document prints.
        size: Subjects and images, with their unit.
        size_printed: What the document prints.
        home: URL of the data, a DOI where there is one; of its paper where the data have no page.
        link_printed: What the text at hand of the document prints, letter by letter.
        licence: Name of the licence, or of the terms.
        access: What stands between a reader and the data.
        how_to_get: The same in one sentence.
        scripts: Which read it here, from the root of the project, or "no loader".
        errors: What the documents have wrong or leave open, with the source in brackets.
        evidence: Where the other fields come from.

    Raises:
        ClaimsError: A field is empty, unknown or ill-formed; the field is named.
    """

    name: str
    aliases: str
    places: str
    identity: Identity
    task: str
    modality: str
    body_part: str
    year: str
    year_printed: str
    size: str
    size_printed: str
    home: str
    link_printed: str
    licence: str
    access: Access
    how_to_get: str
    scripts: str
    errors: str
    evidence: str

    def __post_init__(self) -> None:
        for field in COLUMNS:
            if field not in _MAY_BE_EMPTY and not getattr(self, field):
                raise _broken(field, "some text", "nothing", f'fill it in, with "{NOT_VERIFIED}" where nobody knows')
        _one_of("identity", self.identity, get_args(Identity))
        _one_of("access", self.access, get_args(Access))
        for task in self.tasks:
            _one_of("task", task, get_args(Task))
        _check_forms(self)

    @property
    def names(self) -> tuple[str, ...]:
        """Return our name, then every other one."""
        return (self.name, *_parts(self.aliases))

    @property
    def documents(self) -> tuple[str, ...]:
        """Return which documents name it, sorted; empty for `ours`."""
        return tuple(sorted({place.partition(" ")[0] for place in _parts(self.places)}))

    @property
    def tasks(self) -> tuple[str, ...]:
        """Return what it is used for, one after the other."""
        return _parts(self.task)

    @property
    def has_loader(self) -> bool:
        """Return whether a script of this project reads it."""
        return self.scripts != NO_LOADER

    @property
    def unverified(self) -> tuple[str, ...]:
        """Return the fields of which a part or all is not verified, in the order of the columns."""
        checked = [field for field in COLUMNS if field not in ("errors", "evidence")]
        return tuple(field for field in checked if NOT_VERIFIED in getattr(self, field))


COLUMNS = tuple(field.name for field in fields(DataSet))


def data_sets(path: Path = _PACKAGED) -> tuple[DataSet, ...]:
    """Read the data sets of a CSV file in its order; of the packaged one where none is given.

    Args:
        path: UTF-8, commas, a header line with all columns of `DataSet` in their order.

    Returns:
        One data set for each row; none for a file that has a header alone.

    Raises:
        ClaimsError: The file cannot be read, its columns are others, a row is broken, or two rows share a name.
    """
    found: list[DataSet] = []
    taken: dict[str, str] = {}
    for line, row in _rows(path):
        try:
            data_set = DataSet(**row)
        except ClaimsError as error:
            where = f"{path}, line {line}, {error.where}"
            raise ClaimsError(expected=error.expected, got=error.got, where=where, do=error.do) from error
        for key in {_key(name) for name in data_set.names}:
            if key in taken:
                got, do = f"a name of {taken[key]} again", "give each data set names of its own"
                raise ClaimsError(expected="each name once", got=got, where=f"{path}, line {line}", do=do)
            taken[key] = data_set.name
        found.append(data_set)
    return tuple(found)


def chosen(among: Sequence[DataSet], *, document: str | None, task: Task | None) -> tuple[DataSet, ...]:
    """Return those that a document names and that serve a task, in the given order; None does not narrow.

    Raises:
        ArgumentError: `number_of` knows no such document.
    """
    number = None if document is None else number_of(document)
    in_document = [each for each in among if number is None or number in each.documents]
    return tuple(each for each in in_document if task is None or task in each.tasks)


def find(name: str, *, among: Sequence[DataSet]) -> DataSet:
    """Return the data set that a name or an alias means, whatever its case, blanks and punctuation.

    Raises:
        ArgumentError: None of them has this name; the nearest names stand in the error.
    """
    for each in among:
        if _key(name) in {_key(known) for known in each.names}:
            return each
    near = _near(name, among)
    do = f"use one of: {', '.join(near)}" if near else "leave the name out to see all of them"
    raise ArgumentError(expected="the name of a listed data set", got=repr(name), where="reproduce datasets", do=do)


def _near(name: str, among: Sequence[DataSet]) -> list[str]:
    """Return our names of those whose names contain this one; else of at most five that look like it."""
    ours = {_key(known): each.name for each in among for known in each.names}
    inside = [owner for key, owner in ours.items() if len(_key(name)) > 1 and _key(name) in key]
    alike = [ours[key] for key in difflib.get_close_matches(_key(name), ours, n=5, cutoff=0.5)]
    return list(dict.fromkeys(inside or alike))


def _rows(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield the line on which each row ends, and its fields by column."""
    rows = csv_rows(path)
    _, columns = next(rows, (0, []))
    if tuple(columns) != COLUMNS:
        got, do = f"{', '.join(columns) or 'an empty file'}", f"start the file with: {','.join(COLUMNS)}"
        raise ClaimsError(expected="the columns of a list of data sets", got=got, where=f"{path}, line 1", do=do)
    for line, row in rows:
        yield line, dict(zip(COLUMNS, row, strict=True))


def _check_forms(each: DataSet) -> None:
    places, ours = _parts(each.places), each.identity == "ours"
    named = [place.partition(" ") for place in places]
    if ours == bool(places) or not all(number in rooms_by_number() and text for number, _, text in named):
        do = 'write "001 Table 4", or nothing for a set of our own'
        raise _broken("places", "a document and a place in it, unless it is ours", repr(each.places), do)
    if each.year != NOT_VERIFIED and not (
        re.fullmatch(r"\d{4}", each.year, re.ASCII) and _FIRST_YEAR <= int(each.year) <= _LAST_YEAR
    ):
        do = f'write the year of its first publication, or "{NOT_VERIFIED}"'
        raise _broken("year", f"a year of {_FIRST_YEAR} to {_LAST_YEAR}", repr(each.year), do)
    if each.home != NOT_VERIFIED and not is_url(each.home):
        do = f'write the address with http, a DOI as https://doi.org/10..., or "{NOT_VERIFIED}"'
        raise _broken("home", "an address", repr(each.home), do)
    if each.has_loader and not all(_SCRIPT.fullmatch(script) for script in _parts(each.scripts)):
        do = f'write "experiments/table1_lidc.py", or "{NO_LOADER}"'
        raise _broken("scripts", "scripts of this project", repr(each.scripts), do)


def is_url(text: str) -> bool:
    """Return whether a text is a web address; of doi.org only with a DOI behind it."""
    return bool(_URL.fullmatch(text)) and ("//doi.org" not in text or bool(_DOI.fullmatch(text)))


def _parts(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(";") if part.strip())


def _key(name: str) -> str:
    return re.sub(r"[\W_]+", "", name.casefold())


def _one_of(field: str, value: str, allowed: Sequence[str]) -> None:
    if value not in allowed:
        raise _broken(field, f"one of {', '.join(allowed)}", repr(value), "use one of them")


def _broken(field: str, expected: str, got: str, do: str) -> ClaimsError:
    return ClaimsError(expected=expected, got=got, where=f"column {field}", do=do)
