"""The words of a verdict, and which one a cell gets."""

from __future__ import annotations

import math
from collections.abc import Sequence

WITHIN, OUTSIDE = "within", "outside"
UNREACHABLE, NOT_PUBLISHED, NOT_COMPARABLE = "unreachable", "not published", "not comparable"
CELL_WORDS = (WITHIN, OUTSIDE, UNREACHABLE, NOT_PUBLISHED, NOT_COMPARABLE)

SUPPORTED, CONTRADICTED, UNDECIDED = "supported", "contradicted", "undecided"
STATEMENT_WORDS = (SUPPORTED, CONTRADICTED, UNDECIDED)

PHANTOM = "phantom"
SIGNIFICANCE = 0.05

# 0.914 - 0.894 is more than 0.02 in float64: what arithmetic on printed decimals may add, in any unit.
_ROUNDING = 1e-9


def cell_word(*, published: bool, comparable: bool, lost: bool, delta: float, tolerance: float) -> str:
    """Return the word for a printed cell.

    Args:
        published: Whether a number is printed at all.
        comparable: Whether ours was made from the real data set under the document's own protocol.
        lost: Whether the audit proves that no run that averages as ours can print it with its neighbours.
        delta: Ours less printed; nan where ours is undefined, which cannot be compared either.
        tolerance: Largest |delta| that counts as within, in the same unit.
    """
    if not published:
        return NOT_PUBLISHED
    if not comparable or math.isnan(delta):
        return NOT_COMPARABLE
    if lost:
        return UNREACHABLE
    return WITHIN if abs(delta) <= tolerance + _ROUNDING else OUTSIDE


def caveats(source: str, profile: str, changed: Sequence[object]) -> tuple[str, ...]:
    """Return why the numbers of a run say nothing of the printed ones; empty where they may be compared.

    Args:
        source: "phantom", or the name of the real data set.
        profile: "paper", "cpu" or "smoke".
        changed: What the run changes against the document's own protocol.
    """
    found = (PHANTOM,) if source == PHANTOM else ()
    return (*found, f"{profile} profile") if changed else found


def without_cells(*, is_ours: bool) -> str:
    """Return what stands in the place of printed cells where there are none.

    Args:
        is_ours: Whether no document has the table; see `Experiment.is_ours`.
    """
    if is_ours:
        return "No document prints this table: the protocol is ours, and so is every question."
    return "The document prints no cell of this table."


def statement_word(p_holm: float, effect: float) -> str:
    """Return the word for a statement.

    Args:
        p_holm: P-value of its test, corrected over the statements of the table.
        effect: Positive where the statement holds.
    """
    if not p_holm < SIGNIFICANCE:
        return UNDECIDED
    return SUPPORTED if effect > 0 else CONTRADICTED


def tally(words: Sequence[str]) -> str:
    """Return how often each word stands, in order of first appearance, e.g. "3 within, 1 outside"."""
    return ", ".join(f"{words.count(word)} {word}" for word in dict.fromkeys(words))
