"""What the document says of parameters (4.1), a training step on a card of 24 GB and five folds (6.2), checked."""

from __future__ import annotations

from pathlib import Path

from reproduce.audit.columns import RATES, Column, by_test_set
from reproduce.audit.finding import Finding, Witness
from reproduce.audit.fold_witness import equal_folds_finding, witness_finding
from reproduce.audit.matrix import Matrix
from reproduce.audit.printed import csv_rows
from reproduce.papers.cells import table_cells
from reproduce.papers.sizes import memory_finding, millions, networks, parameter_counts, parameter_finding


def size_findings() -> tuple[Finding, ...]:
    """Return one finding on dense connections, then two on each reference network at 32 images, single and half."""
    counts = parameter_counts()
    dense, residual = counts["DenseNet-121"], counts["ResNet-50"]
    fewer = parameter_finding(
        "000",
        ("DenseNet-121", "ResNet-50"),
        verdict="consistent" if dense < residual else "inconsistent",
        brief=f"DenseNet-121 has {millions(dense)}, ResNet-50 {millions(residual)}",
        explanation="Section 4.1 credits dense connections with fewer parameters; the published networks agree.",
    )
    memory = (
        memory_finding(network, document="000", section="6.2", batch=32, precision=precision)
        for network in networks()
        for precision in ("single", "half")
    )
    return (fewer, *memory)


def fold_findings() -> tuple[Finding, ...]:
    """Return what its two tables say if each number is a mean over the five folds of 6.2.

    Five folds of 300 cases with 17 to 37 % positives print every cell of a table, Dice too (fold_counts.csv; a search
    over make-ups within that range found them). Folds of equal prevalence do not print both columns of Table 1.
    """
    findings = []
    for columns in (_columns("table1_lidc"), _columns("table2_brats")):
        cells = [cell for column in columns for cell in column.cells]
        findings.append(witness_finding(cells, _witness(cells[0].data)))
    one, other = (column.some(*RATES) for column in _columns("table1_lidc"))
    return (findings[0], equal_folds_finding(one, other), findings[1])


def _columns(table: str) -> tuple[Column, ...]:
    (columns,) = by_test_set(table_cells(table))
    return columns


def _witness(data: str) -> tuple[Witness, ...]:
    """Return the counts of each fold for each model on some data."""
    rows = csv_rows(Path(__file__).with_name("fold_counts.csv"))
    _, columns = next(rows)
    found: dict[str, list[Matrix]] = {}
    for _, row in rows:
        by_name = dict(zip(columns, row, strict=True))
        if by_name["data"] == data:
            matrix = Matrix(*(int(by_name[name]) for name in ("tp", "fn", "fp", "tn")))
            found.setdefault(by_name["model"], []).append(matrix)
    return tuple(Witness(model, tuple(matrices)) for model, matrices in found.items())
