"""table.md: a table for reading, with what stands behind each number."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence

from reproduce.metrics.formulas import DICE, IOU, OF_SCANS, unit_of
from reproduce.protocol import Experiment, Reading, SegmentationExperiment
from reproduce.protocol.text import changes, decisions
from reproduce.results import markdown
from reproduce.results.cases import COSTS
from reproduce.results.number_format import in_unit, interval, number, p_text, reading
from reproduce.results.paired_statements import Tested
from reproduce.results.run_result import Run
from reproduce.results.spread import NumericalSpread, spread_words
from reproduce.results.summary import Summary
from reproduce.results.verdict import Verdict, others
from reproduce.results.verdict_words import tally, without_cells

# Columns of the table on distances: overlap first, then what is one number a scan.
_DISTANCES = (DICE, IOU, *OF_SCANS)


def table_page(
    run: Run,
    summaries: Sequence[Summary],
    verdicts: Sequence[Verdict],
    tested: Sequence[Tested],
    spread: NumericalSpread,
) -> str:
    """Return the page of a run in Markdown.

    Args:
        run: What was run.
        summaries: Every number.
        verdicts: The printed cells beside ours.
        tested: The statements.
        spread: How far each number moves under other arithmetic.
    """
    experiment, ours = run.experiment, run.experiment.is_ours
    return page(
        experiment,
        run.paper,
        banner=_banner(run),
        verdicts=verdicts,
        spread=spread,
        sections={
            "Dice, and how far the surfaces lie apart": _distances(experiment, summaries),
            "The same cells, read in another way": _other_readings(experiment, summaries),
            f"{'Which model is better' if ours else 'What the document says'}, tested on these patients": (
                statements_table(tested)
            ),
            "Every level and average": _levels(summaries, verdicts, spread),
            "What a model costs": _costs(run),
        },
        choices=(
            "Every choice" if ours else "Where the document is silent, and where it speaks",
            decisions(experiment),
        ),
    )


def page(
    experiment: Experiment,
    paper: Experiment,
    *,
    banner: str,
    verdicts: Sequence[Verdict],
    spread: NumericalSpread,
    sections: Mapping[str, Sequence[str]],
    choices: tuple[str, Iterable[tuple[str, str, str]]],
) -> str:
    """Return a page of results in Markdown.

    Args:
        experiment: The experiment as it was run.
        paper: The whole protocol.
        banner: Source, profile and verdict in one paragraph.
        verdicts: The printed cells beside ours.
        spread: How far each number moves under other arithmetic.
        sections: Lines by title; a section without lines is left out.
        choices: Title of the list of choices, and (field, value, where from) of each.
    """
    title, chosen = choices
    rows = ((field, f"`{value}`", place) for field, value, place in chosen)
    every = {
        **sections,
        "What this profile changes": [f"- {change}" for change in changes(paper, experiment) or ("nothing",)],
        title: markdown.table(("choice", "value", "where, or why"), rows),
    }
    lines = [f"# {experiment.title}", "", banner, ""]
    lines += cells_table(verdicts, spread) if verdicts else (without_cells(is_ours=experiment.is_ours),)
    lines += ["", spread_words(spread)]
    for name, section in every.items():
        lines += ["", f"## {name}", "", *section] if section else ()
    return "\n".join([*lines, ""])


def verdict_line(run: Run, verdicts: Sequence[Verdict]) -> str:
    """Return the verdict of the whole table in one line, e.g. "not comparable: phantom, cpu profile"."""
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


def cells_table(verdicts: Sequence[Verdict], spread: NumericalSpread) -> list[str]:
    """Return the lines of the table of printed cells beside ours."""
    numbers = ("printed", "ours", "95 % interval", "seed sd", "numerical spread")
    head = ("model", "metric", "read as", *numbers, "verdict", "audit of the print")
    return markdown.table(head, (_cell_row(verdict, spread) for verdict in verdicts))


def _cell_row(v: Verdict, spread: NumericalSpread) -> tuple[str, ...]:
    unit = v.cell.unit
    mark = " %" if unit == "%" else ""
    low, high, seed_sd = (in_unit(share, unit) for share in (v.summary.low, v.summary.high, v.summary.seed_sd))
    return (
        v.cell.model,
        v.cell.metric,
        _read_as(v.reading),
        f"{v.cell.value}{mark}" if v.cell.published else "not published",
        f"{number(v.ours, unit)}{mark}",
        interval(low, high, unit),
        number(seed_sd, unit),
        spread.text(cell_of_summary(v.summary, unit)),
        f"{v.word} ({v.bound})" if v.bound else v.word,
        v.audit,
    )


def _read_as(r: Reading) -> str:
    return f"{r.metric} of {r.region}, {reading(r.level, r.average)}"


def _distances(experiment: SegmentationExperiment, summaries: Sequence[Summary]) -> list[str]:
    """Return Dice with the distance of the surfaces beside it, of each measured region and mean."""
    found = {(s.model, s.region, s.metric): s for s in summaries if (s.level, s.average) == ("pixel", "per_case")}
    rows = []
    for model, region in dict.fromkeys((s.model, s.region) for s in found.values()):
        columns = [found[model, region, metric.name] for metric in _DISTANCES]
        rows.append((model, region, columns[0].n, *(_with_interval(s, unit_of(s.metric)) for s in columns)))
    head = ("model", "region", "patients", *(metric.heading or metric.name for metric in _DISTANCES))
    return [
        "Means over patients. HD95: the larger of both directions' 95th percentiles; where one mask is empty, the "
        f"diagonal of the scan. Surface Dice within {experiment.decision.surface_tolerance_mm:g} mm.",
        "",
        *markdown.table(head, rows),
    ]


def _other_readings(experiment: SegmentationExperiment, summaries: Sequence[Summary]) -> list[str]:
    found = {(s.model, s.region, s.metric, s.level, s.average): s for s in summaries}
    rows = []
    for arm in experiment.arms:
        for r in others(experiment.readings):
            s = found[arm.name, r.region, r.metric, r.level, r.average]
            rows.append((arm.name, r.cell, _read_as(r), _with_interval(s, share_unit(r.metric))))
    return markdown.table(("model", "cell", "read as", "ours, with 95 % interval"), rows) if rows else []


def _costs(run: Run) -> list[str]:
    costs = run.costs.set_index("model")
    rows = []
    for arm in run.experiment.arms:
        parameters, multiply_adds, activation_bytes = (int(costs.loc[arm.name, name]) for name in COSTS)
        rows.append((arm.name, f"{parameters:,}", f"{multiply_adds:,}", f"{activation_bytes / 2**20:.2f}"))
    return [
        "For one image of this profile; seconds a slice stand in provenance.json, since they differ from run to run.",
        "",
        *markdown.table(("model", "parameters", "multiply-adds", "MiB of activations"), rows),
    ]


def share_unit(metric: str) -> str:
    """Return the unit of a metric where shares stand as ratios."""
    unit = unit_of(metric)
    return "ratio" if unit == "%" else unit


def _with_interval(s: Summary, unit: str) -> str:
    if math.isnan(s.value):
        return number(s.value, unit)
    return f"{number(s.value, unit)} ({interval(s.low, s.high, unit)})"


def statements_table(tested: Sequence[Tested]) -> list[str]:
    """Return the lines of the table of statements with their tests; none where there are none."""
    head = ("statement", "means per case", "n", "test", "p", "p (Holm)", "effect", "p (McNemar)", "verdict")
    return markdown.table(head, map(_statement_row, tested)) if tested else []


def _statement_row(t: Tested) -> tuple[object, ...]:
    text = f"{t.statement.better} better than {t.statement.worse} in {t.statement.metric} ({t.statement.place})"
    means = f"{number(t.better, 'ratio')} against {number(t.worse, 'ratio')}"
    effect = number(t.effect, "ratio")
    return text, means, t.n, t.test, p_text(t.p_value), p_text(t.p_holm), effect, p_text(t.p_mcnemar), t.word


def cell_of_summary(s: Summary, unit: str) -> tuple[str, ...]:
    """Return the cell of a number as table.csv names it, in the unit that it has there."""
    return s.model, s.region, s.metric, s.level, s.average, unit


def with_spread(text: str, s: Summary, verdicts: Sequence[Verdict], spread: NumericalSpread) -> str:
    """Return the text of a number with its numerical spread in shares, where that is measured."""
    unit = next((v.cell.unit for v in verdicts if v.summary == s), unit_of(s.metric))
    moves = spread.by_cell.get(cell_of_summary(s, unit), math.nan)
    share = moves / 100 if unit == "%" else moves
    return text if math.isnan(share) else f"{text}, spread {number(share, share_unit(s.metric))}"


def _levels(summaries: Sequence[Summary], verdicts: Sequence[Verdict], spread: NumericalSpread) -> list[str]:
    models = list(dict.fromkeys(s.model for s in summaries))
    rows: dict[tuple[str, ...], dict[str, str]] = {}
    for s in summaries:
        unit = share_unit(s.metric)
        ends = with_spread(f"{number(s.low, unit)} to {number(s.high, unit)}, n {s.n}", s, verdicts, spread)
        text = number(s.value, unit) + ("" if math.isnan(s.value) else f" ({ends})")
        rows.setdefault((s.region, s.level, s.average.replace("_", " "), s.metric), {})[s.model] = text
    head = ("region", "level", "average", "metric", *models)
    return markdown.table(head, ((*key, *(texts[model] for model in models)) for key, texts in rows.items()))
