"""Contents of a folder as text, a table a kind, and as JSON with stable keys."""

from __future__ import annotations

import io
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from reproduce.intake.contents import KINDS, Contents, Item, LayoutFound, plural
from reproduce.intake.names import Names
from reproduce.patient_ids import HASHED

_MOST_ROWS = 20
_TITLES = {
    "series": "DICOM series",
    "structures": "structure sets (RTSTRUCT)",
    "reads": "reads (XML of LIDC-IDRI)",
    "segments": "segmentations (DICOM SEG)",
    "nifti": "NIfTI files",
    "arrays": "archives of arrays (.npz)",
}
_NOT_IN_TEXT = ("study", "description")


def contents_json(contents: Contents, names: Names) -> str:
    """Return all of it as JSON; keys and their order are the same for every folder, facts that are not known null."""
    whole: dict[str, Any] = {
        "n_files": contents.n_files,
        **_counts(contents),
        "layouts": [_layout(layout, names) for layout in contents.layouts],
        **{kind: [_item(item, names) for item in contents.items if item.kind == kind] for kind in KINDS},
        "left_out": _rows(contents.left_out, names),
        "faults": _rows(contents.faults, names),
        "n_faults": len(contents.faults),
    }
    return json.dumps(whole, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def contents_text(contents: Contents, names: Names, *, width: int) -> str:
    """Return it for a reader: layouts, a table a kind of at most 20 rows, what is left out, faults, their number last.

    Args:
        contents: What was found.
        names: How names are shown.
        width: Characters in a line.
    """
    parts = [_head(contents)]
    parts += [_layout_text(layout, names) for layout in contents.layouts] or ["no layout of a data set known here\n"]
    for kind in KINDS:
        items = [item for item in contents.items if item.kind == kind]
        if items:
            parts.append(_table(_TITLES[kind], [_text_row(item, names) for item in items], width))
    left = Counter(names.text(reason) for _, reason in contents.left_out)
    first = {names.text(reason): path for path, reason in reversed(contents.left_out)}
    if left:
        rows = [{"files": n, "why": why, "first of them": names.path(first[why])} for why, n in left.items()]
        parts.append(_table("left out, or read although something speaks against it", rows, width))
    if contents.faults:
        parts.append(_table("faults", _rows(contents.faults, names), width))
    whole = "\n".join([*parts, f"{plural(len(contents.faults), 'fault') if contents.faults else 'no faults'}\n"])
    stand_ins = sorted({found[1] for found in HASHED.finditer(whole)})
    listed = ", ".join(f"{kind}-..." for kind in stand_ins)
    told = f"{listed}: stand-ins for names, which --names shows\n\n" if stand_ins else ""
    head, gap, rest = whole.partition("\n\n")
    return f"{head}{gap}{told}{rest}"


def _head(contents: Contents) -> str:
    """Return how many files and series there are, and of how many patients and studies."""
    counts = _counts(contents)
    n_series = counts["series"] or "none"
    studies = "1 study" if counts["studies"] == 1 else f"{counts['studies']} studies"
    of = f", of {plural(counts['patients'], 'patient')} in {studies}" if counts["series"] else ""
    return f"files: {contents.n_files}; DICOM series: {n_series}{of}\n"


def _counts(contents: Contents) -> dict[str, int]:
    series = [item.facts for item in contents.items if item.kind == "series"]
    return {
        "patients": len({facts["patient"] for facts in series}),
        "studies": len({(facts["patient"], facts["study"]) for facts in series}),
        "series": len(series),
    }


def _layout(layout: LayoutFound, names: Names) -> dict[str, Any]:
    reasons = {names.text(reason): n for reason, n in layout.reasons.items()}
    refusal = names.text(layout.refusal) or None
    return {"name": layout.name, "in": layout.n_in, "out": layout.n_out, "reasons": reasons, "refusal": refusal}


def _layout_text(layout: LayoutFound, names: Names) -> str:
    if layout.refusal:
        return f"not {layout.name}: {names.text(layout.refusal)}\n"
    reasons = "; ".join(f"{n} {names.text(reason)}" for reason, n in layout.reasons.items())
    return f"looks like {layout.name}: {layout.n_in} in, {layout.n_out} out ({reasons})\n"


def _item(item: Item, names: Names) -> dict[str, Any]:
    error = item.fault
    fault = None
    if error is not None:
        parts = {"expected": names.text(error.expected), "got": names.text(error.got)}
        fault = {"error": type(error).__name__, **parts}
    facts = {key: _shown(key, value, item, names) for key, value in item.facts.items()}
    notes = [{"path": names.path(n.path), "reason": names.text(n.reason), "is_fault": n.is_fault} for n in item.notes]
    return {"path": names.path(item.path), **facts, "notes": notes, "fault": fault}


def _shown(key: str, value: Any, item: Item, names: Names) -> Any:
    """Return a fact as it may leave this computer."""
    if key == "patient":
        return names.patient(value)
    if key in ("study", "series"):
        return names.scan(value, patient=item.facts.get("patient", ""))
    if key == "description":
        return value if names.shown else None
    if key in ("structures", "segments"):
        return [one | {"name": names.part(key[:-1], one["number"], one["name"])} for one in value]
    if key == "arrays":
        return [one | {"name": names.part("array", i, one["name"])} for i, one in enumerate(value, start=1)]
    return value


def _text_row(item: Item, names: Names) -> dict[str, Any]:
    facts = {key: _shown(key, value, item, names) for key, value in item.facts.items() if key not in _NOT_IN_TEXT}
    return {"path": names.path(item.path), **facts, "fault": type(item.fault).__name__ if item.fault else ""}


def _rows(found: Sequence[tuple[Path, str]], names: Names) -> list[dict[str, Any]]:
    return [{"path": names.path(path), "reason": names.text(reason)} for path, reason in found]


def _table(title: str, rows: Sequence[Mapping[str, Any]], width: int) -> str:
    """Return rows as a table, without columns that are empty throughout."""
    shown = rows[:_MOST_ROWS]
    fullest = sorted(shown, key=len, reverse=True)  # of what is broken some facts are absent
    columns = [
        key for key in dict.fromkeys(key for row in fullest for key in row) if any(_cell(r.get(key)) for r in shown)
    ]
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, padding=(0, 1, 0, 0))
    for column in columns:
        table.add_column(Text(column.replace("_", " ")), overflow="fold")
    for row in shown:
        table.add_row(*(Text(_cell(row.get(column))) for column in columns))
    text = io.StringIO()
    Console(file=text, width=width, color_system=None, highlight=False).print(table)
    lines = [line.rstrip() for line in text.getvalue().splitlines()]
    more = [f"... and {len(rows) - len(shown)} more (--json lists all)"] if len(rows) > len(shown) else []
    return "\n".join([title, *lines, *more]) + "\n"


def _cell(value: Any) -> str:
    """Return a fact in one cell."""
    if value is None or value in ("", []):
        return ""
    if isinstance(value, Mapping):
        return ", ".join(f"{n} {name}" for name, n in value.items())
    if isinstance(value, list) and isinstance(value[0], Mapping):
        return "\n".join(_part(one) for one in value)
    if isinstance(value, list):
        return ", ".join(f"{number:g}" for number in value)
    return str(value)


def _part(one: Mapping[str, Any]) -> str:
    """Return a structure, a segment or an array in one line."""
    if "contours" in one:
        return f"{one['name']}: {one['contours']} contours"
    if "frames" in one:
        return f"{one['name']}: {one['frames']} frames"
    return f"{one['name']}: {' x '.join(map(str, one['shape']))} {one['type']}"
