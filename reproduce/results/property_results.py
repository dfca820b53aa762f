"""The results files of a table of statements: verdicts, measurements, protocol, and the page that people read."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

import pandas as pd

from reproduce.protocol.text import decisions
from reproduce.provenance import write_json, write_text
from reproduce.results import markdown
from reproduce.results.cases import write_frame
from reproduce.results.properties import Decided, Statement
from reproduce.results.protocol_record import protocol_record
from reproduce.results.verdict_words import tally

NO_DATA = "none"
Study = TypeVar("Study", covariant=True)


@dataclass(frozen=True)
class PropertyTable(Generic[Study]):
    """A table of a document, every sentence of which is decided.

    Attributes:
        table: Name of the results folder.
        document: Its number.
        title: One line.
        source: Name of the data set.
        profile: "cpu" or "smoke".
        study: All choices of the measurements, each with its place.
        measures: Each called with the data and the study; yields rows of `properties.COLUMNS`.
        statements: Statements in the order of the table.
        times: Called with the table; measures what differs from run to run and goes to provenance.json alone.
    """

    table: str
    document: str
    title: str
    source: str
    profile: str
    study: Study
    measures: tuple[Callable, ...]
    statements: tuple[Statement, ...]
    times: Callable[[PropertyTable], dict] | None = None


def write_properties(
    folder: Path, table: PropertyTable, whole: PropertyTable, decided: Sequence[Decided], *, source: str
) -> None:
    """Write `statements.csv`, `protocol.json` and `table.md`; the same measurements give the same bytes.

    Args:
        folder: `results/<table>/<source>-<profile>`.
        table: What was asked.
        whole: The same table under the profile that the others are made from.
        decided: Statements with verdicts, as `properties.decide` returns them.
        source: Name of the data set, or `NO_DATA`.
    """
    write_frame(_statements(decided), folder / "statements.csv")
    rules = {each.key: each.by.rule for each in table.statements}
    write_json(folder / "protocol.json", {**protocol_record("statements", table, whole, source=source), "rules": rules})
    write_text(folder / "table.md", _page(table, decided, source))


def _statements(decided: Sequence[Decided]) -> pd.DataFrame:
    rows = [
        {
            "key": d.statement.key,
            "place": d.statement.place,
            "statement": d.statement.text,
            "rule": d.statement.by.rule,
            "verdict": d.word,
            "measured": d.measured,
            "seeds": d.n,
            "difference": d.difference,
            "ci_low": d.low,
            "ci_high": d.high,
            "p_value": d.p_value,
            "p_holm": d.p_holm,
        }
        for d in decided
    ]
    return pd.DataFrame(rows)


def _page(table: PropertyTable, decided: Sequence[Decided], source: str) -> str:
    data = "no data: what needs images was not run" if source == NO_DATA else f"{source}, {table.profile} profile"
    told = [(d.statement.place, d.statement.text, f"**{d.word}**", d.measured) for d in decided]
    lines = [f"# {table.title}", "", f"{tally([d.word for d in decided])}. Measured on: {data}.", ""]
    lines += markdown.table(("place", "statement", "verdict", "measured"), told)
    lines += ["", "## Rules, written before the run", ""]
    lines += [f"- `{each.key}`: {each.by.rule}" for each in table.statements]
    chosen = [(field, f"`{value}`", place) for field, value, place in decisions(table)]
    lines += ["", "## Choices", "", *markdown.table(("what", "value", "where from"), chosen)]
    lines += ["", "Times, which differ from run to run, stand in provenance.json.", ""]
    return "\n".join(lines)
