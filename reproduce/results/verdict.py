"""The word for a cell: what our number says of the printed one, and what it cannot say."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from reproduce.audit.audit import audit, bound, cell_verdict, unreachable
from reproduce.audit.printed import Cell
from reproduce.errors import ProtocolError
from reproduce.protocol import Reading
from reproduce.results.number_format import in_unit
from reproduce.results.summary import Summary
from reproduce.results.verdict_words import cell_word


@dataclass(frozen=True)
class Verdict:
    """A printed cell beside ours.

    Attributes:
        cell: The printed cell.
        reading: How the cell is read.
        summary: Our number, a share of 1.
        ours: The same in the unit of the cell.
        delta: Ours less printed, in the unit of the cell; nan where nothing is printed or ours is undefined.
        word: One of `words.CELL_WORDS`.
        audit: What the audit says of the printed number.
        bound: How the text bounds a number that is lost, e.g. "bounded above"; "" for not at all.
    """

    cell: Cell
    reading: Reading
    summary: Summary
    ours: float
    delta: float
    word: str
    audit: str
    bound: str


def others(readings: Sequence[Reading]) -> tuple[Reading, ...]:
    """Return the readings that are not the first of their cell: given beside it, not judged."""
    return tuple(reading for i, reading in enumerate(readings) if reading.cell in {r.cell for r in readings[:i]})


def judge(
    cells: Sequence[Cell],
    texts: Sequence[Cell],
    summaries: Sequence[Summary],
    readings: Sequence[Reading],
    *,
    comparable: bool,
) -> list[Verdict]:
    """Judge each printed cell, in the order of the print.

    Args:
        cells: One table.
        texts: What the text of the document prints of the same; the audit looks at it too.
        summaries: Ours, all levels.
        readings: Which of ours answers to which metric of the print; the first of a metric does.
        comparable: Whether ours was made from the real data set under the document's own protocol. Where it was not, no
            cell is compared: the word is "not comparable", whatever the numbers.

    Raises:
        ProtocolError: A metric of the print has no reading.
    """
    pooled = {reading.cell for reading in readings if reading.average == "pooled"}
    lost, findings = unreachable(cells, pooled=pooled), audit((*cells, *texts))
    found = {(s.model, s.region, s.metric, s.level, s.average): s for s in summaries}
    by_metric = {reading.cell: reading for reading in reversed(readings)}
    verdicts = []
    for cell in cells:
        if cell.metric not in by_metric:
            raise ProtocolError(
                expected=f"a reading of {sorted({c.metric for c in cells})}",
                got=f"none of {cell.metric}",
                where=cell.place,
                do="say in the script's `readings` at which level and average the cell is read",
            )
        reading = by_metric[cell.metric]
        key = (cell.model, reading.region, reading.metric, reading.level, reading.average)
        summary = found.get(key, Summary(*key, 0, *[math.nan] * 4))
        ours = in_unit(summary.value, cell.unit)
        delta = ours - float(cell.value) if cell.published else math.nan
        word = cell_word(
            published=cell.published,
            comparable=comparable,
            lost=cell in lost,
            delta=delta,
            tolerance=reading.tolerance,
        )
        verdicts.append(
            Verdict(cell, reading, summary, ours, delta, word, cell_verdict(cell, findings), bound(cell, findings))
        )
    return verdicts
