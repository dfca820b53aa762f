"""The results files of a run: each written whole, sorted, with fixed decimals, and the same bytes for the same run."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from reproduce.audit.printed import Cell
from reproduce.papers.cells import table_cells, text_cells
from reproduce.protocol.text import changes, decisions, plain, protocol_id
from reproduce.provenance import write_json, write_text
from reproduce.results.cases import UNITS, write_frame
from reproduce.results.number_format import as_printed, in_unit
from reproduce.results.paired_statements import Tested, test_statements
from reproduce.results.run_result import Run
from reproduce.results.summary import Summary, summarise
from reproduce.results.table_markdown import table_page
from reproduce.results.verdict import Verdict, judge


def write_results(run: Run, folder: Path) -> list[Verdict]:
    """Write the results files of a run, all but provenance.json, the splits and the slices that figures show.

    Args:
        run: What it found.
        folder: `results/<table>/<source>-<profile>`; `published.csv` is written beside it, and has no row where the
            document prints no cell of this table, as for an ablation of ours.

    Returns:
        The verdicts, in the order of the print.
    """
    experiment = run.experiment
    cells, texts = (find(experiment.table) if experiment.printed else () for find in (table_cells, text_cells))
    order, means = [arm.name for arm in experiment.arms], experiment.decision.means
    summaries = sorted(summarise(run.cases, means), key=lambda summary: order.index(summary.model))
    verdicts = judge(cells, texts, summaries, experiment.readings, comparable=not run.caveats)
    tested = test_statements(experiment.statements, run.cases, run.slices, experiment.readings, means=means)
    _write_cells(folder.parent / "published.csv", [(cell, cell.value) for cell in cells])
    _write_cells(folder / "reproduced.csv", [(v.cell, as_printed(v.ours, v.cell.value, v.cell.unit)) for v in verdicts])
    write_frame(_table(summaries, verdicts), folder / "table.csv")
    write_frame(_statements(tested), folder / "statements.csv")
    write_frame(run.cases, folder / "cases.csv")
    write_frame(run.slices, folder / "slices.csv")
    write_frame(run.history, folder / "history.csv")
    write_frame(run.costs, folder / "cost.csv")
    write_json(folder / "protocol.json", _protocol(run))
    write_text(folder / "table.md", table_page(run, summaries, verdicts, tested))
    return verdicts


def _write_cells(path: Path, rows: Sequence[tuple[Cell, str]]) -> None:
    lines = ["model,metric,unit,value", *(f"{c.model},{c.metric},{c.unit},{value}" for c, value in rows)]
    write_text(path, "\n".join(lines) + "\n")


def _table(summaries: Sequence[Summary], verdicts: Sequence[Verdict]) -> pd.DataFrame:
    by_summary = {verdict.summary: verdict for verdict in verdicts}
    rows = []
    for s in summaries:
        verdict = by_summary.get(s)
        unit = verdict.cell.unit if verdict else UNITS.get(s.metric, "%")
        rows.append(
            {
                "model": s.model,
                "region": s.region,
                "metric": s.metric,
                "level": s.level,
                "average": s.average,
                "unit": unit,
                "n": s.n,
                "value": in_unit(s.value, unit),
                "ci_low": in_unit(s.low, unit),
                "ci_high": in_unit(s.high, unit),
                "seed_sd": in_unit(s.seed_sd, unit),
                "published": verdict.cell.value if verdict else "",
                "delta": verdict.delta if verdict else math.nan,
                "verdict": verdict.word if verdict else "",
                "audit": verdict.audit if verdict else "",
            }
        )
    return pd.DataFrame(rows)


def _statements(tested: Sequence[Tested]) -> pd.DataFrame:
    columns = ["place", "better", "worse", "metric", "level", "n", "mean_better", "mean_worse"]
    columns += ["p_wilcoxon", "p_holm", "effect", "p_mcnemar_slices", "verdict"]
    rows = [
        (
            t.statement.place,
            t.statement.better,
            t.statement.worse,
            t.statement.metric,
            t.level,
            t.n,
            t.better,
            t.worse,
            t.p_value,
            t.p_holm,
            t.effect,
            t.p_mcnemar,
            t.word,
        )
        for t in tested
    ]
    return pd.DataFrame(rows, columns=columns)


def _protocol(run: Run) -> dict:
    return {
        "protocol_id": protocol_id(run.experiment),
        "source": run.source,
        "profile": run.experiment.profile,
        "changed_from_paper": list(changes(run.paper, run.experiment)),
        "decisions": [
            {"field": field, "value": value, "place": place} for field, value, place in decisions(run.experiment)
        ],
        "protocol": plain(run.experiment),
    }
