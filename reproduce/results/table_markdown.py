"""table.md: a table for reading, with what stands behind each number."""

from __future__ import annotations

import math
from collections.abc import Sequence

from reproduce.metrics.formulas import unit_of
from reproduce.protocol import SegmentationExperiment
from reproduce.protocol.text import changes, decisions
from reproduce.results.cases import COSTS
from reproduce.results.markdown import row as _row
from reproduce.results.number_format import in_unit, interval, number, p_text, reading
from reproduce.results.paired_statements import Tested
from reproduce.results.run_result import Run
from reproduce.results.summary import Summary
from reproduce.results.verdict import Verdict, others
from reproduce.results.verdict_words import tally, without_cells


def table_page(run: Run, summaries: Sequence[Summary], verdicts: Sequence[Verdict], tested: Sequence[Tested]) -> str:
    """The page of a run in Markdown.

    Args:
        run: What was run.
        summaries: Every number.
        verdicts: The printed cells beside ours.
        tested: The statements.
    """
    experiment = run.experiment
    parts = [
        f"# {experiment.title}",
        "",
        _banner(run),
        "",
        *(cells_page(verdicts) if verdicts else (without_cells(is_ours=experiment.is_ours),)),
        "",
        *_distances(experiment, summaries),
        *_other_readings(experiment, summaries),
        f"## {'Which model is better' if experiment.is_ours else 'What the document says'}, tested on these patients",
        "",
        *statements_page(tested),
        "",
        "## Every level and average",
        "",
        *_levels(summaries),
        "",
        "## What a model costs",
        "",
        *_costs(run),
        "",
        "## What this profile changes",
        "",
        *[f"- {change}" for change in changes(run.paper, experiment) or ("nothing",)],
        "",
        f"## {'Every choice' if experiment.is_ours else 'Where the document is silent, and where it speaks'}",
        "",
        "| choice | value | where, or why |",
        "|---|---|---|",
        *[_row((field, f"`{value}`", place)) for field, value, place in decisions(experiment)],
    ]
    return "\n".join(parts) + "\n"


def verdict_line(run: Run, verdicts: Sequence[Verdict]) -> str:
    """The verdict of the whole table in one line, e.g. "not comparable: phantom, cpu profile"."""
    if run.caveats:
        return f"not comparable: {', '.join(run.caveats)}"
    return tally([verdict.word for verdict in verdicts]) or "no printed cell"


def _banner(run: Run) -> str:
    n_patients = run.cases["patient"].nunique()
    seeds = len(run.experiment.validation.seeds)
    what = f"Source: **{run.source}**, {n_patients} patients. Profile: **{run.experiment.profile}**. Seeds: {seeds}."
    if not run.caveats:
        return what
    why = " and ".join(run.caveats)
    if run.experiment.is_ours:
        return f"{what} **Not the protocol on real patients ({why}): nothing here is evidence.**"
    return f"{what} **Not comparable with the print ({why}): nothing here is evidence for or against it.**"


