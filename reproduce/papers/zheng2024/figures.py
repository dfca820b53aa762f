"""Figures 2 and 3 of document 002, whose own images are absent: mean IoU and Dice of the six models by epoch."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from reproduce.audit.printed import Cell
from reproduce.figures.style import arm_look, new_figure, save_all, source_line, styled
from reproduce.papers.cells import table_cells
from reproduce.results.cases import read_frame
from reproduce.results.folders import RunFolder

_PRINTED = {"figure2": ("miou", "Figure 2"), "figure3": ("dice", "Figure 3")}
_NAMES = {"miou": "mean IoU over lungs and the rest", "dice": "Dice of the lungs"}


def draw_document002(run: RunFolder, figures: Path) -> tuple[Path, ...]:
    """Draw Figures 2 and 3 from the history of one run, with the plateau that the document describes.

    Args:
        run: A run of Table 1.
        figures: The folder of all figures; they go to `figures/<table>/<source>-<profile>/figure2.png` and so on.

    Returns:
        The files written.

    Raises:
        ResultsError: A results file is not there.
    """
    history = read_frame(run.path / "history.csv")
    order = [arm["name"] for arm in run.protocol["protocol"]["arms"]]
    plateaus = {
        cell.place: cell for cell in table_cells("text_zheng2024") if cell.place in {p for _, p in _PRINTED.values()}
    }
    drawn = {
        name: draw_progress(history, metric, plateaus[place], order=order, title=_title(run, place))
        for name, (metric, place) in _PRINTED.items()
    }
    return save_all(drawn, figures / run.table / run.path.name)


def draw_progress(history: pd.DataFrame, metric: str, plateau: Cell, *, order: list[str], title: str) -> Figure:
    """Draw a metric of the validation slices against the epoch, one line a model, the mean over seeds.

    Args:
        history: history.csv with `validation_<metric>`.
        metric: "miou" or "dice".
        plateau: The value that the document's text gives to the end of its curve.
        order: Models as the document names them.
        title: Says the source, "phantom" included.
    """
    figure = new_figure(6.4, 3.9)
    with styled():
        axis = figure.subplots()
        for i, model in enumerate(order):
            _line(axis, history[history["model"] == model], f"validation_{metric}", i, model)
        level = float(plateau.value)
        axis.axhline(level, color="0.35", lw=0.8, ls=(0, (6, 4)))
        said = f"printed for {plateau.model}: settles near {plateau.value} towards epoch 200"
        axis.annotate(
            said, (0.99, level), (0, -3), ("axes fraction", "data"), "offset points", ha="right", va="top", fontsize=7
        )
        axis.set(xlabel="epoch", ylabel=f"{_NAMES[metric]}, validation", ylim=(0, 1.02))
        axis.locator_params(axis="x", integer=True)
        figure.legend(*axis.get_legend_handles_labels(), loc="outside right center", fontsize=8)
        figure.suptitle(title, fontsize=9)
    return figure


def _line(axis: Axes, own: pd.DataFrame, column: str, i: int, model: str) -> None:
    mean = own.groupby("epoch")[column].mean()
    axis.plot(mean.index + 1, mean, lw=1.5, ms=4, markevery=(i, max(1, len(mean) // 6)), label=model, **arm_look(i))


def _title(run: RunFolder, place: str) -> str:
    return (
        f"zheng2024 (document 002), {place} (reconstruction: the document's image is lost)\n{source_line(run, ' – ')}"
    )


FIGURES = {"table1_thoracic": draw_document002}
