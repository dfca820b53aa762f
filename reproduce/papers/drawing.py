"""Which table has figures that only its paper has; scripts draw them, and `reproduce figures` does."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

from reproduce.figures.draw import draw_run
from reproduce.papers.armato2011.figures import draw_census
from reproduce.papers.cnn_survey.architecture_figures import draw_architectures
from reproduce.papers.cnn_survey.figures import draw_statements
from reproduce.papers.decathlon.cpu_minutes import draw_cpu_minutes
from reproduce.papers.xue2025.ablation_figure import draw_ablation_of_both
from reproduce.papers.xue2025.figures import draw_processes_and_bars
from reproduce.papers.zheng2024.figures import draw_document002
from reproduce.results.folders import RunFolder, find_runs

FURTHER: dict[str, Callable[[RunFolder, Path], Iterable[Path]]] = {
    "table1_lidc": draw_processes_and_bars,
    "table2_brats": draw_processes_and_bars,
    "ablation_lidc": draw_ablation_of_both,
    "ablation_brats": draw_ablation_of_both,
    "table1_thoracic": draw_document002,
    "hippocampus_decathlon": draw_cpu_minutes,
    "table1_of_001": draw_statements,
    "table2_of_001": draw_statements,
    "table3_of_001": draw_statements,
    "moco_v3_of_001": draw_statements,
    "architectures_of_001": draw_architectures,
    "census_lidc": draw_census,
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
        if run.table in FURTHER:
            yield from FURTHER[run.table](run, figures)
