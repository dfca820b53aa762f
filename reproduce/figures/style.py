"""How figures look and are saved: readable in print and by the colour-blind, and the same bytes every time."""

from __future__ import annotations

import io
from collections.abc import Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import matplotlib
from matplotlib.figure import Figure

from reproduce.provenance import write_bytes
from reproduce.results.folders import RunFolder
from reproduce.results.verdict_words import PHANTOM

# Okabe and Ito's palette, which the common kinds of colour blindness can tell apart.
ORANGE, SKY, GREEN, YELLOW, BLUE, VERMILION, PURPLE, BLACK = (
    "#E69F00",
    "#56B4E9",
    "#009E73",
    "#F0E442",
    "#0072B2",
    "#D55E00",
    "#CC79A7",
    "#000000",
)
ARMS = (ORANGE, BLUE, GREEN, VERMILION, PURPLE, SKY, YELLOW, BLACK)
PNG_DPI = 150
_LINES = ("-", "--", "-.", ":", (0, (5, 1, 1, 1, 1, 1)), (0, (1, 1)))
_MARKERS = "os^Dvx"
_SAVED: tuple[dict[str, Any], ...] = ({"dpi": PNG_DPI, "metadata": {"Software": None}}, {"metadata": {"Date": None}})
HATCHES = ("", "//", "..", "xx", "\\\\", "++", "oo", "--")

_SETTINGS: dict[Any, Any] = {  # Matplotlib's own type spells out every name that there is
    "font.family": "DejaVu Sans",
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlesize": 10,
    "figure.dpi": 100,
    "legend.frameon": False,
    "svg.hashsalt": "reproduce",
    "svg.fonttype": "path",
}


def arm_look(i: int) -> dict[str, Any]:
    """Return line, marker and colour of the i-th model of a figure, to be told apart in grey too."""
    return {"ls": _LINES[i % len(_LINES)], "marker": _MARKERS[i % len(_MARKERS)], "color": ARMS[i % len(ARMS)]}


def new_figure(width_in: float, height_in: float) -> Figure:
    """Return an empty figure in the house style, without a window; sizes in inches."""
    with matplotlib.rc_context(_SETTINGS):
        return Figure(figsize=(width_in, height_in), layout="constrained")


def styled() -> AbstractContextManager[None]:
    """Return the context in which axes are made and drawn, so that they follow the house style."""
    return matplotlib.rc_context(_SETTINGS)


def source_line(run: RunFolder, before_caveat: str | None = None) -> str:
    """Return source and profile of a run, a phantom in capitals, e.g. "PHANTOM, cpu profile".

    Args:
        run: A run of any kind.
        before_caveat: Parts them from the words that say that a run cannot be compared with the print; None leaves
            these words out.
    """
    source = run.source.upper() if run.source == PHANTOM else run.source
    caveat = "" if before_caveat is None or not run.caveats else f"{before_caveat}NOT COMPARABLE with the print"
    return f"{source}, {run.profile} profile{caveat}"


def save(figure: Figure, stem: Path) -> tuple[Path, Path]:
    """Write `stem.png` at `PNG_DPI` dots an inch and `stem.svg`, whole or not at all, without a date in them.

    Args:
        figure: Drawn.
        stem: Path without an ending; the folder is made.

    Returns:
        The two paths.
    """
    paths = stem.with_name(f"{stem.name}.png"), stem.with_name(f"{stem.name}.svg")
    with matplotlib.rc_context(_SETTINGS):
        for path, settings in zip(paths, _SAVED, strict=True):
            buffer = io.BytesIO()
            figure.savefig(buffer, format=path.suffix[1:], **settings)
            write_bytes(path, buffer.getvalue())
    return paths


def save_all(drawn: Mapping[str, Figure], folder: Path) -> tuple[Path, ...]:
    """Save each figure under its name in a folder, see `save`; return the files written."""
    return tuple(path for name, figure in drawn.items() for path in save(figure, folder / name))
