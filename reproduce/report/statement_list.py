"""All statements of a document with their verdicts, and by what each contradicted one is contradicted, as one page."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from reproduce.errors import ResultsError
from reproduce.papers.cells import number_of
from reproduce.papers.documents import judged_statements
from reproduce.provenance import write_text
from reproduce.results.folders import damage_named, find_runs, optional_number, read_object, read_rows
from reproduce.results.verdict_words import CONTRADICTED, STATEMENT_WORDS, tally

COLUMNS = (
    *("key", "place", "statement", "rule", "verdict", "measured"),
    *("seeds", "difference", "ci_low", "ci_high", "p_value", "p_holm"),
)
# As `property_results` and `properties` write them; they load pandas, and this answers at once.
NO_DATA, NOT_RUN = "none", "not run: no data"
_AGAIN = "run the table's script again"


@dataclass(frozen=True)
class DecidedStatement:
    """One statement of a table with its verdict; fields as in statements.csv."""

    key: str
    place: str
    text: str
    rule: str
    verdict: str
    measured: str
    n_seeds: int


@dataclass(frozen=True, eq=False)
class StatementRun:
    """One run of a table of statements.

    Attributes:
        path: `results/<table>/<source>-<profile>`.
        document: Number of the document.
        title: One line.
        source: Name of the data set; "none" where nothing was measured.
        profile: "cpu" or "smoke".
        statements: In the order of the table.
        protocol: All of protocol.json.
    """

    path: Path
    document: str
    title: str
    source: str
    profile: str
    statements: tuple[DecidedStatement, ...]
    protocol: dict

    @property
    def name(self) -> str:
        """Return table and run, e.g. "table2/pneumoniamnist-cpu"."""
        return f"{self.path.parent.name}/{self.path.name}"

    @property
    def of_document(self) -> tuple[DecidedStatement, ...]:
        """Return the statements of the document."""
        return tuple(each for each in self.statements if each.place.startswith(f"{self.document} "))

    @property
    def asked(self) -> tuple[DecidedStatement, ...]:
        """Return the questions asked beside them; their verdicts say nothing of the document."""
        return tuple(each for each in self.statements if each not in self.of_document)

    @property
    def measured_on(self) -> str:
        """Return data set and profile in words."""
        return "no data" if self.source == NO_DATA else f"{self.source}, {self.profile} profile"

    def drawings(self, figures: Path) -> list[Path]:
        """Return the PNG figures of the run, sorted; none where nothing was drawn."""
        return sorted((figures / self.name).glob("*.png"))


def read_statement_runs(results: Path) -> list[StatementRun]:
    """Return the runs of all tables of statements, sorted; one without data gives way to one of its table with data.

    Args:
        results: Folder of all results.

    Raises:
        ResultsError: A file of a run is not there, or broken.
    """
    runs = []
    for run in find_runs(results, (), or_none=True):
        if run.kind == "statements":
            with damage_named(run.path):
                runs.append(_read(run.path))
    with_data = {run.path.parent for run in runs if run.source != NO_DATA}
    return [run for run in runs if run.source != NO_DATA or run.path.parent not in with_data]


def write_statement_page(document: str, results: Path, figures: Path) -> Path:
    """Write `results/document<number>/statements.md`; the same results give the same bytes.

    Args:
        document: Number or room of the document.
        results: Folder of all results.
        figures: Folder of all figures.

    Returns:
        The file written.

    Raises:
        ArgumentError: `number_of` knows no such document.
        ResultsError: No table of statements of the document has been run, or a file is broken.
    """
    number = number_of(document)
    with damage_named(results):
        runs = [run for run in read_statement_runs(results) if run.document == number]
    if not runs:
        do = "run a script of its tables of statements first, e.g. experiments/layers_table1.py"
        raise ResultsError(expected=f"a table of statements of document {number}", got="none", where=results, do=do)
    page = results / f"document{number}" / "statements.md"
    write_text(page, _page(number, runs, page.parent, figures))
    return page


def _read(path: Path) -> StatementRun:
    protocol = read_object(path / "protocol.json")
    values = [protocol.get(key) for key in ("document", "title", "source", "profile")]
    texts = [value for value in values if isinstance(value, str)]
    if len(texts) < len(values):
        expected = "document, title, source and profile of the run"
        raise ResultsError(expected=expected, got="not all of them", where=path / "protocol.json", do=_AGAIN)
    file = path / "statements.csv"
    statements = [
        DecidedStatement(
            key=row["key"],
            place=row["place"],
            text=row["statement"],
            rule=row["rule"],
            verdict=row["verdict"],
            measured=row["measured"],
            n_seeds=int(optional_number(row["seeds"] or "0", file)),
        )
        for row in read_rows(file, COLUMNS)
    ]
    if strange := {each.verdict for each in statements} - {*STATEMENT_WORDS, NOT_RUN}:
        expected = f"one of {', '.join((*STATEMENT_WORDS, NOT_RUN))}"
        raise ResultsError(expected=expected, got=", ".join(sorted(strange)), where=file, do=_AGAIN)
    document, title, source, profile = texts
    return StatementRun(path, document, title, source, profile, tuple(statements), protocol)


def _page(document: str, runs: Sequence[StatementRun], home: Path, figures: Path) -> str:
    words = [each.verdict for run in runs for each in run.of_document]
    lines = [f"# Document {document}: its statements, with verdicts", ""]
    lines += [f"{len(words)} statements are calculated or measured: {tally(words)}. By table:", ""]
    for run in runs:
        count = tally([each.verdict for each in run.of_document])
        lines.append(f"- [{run.title}]({_link(run.path / 'table.md', home)}): {count}; measured on: {run.measured_on}")
    lines += ["", "Rules were written before the runs; they stand with every choice in each table's own page.", ""]
    lines += ["## Contradicted, and by what", "", *_contradicted(runs, home, figures)]
    lines += ["## Statements beside what is known elsewhere", "", *_judged(document)]
    for run in runs:
        lines += ["", f"## {run.title}", "", "| place | statement | verdict | found |", "|---|---|---|---|"]
        lines += [_row(each.place, each.text, f"**{each.verdict}**", each.measured) for each in run.of_document]
        if run.asked:
            lines += ["", "Asked beside it, not said by the document, and not counted above:", ""]
            lines += ["| question | verdict | found |", "|---|---|---|"]
            lines += [_row(each.text, f"**{each.verdict}**", each.measured) for each in run.asked]
    return "\n".join(lines) + "\n"


def _contradicted(runs: Sequence[StatementRun], home: Path, figures: Path) -> list[str]:
    found = [(run, each) for run in runs for each in run.of_document if each.verdict == CONTRADICTED]
    if not found:
        return ["None.", ""]
    lines = []
    for number, (run, each) in enumerate(found, start=1):
        lines += [f"### {number}. {each.place}: {each.text}", "", f"- Rule: {each.rule}", f"- Found: {each.measured}"]
        lines.append(f"- File: [{run.name}/statements.csv]({_link(run.path / 'statements.csv', home)}), `{each.key}`")
        if each.n_seeds:
            lines.append(f"- Values: [measurements.csv]({_link(run.path / 'measurements.csv', home)})")
            drawn = [f"[{path.name}]({_link(path, home)})" for path in run.drawings(figures)]
            lines.append(f"- Figure: {', '.join(drawn) or 'not drawn'}")
        else:
            lines.append("- Calculated, not measured: the counterexample is all there is to show")
        lines.append("")
    return lines


def _judged(document: str) -> list[str]:
    """Return what the document says of works and data sets, which no run decides."""
    found = [each for each in judged_statements() if document in each.document.split(", ")]
    if not found:
        return ["None."]
    lines = ["Judged by hand, no run decides them.", "", "| place | about | printed | known | source | verdict |"]
    lines.append("|---|---|---|---|---|---|")
    order = sorted(found, key=lambda each: each.verdict != "inconsistent")
    lines += [
        _row(f"{s.document} {s.place}", s.subject, s.printed, s.known, s.source, f"**{s.verdict}**") for s in order
    ]
    return lines


def _link(path: Path, home: Path) -> str:
    return Path(os.path.relpath(path, home)).as_posix()


def _row(*fields: str) -> str:
    return "| " + " | ".join(field.replace("|", "\\|") for field in fields) + " |"
