"""All figures of runs, from their results folders alone: which run has which."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from reproduce.figures.table_figures import draw_table_figures
from reproduce.papers.armato2011.figures import draw_census
from reproduce.papers.cnn_survey.architecture_figures import draw_architectures
from reproduce.papers.cnn_survey.figures import draw_statements
from reproduce.papers.decathlon import cpu_minutes
from reproduce.papers.xue2025 import ablation_figure as ablation
from reproduce.papers.xue2025 import figures as document000
from reproduce.papers.zheng2024 import figures as document002
from reproduce.results.folders import RunFolder, find_architecture_runs, find_runs, find_statement_runs


def draw_run(run: RunFolder, figures: Path) -> Iterator[Path]:
    """Draw the figures that show one run alone; each path is given once its file is written.

    Args:
        run: Of any table.
        figures: Folder of all figures.

    Raises:
        ResultsError: A results file is not there.
    """
    yield from (draw_census if run.table == "census_lidc" else draw_table_figures)(run.path, figures)
    if run.table == cpu_minutes.TABLE:
        yield from cpu_minutes.draw_cpu_minutes(run, figures)
    if run.table == document002.TABLE:
        yield from document002.draw_document002(run, figures)


def draw_runs(results: Path, names: Sequence[str], figures: Path) -> Iterator[Path]:
    """Draw the figures of some runs, and those that show several runs of a document; paths as each file is written.

    Args:
        results: Folder of all results.
        names: Tables or single runs; none takes all that have been run.
        figures: Folder of all figures.

    Raises:
        ResultsError: As `folders.find_runs`; or a results file is not there.
    """
    if not names:
        for path in find_statement_runs(results):
            yield from draw_statements(path, figures)
        for path in find_architecture_runs(results):
            yield from draw_architectures(path, figures / path.parent.name / path.name)
    runs = find_runs(results, names)
    for run in runs:
        yield from draw_run(run, figures)
    if any(run.table in document000.TABLES for run in runs):
        # Its figures show both of its tables, whichever of them was asked for.
        yield from document000.draw_document000(find_runs(results, ()), figures)
    if any(run.table in ablation.TABLES for run in runs):
        # Its figure shows both data sets, likewise.
        yield from ablation.draw_ablation(find_runs(results, ()), figures)
