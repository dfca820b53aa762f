"""Slices with the outlines of reference and prediction: what is stored of them, and the page that shows them."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from reproduce.array_files import read_arrays, write_arrays
from reproduce.errors import ResultsError
from reproduce.figures.style import ARMS, YELLOW, new_figure, styled
from reproduce.results.folders import damage_named

_NOTE_WIDTH = 44  # characters that fit above one slice


@dataclass(frozen=True, eq=False)
class Overlay:
    """A part of one slice.

    Attributes:
        patient, slice: Which.
        note: E.g. the Dice of each model on the patient.
        image: uint8 `[y, x]`, the window mapped to 0..255.
        reference: bool `[y, x]`.
        predictions: bool `[model, y, x]`.
        pixel_mm: (y, x).
    """

    patient: str
    slice: int
    note: str
    image: np.ndarray
    reference: np.ndarray
    predictions: np.ndarray
    pixel_mm: tuple[float, float]


def write_overlays(path: Path, overlays: Sequence[Overlay], models: Sequence[str]) -> None:
    """Write overlays to one `.npz`, masks packed to bits; the same overlays give the same bytes."""
    arrays: dict[str, np.ndarray] = {"models": np.array(models)}
    for i, overlay in enumerate(overlays):
        masks = np.concatenate([overlay.reference[None], overlay.predictions])
        arrays[f"image{i}"] = overlay.image
        arrays[f"masks{i}"] = np.packbits(masks, axis=-1)
        arrays[f"text{i}"] = np.array([overlay.patient, str(overlay.slice), overlay.note])
        arrays[f"pixel_mm{i}"] = np.array(overlay.pixel_mm)
    write_arrays(path, arrays, compressed=True)


def read_overlays(path: Path) -> tuple[list[Overlay], list[str]]:
    """Read overlays and the names of their models.

    Raises:
        ResultsError: The file is not there, or holds something else than overlays.
    """
    do = "run the table's script again"
    if not path.is_file():
        raise ResultsError(expected="a file of overlays", got="nothing there", where=path, do=do)
    stored = read_arrays(path, error=ResultsError, do=do)
    with damage_named(path):
        models = [str(name) for name in stored["models"]]
        overlays = [_overlay(stored, i) for i in range(sum(name.startswith("image") for name in stored))]
        shapes = [(each.predictions.shape, (len(models), *each.image.shape)) for each in overlays]
        if any(found != expected for found, expected in shapes) or any(o.image.dtype != np.uint8 for o in overlays):
            raise ValueError(f"images and masks of the shapes {shapes}")
    return overlays, models


def _overlay(stored: Mapping[str, np.ndarray], i: int) -> Overlay:
    image = stored[f"image{i}"]
    masks = np.unpackbits(stored[f"masks{i}"], axis=-1, count=image.shape[1]).astype(bool)
    patient, z, note = (str(part) for part in stored[f"text{i}"])
    y_mm, x_mm = (float(mm) for mm in stored[f"pixel_mm{i}"])
    return Overlay(patient, int(z), note, image, masks[0], masks[1:], (y_mm, x_mm))


def draw_overlays(overlays: Sequence[Overlay], models: Sequence[str], title: str) -> Figure:
    """Draw a page with one row an overlay: the slice, then the slice with reference and prediction for each model.

    The reference is a solid yellow line, a prediction a dashed one in the model's colour. A page takes as many models
    as there are colours; of more, as in an ablation, it shows the first and the last.

    Args:
        overlays: At least one.
        models: In the order of the predictions.
        title: Says the source, "phantom" included.
    """
    shown = list(enumerate(models)) if len(models) <= len(ARMS) else [(0, models[0]), (len(models) - 1, models[-1])]
    figure = new_figure(2.4 * (1 + len(shown)), 2.55 * len(overlays) + 0.6)
    with styled():
        axes = figure.subplots(len(overlays), 1 + len(shown), squeeze=False)
        for row, overlay in zip(axes, overlays, strict=True):
            aspect = overlay.pixel_mm[0] / overlay.pixel_mm[1]
            for axis in row:
                # "none" puts the pixels themselves into the SVG; else each panel is enlarged first, to megabytes.
                axis.imshow(overlay.image, cmap="gray", vmin=0, vmax=255, aspect=aspect, interpolation="none")
                axis.set_axis_off()
            note = textwrap.fill(overlay.note, _NOTE_WIDTH)
            row[0].set_title(f"{overlay.patient}, slice {overlay.slice}\n{note}", fontsize=7, loc="left")
            for colour, axis, (i, model) in zip(ARMS, row[1:], shown, strict=False):
                outline(axis, overlay.reference, YELLOW, "solid")
                outline(axis, overlay.predictions[i], colour, "dashed")
                axis.set_title(model, fontsize=8)
        figure.suptitle(f"{title}\nsolid yellow: reference; dashed: prediction", fontsize=9)
    return figure


def outline(axis: Axes, mask: np.ndarray, colour: str, line: str) -> None:
    """Draw the border of a mask `[y, x]` over an image; an empty mask has none."""
    if mask.any():
        axis.contour(mask, levels=[0.5], colors=[colour], linewidths=1.1, linestyles=line)
