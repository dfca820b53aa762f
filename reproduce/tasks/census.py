"""The census of LIDC-IDRI as files: counts beside print, agreement of the readers, ratings, and the list of nodules."""

from __future__ import annotations

import csv
import hashlib
import io
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, astuple, dataclass
from itertools import combinations
from pathlib import Path
from typing import Any

from reproduce import provenance
from reproduce.cohorts.lidc_census import Grouping, Lesion, ScanCensus, count_scans, find_reads
from reproduce.progress import tracked
from reproduce.protocol import Call
from reproduce.provenance import write_json, write_text
from reproduce.results import markdown
from reproduce.results.diff import CELL_COLUMNS, TABLE_COLUMNS
from reproduce.results.folders import read_rows
from reproduce.results.protocol_record import protocol_record
from reproduce.results.verdict_words import NOT_COMPARABLE, OUTSIDE, PHANTOM, WITHIN, tally
from reproduce.tasks.task import Claims, Context, Page, Task

MODEL = "four readers"
CHARACTERISTICS = (
    "subtlety",
    "internalStructure",
    "calcification",
    "sphericity",
    "margin",
    "lobulation",
    "spiculation",
    "texture",
    "malignancy",
)


@dataclass(frozen=True)
class PrintedCount:
    """A count as it is printed.

    Attributes:
        metric: "ct_scans", "lesions", "nodules" or "nodules_by_four".
        level: What is counted: "scan" or "lesion".
        value: The printed count.
        tolerance: Largest |delta| / value that is still `within`, fixed before the run.
        meaning: What is counted, in words for the page.
    """

    metric: str
    level: str
    value: int
    tolerance: float
    meaning: str


@dataclass(frozen=True)
class CensusProtocol:
    """What is compared with what, fixed before the run.

    Attributes:
        table, document, title, source, profile, phantom: See `protocol.Experiment`.
        printed: Printed counts in the order of the rows.
        grouping: The one that the counts beside print are made with.
        varied: Those of `sensitivity.csv`.
        remarks: Markdown below the table: what was decided, and why numbers differ.
    """

    table: str
    document: str
    title: str
    source: str
    profile: str
    phantom: Call | None
    printed: tuple[PrintedCount, ...]
    grouping: Grouping
    varied: tuple[Grouping, ...]
    remarks: str


def _measure(protocol: CensusProtocol, context: Context) -> dict[str, Any]:
    reads, ledger = find_reads(context.data)
    counted = count_scans(reads, grouping=protocol.grouping, varied=protocol.varied, workers=context.workers)
    scans = list(tracked(counted, "count", "CT scans", total=len(reads), console=context.console))
    write_sensitivity(context.folder, scans, protocol.varied)
    write_agreement(context.folder, scans)
    write_nodules(context.folder, scans)
    ledger.write_csv(context.folder / "ledger.csv")
    counts = counts_of(scans)
    rows = ((MODEL, p.metric, "count", counts[p.metric]) for p in protocol.printed)
    write_csv(context.folder / "reproduced.csv", CELL_COLUMNS, rows)
    return {"source_sha256": _digest(context.data)}


def _write(protocol: CensusProtocol, whole: CensusProtocol, context: Context, _: Claims) -> Page:
    rows = read_rows(context.folder / "reproduced.csv", CELL_COLUMNS)
    words = write_counts(context, protocol, {row["metric"]: int(row["value"]) for row in rows})
    record = protocol_record("census", protocol, whole, source=context.source, chosen=())
    write_json(context.folder / "protocol.json", {**record, **asdict(protocol), "phantom": None})
    return Page(tally(words))


def counts_of(scans: Sequence[ScanCensus]) -> dict[str, int]:
    """Return the four counts of Armato et al., Med Phys 38 (2011) 915, of the listed lesions; zeros for no scan.

    A lesion is what at least one reader marked as nodule, of any size; non-nodules do not count. A nodule is a lesion
    that at least one reader outlined, i.e. took for 3 mm or more; `nodules_by_four` are those that all four outlined.
    """
    lesions = [lesion for scan in scans for lesion in scan.lesions]
    return {
        "ct_scans": len(scans),
        "lesions": len(lesions),
        "nodules": sum(lesion.n_outlined >= 1 for lesion in lesions),
        "nodules_by_four": sum(lesion.n_outlined == 4 for lesion in lesions),
    }


def verdict(printed: PrintedCount, count: int) -> str:
    """Return "within" or "outside", by the relative tolerance."""
    return WITHIN if abs(count - printed.value) / printed.value <= printed.tolerance else OUTSIDE


