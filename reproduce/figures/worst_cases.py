"""The worst cases of a model: what is stored of them, and the page that shows them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from reproduce.array_files import read_arrays, write_arrays
from reproduce.errors import ResultsError
from reproduce.figures.overlays import outline
from reproduce.figures.style import GREEN, PURPLE, SKY, YELLOW, new_figure, styled
from reproduce.results.folders import damage_named

FILE = "worst.npz"
_COLOURS = (YELLOW, SKY, PURPLE, GREEN)


@dataclass(frozen=True, eq=False)
class Plane:
    """A cut through a volume.

    Attributes:
        name: Which, e.g. "z = 12".
        image: uint8 `[row, column]`.
        reference, prediction: uint8 `[row, column]`, the region of each voxel, 0 the background.
    """

    name: str
    image: np.ndarray
    reference: np.ndarray
    prediction: np.ndarray


@dataclass(frozen=True, eq=False)
class WorstCase:
    """A scan.

    Attributes:
        patient: Whose.
        note: Its scores.
        planes: Across z, y and x.
    """

    patient: str
    note: str
    planes: tuple[Plane, ...]


def write_worst(path: Path, cases: Sequence[WorstCase]) -> None:
    """Write cases to one `.npz`; the same cases give the same bytes."""
    arrays: dict[str, np.ndarray] = {}
    for i, case in enumerate(cases):
        arrays[f"text{i}"] = np.array([case.patient, case.note, *(plane.name for plane in case.planes)])
        for k, plane in enumerate(case.planes):
            arrays[f"plane{i}_{k}"] = np.stack([plane.image, plane.reference, plane.prediction])
    write_arrays(path, arrays, compressed=True)


def read_worst(path: Path) -> list[WorstCase]:
    """Read the cases that `write_worst` wrote.

    Raises:
        ResultsError: The file is not there, or holds something else than such cases.
    """
    stored = read_arrays(path, error=ResultsError, do="run the table's script again")
    with damage_named(path):
        texts = [[str(part) for part in stored[f"text{i}"]] for i in range(sum(n.startswith("text") for n in stored))]
        return [
            WorstCase(patient, note, tuple(Plane(name, *stored[f"plane{i}_{k}"]) for k, name in enumerate(names)))
            for i, (patient, note, *names) in enumerate(texts)
        ]


def draw_worst(cases: Sequence[WorstCase], title: str) -> Figure:
    """Draw one row a case: three planes, the reference solid, the prediction dashed, a colour for each region.

    Args:
        cases: At least one.
        title: Says the model and the source, "phantom" included.
    """
    n_planes = max(len(case.planes) for case in cases)
    figure = new_figure(2.5 * n_planes, 2.45 * len(cases) + 0.6)
    with styled():
        axes = figure.subplots(len(cases), n_planes, squeeze=False)
        for row, case in zip(axes, cases, strict=True):
            for axis, plane in zip(row, case.planes, strict=True):
                _draw_plane(axis, plane)
                axis.set_title(plane.name, fontsize=7, loc="left")
            row[0].set_title(f"{case.patient}\n{case.note}\n{case.planes[0].name}", fontsize=7, loc="left")
        figure.suptitle(f"{title}\nsolid: reference; dashed: prediction; a colour for each label", fontsize=9)
    return figure


def _draw_plane(axis: Axes, plane: Plane) -> None:
    axis.imshow(plane.image, cmap="gray", vmin=0, vmax=255, interpolation="none", origin="lower")
    axis.set_axis_off()
    for labels, line in ((plane.reference, "solid"), (plane.prediction, "dashed")):
        for region, colour in enumerate(_COLOURS, start=1):
            outline(axis, labels == region, colour, line)
