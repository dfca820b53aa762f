"""Results folders as they lie on disk: which runs there are, and the rows of their files."""

from __future__ import annotations

import csv
import json
import math
import re
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeGuard

from reproduce.errors import ReproduceError, ResultsError
from reproduce.protocol import NO_DOCUMENT
from reproduce.results.verdict_words import PHANTOM, caveats

_AGAIN = "run the table's script again"
_DAMAGE = (
    *(LookupError, TypeError, AttributeError, ValueError, OverflowError, RecursionError, EOFError),
    *(csv.Error, zipfile.BadZipFile, zlib.error),
)
_NUMBER = re.compile(r"[+-]?[0-9]+(\.[0-9]+)?(e[+-]?[0-9]+)?")


@dataclass(frozen=True, eq=False)
class RunFolder:
    """One run: `results/<table>/<source>-<profile>`, `published.csv` beside it.

    Attributes:
        path: The folder.
        kind: Kind of table, e.g. "segmentation".
        document: Number of the document, or `NO_DOCUMENT`.
        source, profile: Names of data set and profile.
        changed: What the run changes in the whole protocol: objects of field, paper and here.
        protocol: All of protocol.json.
    """

    path: Path
    kind: str
    document: str
    source: str
    profile: str
    changed: tuple[dict, ...]
    protocol: dict

    @property
    def table(self) -> str:
        """Name of the table, e.g. "table1_lidc"."""
        return self.path.parent.name

    @property
    def name(self) -> str:
        """Return table and run, e.g. "table1_lidc/phantom-cpu"."""
        return f"{self.table}/{self.path.name}"

    @property
    def title(self) -> str:
        """Return one line on what was run; the name of the table where the protocol has none."""
        return self.protocol.get("title", self.table)

    @property
    def is_ours(self) -> bool:
        """Return whether no document has this table; see `Experiment.is_ours`."""
        return self.document == NO_DOCUMENT

    @property
    def caveats(self) -> tuple[str, ...]:
        """Return why its numbers say nothing of the printed ones; empty where they may be compared."""
        return caveats(self.source, self.profile, self.changed)

    def rows(self, file: str, columns: Sequence[str]) -> list[dict[str, str]]:
        """Read the rows of one of its files; see `read_rows`."""
        return read_rows(self.path / file, columns)

    def json(self, file: str) -> dict:
        """Read the object of one of its JSON files; see `read_object`."""
        return read_object(self.path / file)


@contextmanager
def damage_named(path: Path) -> Iterator[None]:
    """Give what damaged files below a folder raise the folder's name; the cause stays attached.

    Only what files of another content raise is caught (a name that is absent, a list for an object, a word for a
    number, a broken archive). Errors of this package and of the system pass, and so does what no content can raise.

    Raises:
        ResultsError: In place of an error of `_DAMAGE`.
    """
    try:
        yield
    except ReproduceError:
        raise
    except _DAMAGE as error:
        got = f"{type(error).__name__}: {error}".splitlines()[0]
        raise ResultsError(expected="files as a run writes them", got=got, where=path, do=_AGAIN) from error


def find_runs(results: Path, names: Sequence[str], *, or_none: bool = False) -> list[RunFolder]:
    """Return the runs of any kind below a results folder, sorted by table and run.

    Args:
        results: The folder of all results.
        names: Tables, "table1_lidc", or single runs, "table1_lidc/phantom-cpu"; none takes all of them.
        or_none: Whether a folder without any run is none, and no error.

    Raises:
        ResultsError: There is no such folder, or no run of a name in it; or a protocol.json is broken.
    """
    if not results.is_dir():
        do = "run a table's script first, or name the folder with --results"
        raise ResultsError(expected="a folder of results", got="nothing there", where=results, do=do)
    paths = {path.parent for path in results.glob("*/*/protocol.json")}
    wanted = {name.strip("/") for name in names}
    tables = sorted({path.parent.name for path in paths})
    for name in sorted(wanted - {n for p in paths for n in (p.parent.name, f"{p.parent.name}/{p.name}")}):
        do = f"run its script first, or name one of: {', '.join(tables) or 'none yet'}"
        raise ResultsError(expected="a table that has been run", got=repr(name), where=results, do=do)
    if not paths and not or_none:
        do = "run a table's script first"
        raise ResultsError(expected="at least one run", got="none", where=results, do=do)
    return [
        read_run(path)
        for path in sorted(paths)
        if not wanted or path.parent.name in wanted or f"{path.parent.name}/{path.name}" in wanted
    ]


