"""The figures that every run of a kind has, from its results folder alone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from reproduce.figures.table_figures import draw_class_figures, draw_table_figures
from reproduce.results.folders import RunFolder


def draw_run(run: RunFolder, figures: Path) -> Iterator[Path]:
    """Draw the figures that show one run alone; each path is given once its file is written.

    Args:
        run: Of any kind; a kind without figures of its own gives none.
        figures: Folder of all figures.

    Raises:
        ResultsError: A results file is not there.
    """
    if run.kind == "segmentation":
        yield from draw_table_figures(run.path, figures)
    elif run.kind == "classification":
        yield from draw_class_figures(run, figures)