def write_counts(context: Context, protocol: CensusProtocol, counts: dict[str, int]) -> list[str]:
    """Write `table.csv` and `table.md`, `published.csv` beside the folder, and return the verdicts.

    Args:
        context: Its folder and source; on a phantom nothing is compared.
        protocol: What is printed, and what was decided.
        counts: Our count of each printed metric, and of "ct_scans".
    """
    folder = context.folder
    write_csv(
        folder.parent / "published.csv", CELL_COLUMNS, ((MODEL, p.metric, "count", p.value) for p in protocol.printed)
    )
    tidy, page, words = [], [], []
    for p in protocol.printed:
        count = counts[p.metric]
        words.append(NOT_COMPARABLE if context.source == PHANTOM else verdict(p, count))
        delta = count - p.value
        tidy.append((MODEL, p.metric, p.level, "total", counts["ct_scans"], count, "", "", p.value, delta, words[-1]))
        share = f"{delta:+d} ({100 * delta / p.value:+.2f} %)"
        page.append((p.meaning, p.value, count, share, f"{100 * p.tolerance:g} %", words[-1]))
    write_csv(folder / "table.csv", TABLE_COLUMNS, tidy)
    head = ("count", "printed", "ours", "delta", "tolerance", "verdict")
    write_text(folder / "table.md", "\n".join([*markdown.table(head, page), "", protocol.remarks.strip(), ""]))
    return words


def write_sensitivity(folder: Path, scans: Sequence[ScanCensus], groupings: Sequence[Grouping]) -> None:
    """Write `sensitivity.csv`: the counts for each pixel spacing and each distance that joins marks."""
    rows = []
    for grouping in sorted(groupings, key=lambda g: (g.pixel_mm, g.tolerance_mm)):
        place = (f"{grouping.pixel_mm:.2f}", f"{grouping.tolerance_mm:.1f}")
        counts = [astuple(scan.counts[grouping]) for scan in scans]
        rows.append((*place, *map(sum, zip(*counts, strict=True))))
    write_csv(folder / "sensitivity.csv", ("pixel_mm", "tolerance_mm", "lesions", "nodules", "nodules_by_four"), rows)


def write_agreement(folder: Path, scans: Sequence[ScanCensus]) -> None:
    """Write `agreement.csv` (lesions by readers), `ratings.csv`, and `rating_pairs.csv` (two readers of one nodule)."""
    lesions = [lesion for scan in scans for lesion in scan.lesions]
    by_readers = Counter((lesion.n_outlined, lesion.n_small) for lesion in lesions)
    rows = [(*readers, n) for readers, n in sorted(by_readers.items())]
    write_csv(folder / "agreement.csv", ("n_outlined", "n_small", "lesions"), rows)
    ratings, pairs = [], []
    for name in CHARACTERISTICS:
        given = [lesion.ratings.get(name, ()) for lesion in lesions]
        counted = Counter(rating for reader_ratings in given for rating in reader_ratings if rating is not None)
        ratings += [(name, rating, n) for rating, n in sorted(counted.items())]
        apart = [abs(a - b) for known in map(_known, given) for a, b in combinations(known, 2)]
        pairs.append((name, len(apart), sum(d == 0 for d in apart), sum(d <= 1 for d in apart)))
    write_csv(folder / "ratings.csv", ("characteristic", "rating", "n"), ratings)
    write_csv(folder / "rating_pairs.csv", ("characteristic", "pairs", "equal", "within_one"), pairs)


def write_nodules(folder: Path, scans: Sequence[ScanCensus]) -> None:
    """Write `nodules.csv`, one row a nodule of 3 mm or more.

    The centre is that of `Lesion`. A characteristic is the readers' ratings in the order of the file, joined by "|"; a
    reader who gave none has an empty place.
    """
    head = ("series_uid", "nodule", "x_px", "y_px", "z_mm", "n_outlined", "n_small", *CHARACTERISTICS)
    rows = []
    for scan in sorted(scans, key=lambda scan: scan.series_uid):
        nodules = [lesion for lesion in scan.lesions if lesion.n_outlined]
        for number, nodule in enumerate(sorted(nodules, key=lambda n: (n.centre[2], *n.centre)), start=1):
            x, y, z_mm = nodule.centre
            place = (f"{x:.1f}", f"{y:.1f}", f"{z_mm:.2f}", nodule.n_outlined, nodule.n_small)
            rows.append((scan.series_uid, number, *place, *(_joined(nodule, name) for name in CHARACTERISTICS)))
    write_csv(folder / "nodules.csv", head, rows)


def write_csv(path: Path, head: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Write a CSV with LF line ends, whole or not at all."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(head)
    writer.writerows(rows)
    write_text(path, text.getvalue())


def _digest(source: Path) -> str:
    """Return SHA-256 over the names and contents of the XML below a folder."""
    whole = hashlib.sha256()
    for path in sorted(path for path in source.rglob("*") if path.suffix.lower() == ".xml"):
        whole.update(f"{path.relative_to(source).as_posix()}\0{provenance.file_digest(path)}\n".encode())
    return whole.hexdigest()


def _known(ratings: Iterable[int | None]) -> list[int]:
    return [rating for rating in ratings if rating is not None]


def _joined(lesion: Lesion, name: str) -> str:
    return "|".join("" if rating is None else str(rating) for rating in lesion.ratings.get(name, ()))


CENSUS = Task("census", _measure, _write)
