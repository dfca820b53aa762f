"""What the report says of one table of statements, gathered from its results folder."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from reproduce.report.pictures import address
from reproduce.report.run_section import Decision, decided_by
from reproduce.report.statement_list import DecidedStatement, StatementRun
from reproduce.results.folders import damage_named
from reproduce.results.verdict_words import CONTRADICTED


@dataclass(frozen=True)
class StatementSection:
    """Everything of one table of statements.

    Attributes:
        run: The run with its statements.
        contradicted: Statements of the document that are contradicted.
        counts: (verdict, number), in order of first appearance.
        decisions: Choices of the protocol, in its order.
        figures: (file name below figures/, address).
    """

    run: StatementRun
    contradicted: tuple[DecidedStatement, ...]
    counts: tuple[tuple[str, int], ...]
    decisions: list[Decision]
    figures: list[tuple[str, str]]

    @property
    def anchor(self) -> str:
        """Return the id of the section within the page."""
        return self.run.name.replace("/", "-")


def statement_sections(runs: Sequence[StatementRun], figures: Path) -> list[StatementSection]:
    """Return a section for each run, in their order.

    Args:
        runs: Of `statement_list.read_statement_runs`.
        figures: The folder of all figures.
    """
    return [_section(run, figures) for run in runs]


def _section(run: StatementRun, figures: Path) -> StatementSection:
    words = [each.verdict for each in run.of_document]
    with damage_named(run.path):
        decisions = decided_by(run.protocol.get("decisions", ()))
    return StatementSection(
        run=run,
        contradicted=tuple(each for each in run.of_document if each.verdict == CONTRADICTED),
        counts=tuple((word, words.count(word)) for word in dict.fromkeys(words)),
        decisions=decisions,
        figures=[(path.relative_to(figures).as_posix(), address(path.read_bytes())) for path in run.drawings(figures)],
    )
