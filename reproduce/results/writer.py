"""The results files of a run: each written whole, sorted, with fixed decimals, and the same bytes for the same run."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pandas as pd

from reproduce.audit.printed import Cell
from reproduce.metrics.formulas import unit_of
from reproduce.provenance import write_json, write_text
from reproduce.results.cases import write_frame
from reproduce.results.diff import STATEMENT_COLUMNS
from reproduce.results.number_format import as_printed, in_unit
from reproduce.results.paired_statements import Tested, decide_statements
from reproduce.results.protocol_record import protocol_record
from reproduce.results.run_result import Run
from reproduce.results.spread import read_spread
from reproduce.results.summary import Summary, summarise
from reproduce.results.table_markdown import table_page
from reproduce.results.verdict import Verdict, judge

_TABLE_COLUMNS = (
    *("model", "region", "metric", "level", "average", "unit", "n"),
    *("value", "ci_low", "ci_high", "seed_sd", "numerical_spread"),
    *("published", "delta", "verdict", "audit"),
)


def write_results(run: Run, folder: Path) -> list[Verdict]:
    """Write the pages of a run: all that follows from its cases, slices, history and cost.

    Args:
        run: What it found.
        folder: `results/<table>/<source>-<profile>`; `published.csv` is written beside it, and has no row where the
            document prints no cell of this table, as for an ablation of ours.

    Returns:
        The verdicts, in the order of the print.
    """
    experiment = run.experiment
    order, means = [arm.name for arm in experiment.arms], experiment.decision.means
    summaries = sorted(summarise(run.cases, means), key=lambda summary: order.index(summary.model))
    verdicts = judge(run.cells, run.texts, summaries, experiment.readings, comparable=not run.caveats)
    tested = decide_statements(experiment.statements, run.cases, run.slices, experiment.readings, means=means)
    write_pages(
        folder,
        protocol_record("segmentation", experiment, run.paper, source=run.source),
        (summaries, verdicts, tested),
        page=table_page(run, summaries, verdicts, tested, read_spread(folder)),
    )
    return verdicts


Found = tuple[Sequence[Summary], Sequence[Verdict], Sequence[Tested]]
"""Every number, the verdicts of the printed cells, and the tests of the statements."""


def write_pages(folder: Path, record: dict[str, Any], found: Found, *, page: str) -> None:
    """Write cells, table, statements, protocol and page of a run to its folder."""
    summaries, verdicts, tested = found
    write_cells(folder, verdicts)
    write_table(folder, summaries, verdicts)
    write_statements(folder, tested)
    write_json(folder / "protocol.json", record)
    write_text(folder / "table.md", page)


def write_cells(folder: Path, verdicts: Sequence[Verdict]) -> None:
    """Write the printed cells to published.csv beside a results folder, and ours to its reproduced.csv."""
    _write(folder.parent / "published.csv", [(v.cell, v.cell.value) for v in verdicts])
    _write(folder / "reproduced.csv", [(v.cell, as_printed(v.ours, v.cell.value, v.cell.unit)) for v in verdicts])


def _write(path: Path, rows: Sequence[tuple[Cell, str]]) -> None:
    lines = ["model,metric,unit,value", *(f"{c.model},{c.metric},{c.unit},{value}" for c, value in rows)]
    write_text(path, "\n".join(lines) + "\n")


def write_table(folder: Path, summaries: Sequence[Summary], verdicts: Sequence[Verdict]) -> None:
    """Write every number with interval and spreads, and the verdict of those that are printed, to table.csv."""
    by_summary, spread = {verdict.summary: verdict for verdict in verdicts}, read_spread(folder)
    rows = []
    for s in summaries:
        verdict = by_summary.get(s)
        unit = verdict.cell.unit if verdict else unit_of(s.metric)
        numbers = (in_unit(share, unit) for share in (s.value, s.low, s.high, s.seed_sd))
        judged = (verdict.cell.value, verdict.delta, verdict.word, verdict.audit) if verdict else ("", math.nan, "", "")
        cell = (s.model, s.region, s.metric, s.level, s.average, unit)
        rows.append((*cell, s.n, *numbers, spread.field(cell), *judged))
    write_frame(pd.DataFrame(rows, columns=list(_TABLE_COLUMNS)), folder / "table.csv")


def write_statements(folder: Path, tested: Sequence[Tested]) -> None:
    """Write the statements with their tests to statements.csv."""
    rows = [
        {
            **asdict(t.statement),
            "level": t.level,
            "n": t.n,
            "mean_better": t.better,
            "mean_worse": t.worse,
            "test": t.test,
            "p_value": t.p_value,
            "p_holm": t.p_holm,
            "effect": t.effect,
            "p_mcnemar_slices": t.p_mcnemar,
            "verdict": t.word,
        }
        for t in tested
    ]
    write_frame(pd.DataFrame(rows, columns=list(STATEMENT_COLUMNS)), folder / "statements.csv")