def read_run(path: Path) -> RunFolder:
    """Read the run of one folder.

    Raises:
        ResultsError: protocol.json is not there, no JSON object, or does not say what kind of table the run is of.
    """
    protocol, where = read_object(path / "protocol.json"), path / "protocol.json"
    texts = ("kind", "document", "source", "profile")
    missing = [key for key in texts if not isinstance(protocol.get(key), str)]
    changed = protocol.get("changed_from_paper")
    if not isinstance(protocol.get("title", ""), str):
        missing.append("title")
    if missing or not _are_changes(changed):
        got = f"none of {', '.join(missing or ['changed_from_paper'])}"
        expected = "kind, document, source, profile and changes of the run"
        raise ResultsError(expected=expected, got=got, where=where, do=_AGAIN)
    kind, document, source, profile = (protocol[key] for key in texts)
    return RunFolder(path, kind, document, source, profile, tuple(changed), protocol)


def _are_changes(found: object) -> TypeGuard[list[dict]]:
    keys = {"field", "paper", "here"}
    return isinstance(found, list) and all(isinstance(each, dict) and set(each) == keys for each in found)


def shown_run(runs: Sequence[RunFolder], table: str) -> RunFolder | None:
    """Return the run of a table that says most: comparable, else real data, else profile paper, else the first by name.

    Args:
        runs: Runs of any tables.
        table: Its name.

    Returns:
        The run, or None where the table has not been run.
    """
    own = [run for run in runs if run.table == table]
    order = sorted(own, key=lambda run: (len(run.caveats), run.source == PHANTOM, run.profile != "paper", run.name))
    return order[0] if order else None


def read_object(path: Path) -> dict:
    """Read the JSON object of a file.

    Raises:
        ResultsError: The file is not there, or holds no JSON object.
    """
    try:
        found = json.loads(_text(path))
        json.dumps(found, ensure_ascii=False).encode()  # half a character, as \ud800 writes it, can go into no file
    except (ValueError, RecursionError) as error:
        raise ResultsError(expected="JSON", got=str(error), where=path, do=_AGAIN) from error
    if not isinstance(found, dict):
        raise ResultsError(expected="a JSON object", got=type(found).__name__, where=path, do=_AGAIN)
    return found


def read_rows(path: Path, columns: Sequence[str]) -> list[dict[str, str]]:
    """Read the rows of a CSV as text, in its order; columns beyond those asked for come along.

    Args:
        path: A CSV with a header line.
        columns: Those that must be there; none asks for no particular one.

    Raises:
        ResultsError: The file is not there, is no CSV, lacks a column, or a row is longer or shorter than the header.
    """
    try:
        reader = csv.DictReader(_text(path).splitlines(keepends=True), strict=True)
        rows = list(reader)
    except csv.Error as error:
        raise ResultsError(expected="a CSV", got=str(error), where=path, do=_AGAIN) from error
    missing = [name for name in columns if name not in (reader.fieldnames or ())]
    if missing:
        got = f"no {', '.join(missing)}"
        raise ResultsError(expected=f"the columns {', '.join(columns)}", got=got, where=path, do=_AGAIN)
    for line, row in enumerate(rows, start=2):
        if None in row or None in row.values():
            got = "another number of them"
            raise ResultsError(
                expected=f"{len(reader.fieldnames or ())} fields", got=got, where=f"{path}, row {line}", do=_AGAIN
            )
    return rows


def optional_number(text: str, where: object) -> float:
    """Return the number that a field holds; nan where it is empty.

    Raises:
        ResultsError: It holds something else.
    """
    number = float(text) if _NUMBER.fullmatch(text) else math.nan
    if text and not math.isfinite(number):
        raise ResultsError(expected="a number or nothing", got=repr(text[:40]), where=where, do=_AGAIN)
    return number


def _text(path: Path) -> str:
    if not path.is_file():
        raise ResultsError(expected="a results file", got="nothing there", where=path, do=_AGAIN)
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise ResultsError(expected="UTF-8 text", got=str(error), where=path, do=_AGAIN) from error
