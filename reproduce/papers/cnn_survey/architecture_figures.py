"""Figures 1 and 2 of document 001, from the results files of the comparison of architectures alone."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from reproduce.figures.style import BLUE, VERMILION, new_figure, save_all, styled
from reproduce.papers.cnn_survey.structure_figure import draw_structure
from reproduce.results.cases import read_frame
from reproduce.results.folders import RunFolder

_ROW_IN, _AROUND_IN, _WIDTH_IN = 0.235, 1.15, 11.0
_TEXT: dict[str, Any] = {"va": "center", "parse_math": False}
_YEAR, _SPINE, _NAME, _IDEA = 0.0, 0.10, 0.13, 0.53  # shares of the column of words
_BAND = "#EFEFEF"
_CHANCE = 0.5


def draw_architectures(run: RunFolder, figures: Path) -> tuple[Path, ...]:
    """Draw `figure1`, the basic structure, and `figure2`, the timeline with parameters and accuracy.

    Args:
        run: A run of the comparison.
        figures: The folder of all figures.

    Returns:
        The files written.

    Raises:
        ResultsError: A results file is not there, or broken.
    """
    caption = f"{run.source}, {run.profile} profile"
    drawn = {
        "figure1": draw_structure(read_frame(run.path / "structure.csv", keep_default_na=False), caption=caption),
        "figure2": draw_timeline(read_frame(run.path / "architectures.csv", keep_default_na=False), caption=caption),
    }
    return save_all(drawn, figures / run.table / run.path.name)


def draw_timeline(rows: pd.DataFrame, *, caption: str) -> Figure:
    """Draw architectures from top to bottom by year, each with its idea, its parameters and its accuracy here.

    Args:
        rows: architectures.csv; those of a year keep their order.
        caption: Source and profile.
    """
    rows = rows.sort_values("year", kind="stable", ignore_index=True)
    with styled():
        figure = new_figure(_WIDTH_IN, _AROUND_IN + _ROW_IN * len(rows))
        words, parameters, accuracy = figure.subplots(1, 3, sharey=True, width_ratios=(5.0, 2.6, 2.6))
        for axes in (words, parameters, accuracy):
            _bands(rows["year"].tolist(), axes)
        _words(rows, words)
        _parameters(rows, parameters)
        _accuracies(rows, accuracy)
        words.set_ylim(len(rows) - 0.5, -0.5)
        first = rows.iloc[0]
        figure.suptitle(
            "cnn_survey (document 001), Figure 2: its architectures, with what we counted and measured", fontsize=10
        )
        figure.supxlabel(
            f"{caption}; {first['images_seen']:,} X-rays looked at by each, {first['seeds']} seeds; bars: 95 %, over "
            "seeds and X-rays; dotted: chance. Scaled down as table.md says: no ranking of the papers' own networks.",
            fontsize=7,
        )
    return figure


def _bands(years: Sequence[int], axes: Axes) -> None:
    """Draw every second year on grey, across all columns."""
    for i, year in enumerate(dict.fromkeys(years)):
        if i % 2:
            first = years.index(year)
            axes.axhspan(first - 0.5, first + years.count(year) - 0.5, color=_BAND, linewidth=0, zorder=0)


def _words(rows: pd.DataFrame, axes: Axes) -> None:
    axes.set(xlim=(0, 1), xticks=[], yticks=[])
    axes.spines[:].set_visible(False)
    axes.plot([_SPINE, _SPINE], [0, len(rows) - 1], color="black", linewidth=1.2, zorder=1)
    before = None
    for i, row in rows.iterrows():
        if row["year"] != before:
            axes.text(_YEAR, i, str(row["year"]), fontsize=8.5, weight="bold", **_TEXT)
            axes.plot(_SPINE, i, "o", color="black", markersize=5, zorder=2)
        before = row["year"]
        axes.plot([_SPINE, _NAME - 0.008], [i, i], color="black", linewidth=0.6, zorder=1)
        axes.text(_NAME, i, row["architecture"], fontsize=8, **_TEXT)
        axes.text(_IDEA, i, row["idea"], fontsize=7, color="#444444", **_TEXT)


def _parameters(rows: pd.DataFrame, axes: Axes) -> None:
    """Draw from full size, hollow, to the one trained here, full, the number of the latter beside it."""
    places = np.arange(len(rows))
    axes.hlines(places, rows["trainable"], rows["paper_trainable"], color="#888888", linewidth=0.8, zorder=1)
    full = axes.scatter(rows["paper_trainable"], places, s=26, marker="o", label="full size", zorder=2)
    full.set(facecolor="white", edgecolor=VERMILION, linewidth=1.2)
    axes.scatter(rows["trainable"], places, s=18, marker="s", color=BLUE, label="trained here", zorder=3)
    axes.set(xscale="log", xlabel="trainable parameters")
    axes.set_title("Parameters", loc="left")
    look = {"ncols": 2, "fontsize": 7, "handletextpad": 0.1, "columnspacing": 0.8, "borderaxespad": 0.1}
    axes.legend(loc="lower right", bbox_to_anchor=(1.2, 1.0), **look)
    _beside(axes, [short(n) for n in rows["trainable"]])


def _accuracies(rows: pd.DataFrame, axes: Axes) -> None:
    places, value = np.arange(len(rows)), rows["accuracy"]
    ends = [value - rows["accuracy_low"], rows["accuracy_high"] - value]
    # an interval of few seeds may lie beside the mean of all of them by a rounding
    axes.errorbar(
        value, places, xerr=np.clip(ends, 0, None), fmt="s", color=BLUE, ecolor="black", capsize=2, markersize=4
    )
    axes.axvline(_CHANCE, color="black", linestyle=":", linewidth=1)
    axes.set(xlabel="accuracy on test X-rays", xlim=(min(0.45, rows["accuracy_low"].min() - 0.02), 1))
    axes.set_title("Accuracy here", loc="left")
    _beside(axes, [f"{each:.3f}" for each in value])


def _beside(axes: Axes, texts: Sequence[str]) -> None:
    axes.tick_params(axis="y", length=0, labelleft=False)
    axes.spines["left"].set_visible(False)
    for i, text in enumerate(texts):
        axes.text(1.02, i, text, transform=axes.get_yaxis_transform(), fontsize=7, **_TEXT)


def short(n: int) -> str:
    """Return a count in three digits at most, "138M", "5.33M", "61.7k"."""
    for size, unit in ((1e6, "M"), (1e3, "k")):
        if n >= size:
            return f"{n / size:.3g}{unit}"
    return str(n)


FIGURES = {"architectures_of_001": draw_architectures}
