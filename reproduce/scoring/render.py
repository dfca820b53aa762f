"""Scores as text, Markdown, JSON, and a CSV of every case."""

from __future__ import annotations

import csv
import io
import json
import math
import textwrap
from collections.abc import Iterator, Mapping
from typing import Any

from reproduce.intake.contents import plural
from reproduce.results.markdown import table as markdown_table
from reproduce.scoring.means import Mean, regions_of
from reproduce.scoring.score import Scored
from reproduce.scoring.shown import Shown

_MOST_REGIONS = 6  # of a table in text; JSON and CSV have all
_MOST_CASES = 5
_MOST_EMPTY = 12
_DASH = "–"
_WORDS = {"dice": "Dice", "hd95": "HD95"}


def scored_text(scored: Scored, shown: Shown, *, width: int) -> str:
    """Return the scores for a terminal.

    Args:
        scored: Of `score`.
        shown: How cases and errors are named.
        width: Characters in a line, at least 40.
    """
    lines = [f"{plural(len(scored.cases), 'case')} scored, {len(scored.faults)} not"]
    for title, head, rows in _tables(scored):
        lines += ["", title, *_aligned([head, *rows])]
    lines += ["", *_wrapped(_move_lines(scored, shown), width)]
    lines += _wrapped(_empty_lines(scored, shown), width)
    lines += _wrapped(
        [f"not scored: {shown.case(each.name)}: {shown.error(each.error)}" for each in scored.faults], width
    )
    lines += [
        "",
        "conventions",
        *_wrapped([_source_line(each.name, each.text, each.sources) for each in scored.conventions], width),
    ]
    return "\n".join(lines) + "\n"


def scored_markdown(scored: Scored, shown: Shown) -> str:
    """Return the scores as Markdown."""
    lines = [f"{plural(len(scored.cases), 'case')} scored, {len(scored.faults)} not."]
    for title, head, rows in _tables(scored):
        lines += ["", f"## {title}", "", *markdown_table(head, rows, right=set(head[1:]))]
    lines += ["", "## What moves the mean", ""]
    lines += [f"- {line}" for line in (*_move_lines(scored, shown), *_empty_lines(scored, shown))]
    lines += [f"- not scored: {shown.case(each.name)}: {shown.error(each.error)}" for each in scored.faults]
    lines += ["", "## Conventions", ""]
    lines += [f"- {_source_line(f'`{each.name}`', each.text, each.sources)}" for each in scored.conventions]
    return "\n".join(lines) + "\n"


def scored_json(scored: Scored, shown: Shown) -> str:
    """Return the scores as JSON with stable keys; what is undefined or left out is null, infinite is "inf"."""
    whole = {
        "n_cases": len(scored.cases),
        "conventions": [
            {"name": each.name, "text": each.text, "sources": list(each.sources), "average": each.average}
            for each in scored.conventions
        ],
        "regions": {each.name: {name: list(members) for name, members in each.regions.items()} for each in scored.sets},
        "means": [
            {
                "convention": mean.convention,
                "metric": mean.metric,
                "unit": mean.unit,
                "regions": mean.regions,
                "mean": _json_number(mean.overall),
                "by_region": _json_numbers(mean.by_region),
                "n_left_out": mean.n_left_out,
            }
            for mean in scored.means
        ],
        "moves": [
            {
                "regions": move.regions,
                "lowest": move.lowest,
                "highest": move.highest,
                "gap": move.gap,
                "gap_without": {shown.case(case): _json_number(rest) for case, rest in move.without},
            }
            for move in scored.moves
        ],
        "empty_masks": [
            {
                "case": shown.case(each.case),
                "regions": each.regions,
                "region": each.region,
                "situation": each.situation,
                "dice": _json_numbers(each.dice),
                "hd95": _json_numbers(each.hd95),
            }
            for each in scored.empties
        ],
        "not_scored": [{"case": shown.case(each.name), "error": shown.error(each.error)} for each in scored.faults],
    }
    return json.dumps(whole, indent=2, ensure_ascii=False) + "\n"


