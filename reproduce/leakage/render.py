"""What is said of a split, as text, Markdown or JSON."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from reproduce.errors import ReproduceError
from reproduce.intake.contents import plural
from reproduce.leakage.check import Checked, Leak, Report
from reproduce.leakage.images import NEAR
from reproduce.leakage.split import SIDES, Entry, side_named
from reproduce.patient_ids import error_below, path_id, patient_id
from reproduce.results.markdown import table as markdown_table

_MOST = 20  # leaks of a kind, and other lines, in text and Markdown; JSON has all
_BY = {
    "pattern": "the pattern",
    "column": "a column",
    "form": "the form of a public data set",
    "name": "its own name alone, so that each is a patient of its own; --patient says how to read them",
}
_HEAD = ("side", "entries", "patients", "studies", "expected")


@dataclass(frozen=True)
class Shown:
    """How patients, entries and errors are named.

    Attributes:
        split: As it was typed.
        images: Likewise; None where no folder was named.
        names: Whether names are shown as they are; else by stand-ins for what is not of a public data set.
    """

    split: Path
    images: Path | None
    names: bool

    def patient(self, patient: str) -> str:
        """Return what a patient is called."""
        return patient if self.names else patient_id(patient, folder=self._root)

    def entry(self, entry: Entry) -> str:
        """Return what an entry is called, part by part; sides and places in an array are no names of anybody."""
        is_place = entry.path is not None and entry.path.suffix == ".npz"
        if self.names or is_place:
            return entry.text
        parts = [part for part in entry.text.replace("\\", "/").split("/") if part]
        return "/".join(part if side_named(part) in SIDES else path_id(self._root / part, self._root) for part in parts)

    def error(self, error: ReproduceError) -> str:
        """Return why an entry has no image."""
        told = error if self.names else error_below(error, *(path for path in (self.split, self.images) if path))
        return f"{type(told).__name__}: expected {told.expected}, got {told.got}"

    @property
    def _root(self) -> Path:
        return self.split if self.split.is_dir() else self.split.parent


def report_text(report: Report, shown: Shown, *, width: int) -> str:
    """Return the report for a terminal, in lines of at most so many characters."""
    lines: list[str] = []
    for division in report.divisions:
        rows = [list(_HEAD), *_rows(division)]
        widths = [max(len(row[i]) for row in rows) for i in range(len(_HEAD))]
        lines += [division.name] if division.name else []
        lines += ["  ".join(text.ljust(n) for text, n in zip(row, widths, strict=True)).rstrip() for row in rows]
        lines += [*_division_lines(division, shown), ""]
    lines += [*_report_lines(report, shown), verdict(report)]
    wrap = textwrap.TextWrapper(width=width, subsequent_indent="    ", break_long_words=False, break_on_hyphens=False)
    return "\n".join(part for line in lines for part in (wrap.wrap(line) or [""])) + "\n"


def report_markdown(report: Report, shown: Shown) -> str:
    """Return the report as Markdown."""
    lines: list[str] = []
    for division in report.divisions:
        lines += [
            f"## {division.name or 'Split'}",
            "",
            *markdown_table(_HEAD, _rows(division), right=set(_HEAD[1:])),
            "",
        ]
        lines += [f"- {line}" for line in _division_lines(division, shown)]
        lines += [""]
    lines += [f"- {line}" for line in _report_lines(report, shown)]
    return "\n".join([*lines, "", f"**{verdict(report)}**"]) + "\n"


def report_json(report: Report, shown: Shown) -> str:
    """Return the report as JSON with stable keys."""
    divisions = [
        {
            "name": division.name,
            "sides": {
                side: {
                    "entries": n.n_entries,
                    "patients": n.n_patients,
                    "studies": n.n_studies,
                    "expected": n.expected,
                    "as_expected": n.as_expected,
                }
                for side, n in division.counts.items()
            },
            "leaks": [
                {
                    "kind": leak.kind,
                    "sides": list(leak.sides),
                    "patient": shown.patient(leak.patient),
                    "entries": [[shown.entry(entry) for entry in side] for side in leak.entries],
                    "n_shared_studies": len(leak.studies),
                    "correlation": round(leak.correlation, 4),
                }
                for leak in division.leaks
            ],
            "patients_known_by": dict(division.known_by),
            "repeated": {side: [shown.entry(e) for e in entries] for side, entries in division.repeated.items()},
        }
        for division in report.divisions
    ]
    whole = {
        "exit_code": report.exit_code,
        "n_images": report.n_images,
        "near_duplicate_from": NEAR,
        "divisions": divisions,
        "without_image": {shown.entry(entry): shown.error(error) for entry, error in report.faults.items()},
        "validated_again": [shown.entry(entry) for entry in report.validated_again],
    }
    return json.dumps(whole, indent=2, ensure_ascii=False) + "\n"


def verdict(report: Report) -> str:
    """Return the last line: what was found, or that nothing was and what was not looked at."""
    leaks = [leak for division in report.divisions for leak in division.leaks]
    kinds = {kind: sum(leak.kind == kind for leak in leaks) for kind in ("patient", "duplicate", "near-duplicate")}
    found = [plural(n, f"{kind} leak" if kind == "patient" else kind) for kind, n in kinds.items() if n]
    found += [
        f"{side} is {n.n_entries} entries and {n.n_patients} patients, not {n.expected}"
        for division in report.divisions
        for side, n in division.counts.items()
        if not n.as_expected
    ]
    if found:
        return f"not clean: {', '.join(found)}"
    unseen = "; images were not compared" if report.n_images is None else ""
    if report.faults:
        return f"not decided: {len(report.faults)} without an image"
    return f"clean: nothing on two sides{unseen}"


def _rows(division: Checked) -> list[list[str]]:
    return [
        [
            *(side, str(n.n_entries), str(n.n_patients), str(n.n_studies) if n.n_studies else "–"),
            "–" if n.expected is None else f"{n.expected}{'' if n.as_expected else ': differs'}",
        ]
        for side, n in division.counts.items()
    ]


def _division_lines(division: Checked, shown: Shown) -> Iterator[str]:
    known = ", ".join(f"{n} by {_BY[by]}" for by, n in division.known_by.items())
    yield f"patients are known: {known}"
    for kind in ("patient", "duplicate", "near-duplicate"):
        leaks = [leak for leak in division.leaks if leak.kind == kind]
        yield from (_leak_line(leak, shown) for leak in leaks[:_MOST])
        if len(leaks) > _MOST:
            yield f"and {len(leaks) - _MOST} more of kind {kind}: --format json has all"
    for side, entries in division.repeated.items():
        yield f"more than once in {side}: {', '.join(shown.entry(entry) for entry in entries[:_MOST])}"


def _leak_line(leak: Leak, shown: Shown) -> str:
    one, other = leak.sides
    if leak.kind == "patient":
        n, m = (len(entries) for entries in leak.entries)
        studies = f"; studies on both: {len(leak.studies)}" if leak.studies else ""
        return f"patient {shown.patient(leak.patient)}: {n} in {one}, {m} in {other}{studies}"
    a, b = (shown.entry(entries[0]) for entries in leak.entries)
    if leak.kind == "duplicate":
        return f"duplicate: {a} in {one} and {b} in {other} have the same voxels"
    return f"near-duplicate: {a} in {one} and {b} in {other}, correlation {leak.correlation:.3f}"


def _report_lines(report: Report, shown: Shown) -> Iterator[str]:
    if report.n_images is not None:
        yield f"{plural(report.n_images, 'image')} compared; near-duplicates from a correlation of {NEAR} on"
    for entry, error in list(report.faults.items())[:_MOST]:
        yield f"no image: {shown.entry(entry)}: {shown.error(error)}"
    if len(report.faults) > _MOST:
        yield f"and {len(report.faults) - _MOST} more without an image: --format json has all"
    if report.validated_again:
        yield f"{len(report.validated_again)} entries are validated in several folds: a pooled score counts them again"
