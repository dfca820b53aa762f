"""What the report says of printed numbers alone: findings by document, their drawings, and statements beside facts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from reproduce.audit.audit import audit
from reproduce.audit.finding import Finding, Verdict
from reproduce.audit.printed import Cell, read_cells
from reproduce.audit.render import summary
from reproduce.papers.documents import document_cells, document_findings
from reproduce.report.audit_drawings import dice_iou_drawings, prevalence_drawings
from reproduce.report.drawing import Drawing

VERDICTS: tuple[Verdict, ...] = ("inconsistent", "undetermined", "consistent")


@dataclass(frozen=True)
class AuditSection:
    """The audit of one document, or of one CSV of the reader's own.

    Attributes:
        title: "Document" and its number, or the name of the file.
        anchor: Id of the section within the page.
        counts: Number of findings with each verdict, in words.
        findings: (data, findings), in the order of the audit.
        prevalence, planes: (title, drawing).
    """

    title: str
    anchor: str
    counts: str
    findings: list[tuple[str, list[Finding]]]
    prevalence: list[tuple[str, Drawing]]
    planes: list[tuple[str, Drawing]]

    @property
    def n(self) -> dict[str, int]:
        """Return how many findings have each verdict."""
        words = [each.verdict for _, group in self.findings for each in group]
        return {verdict: words.count(verdict) for verdict in VERDICTS}


def audit_sections(papers: Sequence[Path]) -> list[AuditSection]:
    """Return a section for each document at hand, then one for each of the reader's own tables.

    Args:
        papers: CSV files in the form of docs/claims_csv.md.

    Raises:
        ClaimsError: One of them is broken.
    """
    cells, findings = document_cells(), document_findings()
    sections = []
    for document in sorted({each.document for each in findings}):
        of_document = [each for each in findings if each.document == document]
        printed = tuple(cell for cell in cells if cell.document == document)
        sections.append(_section(f"Document {document}", of_document, printed))
    for path in papers:
        printed = read_cells(path)
        sections.append(_section(path.name, audit(printed), printed))
    return sections


def _section(title: str, findings: Sequence[Finding], cells: Sequence[Cell]) -> AuditSection:
    groups: dict[str, list[Finding]] = {}
    for each in findings:
        groups.setdefault(each.data, []).append(each)
    anchor = "audit-" + "".join(c if c.isalnum() else "-" for c in title.lower())
    drawings = prevalence_drawings(findings), dice_iou_drawings(cells)
    return AuditSection(title, anchor, summary(findings), list(groups.items()), *drawings)
