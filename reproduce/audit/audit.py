"""The audit of printed cells: which of them agree with each other, and which no run can print."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from reproduce.audit.columns import by_test_set
from reproduce.audit.confusion_checks import column_findings
from reproduce.audit.finding import Finding, Reading
from reproduce.audit.fold_checks import fold_findings
from reproduce.audit.matrix_checks import matrix_findings
from reproduce.audit.overlap_checks import overlap_findings
from reproduce.audit.pair_checks import pair_findings
from reproduce.audit.printed import Cell
from reproduce.audit.text_checks import text_findings

_ASIDE: tuple[Reading, ...] = ("voxels", "background")


def audit(cells: Sequence[Cell], *, small_structures: Collection[str] = ()) -> tuple[Finding, ...]:
    """Return what every check finds in the cells.

    Cells of one document with the same `data` are one test set, those of one model in it a column. Where a metric of a
    column is printed in several places the first is the level, and the others are checked against it.

    Args:
        cells: Of one document or several, in printed order; none gives no findings.
        small_structures: The `data` of which at most 1 % of the voxels are known to be foreground. Without that
            knowledge the check of Dice on voxels stays undetermined.

    Returns:
        Column by column, then over columns, then the document against itself.
    """
    findings: list[Finding] = []
    for columns in by_test_set(cells):
        if columns[0].mean:
            findings += fold_findings(columns)
            findings += overlap_findings(columns)
            continue
        for column in columns:
            findings += column_findings(column, small_structures)
            findings += matrix_findings(column)
        findings += pair_findings(columns)
        findings += overlap_findings(columns)
    return (*findings, *text_findings(cells))


def unreachable(cells: Sequence[Cell], *, pooled: Collection[str]) -> frozenset[Cell]:
    """Return the cells that belong to a set of which no run can print all, under a named way of averaging.

    This is proven from the numbers, with the decimals of the print alone (the widest intervals), and for that reading
    alone: means over folds of unequal make-up can print what one confusion matrix cannot. It holds for a set, not for a
    cell: either of two columns may be possible alone, and so may any one cell, where both columns cannot come
    from one test set. A run that comes close to some of the cells must therefore miss others, and none of them may be
    tuned for.

    Args:
        cells: One table, or several.
        pooled: The metrics that the run computes from one confusion matrix over all cases (and, for Dice beside IoU,
            over the same classes). A metric that is a mean over cases or folds does not belong here: the identities do
            not bind it, nor a mean IoU that counts the background beside a Dice that does not.

    Returns:
        Some of `cells`, as given; empty where nothing is proven.
    """
    given = {cell.as_printed: cell for cell in cells}
    caught: set[Cell] = set()
    for finding in audit(tuple(given)):
        binds = finding.reading == "any" or (finding.reading == "pooled" and set(finding.metrics) <= set(pooled))
        if finding.verdict == "inconsistent" and binds:
            caught |= {given[cell] for cell in finding.cells}
    return frozenset(caught)


def cell_verdict(cell: Cell, findings: Sequence[Finding]) -> str:
    """Return a few words on one cell for a table, e.g. "inconsistent if pooled: Dice should be 0.947 to 0.952".

    The worst verdict counts: inconsistent, then undetermined, then consistent. Findings under the two special readings
    (voxels, background) are left out, since they say what would have to be assumed, not what is printed.

    Args:
        cell: The cell, as it was given to `audit`.
        findings: What `audit` returned.

    Returns:
        "not checked" where no finding looked at the cell.
    """
    own = [each for each in findings if cell in each.cells and each.reading not in _ASIDE]
    for verdict in ("inconsistent", "undetermined", "consistent"):
        worst = [each for each in own if each.verdict == verdict]
        if worst:
            return "; ".join(_line(verdict, reading, worst) for reading in dict.fromkeys(f.reading for f in worst))
    return "not checked"


def bound(cell: Cell, findings: Sequence[Finding]) -> str:
    """Return how the text bounds a lost cell: "bounded above", "below", "on both sides"; "" for not at all.

    Args:
        cell: The cell, as it was given to `audit`.
        findings: What `audit` returned.
    """
    own = [each for each in findings if each.cells == (cell,) and each.check == "not published"]
    ends = [value.interval for each in own for value in each.values if value.interval is not None]
    if not ends:
        return ""
    above, below = ends[0].high < 1, ends[0].low > 0
    return "bounded on both sides" if above and below else "bounded above" if above else "bounded below"


def _line(verdict: str, reading: Reading, findings: Sequence[Finding]) -> str:
    briefs = dict.fromkeys(each.brief for each in findings if each.reading == reading)
    words = {"pooled": " if pooled", "folds": " as means", "cases": " as means", "text": " in the text"}
    under = words.get(reading, "") if verdict == "inconsistent" else ""
    return f"{verdict}{under}: " + ", ".join(briefs)
