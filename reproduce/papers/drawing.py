"""Which table has figures that only its paper has; scripts draw them, and `reproduce figures` does."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

from reproduce.figures.table_figures import draw_run
from reproduce.papers.armato2011 import figures as census
from reproduce.papers.cnn_survey import architecture_figures
from reproduce.papers.cnn_survey import figures as statements
from reproduce.papers.decathlon import cpu_minutes
from reproduce.papers.xue2025 import ablation_figure
from reproduce.papers.xue2025 import figures as tables
from reproduce.papers.zheng2024 import figures as curves
from reproduce.results.folders import RunFolder, find_runs

_ROOMS = (census, architecture_figures, statements, cpu_minutes, ablation_figure, tables, curves)
_FURTHER: dict[str, Callable[[RunFolder, Path], Iterable[Path]]] = {
    table: draw for room in _ROOMS for table, draw in room.FIGURES.items()
}


def draw_runs(results: Path, names: Sequence[str], figures: Path) -> Iterator[Path]:
    """Draw the figures of some runs; the path of each as its file is written.

    Args:
        results: Folder of all results.
        names: Tables or single runs; none takes all that have been run.
        figures: Folder of all figures.

    Raises:
        ResultsError: As `folders.find_runs`; or a results file is not there.
    """
    for run in find_runs(results, names):
        yield from draw_run(run, figures)
        if run.table in _FURTHER:
            yield from _FURTHER[run.table](run, figures)
