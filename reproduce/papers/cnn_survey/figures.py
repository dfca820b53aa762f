"""Figures of the tables of statements of document 001, from their measurements; the same files give the same bytes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from reproduce.figures.style import ARMS, new_figure, styled
from reproduce.papers.cnn_survey.moco_figure import draw_moco, save_measured
from reproduce.results.cases import read_frame
from reproduce.results.folders import RunFolder

Panels = Callable[[pd.DataFrame, list[Axes]], None]
_MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*")


def draw_dense(run: RunFolder, figures: Path) -> tuple[Path, ...]:
    """Draw `dense` of Table 1: overfitting, and features that serve another task.

    Args:
        run: A run of the table.
        figures: Folder of all figures.

    Returns:
        The files written; none where nothing was measured.

    Raises:
        ResultsError: A results file is not there, or broken.
    """
    words = (
        ("overfit_gap", "test less training cross-entropy, nats", "Overfitting, by what the dense layer reads"),
        ("mirrored_accuracy", "accuracy", "Another task: is the X-ray mirrored?"),
    )

    def panels(frame: pd.DataFrame, axes: Sequence[Axes]) -> None:
        _bars(frame, words, axes)

    return _drawn(run, figures, "dense", panels, n_panels=2, inches=(9.0, 3.6))


def draw_activations(run: RunFolder, figures: Path) -> tuple[Path, ...]:
    """Draw `activations` of Table 2: gradients and variance over depth, dead units; see `draw_dense`."""

    def panels(frame: pd.DataFrame, axes: Sequence[Axes]) -> None:
        _lines(frame, "log10_gradient_ratio", axes[0])
        axes[0].set(xscale="log", xlabel="convolutions", ylabel="log10 of second to last layer's gradient")
        axes[0].set_title("Gradients before training", loc="left")
        axes[0].set_xticks([2, 4, 8, 16], ["2", "4", "8", "16"])
        axes[0].minorticks_off()
        rates = frame[frame["x"] > 0]
        _lines(rates, "dead_share", axes[1])
        axes[1].set(xscale="log", xlabel="learning rate", ylabel="share of dead channels", ylim=(-0.02, 1))
        axes[1].set_title("Dead units after training", loc="left")
        _lines(frame, "abs_log10_variance", axes[2])
        axes[2].axhline(0.301, color="black", linestyle=":", linewidth=1)
        axes[2].set(xlabel="dense layer", ylabel="|log10 of the variance|, dots: factor 2")
        axes[2].set_title("Variance before training", loc="left")

    return _drawn(run, figures, "activations", panels, n_panels=3, inches=(11.0, 4.0))


def draw_parts(run: RunFolder, figures: Path) -> tuple[Path, ...]:
    """Draw `structure` of Table 3: decisions changed by shifts and turns, and overfitting; see `draw_dense`."""

    def panels(frame: pd.DataFrame, axes: Sequence[Axes]) -> None:
        for quantity, unit, one in (("shift", "pixels", axes[0]), ("turn", "degrees", axes[1])):
            _lines(frame, f"changed_by_{quantity}", one)
            one.set(xlabel=f"{quantity} in {unit}", ylabel="share of changed decisions")
            one.set_ylim(bottom=0)
            one.set_title(f"Test X-rays after a {quantity}", loc="left")
        _bars(frame, (("overfit_gap", "test less training cross-entropy, nats", "Overfitting"),), axes[2:])

    return _drawn(run, figures, "structure", panels, n_panels=3, inches=(11.0, 3.8))


def _drawn(
    run: RunFolder, figures: Path, name: str, panels: Panels, *, n_panels: int, inches: tuple[float, float]
) -> tuple[Path, ...]:
    """Return the figure of one table, with its data and the number of seeds named below."""
    frame = read_frame(run.path / "measurements.csv")
    if frame.empty:
        return ()
    with styled():
        figure = new_figure(*inches)
        panels(frame, list(figure.subplots(1, n_panels)))
        return save_measured(figure, run, frame, "bars and bands: least to largest seed", figures, name)


def _lines(frame: pd.DataFrame, quantity: str, axes: Axes) -> None:
    """Draw one line a condition, the mean over seeds, with a band from the least to the largest."""
    rows = frame[frame["quantity"] == quantity]
    for i, (condition, points) in enumerate(rows.groupby("condition", sort=False)):
        over = points.groupby("x")["value"].agg(["mean", "min", "max"])
        colour, marker, every = ARMS[i % len(ARMS)], _MARKERS[i % len(_MARKERS)], max(1, len(over) // 8)
        (line,) = axes.plot(over.index, over["mean"], color=colour, marker=marker, markersize=4, markevery=every)
        line.set_label(condition.replace("_", " "))
        axes.fill_between(over.index, over["min"], over["max"], color=colour, alpha=0.15, linewidth=0)
    axes.legend(fontsize=7)


def _bars(frame: pd.DataFrame, panels: Sequence[tuple[str, str, str]], axes: Sequence[Axes]) -> None:
    """Draw one bar a condition, the mean over seeds, with whiskers from the least to the largest."""
    for (quantity, label, title), one in zip(panels, axes, strict=True):
        rows = frame[frame["quantity"] == quantity]
        over = rows.groupby("condition")["value"].agg(["mean", "min", "max"])
        places = np.arange(len(over))
        whiskers = np.stack([over["mean"] - over["min"], over["max"] - over["mean"]])
        one.bar(places, over["mean"], color=[ARMS[i % len(ARMS)] for i in places], width=0.6)
        one.errorbar(places, over["mean"], yerr=whiskers, fmt="none", ecolor="black", capsize=3)
        one.set_xticks(places, [name.replace("_", " ") for name in over.index])
        one.set(ylabel=label)
        one.set_title(title, loc="left")


FIGURES = {
    "table1_of_001": draw_dense,
    "table2_of_001": draw_activations,
    "table3_of_001": draw_parts,
    "moco_v3_of_001": draw_moco,
}
