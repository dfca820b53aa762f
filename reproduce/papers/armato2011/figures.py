"""Figures of the census of LIDC-IDRI, from its results files: agreement, ratings, and what the grouping changes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from reproduce.figures.style import BLUE, GREEN, ORANGE
from reproduce.results.folders import RunFolder, read_rows

_GREY = "#777777"
_MARKERS = ("o", "s", "^")
_STYLE: dict[Any, Any] = {  # Matplotlib's own type spells out every name that there is
    "svg.hashsalt": "census_lidc",
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
}
_SOURCE = "LIDC-IDRI, annotation XML"


def draw_census(run: RunFolder, figures: Path) -> tuple[Path, ...]:
    """Draw `census_lidc_{agreement,ratings,sensitivity}` as PNG and SVG; the same results give the same bytes.

    Args:
        run: A run of the census.
        figures: Folder of all figures.

    Returns:
        The files written.

    Raises:
        ResultsError: A results file is not there, or broken.
    """
    figures.mkdir(parents=True, exist_ok=True)
    published = {row["metric"]: int(row["value"]) for row in read_rows(run.path.parent / "published.csv", ())}
    used_mm = run.protocol["grouping"]["tolerance_mm"]
    with mpl.rc_context(_STYLE):
        drawn = {
            "agreement": _agreement(run.rows("agreement.csv", ()), published),
            "ratings": _ratings(run.rows("ratings.csv", ()), run.rows("rating_pairs.csv", ())),
            "sensitivity": _sensitivity(run.rows("sensitivity.csv", ()), published, used_mm),
        }
        paths = []
        for name, figure in drawn.items():
            for suffix, metadata in ((".png", {"Software": None}), (".svg", {"Date": None, "Creator": None})):
                path = figures / f"census_lidc_{name}{suffix}"
                figure.savefig(path, dpi=150, metadata=metadata)
                paths.append(path)
    return tuple(paths)


def _agreement(rows: list[dict[str, str]], published: dict[str, int]) -> Figure:
    alone, with_small = [0] * 5, [0] * 5
    for row in rows:
        bars = with_small if int(row["n_small"]) else alone
        bars[int(row["n_outlined"])] += int(row["lesions"])
    with _figure(1, 1, (5.2, 3.6)) as (figure, (axes,)):
        readers = range(1, 5)
        axes.bar(readers, alone[1:], color=BLUE, label="nobody marked it as < 3 mm")
        label = "another reader marked it as < 3 mm"
        axes.bar(readers, with_small[1:], bottom=alone[1:], color=ORANGE, label=label)
        for n in readers:
            colour = "black" if with_small[n] else "white"
            top = alone[n] + with_small[n]
            axes.annotate(f"{top}", (n, top), (0, -3), textcoords="offset points", ha="center", va="top", color=colour)
        printed = published["nodules_by_four"]
        axes.plot([3.55, 4.45], [printed] * 2, color="black", linestyle="--", label=f"printed for four: {printed}")
        axes.set(xticks=list(readers), xlabel="readers who outlined the nodule (>= 3 mm)", ylabel="nodules")
        axes.set_ylim(0, 1.3 * printed)
        axes.legend(frameon=False, loc="upper left")
        axes.set_title(f"{sum(alone[1:]) + sum(with_small[1:])} nodules, printed {published['nodules']}", loc="left")
    return figure


def _ratings(rows: list[dict[str, str]], pair_rows: list[dict[str, str]]) -> Figure:
    counts: dict[str, dict[int, int]] = defaultdict(dict)
    for row in rows:
        counts[row["characteristic"]][int(row["rating"])] = int(row["n"])
    pairs = {row["characteristic"]: row for row in pair_rows}
    with _figure(3, 3, (7.2, 6.0)) as (figure, panels):
        for axes, (name, row) in zip(panels, pairs.items(), strict=True):
            n = sum(counts[name].values())
            axes.bar(list(counts[name]), [100 * c / max(n, 1) for c in counts[name].values()], color=BLUE)
            equal = 100 * int(row["equal"]) / max(int(row["pairs"]), 1)
            near = 100 * int(row["within_one"]) / max(int(row["pairs"]), 1)
            axes.set_title(f"{name}, n = {n}\nequal {equal:.0f} %, within one {near:.0f} %", fontsize=8, loc="left")
            axes.set(xlim=(0.4, 6.6), ylim=(0, 100), xticks=range(1, 7), ylabel="ratings, %")
        figure.suptitle("Ratings of nodules >= 3 mm, and how often two readers of one nodule agree", fontsize=10)
    return figure


def _sensitivity(rows: list[dict[str, str]], published: dict[str, int], used_mm: float) -> Figure:
    lines: dict[str, list[dict[str, str]]] = defaultdict(list)
    for row in rows:
        lines[row["pixel_mm"]].append(row)
    titles = {"lesions": "lesions", "nodules": "nodules >= 3 mm", "nodules_by_four": "outlined by all four"}
    with _figure(1, 3, (8.4, 3.2)) as (figure, panels):
        for axes, (metric, title) in zip(panels, titles.items(), strict=True):
            printed = published[metric]
            styles = zip(lines.items(), (ORANGE, BLUE, GREEN), _MARKERS, strict=True)
            for (pixel_mm, points), colour, marker in styles:
                x = [float(point["tolerance_mm"]) for point in points]
                y = [100 * (int(point[metric]) / printed - 1) for point in points]
                axes.plot(x, y, color=colour, marker=marker, markersize=4, label=f"pixels of {float(pixel_mm):.1f} mm")
            axes.axhline(0, color="black", linestyle="--", linewidth=1)
            axes.set(xlabel=f"joined up to, mm (table: {used_mm:g})", title=f"{title}: printed {printed}")
        panels[0].set_ylabel("ours against print, %")
        panels[0].legend(frameon=False, loc="upper right")
        for axes in panels[1:]:
            axes.set_ylim(-5, 5)
    return figure


@contextmanager
def _figure(rows: int, columns: int, inches: tuple[float, float]) -> Iterator[tuple[Figure, list[Axes]]]:
    figure = Figure(figsize=inches, layout="constrained")
    yield figure, list(figure.subplots(rows, columns, squeeze=False).flat)
    figure.supxlabel(_SOURCE, fontsize=7, x=0.99, ha="right", color=_GREY)


FIGURES = {"census_lidc": draw_census}
