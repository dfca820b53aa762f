"""The basic structure of a CNN drawn from the layers of one: every number is that of a model that was built."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch, Rectangle

from reproduce.errors import ResultsError
from reproduce.figures.style import BLUE, ORANGE, SKY, VERMILION, YELLOW, new_figure, styled

_COLUMN_IN, _MARGIN_IN = 1.22, 0.15
_HEIGHT_IN = 4.9
_MIDDLE_IN = 1.75  # of the drawings, from the top
_LARGEST_IN, _SMALLEST_IN = 0.82, 0.07
_PLATES, _SHIFT_IN = 5, 0.045
_LINE_IN = 0.145
# Fill and hatch differ both, so that the kinds can be told apart in grey.
_LOOKS = {
    "input": ("#FFFFFF", ""),
    "convolution": (SKY, ""),
    "pooling": (YELLOW, "...."),
    "dense": (ORANGE, "////"),
    "output": (VERMILION, "xxxx"),
}
_FEATURES, _CLASSES = ("convolution", "pooling"), ("dense", "output")


@dataclass(frozen=True)
class _Part:
    """A layer, with the activation that follows it."""

    part: str
    layer: str
    output: tuple[int, ...]
    reads: str
    activation: str
    parameters: int
    receptive_field: int


def draw_structure(layers: pd.DataFrame, *, caption: str) -> Figure:
    """Draw maps as plates from the image to the output, loss and optimiser below, numbers under each.

    Args:
        layers: structure.csv of a chain of layers.
        caption: Source and profile.

    Raises:
        ResultsError: There is no image, or no layer with weights behind it.
    """
    parts = _parts(layers)
    width = 2 * _MARGIN_IN + _COLUMN_IN * len(parts)
    with styled():
        figure = new_figure(width, _HEIGHT_IN)
        figure.set_layout_engine("none")
        axes = figure.add_axes((0, 0, 1, 1), xlim=(0, width), ylim=(_HEIGHT_IN, 0))
        axes.axis("off")
        name = layers["architecture"].iloc[0]
        head = f"cnn_survey (document 001), Figure 1: the basic structure of a CNN, here {name} as it was trained"
        axes.text(_MARGIN_IN, 0.2, head, fontsize=10, weight="bold", va="center", parse_math=False)
        for i, part in enumerate(parts):
            middle = _MARGIN_IN + (i + 0.5) * _COLUMN_IN
            _draw_maps(axes, part, middle)
            _draw_words(axes, part, middle)
            if i:
                _arrow(
                    axes, (middle - 0.5 * _COLUMN_IN - 0.1, _MIDDLE_IN), (middle - 0.5 * _COLUMN_IN + 0.1, _MIDDLE_IN)
                )
        _brackets(axes, [part.part for part in parts])
        _draw_training(axes, len(parts))
        foot = (
            f"{caption}; sizes, parameters and receptive fields (RF, in pixels) from structure.csv; at most five maps"
        )
        axes.text(_MARGIN_IN, _HEIGHT_IN - 0.12, foot, fontsize=7, color="#444444", va="center", parse_math=False)
    return figure


def _parts(layers: pd.DataFrame) -> list[_Part]:
    """Return the layers to draw; an activation of its own joins the layer before it; reshapes are left out."""
    found: list[_Part] = []
    for row in layers.itertuples():
        kind = _kind(row.kind)
        if kind is None:
            if row.activation and found:
                found[-1] = replace(found[-1], activation=row.activation)
            continue
        output = tuple(int(n) for n in row.output.split("x"))
        known = (row.reads, row.activation, int(row.parameters), int(row.receptive_field))
        found.append(_Part(kind, row.layer, output, *known))
    if len(found) < 2 or found[0].part != "input":
        do = "run the table's script again"
        raise ResultsError(expected="an image and layers behind it", got=f"{len(found)}", where="structure.csv", do=do)
    return [*found[:-1], replace(found[-1], part="output")]


def _kind(kind: str) -> str | None:
    if kind == "InputLayer":
        return "input"
    words = (("Pool", "pooling"), ("Conv", "convolution"), ("Dense", "dense"))
    return next((part for word, part in words if word in kind), None)


def _draw_maps(axes: Axes, part: _Part, middle: float) -> None:
    """Draw plates as large as the maps, at most five; a bar for what has no position in the image any more."""
    colour, hatch = _LOOKS[part.part]

    def add(left: float, top: float, width: float, height: float) -> None:
        plate = Rectangle((left, top), width, height, facecolor=colour, hatch=hatch, edgecolor="black", linewidth=0.8)
        axes.add_patch(plate)

    if len(part.output) == 1:
        height = max(_SMALLEST_IN * 2, min(1.0, part.output[0] / 84) * 1.1)
        add(middle - 0.07, _MIDDLE_IN - height / 2, 0.14, height)
        return
    side = max(_SMALLEST_IN, _LARGEST_IN * part.output[0] / 32)
    n = min(_PLATES, part.output[-1])
    whole = side + (n - 1) * _SHIFT_IN
    for k in range(n):
        add(middle - whole / 2 + k * _SHIFT_IN, _MIDDLE_IN - whole / 2 + (n - 1 - k) * _SHIFT_IN, side, side)


def _draw_words(axes: Axes, part: _Part, middle: float) -> None:
    size = " x ".join(map(str, part.output))
    lines = [part.part, part.layer, size, part.reads, part.activation]
    lines.append(f"{part.parameters:,} parameters" if part.parameters else "no parameters")
    lines.append("" if part.part == "input" else f"RF {part.receptive_field}")
    for i, line in enumerate(lines):
        weight = "bold" if i == 0 else "normal"
        axes.text(
            middle, 2.55 + i * _LINE_IN, line, ha="center", va="center", fontsize=7, weight=weight, parse_math=False
        )


def _brackets(axes: Axes, parts: Sequence[str]) -> None:
    """Draw which layers take features from the image, and which of them decide."""
    for names, label in ((_FEATURES, "feature extraction"), (_CLASSES, "classification")):
        places = [i for i, part in enumerate(parts) if part in names]
        if places:
            left, right = (_MARGIN_IN + (i * _COLUMN_IN) for i in (places[0], places[-1] + 1))
            left, right = left + 0.1, right - 0.1
            axes.plot([left, left, right, right], [0.85, 0.75, 0.75, 0.85], color="black", linewidth=0.9)
            axes.text((left + right) / 2, 0.63, label, ha="center", va="center", fontsize=8.5)


def _draw_training(axes: Axes, n: int) -> None:
    """Draw loss and optimiser below, which lead back to the layers (Table 3 there)."""
    top, height, width = 3.95, 0.5, 2.2
    last, first = _MARGIN_IN + (n - 0.5) * _COLUMN_IN, _MARGIN_IN + 1.5 * _COLUMN_IN
    right, left = last - width + 0.45, first - 0.45
    texts = ((right, "loss\ncross-entropy with the label"), (left, "optimiser\nAdam moves all parameters"))
    for corner, text in texts:
        box = FancyBboxPatch((corner, top), width, height, boxstyle="round,pad=0,rounding_size=0.05")
        box.set(facecolor="#F4F4F4", edgecolor="black", linewidth=0.8)
        axes.add_patch(box)
        axes.text(corner + width / 2, top + height / 2, text, ha="center", va="center", fontsize=7.5)
    _arrow(axes, (last, 2.55 + 6.8 * _LINE_IN), (last, top))
    _arrow(axes, (right, top + height / 2), (left + width, top + height / 2))
    axes.text(
        (right + left + width) / 2, top + height / 2 - 0.1, "gradients, by backpropagation", ha="center", fontsize=7
    )
    _arrow(axes, (first, top), (first, 2.55 + 6.8 * _LINE_IN))


def _arrow(axes: Axes, start: tuple[float, float], end: tuple[float, float]) -> None:
    style = "-|>,head_length=3.5,head_width=2"
    axes.add_patch(FancyArrowPatch(start, end, arrowstyle=style, color=BLUE, linewidth=1.1, shrinkA=0, shrinkB=0))
