"""The figure of the ablation that the document claims in 7.3 and never shows: both data sets side by side."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from reproduce.errors import ResultsError
from reproduce.figures.ablation import draw_effects, read_effects
from reproduce.figures.style import save
from reproduce.papers.xue2025.figures import runs_beside
from reproduce.results.folders import RunFolder, shown_run

TABLES = ("ablation_lidc", "ablation_brats")
_TITLE = "Ablation of xue2025 (document 000): difference in Dice per patient, with 95 % intervals"


def draw_ablation(runs: Sequence[RunFolder], figures: Path) -> tuple[Path, Path]:
    """Draw one figure of all ablations that have been run.

    Args:
        runs: Runs of any tables; of each of `TABLES` one is shown, see `shown_run`.
        figures: Folder of all figures; the files are `figures/ablation/effects.png` and `.svg`.

    Raises:
        ResultsError: None of them has been run, or its effects are absent or broken.
    """
    shown = [run for table in TABLES if (run := shown_run(runs, table)) is not None]
    if not shown:
        do = "run experiments/ablation.py first"
        raise ResultsError(expected="an ablation that has been run", got="none", where=figures / "ablation", do=do)
    drawn = draw_effects({run: read_effects(run) for run in shown}, title=_TITLE)
    return save(drawn, figures / "ablation" / "effects")


def draw_ablation_of_both(run: RunFolder, figures: Path) -> tuple[Path, Path]:
    """Draw the ablations of both data sets from the runs that lie beside a run of one of them; see `draw_ablation`."""
    return draw_ablation(runs_beside(run, TABLES), figures)


FIGURES = dict.fromkeys(TABLES, draw_ablation_of_both)
