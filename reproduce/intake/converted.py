"""What a conversion wrote, and what it says of the rest: a line for each reason."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from reproduce.intake.annotations import UNCOUNTED
from reproduce.intake.contents import Contents
from reproduce.intake.names import Names

OTHERS = {"nifti": "NIfTI", "arrays": ".npz"}


@dataclass
class Converted:
    """What was written, what speaks against it, and what could not be; texts name no patient unless they may."""

    written: list[Path] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    faults: list[tuple[str, str]] = field(default_factory=list)  # path and reason

    @property
    def fault_lines(self) -> list[str]:
        """Return a line for each reason, with the first path and how many more have it."""
        return _lines(self.faults)


def left_out(contents: Contents, names: Names, *, told: frozenset[tuple[str, str]]) -> list[str]:
    """Return a remark for each reason why files are not converted, or are although something speaks against it."""
    others = {item.path: f"{OTHERS[item.kind]} is not converted" for item in contents.items if item.kind in OTHERS}
    left = [(path, reason) for path, reason in contents.left_out if path not in others]
    shown = [(names.path(path), names.text(reason)) for path, reason in (*left, *others.items())]
    return _lines([row for row in shown if (row[0], row[1].removesuffix(UNCOUNTED)) not in told])


def _lines(rows: Sequence[tuple[str, str]]) -> list[str]:
    """Return a line for each reason, with the first path that has it."""
    paths: dict[str, list[str]] = defaultdict(list)
    for path, reason in rows:
        paths[reason].append(path)
    return [f"{of[0]}{f' and {len(of) - 1} more' if len(of) > 1 else ''}: {reason}" for reason, of in paths.items()]
