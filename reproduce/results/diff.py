"""Every printed cell beside ours, from results/ alone; the standard library is enough, so the answer comes at once."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from reproduce.errors import ResultsError
from reproduce.results import verdict_words as words
from reproduce.results.folders import RunFolder, damage_named, optional_number, read_rows
from reproduce.results.number_format import UNITS, as_printed, in_unit, number, signed

CELL_COLUMNS = ("model", "metric", "unit", "value")
TABLE_COLUMNS = (
    *("model", "metric", "level", "average", "n", "value"),
    *("ci_low", "ci_high", "published", "delta", "verdict"),
)
STATEMENT_COLUMNS = (
    *("place", "better", "worse", "metric", "level", "n", "mean_better", "mean_worse"),
    *("test", "p_value", "p_holm", "effect", "p_mcnemar_slices", "verdict"),
)
_STATEMENT_NUMBERS = ("n", "mean_better", "mean_worse", "p_value", "p_holm", "effect", "p_mcnemar_slices")
# Files hold six decimals, so a |delta| this close to the tolerance may have been on either side of it.
_ROUNDING = 2e-6


@dataclass(frozen=True)
class CellLine:
    """A printed cell beside ours, numbers in its unit, nan for undefined.

    Attributes:
        model, metric, unit: Model, metric and unit of the cell.
        level, average: How it is read.
        n: Patients, or whatever is counted, that enter.
        printed: Text of the printed number; "" where nothing is printed.
        ours, low, high: Our number with its 95 % interval.
        delta: Ours less printed.
        tolerance: Largest |delta| that is `within`, fixed before the run.
        verdict: One of `words.CELL_WORDS`.
        reason: Why that word.
        audit: What the audit says of the printed number; "" where it was not asked.
    """

    model: str
    metric: str
    unit: str
    level: str
    average: str
    n: int
    printed: str
    ours: float
    low: float
    high: float
    delta: float
    tolerance: float
    verdict: str
    reason: str
    audit: str


@dataclass(frozen=True)
class StatementLine:
    """A sentence of the document with its test over patients; fields as in statements.csv, nan for undefined."""

    place: str
    better: str
    worse: str
    metric: str
    level: str
    n: int
    mean_better: float
    mean_worse: float
    test: str
    p_value: float
    p_holm: float
    effect: float
    p_mcnemar_slices: float
    verdict: str

    @property
    def text(self) -> str:
        """Return the sentence, e.g. "optimised_cnn better than unoptimised_cnn in dice"."""
        return f"{self.better} better than {self.worse} in {self.metric}"


@dataclass(frozen=True)
class SentenceLine:
    """A sentence of a document that a calculation or a measurement decides; as in statements.csv."""

    place: str
    statement: str
    verdict: str
    measured: str


@dataclass(frozen=True)
class RunDiff:
    """All of one run beside the print; of a run of statements its sentences, of one without cells nothing."""

    run: RunFolder
    cells: tuple[CellLine, ...]
    statements: tuple[StatementLine, ...]
    sentences: tuple[SentenceLine, ...] = ()

    @property
    def statement_verdicts(self) -> list[str]:
        """Return the words of its statements and sentences."""
        return [line.verdict for line in self.statements] + [line.verdict for line in self.sentences]

    @property
    def summary(self) -> str:
        """Return the verdict in one line, e.g. "not comparable: phantom, cpu profile" or "3 within, 1 outside"."""
        if self.run.caveats:
            return f"{words.NOT_COMPARABLE}: {', '.join(self.run.caveats)}"
        return words.tally([each.verdict for each in self.cells or self.sentences]) or "no printed cell"


def diff_run(run: RunFolder) -> RunDiff:
    """Read the cells and statements of one run, and check its files against each other.

    Raises:
        ResultsError: A file is missing or broken; two files disagree on a number; or a verdict is not the one that
            follows from delta, tolerance and source, so that somebody changed a file by hand.
    """
    with damage_named(run.path):
        return _diff_run(run)


def _diff_run(run: RunFolder) -> RunDiff:
    if run.kind == "statements":
        names = ("place", "statement", "verdict", "measured")
        rows = run.rows("statements.csv", names)
        return RunDiff(run, (), (), tuple(SentenceLine(*(row[name] for name in names)) for row in rows))
    if run.kind == "comparison":  # no document prints a cell of one
        return RunDiff(run, (), ())
    printed = read_rows(run.path.parent / "published.csv", CELL_COLUMNS)
    ours = run.rows("reproduced.csv", CELL_COLUMNS)
    by_cell = _judged_rows(run)
    if [_key(row) for row in printed] != [_key(row) for row in ours]:
        raise _changed(run, "reproduced.csv", "the cells of published.csv in their order", "other cells")
    strange = {row["unit"] for row in printed} - set(UNITS)
    if strange:
        do = f"write one of {', '.join(UNITS)}"
        where = run.path.parent / "published.csv"
        raise ResultsError(expected="a unit of printed cells", got=", ".join(sorted(strange)), where=where, do=do)
    cells = tuple(_cell(run, row, own["value"], by_cell) for row, own in zip(printed, ours, strict=True))
    return RunDiff(run, cells, _statements(run))


def exit_code(diffs: Sequence[RunDiff]) -> int:
    """Return 0 where every printed number is within, 1 where something is outside, 2 where something is not compared.

    A table counts by its comparable runs: a phantom beside a real run changes nothing. Without any comparable run it
    could not be compared. A cell that is `unreachable`, or a statement that is `contradicted` there, counts as outside;
    `undecided` and `not published` decide nothing. What is outside weighs more than what could not be compared.
    """
    could_not = not diffs
    for table in {each.run.table for each in diffs}:
        own = [each for each in diffs if each.run.table == table and not each.run.caveats]
        found = {cell.verdict for each in own for cell in each.cells}
        if found & {words.OUTSIDE, words.UNREACHABLE}:
            return 1
        if any(words.CONTRADICTED in each.statement_verdicts for each in own):
            return 1
        if any(each.cells for each in diffs if each.run.table == table):
            could_not = could_not or words.WITHIN not in found or words.NOT_COMPARABLE in found
        else:
            could_not = could_not or not own
    return 2 if could_not else 0


def tolerances(run: RunFolder) -> dict[str, tuple[float, bool]]:
    """Return for each metric (tolerance, whether it is a share of the printed number), as fixed before the run."""
    readings = run.protocol.get("protocol", {}).get("readings", ())
    found = {each["metric"]: (float(each["tolerance"]), False) for each in readings}
    return found | {each["metric"]: (float(each["tolerance"]), True) for each in run.protocol.get("printed", ())}


def _key(row: dict[str, str]) -> tuple[str, str]:
    return row["model"], row["metric"]


def _number_in(printed: str) -> str:
    return "" if printed == "-" else printed


def _judged_rows(run: RunFolder) -> dict[tuple[str, str], dict[str, str]]:
    rows: dict[tuple[str, str], dict[str, str]] = {}
    for row in run.rows("table.csv", TABLE_COLUMNS):
        if row["verdict"] and rows.setdefault(_key(row), row) is not row:
            raise _changed(run, "table.csv", "one verdict a cell", f"two for {' '.join(_key(row))}")
    return rows


def _cell(
    run: RunFolder, printed: dict[str, str], reproduced: str, rows: dict[tuple[str, str], dict[str, str]]
) -> CellLine:
    unit, value = printed["unit"], _number_in(printed["value"])
    row = rows.get(_key(printed))
    name = " ".join(_key(printed))
    if row is None:
        if reproduced:
            raise _changed(run, "table.csv", f"a verdict for {name}", "none")
        nothing = (math.nan,) * 5
        word = words.NOT_COMPARABLE if value else words.NOT_PUBLISHED
        reason = "no run has this cell" if value else "the document prints no number here"
        return CellLine(*_key(printed), unit, "", "", 0, value, *nothing, word, reason, "")
    where = f"{run.path / 'table.csv'}, {name}"
    ours, low, high, delta = (optional_number(row[key], where) for key in ("value", "ci_low", "ci_high", "delta"))
    if _number_in(row["published"]) != value:
        raise _changed(run, "table.csv", f"{value or 'nothing'} as printed for {name}", row["published"] or "nothing")
    if (due := as_printed(ours, value, unit)) != reproduced:
        raise _changed(run, "reproduced.csv", f"{due} for {name}, as in table.csv", reproduced or "nothing")
    tolerance = _tolerance(run, printed)
    _check(run, row["verdict"], value, delta, tolerance, name)
    reason = _reason(run, row["verdict"], delta, tolerance, unit)
    return CellLine(
        *(*_key(printed), unit, row["level"], row["average"]),
        *(int(optional_number(row["n"], where)), value),
        *(ours, low, high, delta, tolerance),
        *(row["verdict"], reason, row.get("audit", "")),
    )


def _tolerance(run: RunFolder, printed: dict[str, str]) -> float:
    """Return the tolerance in the unit of the cell; nan where the protocol has none, which no compared run may."""
    tolerance, relative = tolerances(run).get(printed["metric"], (math.nan, False))
    return tolerance * float(printed["value"] or "nan") if relative else tolerance


def _check(run: RunFolder, word: str, printed: str, delta: float, tolerance: float, name: str) -> None:
    """Return if the stored word follows from the numbers; what only the audit knows is taken from the file."""
    if abs(abs(delta) - tolerance) <= _ROUNDING and not run.caveats and word in (words.WITHIN, words.OUTSIDE):
        return
    lost = word == words.UNREACHABLE
    due = words.cell_word(
        published=bool(printed), comparable=not run.caveats, lost=lost, delta=delta, tolerance=tolerance
    )
    if word != due:
        raise _changed(run, "table.csv", f"the verdict {due!r} for {name}", repr(word))


def _reason(run: RunFolder, word: str, delta: float, tolerance: float, unit: str) -> str:
    if word == words.NOT_PUBLISHED:
        return "the document prints no number here"
    if word == words.NOT_COMPARABLE:
        return ", ".join(run.caveats) or "ours is undefined: no scan has what it counts"
    if word == words.UNREACHABLE:
        return "the audit proves that no run that pools its counts, as this one does, can print all of its table"
    points = " points" if unit == "%" else ""
    return f"{signed(delta, unit)} against a tolerance of {number(tolerance, unit)}{points}"


def _statements(run: RunFolder) -> tuple[StatementLine, ...]:
    if not run.protocol.get("protocol", {}).get("statements"):
        return ()
    lines, where = [], run.path / "statements.csv"
    for row in run.rows("statements.csv", STATEMENT_COLUMNS):
        if row["verdict"] not in words.STATEMENT_WORDS:
            raise _changed(run, "statements.csv", f"one of {', '.join(words.STATEMENT_WORDS)}", repr(row["verdict"]))
        n, better, worse, *others = (optional_number(row[name], where) for name in _STATEMENT_NUMBERS)
        p_value, p_holm, effect, p_mcnemar = others
        lines.append(
            StatementLine(
                *(row["place"], row["better"], row["worse"], row["metric"], row["level"]),
                *(int(n), better, worse),
                row["test"],
                *(p_value, p_holm, effect, p_mcnemar),
                row["verdict"],
            )
        )
    return tuple(lines)


def means_text(line: StatementLine) -> str:
    """Return both means per patient as ratios, e.g. "0.652 against 0.611"."""
    return " against ".join(number(in_unit(mean, "ratio"), "ratio") for mean in (line.mean_better, line.mean_worse))


def _changed(run: RunFolder, file: str, expected: str, got: str) -> ResultsError:
    do = "do not change results by hand; run the table's script again"
    return ResultsError(expected=expected, got=got, where=run.path / file, do=do)
