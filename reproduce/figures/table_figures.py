"""The figures of a run, drawn from its results folder alone."""

from __future__ import annotations

import math
from pathlib import Path

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from reproduce.figures.overlays import draw_overlays, read_overlays
from reproduce.figures.style import ARMS, HATCHES, new_figure, save_all, source_line, styled
from reproduce.figures.worst_cases import FILE as WORST
from reproduce.figures.worst_cases import draw_worst, read_worst
from reproduce.metrics.ranking import roc_curve
from reproduce.results.cases import read_frame
from reproduce.results.folders import RunFolder

_CURVES_IN_A_ROW = 5


def draw_run(run: RunFolder, figures: Path) -> tuple[Path, ...]:
    """Draw the figures that show one run alone: printed bars where there are any, curves, and those of its kind.

    Args:
        run: A run of any kind; a kind without figures of its own gives none.
        figures: Folder of all figures; they go to `figures/<table>/<source>-<profile>/`.

    Returns:
        The files written.

    Raises:
        ResultsError: A results file is not there.
    """
    if run.kind not in ("segmentation", "classification"):
        return ()
    title = figure_title(run)
    table = read_frame(run.path / "table.csv", keep_default_na=False, na_values=[""], dtype={"published": str})
    history = read_frame(run.path / "history.csv")
    cells = table[table["verdict"].notna()]
    drawn = {"bars": draw_bars(cells, title)} if len(cells) else {}
    if run.kind == "classification":
        cases = read_frame(run.path / "cases.csv", dtype={"model": str, "case": str}, keep_default_na=False)
        drawn |= {"curves": draw_curves(history, title), "roc": draw_roc(cases, title)}
    else:
        history = history.set_index("model").loc[table["model"].unique()].reset_index()
        overlays, models = read_overlays(run.path / "overlays.npz")
        drawn |= {"curves": draw_curves(history, title), "overlays": draw_overlays(overlays, models, title)}
    if (run.path / WORST).is_file():  # of runs whose last model sees volumes
        model = run.protocol["protocol"]["arms"][-1]["name"]
        drawn["worst"] = draw_worst(read_worst(run.path / WORST), f"{title}\nthe worst cases of {model}")
    return save_all(drawn, figures / run.table / run.path.name)


def draw_roc(cases: pd.DataFrame, title: str) -> Figure:
    """Draw the ROC curve of every model, a thin line a seed; the diagonal is chance.

    Args:
        cases: cases.csv of a classification.
        title: Says the source, "phantom" included.
    """
    figure = new_figure(4.4, 4.2)
    with styled():
        axis = figure.subplots()
        axis.plot([0, 1], [0, 1], ":", color="#777777", lw=0.8)
        for i, (model, rows) in enumerate(cases.groupby("model", sort=True)):
            for j, (_, one) in enumerate(rows.groupby("seed")):
                false, true, _ = roc_curve(one["reference"].to_numpy() == 1, one["probability"].to_numpy())
                line, label = ("-", "--", "-.", ":")[i % 4], model if j == 0 else None
                axis.plot(false, true, line, color=ARMS[i % len(ARMS)], lw=0.9, label=label)
        axis.set(xlabel="1 - specificity", ylabel="sensitivity", xlim=(0, 1), ylim=(0, 1))
        axis.legend(fontsize=8, loc="lower right")
        figure.suptitle(title, fontsize=9)
    return figure


def draw_bars(cells: pd.DataFrame, title: str) -> Figure:
    """Draw printed bars (grey, hatched) beside ours (with 95 % intervals), percentages and ratios on axes of their own.

    Args:
        cells: Rows of table.csv that answer to a printed cell.
        title: Says the source, "phantom" included.
    """
    units = list(dict.fromkeys(cells["unit"]))
    widths = [cells.loc[cells["unit"] == unit, "metric"].nunique() for unit in units]
    figure = new_figure(7.2, 3.4)
    with styled():
        axes = figure.subplots(1, len(units), width_ratios=widths, squeeze=False)[0]
        for axis, unit in zip(axes, units, strict=True):
            _bars_of_unit(axis, cells[cells["unit"] == unit])
            axis.set_ylabel("%" if unit == "%" else unit)
            axis.set_ylim(0, 100 if unit == "%" else 1)
        handles, labels = axes[0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside lower center", ncols=4, fontsize=8)
        figure.suptitle(title, fontsize=9)
    return figure


def _bars_of_unit(axis: Axes, cells: pd.DataFrame) -> None:
    metrics, models = list(dict.fromkeys(cells["metric"])), list(dict.fromkeys(cells["model"]))
    width = 0.8 / (2 * len(models))
    for i, model in enumerate(models):
        own = cells[cells["model"] == model].set_index("metric").reindex(metrics)
        for j, (values, label) in enumerate(
            ((pd.to_numeric(own["published"]), f"{model}, printed"), (own["value"], f"{model}, ours"))
        ):
            places = [m + (2 * i + j + 0.5) * width - 0.4 for m in range(len(metrics))]
            if j == 0:
                axis.bar(places, values, width, label=label, color="#DDDDDD", edgecolor=ARMS[i], hatch="////")
                continue
            errors = [own["value"] - own["ci_low"], own["ci_high"] - own["value"]]
            bars = axis.bar(places, values, width, label=label, color=ARMS[i], edgecolor="black", hatch=HATCHES[i])
            box = {"fc": "white", "ec": "none", "pad": 1}
            axis.bar_label(bars, fmt="%.3g", label_type="center", fontsize=7, bbox=box)
            axis.errorbar(places, values, yerr=errors, fmt="none", ecolor="black", capsize=2, lw=0.8)
    axis.set_xticks(range(len(metrics)), metrics)


def draw_curves(history: pd.DataFrame, title: str) -> Figure:
    """Draw the loss against the epoch for each model: thin lines for seeds and folds, a thick one for their mean.

    Args:
        history: history.csv.
        title: Says the source, "phantom" included.
    """
    models = list(dict.fromkeys(history["model"]))
    n_columns = min(len(models), _CURVES_IN_A_ROW)
    n_rows = math.ceil(len(models) / n_columns)
    figure = new_figure(3.6 * n_columns, 3.0 * n_rows)
    with styled():
        axes = figure.subplots(n_rows, n_columns, squeeze=False).ravel()
        for unused in axes[len(models) :]:
            unused.remove()
        for i, (axis, model) in enumerate(zip(axes, models, strict=False)):
            own, colour = history[history["model"] == model], ARMS[i % len(ARMS)]
            for column, line, label in (("train_loss", "--", "training"), ("validation_loss", "-", "validation")):
                for _, run in own.groupby(["seed", "fold"]):
                    axis.plot(run["epoch"] + 1, run[column], line, color=colour, alpha=0.3, lw=0.7)
                mean = own.groupby("epoch")[column].mean()
                axis.plot(mean.index + 1, mean, line, color=colour, lw=1.8, label=label)
            axis.set(xlabel="epoch", ylabel="loss", title=model)
            axis.set_ylim(bottom=0)
            axis.legend(fontsize=8)
        figure.suptitle(title, fontsize=9)
    return figure


def figure_title(run: RunFolder) -> str:
    """Return what stands above a figure of a run: its title, source and profile, and whether it can be compared."""
    return f"{run.title}\n{source_line(run, ' – ')}"
