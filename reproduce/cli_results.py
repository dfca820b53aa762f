"""Subcommands on printed numbers and results: audit, data sets, diff, figures, report, statements.

A subcommand imports what it needs when it runs: `diff`, `audit` and `datasets` answer at once because they never load
TensorFlow, pandas or matplotlib.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Literal

import tyro

from reproduce.papers.data_sets import Task

Format = Literal["text", "json", "md"]
Results = Annotated[Path, tyro.conf.arg(help="Folder of all results.")]


def audit(
    csv: tyro.conf.Positional[Path | None] = None,
    format: Format = "text",
) -> int:
    """Check printed numbers against each other: which of them cannot stand together, and how they are then read.

    Exit code 0; 2 where the CSV cannot be read, with its line, its column and what to do.

    Args:
        csv: A table of any paper in the form of docs/claims_csv.md. Left out: the five documents.
        format: Text for a terminal, JSON with exact intervals, or Markdown.
    """
    from reproduce.audit.audit import audit as audit_cells
    from reproduce.audit.printed import read_cells
    from reproduce.audit.render import findings_json, findings_markdown, findings_text
    from reproduce.papers.documents import document_findings
    from reproduce.paths import existing_file
    from reproduce.results.terminal import terminal_width

    findings = document_findings() if csv is None else audit_cells(read_cells(existing_file(csv)))
    texts = {"json": findings_json, "md": findings_markdown, "text": lambda f: findings_text(f, width=terminal_width())}
    sys.stdout.write(texts[format](findings))
    return 0


def datasets(
    names: tyro.conf.Positional[tuple[str, ...]] = (),
    document: str | None = None,
    task: Task | None = None,
    format: Format = "text",
) -> int:
    """List the data sets that the documents name: who may have them, what reads them here, what is wrong in print.

    Exit code 0; 2 for a name that is not listed, with those that come near.

    Args:
        names: Show these in full, by any of their names. Left out: one line for each.
        document: Only those that this document names; it is called by its room or its number.
        task: Only those that serve this task.
        format: Text for a terminal, JSON with every field, or Markdown.
    """
    from reproduce.papers import data_set_list as show
    from reproduce.papers import data_sets
    from reproduce.results.terminal import terminal_width

    listed = data_sets.chosen(data_sets.data_sets(), document=document, task=task)
    found = [data_sets.find(name, among=listed) for name in names]
    width, colour = terminal_width(), sys.stdout.isatty()
    if format != "text":
        sys.stdout.write({"json": show.list_json, "md": show.list_markdown}[format](found or listed))
    elif found:
        sys.stdout.write("\n".join(show.detail_text(each, width=width, colour=colour) for each in found))
    else:
        sys.stdout.write(show.list_text(listed, width=width, colour=colour))
    return 0


def diff(
    tables: tyro.conf.Positional[tuple[str, ...]] = (),
    format: Format = "text",
    results: Results = Path("results"),
) -> int:
    """Set every printed cell beside ours, with interval, delta, verdict and reason; statements with their test.

    Exit code 0 where everything is within, 1 where something is outside (or unreachable, or a statement contradicted),
    2 where something could not be compared: a phantom, a reduced profile, no results, or a broken file.

    Args:
        tables: Tables, as table1_lidc, or single runs, as table1_lidc/phantom-cpu. Left out: all that have been run.
        format: Text for a terminal, JSON, or Markdown.
        results: Folder of all results.
    """
    from reproduce.results.diff import diff_run, exit_code
    from reproduce.results.diff_render import diff_json, diff_markdown, diff_text
    from reproduce.results.folders import damage_named, find_runs
    from reproduce.results.terminal import terminal_width

    with damage_named(results):
        runs = find_runs(results, tables)
    diffs = []
    for run in runs:
        with damage_named(run.path):
            diffs.append(diff_run(run))
    colour = sys.stdout.isatty()
    texts = {
        "json": diff_json,
        "md": diff_markdown,
        "text": lambda d: diff_text(d, width=terminal_width(), colour=colour),
    }
    with damage_named(results):
        text, code = texts[format](diffs), exit_code(diffs)
    sys.stdout.write(text)
    return code


def figures(
    tables: tyro.conf.Positional[tuple[str, ...]] = (),
    results: Results = Path("results"),
    figures: Path = Path("figures"),
) -> int:
    """Draw every figure again from the results files.

    Args:
        tables: Tables or single runs. Left out: all that have been run.
        results: Folder of all results.
        figures: Folder of all figures.
    """
    from reproduce.papers.drawing import draw_runs
    from reproduce.results.folders import damage_named

    with damage_named(results):
        for path in draw_runs(results, tables, figures):
            sys.stdout.write(f"{path}\n")
    return 0


def report(
    output: Path = Path("report.html"),
    papers: tuple[Path, ...] = (),
    results: Results = Path("results"),
    figures: Path = Path("figures"),
) -> int:
    """Write one HTML file with all of it: tables, verdicts, curves, slices, cases, audit, protocol, provenance.

    Args:
        output: The file to write.
        papers: Tables of your own in the form of docs/claims_csv.md, to be audited beside the documents.
        results: Folder of all results.
        figures: Folder of all figures.
    """
    from reproduce.paths import existing_file
    from reproduce.report.report import write_report

    written = write_report(results, figures, output, papers=[existing_file(path) for path in papers])
    sys.stdout.write(f"{written} ({written.stat().st_size / 1e6:.2f} MB)\n")
    return 0


def statements(
    document: tyro.conf.Positional[str],
    results: Results = Path("results"),
    figures: Path = Path("figures"),
) -> int:
    """Write the list of a document's statements with verdicts, and by what each contradicted one is, as one page.

    It goes to results/document<number>/statements.md. Exit code 0; 2 where no table of statements has been run.

    Args:
        document: Room or number of the document.
        results: Folder of all results.
        figures: Folder of all figures, which the page links to.
    """
    from reproduce.report.statement_list import write_statement_page

    sys.stdout.write(f"{write_statement_page(document, results, figures)}\n")
    return 0
