"""The figure of MoCo v3: its loss over the epochs, and what its features are worth, from measurements.csv alone."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from reproduce.figures.style import ARMS, new_figure, save, styled
from reproduce.metrics.statistics import bootstrap_interval, mean
from reproduce.randomness import seed_words
from reproduce.results.cases import read_frame
from reproduce.results.folders import RunFolder

_ARMS = ("starting weights", "MoCo v3", "labels alone")


def draw_moco(run: RunFolder, figures: Path) -> tuple[Path, ...]:
    """Draw `moco`: the loss by epoch and, for each encoder, the test accuracy of three arms with 95 % intervals.

    Args:
        run: A run of the table.
        figures: Folder of all figures.

    Returns:
        The files written; none where nothing was measured.

    Raises:
        ResultsError: A results file is not there, or broken.
    """
    frame = read_frame(run.path / "measurements.csv")
    if frame.empty:
        return ()
    losses = frame[frame["quantity"] == "contrastive_loss"]
    encoders = list(losses["condition"].unique())
    with styled():
        figure = new_figure(3.6 * (1 + len(encoders)), 3.8)
        axes = list(figure.subplots(1, 1 + len(encoders)))
        _losses(losses, axes[0])
        for encoder, one in zip(encoders, axes[1:], strict=True):
            _accuracies(frame, encoder, one)
        note = "band: least to largest seed; whiskers: 95 % bootstrap interval over the seeds; dots: seeds"
        return save_measured(figure, run, frame, note, figures, "moco")


def save_measured(
    figure: Figure, run: RunFolder, frame: pd.DataFrame, note: str, figures: Path, name: str
) -> tuple[Path, ...]:
    """Save a figure of measurements, with its data, the number of seeds and a note below.

    Args:
        figure: Drawn but for these words.
        run: A run of the table.
        frame: measurements.csv.
        note: What bars, bands and whiskers are.
        figures: Folder of all figures.
        name: Name of the files without an ending.
    """
    about = f"{run.source}, {run.profile} profile, {frame['seed'].nunique()} seeds"
    figure.supxlabel(f"{about}; {note}", fontsize=7, x=0.99, ha="right")
    return save(figure, figures / run.table / run.path.name / name)


def _losses(losses: pd.DataFrame, axes: Axes) -> None:
    for colour, (encoder, points) in zip(ARMS, losses.groupby("condition", sort=False), strict=False):
        over = points.groupby("x")["value"].agg(["mean", "min", "max"])
        axes.plot(over.index, over["mean"], color=colour, marker="o", markersize=3, label=encoder)
        axes.fill_between(over.index, over["min"], over["max"], color=colour, alpha=0.15, linewidth=0)
    axes.set(xlabel="epoch", ylabel="symmetrised InfoNCE loss")
    axes.set_title("Training without labels", loc="left")
    axes.legend(fontsize=7)


def _accuracies(frame: pd.DataFrame, encoder: str, axes: Axes) -> None:
    """Draw three arms beside each other for each number of labels."""
    rows = frame[(frame["quantity"] == "test_accuracy") & frame["condition"].str.endswith(f", {encoder}")]
    counts = sorted(rows["x"].unique())
    for i, arm in enumerate(_ARMS):
        own = rows[rows["condition"] == f"{arm}, {encoder}"]
        values = [own[own["x"] == n].sort_values("seed")["value"].to_numpy() for n in counts]
        places = np.arange(len(counts)) + 0.25 * (i - 1)
        averages = np.array([each.mean() for each in values])
        ends = [_interval(each, f"{arm} {n:g}") for each, n in zip(values, counts, strict=True)]
        whiskers = np.abs(np.array(ends).T - averages)
        axes.errorbar(places, averages, yerr=whiskers, fmt="s", color=ARMS[i], capsize=4, markersize=5, label=arm)
        for x, each in zip(places, values, strict=True):
            axes.plot(np.full(each.size, x + 0.07), each, ".", color=ARMS[i], alpha=0.4, markersize=4)
    axes.axhline(0.5, color="black", linestyle=":", linewidth=1)
    axes.set_xticks(range(len(counts)), [f"{n:g}" for n in counts])
    axes.set(xlabel="labelled X-rays", ylabel="test accuracy; dotted: chance", xlim=(-0.5, len(counts) - 0.5))
    axes.set_ylim(0.4, 1.1)  # accuracies end at 1; above them stands the legend
    axes.set_title(encoder, loc="left")
    axes.legend(fontsize=7, loc="upper left", ncols=len(_ARMS), columnspacing=1, handletextpad=0.2)


def _interval(values: np.ndarray, name: str) -> tuple[float, float]:
    seed = seed_words("moco", name)
    found = bootstrap_interval(values, mean, n_resamples=2000, confidence=0.95, seed=seed, method="percentile")
    return found.low, found.high
