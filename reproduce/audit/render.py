"""Findings as text, Markdown or JSON."""

from __future__ import annotations

import json
import textwrap
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict

from reproduce.audit.finding import READINGS, Finding

NOTHING = (
    "No check covers these numbers. Checks need two scores of one confusion matrix (accuracy, sensitivity, precision "
    "...) of one model; one score and its n; a number in two places; or an improvement beside its levels."
)


def findings_text(findings: Sequence[Finding], *, width: int) -> str:
    """Return the findings for a terminal, grouped by document and data, with a count at the end.

    Args:
        findings: What `audit` returned; none gives a sentence that says what checks need.
        width: Characters in a line, at least 40.
    """
    if not findings:
        return textwrap.fill(NOTHING, width) + "\n"
    lines = []
    for title, group in _groups(findings):
        lines += [title, "=" * len(title)]
        for each in group:
            lines.append(f"{each.verdict.upper()}  {each.check}: {', '.join(each.models)}")
            lines += _wrapped(f"{_capital(each.brief)}. ({_capital(READINGS[each.reading])}.)", width)
            lines += _wrapped(each.explanation, width)
            lines += [line for value in each.figures for line in _wrapped(f"- {value.name}: {value.text}", width)]
            lines.append("")
    lines.append(summary(findings))
    return "\n".join(lines) + "\n"


def findings_markdown(findings: Sequence[Finding]) -> str:
    """Return the findings as Markdown: one table for each document and data, explanations below it."""
    if not findings:
        return NOTHING + "\n"
    lines = []
    for title, group in _groups(findings):
        lines += [
            f"## {_escaped(title)}",
            "",
            "| check | models | verdict | reading | in short |",
            "|---|---|---|---|---|",
        ]
        for each in group:
            row = (each.check, ", ".join(each.models), f"**{each.verdict}**", READINGS[each.reading], each.brief)
            lines.append("| " + " | ".join(_escaped(part) for part in row) + " |")
        lines.append("")
        for each in group:
            values = "; ".join(f"{value.name} {value.text}" for value in each.figures)
            told = f"- **{each.check}, {', '.join(each.models)}.** {each.explanation}" + (
                f" ({values})" if values else ""
            )
            lines.append(_escaped(told))
        lines.append("")
    lines.append(summary(findings))
    return "\n".join(lines) + "\n"


def findings_json(findings: Sequence[Finding]) -> str:
    """Return the findings as a JSON list; intervals are [low, high] as shares of 1, null where a value is none."""
    return json.dumps([_plain(each) for each in findings], indent=2, ensure_ascii=False) + "\n"


def summary(findings: Sequence[Finding]) -> str:
    """Return how many findings have each verdict, e.g. "3 inconsistent, 1 undetermined, 4 consistent"."""
    counts = Counter(each.verdict for each in findings)
    return ", ".join(f"{counts[verdict]} {verdict}" for verdict in ("inconsistent", "undetermined", "consistent"))


def _groups(findings: Sequence[Finding]) -> Iterator[tuple[str, list[Finding]]]:
    groups: dict[str, list[Finding]] = {}
    for each in findings:
        groups.setdefault(f"Document {each.document}, {each.data}", []).append(each)
    yield from groups.items()


def _wrapped(text: str, width: int) -> list[str]:
    return textwrap.wrap(text, width, initial_indent="    ", subsequent_indent="      ")


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _escaped(text: str) -> str:
    return text.replace("|", "\\|")


def _plain(finding: Finding) -> dict[str, object]:
    values = [
        {
            "name": value.name,
            "text": value.text,
            "interval": [float(value.interval.low), float(value.interval.high)] if value.interval else None,
        }
        for value in finding.values
    ]
    lists = {name: [asdict(each) for each in getattr(finding, name)] for name in ("cells", "witness", "conflict")}
    return {**{name: getattr(finding, name) for name in _NAMES}, "values": values, **lists}


_NAMES = ("check", "document", "data", "models", "metrics", "verdict", "reading", "brief", "explanation")
