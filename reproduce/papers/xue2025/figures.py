"""The figures of document 000, whose own images are absent: both processes, and the bars of both tables."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from reproduce.errors import ResultsError
from reproduce.figures.style import ARMS, HATCHES, new_figure, save_all, source_line, styled
from reproduce.papers.cells import table_cells
from reproduce.papers.xue2025.process_chart import NOT_RUN, draw_process, planned
from reproduce.results.diff import CellLine, diff_run
from reproduce.results.folders import RunFolder, find_runs, shown_run
from reproduce.results.number_format import number

TABLES = ("table1_lidc", "table2_brats")
BEFORE, AFTER = "unoptimised_cnn", "optimised_cnn"
_ABSENT = "reconstruction: the document's image is lost"
_FULL = {"%": 100.0, "ratio": 1.0}


def draw_processes_and_bars(run: RunFolder, figures: Path) -> tuple[Path, ...]:
    """Draw Figures 1 to 3 from every run of both tables that lies beside a run of one of them.

    Args:
        run: A run of Table 1 or 2.
        figures: The folder of all figures.
    """
    return draw_document000(runs_beside(run, TABLES), figures)


def runs_beside(run: RunFolder, tables: Sequence[str]) -> list[RunFolder]:
    """Return the runs of some tables that lie in the folder of results of a run."""
    results = run.path.parents[1]
    return find_runs(results, [table for table in tables if any(results.glob(f"{table}/*/protocol.json"))])


def draw_document000(runs: Sequence[RunFolder], figures: Path) -> tuple[Path, ...]:
    """Draw Figures 1 to 3 from results alone.

    Args:
        runs: Runs of any tables; of each table of the document one is shown, see `shown_run`.
        figures: The folder of all figures; they go to `figures/document000/figure1.png` and so on.

    Returns:
        The files written.

    Raises:
        ResultsError: No table of the document has been run, or a results file is missing or broken.
    """
    shown = {table: shown_run(runs, table) for table in TABLES}
    if not any(shown.values()):
        do = f"run the script of {' or '.join(TABLES)} first"
        raise ResultsError(expected="a run of document 000", got="none", where=figures / "document000", do=do)
    found = [planned(_data(table), run) for table, run in shown.items() if run is not None]
    absent = [_data(table) for table, run in shown.items() if run is None]
    drawn = {
        f"figure{i}": draw_process(
            found,
            arm=arm,
            beside=beside,
            title=f"xue2025 (document 000), Figure {i}: the process {when} optimisation ({_ABSENT})",
            absent=absent,
        )
        for i, arm, beside, when in ((1, BEFORE, None, "before"), (2, AFTER, BEFORE, "after"))
    }
    cells = {table: diff_run(run).cells if run else None for table, run in shown.items()}
    drawn["figure3"] = draw_comparison(cells, shown)
    return save_all(drawn, figures / "document000")


def draw_comparison(cells: Mapping[str, Sequence[CellLine] | None], shown: Mapping[str, RunFolder | None]) -> Figure:
    """Draw Figure 3: printed bars beside ours with 95 % intervals, for each data set percentages and Dice apart.

    Args:
        cells: For each table its cells, or None where it has not been run: then the printed bars stand alone.
        shown: For each table the run that they are from.
    """
    figure = new_figure(7.2, 2.75 * len(cells) + 0.6)
    with styled():
        grid = figure.subplots(len(cells), len(_FULL), width_ratios=(3, 1.15), squeeze=False)
        for row, (table, lines) in zip(grid, cells.items(), strict=True):
            ran = lines is not None
            lines = _printed_alone(table) if lines is None else lines
            for axis, unit in zip(row, _FULL, strict=True):
                _draw_bars(axis, [line for line in lines if line.unit == unit], ran=ran)
                _dress(axis, unit)
            row[0].set_title(f"{_data(table)}: {_made(shown[table])}", loc="left", fontsize=8)
        handles, labels = grid[0][0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside lower center", ncols=len(labels), fontsize=7.5)
        title = f"xue2025 (document 000), Figure 3: Tables 1 and 2 as printed, and ours\n({_ABSENT})"
        figure.suptitle(title, fontsize=9)
    return figure


def _draw_bars(axis: Axes, lines: Sequence[CellLine], *, ran: bool) -> None:
    metrics = list(dict.fromkeys(line.metric for line in lines))
    width = 0.21
    for line in lines:
        arm = (BEFORE, AFTER).index(line.model)
        left = metrics.index(line.metric) + (2 * arm - 1.5) * width
        top = float(line.printed or "nan")
        look: dict[str, Any] = {"edgecolor": ARMS[arm], "hatch": ("////", "....")[arm], "linewidth": 1.0}
        axis.bar(left, top, width, label=_once(axis, f"{line.model}, printed"), color="#E4E4E4", **look)
        _write_value(axis, left, top, line.printed)
        if ran:
            look = {"edgecolor": "black", "hatch": HATCHES[arm], "linewidth": 0.7}
            axis.bar(left + width, line.ours, width, label=_once(axis, f"{line.model}, ours"), color=ARMS[arm], **look)
            errors = [[line.ours - line.low], [line.high - line.ours]]
            axis.errorbar(left + width, line.ours, yerr=errors, fmt="none", ecolor="black", capsize=2, lw=0.9)
            _write_value(axis, left + width, max(line.ours, line.high), number(line.ours, line.unit))
        else:
            axis.text(left + width, 0.03 * _FULL[line.unit], NOT_RUN, rotation=90, ha="center", va="bottom", fontsize=7)
    axis.set_xticks(range(len(metrics)), [_read_as(metric, lines) for metric in metrics], fontsize=8)
    axis.set_xlim(-0.5, len(metrics) - 0.5)


def _write_value(axis: Axes, place: float, height: float, text: str) -> None:
    if not math.isnan(height):
        at, above = (place, height), (0, 1.5)
        axis.annotate(text, at, above, textcoords="offset points", ha="center", va="bottom", fontsize=6.2)


def _dress(axis: Axes, unit: str) -> None:
    full = _FULL[unit]
    axis.set_ylabel("%" if unit == "%" else "Dice", fontsize=8)
    axis.set_ylim(0, 1.1 * full)
    axis.set_yticks([full * share for share in (0, 0.25, 0.5, 0.75, 1)])
    axis.tick_params(axis="y", labelsize=8)


def _read_as(metric: str, lines: Sequence[CellLine]) -> str:
    own = next(line for line in lines if line.metric == metric)
    return f"{metric}\n({own.level}, {own.average.replace('_', ' ')})" if own.level else metric


def _once(axis: Axes, label: str) -> str | None:
    return None if label in axis.get_legend_handles_labels()[1] else label


def _printed_alone(table: str) -> list[CellLine]:
    nothing = (math.nan,) * 5
    return [
        CellLine(cell.model, cell.metric, cell.unit, "", "", 0, cell.value, *nothing, NOT_RUN, NOT_RUN, "")
        for cell in table_cells(table)
    ]


def _made(run: RunFolder | None) -> str:
    if run is None:
        return f"ours {NOT_RUN}"
    return f"ours on {source_line(run, ', ')}"


def _data(table: str) -> str:
    return table_cells(table)[0].data


FIGURES = dict.fromkeys(TABLES, draw_processes_and_bars)
