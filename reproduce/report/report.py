"""The report as one HTML file: everything it shows is within it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined

from reproduce import __version__
from reproduce.audit.finding import READINGS
from reproduce.errors import ResultsError
from reproduce.papers.cells import packaged_tables
from reproduce.papers.documents import judged_statements
from reproduce.provenance import write_text
from reproduce.report.audit_section import audit_sections
from reproduce.report.run_section import RunSection, run_section
from reproduce.report.statement_list import read_statement_runs
from reproduce.report.statement_section import StatementSection, statement_sections
from reproduce.results import verdict_words as words
from reproduce.results.diff import diff_run, means_text
from reproduce.results.diff_render import source_text
from reproduce.results.folders import RunFolder, damage_named, find_runs, optional_number
from reproduce.results.number_format import UNDEFINED, interval, number, p_text, reading, signed

# How a verdict looks; the word itself always stands beside the sign, so that colour is never needed.
_LOOKS = {
    words.WITHIN: ("good", "✓"),
    words.SUPPORTED: ("good", "✓"),
    "consistent": ("good", "✓"),
    words.OUTSIDE: ("bad", "✗"),
    words.CONTRADICTED: ("bad", "✗"),
    "inconsistent": ("bad", "✗"),
    words.UNREACHABLE: ("bad", "⊘"),
}
_OPEN = ("open", "○")
# Kinds without table.csv: tables of statements have a section of their own, a comparison is named in the overview.
_WITHOUT_CELLS = ("statements", "comparison")


def write_report(results: Path, figures: Path, output: Path, *, papers: Sequence[Path]) -> Path:
    """Write the report; the same results give the same bytes.

    Args:
        results: The folder of all results.
        figures: The folder of all figures, for those that only their script can draw.
        output: The file to write; its folder is made.
        papers: Tables of the reader's own, in the form of docs/claims_csv.md, to be audited beside the documents.

    Returns:
        `output`.

    Raises:
        ResultsError: There are no results, a file of them is broken, or a run is of a kind that the report cannot show.
        ClaimsError: A table of the reader's own is broken.
    """
    with damage_named(results):
        tables = statement_sections(read_statement_runs(results), figures)
        runs = find_runs(results, (), or_none=bool(tables))
    sections = []
    for run in runs:
        if run.kind not in _WITHOUT_CELLS:
            with damage_named(run.path):
                sections.append(_section(run, figures))
    comparisons = [run for run in runs if run.kind == "comparison"]
    with damage_named(results):
        page = render(sections, tables, comparisons, papers=papers)
    write_text(output, page)
    return output


def _section(run: RunFolder, figures: Path) -> RunSection:
    if not (run.path / "table.csv").is_file():
        expected = "table.csv, which the report shows of every run with cells"
        got = f"none in a run of kind {run.kind!r}"
        do = "run the table's script again; a new kind of results writes table.csv, see results/writer.py"
        raise ResultsError(expected=expected, got=got, where=run.path, do=do)
    return run_section(diff_run(run), figures)


def render(
    sections: Sequence[RunSection],
    tables: Sequence[StatementSection],
    comparisons: Sequence[RunFolder],
    *,
    papers: Sequence[Path],
) -> str:
    """Return the page as text; see `write_report`."""
    run_tables = {section.diff.run.table for section in sections}
    return (
        _environment()
        .get_template("report.html.j2")
        .render(
            sections=sections,
            tables=tables,
            comparisons=comparisons,
            audits=audit_sections(papers),
            statements=judged_statements(),
            not_run=[table for table in packaged_tables() if table.startswith("table") and table not in run_tables],
            version=__version__,
        )
    )


def look(word: str) -> tuple[str, str]:
    """Return (style class, sign) of a verdict."""
    return _LOOKS.get(word, _OPEN)


def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("reproduce.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= {
        "number": number,
        "signed": signed,
        "p": p_text,
        "look": look,
        "means": means_text,
        "source": source_text,
        "holds": lambda finding: READINGS[finding.reading],
        "value": lambda text: optional_number(text, "table.csv"),
        "isnan": math.isnan,
    }
    environment.globals |= {
        "interval": interval,
        "reading": reading,
        "undefined_mark": UNDEFINED,
        "without_cells": words.without_cells,
    }
    return environment