def cells_page(verdicts: Sequence[Verdict]) -> list[str]:
    """Return the lines of the table of printed cells beside ours."""
    lines = [
        "| model | metric | read as | printed | ours | 95 % interval | seed sd | verdict | audit of the print |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for v in verdicts:
        unit = v.cell.unit
        mark = " %" if unit == "%" else ""
        printed = f"{v.cell.value}{mark}" if v.cell.published else "not published"
        ours = f"{number(v.ours, unit)}{mark}"
        spread = number(in_unit(v.summary.seed_sd, unit), unit)
        read = f"{v.reading.metric} of {v.reading.region}, {reading(v.reading.level, v.reading.average)}"
        ends = interval(in_unit(v.summary.low, unit), in_unit(v.summary.high, unit), unit)
        lines.append(
            _row(
                (
                    v.cell.model,
                    v.cell.metric,
                    read,
                    printed,
                    ours,
                    ends,
                    spread,
                    f"{v.word} ({v.bound})" if v.bound else v.word,
                    v.audit,
                )
            )
        )
    return lines


def _distances(experiment: SegmentationExperiment, summaries: Sequence[Summary]) -> list[str]:
    """Dice with the distance of the surfaces beside it, of each measured region and mean."""
    tolerance_mm = experiment.decision.surface_tolerance_mm
    lines = [
        "## Dice, and how far the surfaces lie apart",
        "",
        "Means over patients. HD95: the larger of both directions' 95th percentiles; where one mask is empty, the "
        f"diagonal of the scan. Surface Dice within {tolerance_mm:g} mm.",
        "",
        "| model | region | patients | Dice | IoU | HD95 in mm | surface Dice |",
        "|---|---|---|---|---|---|---|",
    ]
    found = {(s.model, s.region, s.metric): s for s in summaries if (s.level, s.average) == ("pixel", "per_case")}
    for model, region in dict.fromkeys((s.model, s.region) for s in found.values()):
        columns = [found[model, region, metric] for metric in ("dice", "iou", "hd95_mm", "surface_dice")]
        lines.append(_row((model, region, str(columns[0].n), *[_with_interval(s, unit_of(s.metric)) for s in columns])))
    return [*lines, ""]


def _other_readings(experiment: SegmentationExperiment, summaries: Sequence[Summary]) -> list[str]:
    more = others(experiment.readings)
    if not more:
        return []
    lines = [
        "## The same cells, read in another way",
        "",
        "| model | cell | read as | ours, with 95 % interval |",
        "|---|---|---|---|",
    ]
    found = {(s.model, s.region, s.metric, s.level, s.average): s for s in summaries}
    for arm in experiment.arms:
        for r in more:
            s = found[arm.name, r.region, r.metric, r.level, r.average]
            read = f"{r.metric} of {r.region}, {reading(r.level, r.average)}"
            lines.append(
                _row(
                    (
                        arm.name,
                        r.cell,
                        read,
                        _with_interval(s, share_unit(r.metric)),
                    )
                )
            )
    return [*lines, ""]


def _costs(run: Run) -> list[str]:
    lines = [
        "For one image of this profile; seconds a slice stand in provenance.json, since they differ from run to run.",
        "",
        "| model | parameters | multiply-adds | MiB of activations |",
        "|---|---|---|---|",
    ]
    costs = run.costs.set_index("model")
    for arm in run.experiment.arms:
        parameters, multiply_adds, activation_bytes = (int(costs.loc[arm.name, name]) for name in COSTS)
        lines.append(_row((arm.name, f"{parameters:,}", f"{multiply_adds:,}", f"{activation_bytes / 2**20:.2f}")))
    return lines


def share_unit(metric: str) -> str:
    """Return the unit of a metric where shares stand as ratios."""
    unit = unit_of(metric)
    return "ratio" if unit == "%" else unit


def _with_interval(s: Summary, unit: str) -> str:
    if math.isnan(s.value):
        return number(s.value, unit)
    return f"{number(s.value, unit)} ({interval(s.low, s.high, unit)})"


def statements_page(tested: Sequence[Tested]) -> list[str]:
    """Return the lines of the table of statements with their tests."""
    lines = [
        "| statement | means per case | n | test | p | p (Holm) | effect | p (McNemar) | verdict |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for t in tested:
        said = f"{t.statement.better} better than {t.statement.worse} in {t.statement.metric} ({t.statement.place})"
        means = f"{number(t.better, 'ratio')} against {number(t.worse, 'ratio')}"
        p_values = (t.test, p_text(t.p_value), p_text(t.p_holm))
        lines.append(_row((said, means, str(t.n), *p_values, number(t.effect, "ratio"), p_text(t.p_mcnemar), t.word)))
    return lines


def _levels(summaries: Sequence[Summary]) -> list[str]:
    models = list(dict.fromkeys(s.model for s in summaries))
    lines = [
        f"| region | level | average | metric | {' | '.join(models)} |",
        "|---" * (4 + len(models)) + "|",
    ]
    rows: dict[tuple[str, ...], dict[str, Summary]] = {}
    for s in summaries:
        rows.setdefault((s.region, s.level, s.average.replace("_", " "), s.metric), {})[s.model] = s
    for key, by_model in rows.items():
        texts = []
        for model in models:
            s = by_model[model]
            unit = share_unit(s.metric)
            ends = f" ({number(s.low, unit)} to {number(s.high, unit)}, n {s.n})"
            texts.append(number(s.value, unit) + ("" if math.isnan(s.value) else ends))
        lines.append(_row((*key, *texts)))
    return lines
