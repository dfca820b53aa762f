"""The data sets of the documents as a table, one of them in full, and both as Markdown or JSON."""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from dataclasses import asdict

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from reproduce.papers.data_sets import NO_LOADER, NOT_VERIFIED, DataSet

NONE = "no data set of the list answers to this\n"
_LABELS = {
    "aliases": "also called",
    "places": "named in",
    "identity": "identity",
    "task": "task",
    "modality": "modality",
    "body_part": "body part",
    "year": "year",
    "year_printed": "year printed",
    "size": "size",
    "size_printed": "size printed",
    "home": "home",
    "link_printed": "link printed",
    "licence": "licence",
    "access": "access",
    "how_to_get": "how to get it",
    "scripts": "read by",
    "errors": "errors of the documents",
    "evidence": "our sources",
}
_WIDEST = {"modality": 12}  # "fundus photograph" takes two lines, which leaves the names room at 100 characters
_STYLES = {NOT_VERIFIED: "yellow", "inferred": "yellow", NO_LOADER: "dim"}


def list_text(data_sets: Sequence[DataSet], *, width: int, colour: bool) -> str:
    """Return the data sets for a terminal, one a row, with a count below; for none a sentence that says so.

    Args:
        data_sets: In the order to print.
        width: Characters in a line; at 100 no word is broken.
        colour: Whether to mark what is not verified.
    """
    if not data_sets:
        return NONE
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, padding=(0, 1, 0, 0))
    for title in ("name", "in", "task", "modality", "year\n(printed)", "access", "read by"):
        table.add_column(title, overflow="fold", max_width=_WIDEST.get(title))
    for each in data_sets:
        table.add_row(
            _marked(each.name, each.identity),
            "\n".join(each.documents) or "-",
            each.task.replace("; ", "\n"),
            _marked(each.modality.replace("; ", "\n"), each.modality),
            _marked(_years(each), each.year),
            _marked(_short(each.access), each.access),
            _marked("\n".join(_script(part) for part in each.scripts.split("; ")), each.scripts),
        )
    return _rendered(table, width=width, colour=colour) + summary(data_sets) + "\n"


def detail_text(each: DataSet, *, width: int, colour: bool) -> str:
    """Return all that is known of one data set for a terminal, a field a row, without the empty ones.

    Args:
        each: The data set.
        width: Characters in a line.
        colour: Whether to mark what is not verified.
    """
    table = Table(box=None, show_header=False, pad_edge=False, title=each.name, title_justify="left")
    table.add_column(style="bold" if colour else None, no_wrap=True)
    table.add_column(overflow="fold")
    for field, label in _LABELS.items():
        value = getattr(each, field)
        if value:
            table.add_row(label, _marked(value, value))
    return _rendered(table, width=width, colour=colour)


def list_markdown(data_sets: Sequence[DataSet]) -> str:
    """Return the data sets as one Markdown table with a count below; for none a sentence that says so."""
    if not data_sets:
        return NONE
    titles = ("data set", "named in", "year", "size", "licence, access", "read by", "errors of the documents")
    lines = ["| " + " | ".join(titles) + " |", "|" + "---|" * len(titles)]
    for each in data_sets:
        name = each.name if each.home == NOT_VERIFIED else f"[{each.name}]({each.home})"
        year = each.year if each.year_printed in ("", each.year) else f"{each.year} (printed {each.year_printed})"
        terms = NOT_VERIFIED if each.licence == each.access == NOT_VERIFIED else f"{each.licence}; {each.access}"
        also = f"; {each.aliases}" if each.aliases else ""
        cells = (name + also, each.places or "-", year, each.size, terms, each.scripts, each.errors or "-")
        lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return "\n".join([*lines, "", summary(data_sets), ""])


def list_json(data_sets: Sequence[DataSet]) -> str:
    """Return the data sets as a JSON list, every field as text, with the names of those not verified."""
    plain = [{**asdict(each), "unverified": each.unverified} for each in data_sets]
    return json.dumps(plain, indent=2, ensure_ascii=False) + "\n"


def summary(data_sets: Sequence[DataSet]) -> str:
    """Return how many there are, how many a script reads, and how many the documents or we leave open."""
    n_read, n_open = sum(each.has_loader for each in data_sets), sum(bool(each.unverified) for each in data_sets)
    n_erring = sum(bool(each.errors) for each in data_sets)
    sets = "data set" if len(data_sets) == 1 else "data sets"
    remarks = f"{n_erring} with remarks on the documents, {n_open} not verified in full"
    return f"{len(data_sets)} {sets}, {n_read} read by a script; {remarks}"


def _rendered(table: Table, *, width: int, colour: bool) -> str:
    out = io.StringIO()
    Console(file=out, width=width, force_terminal=colour, no_color=not colour, highlight=False).print(table)
    return "\n".join(line.rstrip() for line in out.getvalue().splitlines()) + "\n"


def _marked(text: str, value: str) -> Text:
    return Text(text, style=_STYLES.get(value, ""))


def _years(each: DataSet) -> str:
    """Return the year, and behind it the printed one where that is another."""
    printed = f" ({each.year_printed})" if each.year_printed not in ("", each.year) else ""
    return _short(each.year) + printed


def _short(text: str) -> str:
    return "?" if text == NOT_VERIFIED else text


def _script(path: str) -> str:
    return path.removesuffix(".py").rpartition("/")[2]