def cases_csv(scored: Scored, shown: Shown) -> str:
    """Return a row for each case, set of regions, region and convention; empty fields are left out of the mean."""
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(["case", "regions", "region", "tp", "fp", "fn", "tn", "convention", "dice", "hd95", "hd95_unit"])
    for case in scored.cases:
        for each in scored.sets:
            for convention in scored.conventions:
                for name, members in regions_of(convention, "dice", each).items():
                    counts = case.region(members).counts
                    # The background has no HD95.
                    has_hd95 = convention.form is not None and members != (0,)
                    hd95 = case.hd95(members, convention) if has_hd95 else math.nan
                    rows.writerow(
                        [
                            *(shown.case(case.name), each.name, name, counts.tp, counts.fp, counts.fn, counts.tn),
                            *(convention.name, _csv_number(case.dice(members, convention)), _csv_number(hd95)),
                            convention.form.unit if convention.form is not None and has_hd95 else "",
                        ]
                    )
    return text.getvalue()


def _tables(scored: Scored) -> Iterator[tuple[str, list[str], list[list[str]]]]:
    """Yield title, head and rows of a table for each set of regions and metric."""
    for each in scored.sets:
        for metric in ("dice", "hd95"):
            means = [mean for mean in scored.means if (mean.regions, mean.metric) == (each.name, metric)]
            if not means:
                continue
            names = list(dict.fromkeys(name for mean in means for name in mean.by_region))
            names.sort(key=lambda name: name not in each.regions)  # the background last
            kept = names if len(names) <= _MOST_REGIONS else []
            head = ["convention", "mean", *kept, "left out", *(["unit"] if metric == "hd95" else [])]
            rows = [_row(mean, kept) for mean in means]
            folded = "" if kept else f" ({len(names)} regions: --format json or --output has each)"
            yield f"{_WORDS[metric]}, {each.name}{folded}", head, rows


def _row(mean: Mean, names: list[str]) -> list[str]:
    values = (mean.overall, *(mean.by_region.get(name, math.nan) for name in names))
    unit = [mean.unit] if mean.metric == "hd95" else []
    return [mean.convention, *(_number(value, mean.metric) for value in values), str(mean.n_left_out), *unit]


def _move_lines(scored: Scored, shown: Shown) -> list[str]:
    lines = []
    for move in scored.moves:
        if not move.without:
            lines.append(f"{move.regions}: the mean Dice is the same under every convention")
            continue
        lines.append(f"{move.regions}: the mean Dice moves by {move.gap:.4f}, from {move.lowest} to {move.highest}")
        for case, rest in move.without[:_MOST_CASES]:
            lines.append(f"  {shown.case(case)}: without it by {_number(rest, 'dice')}")
    return lines


def _empty_lines(scored: Scored, shown: Shown) -> list[str]:
    lines = []
    for each in scored.empties[:_MOST_EMPTY]:
        given = [_by_value("Dice", each.dice), *([_by_value("HD95", each.hd95)] if each.hd95 else [])]
        lines.append(f"{shown.case(each.case)}, {each.region}: {each.situation}: {'. '.join(given)}")
    if len(scored.empties) > _MOST_EMPTY:
        lines.append(f"and {len(scored.empties) - _MOST_EMPTY} more empty masks: --format json or --output has each")
    return lines


def _by_value(metric: str, values: Mapping[str, float]) -> str:
    groups: dict[str, list[str]] = {}
    for name, value in values.items():
        groups.setdefault("left out" if math.isnan(value) else f"{value:.6g}", []).append(name)
    if len(groups) == 1:
        return f"{metric} {next(iter(groups))} in all"
    return f"{metric} " + ", ".join(f"{value} in {' '.join(names)}" for value, names in groups.items())


def _source_line(name: str, text: str, sources: tuple[str, ...]) -> str:
    return f"{name}: {text}. {'; '.join(sources)}"


def _number(value: float, metric: str) -> str:
    if math.isnan(value):
        return _DASH
    return "inf" if math.isinf(value) else f"{value:.4f}" if metric == "dice" else f"{value:.2f}"


def _json_number(value: float) -> float | str | None:
    return None if math.isnan(value) else "inf" if math.isinf(value) else value


def _json_numbers(values: Mapping[str, float]) -> dict[str, Any]:
    return {name: _json_number(value) for name, value in values.items()}


def _csv_number(value: float) -> str:
    return "" if math.isnan(value) else f"{value:.6f}"


def _aligned(rows: list[list[str]]) -> list[str]:
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    return [
        "  ".join(
            text.ljust(n) if i == 0 else text.rjust(n) for i, (text, n) in enumerate(zip(row, widths, strict=True))
        )
        for row in rows
    ]


def _wrapped(lines: list[str], width: int) -> list[str]:
    wrap = textwrap.TextWrapper(width=width, subsequent_indent="    ", break_long_words=False, break_on_hyphens=False)
    return [part for line in lines for part in (wrap.wrap(line) or [""])]
