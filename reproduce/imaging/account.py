"""The account of a reader: what it left out, and what it took although something speaks against it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

_USUAL_MM = (0.01, 50.0)


@dataclass(frozen=True)
class Note:
    """One row of an account.

    Attributes:
        path: The file, or the folder of a series.
        reason: Why it is left out, or what speaks against it.
        is_fault: Whether it may be a lost part of the images beside it, so that reading these is refused.
    """

    path: Path
    reason: str
    is_fault: bool = False


def spacing_notes(path: Path, spacing_mm: Iterable[float]) -> tuple[Note, ...]:
    """Return a note where a voxel is shorter than 0.01 mm or longer than 50 mm: no scanner of people makes such."""
    lengths = [float(length) for length in spacing_mm]
    if all(_USUAL_MM[0] <= length <= _USUAL_MM[1] for length in lengths):
        return ()
    size = " x ".join(f"{length:.3g}" for length in lengths)
    return (Note(path, f"voxels of {size} mm; check the unit of length in the header"),)
