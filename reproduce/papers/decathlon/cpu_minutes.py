"""The Dice that a minute of a processor buys: validation against the time that training took."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import NullFormatter

from reproduce.figures.style import arm_look, new_figure, save, styled
from reproduce.figures.table_figures import figure_title
from reproduce.results.cases import read_frame
from reproduce.results.folders import RunFolder


def draw_cpu_minutes(run: RunFolder, figures: Path) -> tuple[Path, ...]:
    """Draw the curves of one run from its history and the seconds that provenance.json has of each arm.

    Args:
        run: A run of the table of nine models.
        figures: The folder of all figures.

    Returns:
        The files written.

    Raises:
        ResultsError: A results file is not there.
    """
    history = read_frame(run.path / "history.csv")
    seconds = run.json("provenance.json")["training_cpu_seconds"]
    order = [arm["name"] for arm in run.protocol["protocol"]["arms"]]
    region = next(iter(run.protocol["protocol"]["decision"]["measured"]))
    figure = draw_dice_by_minutes(history, seconds, order=order, region=region, title=figure_title(run))
    return save(figure, figures / run.table / run.path.name / "cpu_minutes")


def draw_dice_by_minutes(
    history: pd.DataFrame, seconds: Mapping[str, float], *, order: list[str], region: str, title: str
) -> Figure:
    """Draw Dice of the validation cases after each epoch, the mean over folds, against the minutes spent.

    Args:
        history: history.csv.
        seconds: Processor time that a training of each model took, the mean over folds; its epochs take equal parts.
        order: Models, in the order of the legend.
        region: Whose Dice it is.
        title: Says the source, "phantom" included.
    """
    figure = new_figure(6.8, 4.0)
    with styled():
        axis = figure.subplots()
        for i, model in enumerate(order):
            mean = history[history["model"] == model].groupby("epoch")["validation_dice"].mean()
            minutes = (mean.index + 1) * seconds[model] / len(mean) / 60
            axis.plot(minutes, mean, lw=1.5, ms=4, markevery=max(1, len(mean) // 8), label=model, **arm_look(i))
        axis.set(xscale="log", ylim=(0, 1), xlabel="minutes of one processor core spent on training one fold")
        axis.set_ylabel(f"Dice of {region}, validation cases")
        axis.xaxis.set_major_formatter(lambda value, _: f"{value:g}")
        axis.xaxis.set_minor_formatter(NullFormatter())
        axis.grid(visible=True, which="both", axis="y", lw=0.3)
        figure.legend(*axis.get_legend_handles_labels(), loc="outside right center", fontsize=8)
        figure.suptitle(title, fontsize=9)
    return figure


FIGURES = {"hippocampus_decathlon": draw_cpu_minutes}
