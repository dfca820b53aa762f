"""Flow charts: rows of boxes joined by arrows, notes beside them, every box as large as its measured text."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import RendererAgg
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch
from matplotlib.textpath import text_to_path

from reproduce.errors import ArgumentError
from reproduce.figures.style import PNG_DPI, new_figure, styled

WIDTH_IN = 7.2
# From the left edge: margin with the returning arrow, column of boxes, column of notes.
_BOXES_IN, _NOTES_IN = (0.52, 4.22), (4.40, 7.10)
_PAD_IN, _GAP_IN, _ARROW_IN, _MARGIN_IN = 0.07, 0.12, 0.17, 0.10
_POINTS_PER_INCH = 72
_LEADING = 1.28
_TITLE, _LINE, _NOTE, _HEAD = 7.8, 7.0, 6.4, 9.0
_PIXELS = RendererAgg(1, 1, PNG_DPI)
_QUIET, _PLAIN, _MARKED = "#444444", "#F4F4F4", "#CFE3F3"


@dataclass(frozen=True)
class Box:
    """One step of a process.

    Attributes:
        title: What the step is.
        lines: What it is done with; each is wrapped to the width of the box.
        notes: Set beside the box, in small type; each is wrapped too.
        marked: Whether the box stands out, by a darker fill and a thicker edge.
    """

    title: str
    lines: tuple[str, ...]
    notes: tuple[str, ...]
    marked: bool


@dataclass(frozen=True)
class Loop:
    """An arrow back, drawn on the left of the boxes.

    Attributes:
        start, end: Rows that it leads from and to, counted from 0 at the top.
        label: Written along it.
    """

    start: int
    end: int
    label: str


def draw_flow_chart(rows: Sequence[Sequence[Box]], *, title: str, footer: Sequence[str], loop: Loop | None) -> Figure:
    """Draw a chart read from top to bottom, 7.2 inches wide and as high as its text asks for.

    Args:
        rows: Boxes of one row stand side by side and share its width; each row leads to the next.
        title: Above the chart, wrapped.
        footer: Lines below it, wrapped.
        loop: An arrow back from one row to an earlier one, or None.

    Returns:
        The figure. Its text is wrapped by measured widths, so it stays within its box whatever it says.

    Raises:
        ArgumentError: There is no row, a row has no box, or the loop does not lead upwards within the rows.
    """
    _check(rows, loop)
    inner = WIDTH_IN - 2 * _MARGIN_IN
    with styled():
        head, foot = _wrapped([title], inner, _HEAD, weight="bold"), _wrapped(footer, inner, _NOTE)
        laid = [_lay_row(row) for row in rows]
        height = 2 * _MARGIN_IN + _height(len(head), _HEAD) + _height(len(foot), _NOTE)
        height += sum(row.height + _ARROW_IN for row in laid) + _ARROW_IN
        figure = new_figure(WIDTH_IN, height)
        figure.set_layout_engine("none")
        axes = figure.add_axes((0, 0, 1, 1), xlim=(0, WIDTH_IN), ylim=(height, 0))
        axes.axis("off")
        _write(axes, head, (_MARGIN_IN, _MARGIN_IN), _HEAD, weight="bold")
        top = _MARGIN_IN + _height(len(head), _HEAD) + _ARROW_IN / 2
        middles = []
        for row, below in zip(laid, [*laid[1:], None], strict=True):
            _draw_row(axes, row, top)
            if below is not None:
                _draw_arrows(axes, row, below, top + row.height)
            middles.append(top + row.height / 2)
            top += row.height + _ARROW_IN
        _write(axes, foot, (_MARGIN_IN, top), _NOTE, color=_QUIET)
        if loop is not None:
            _draw_loop(axes, middles[loop.start], middles[loop.end], loop.label)
    return figure


@dataclass(frozen=True)
class _Laid:
    """A box with its text as lines that fit, and where it lies."""

    title: tuple[str, ...]
    lines: tuple[str, ...]
    marked: bool
    left: float
    width: float

    @property
    def height(self) -> float:
        return _height(len(self.title), _TITLE) + _height(len(self.lines), _LINE) + 2 * _PAD_IN

    @property
    def middle(self) -> float:
        return self.left + self.width / 2


@dataclass(frozen=True)
class _Row:
    """Boxes of one height, and the notes beside them."""

    boxes: tuple[_Laid, ...]
    notes: tuple[str, ...]

    @property
    def height(self) -> float:
        return max([_height(len(self.notes), _NOTE), *(box.height for box in self.boxes)])


def _lay_row(row: Sequence[Box]) -> _Row:
    left, right = _BOXES_IN
    width = (right - left + _GAP_IN) / len(row) - _GAP_IN
    inner = width - 2 * _PAD_IN
    boxes = tuple(
        _Laid(
            _wrapped([box.title], inner, _TITLE, weight="bold"),
            _wrapped(box.lines, inner, _LINE),
            box.marked,
            left + i * (width + _GAP_IN),
            width,
        )
        for i, box in enumerate(row)
    )
    return _Row(boxes, _wrapped([note for box in row for note in box.notes], _NOTES_IN[1] - _NOTES_IN[0], _NOTE))


def _draw_row(axes: Axes, row: _Row, top: float) -> None:
    for box in row.boxes:
        patch = FancyBboxPatch((box.left, top), box.width, row.height, boxstyle="round,pad=0,rounding_size=0.05")
        fill, edge = (_MARKED, 1.8) if box.marked else (_PLAIN, 0.7)
        patch.set(facecolor=fill, edgecolor="black", linewidth=edge)
        axes.add_patch(patch)
        place = (box.left + _PAD_IN, top + (row.height - box.height) / 2 + _PAD_IN)
        _write(axes, box.title, place, _TITLE, weight="bold")
        _write(axes, box.lines, (place[0], place[1] + _height(len(box.title), _TITLE)), _LINE)
    _write(
        axes, row.notes, (_NOTES_IN[0], top + (row.height - _height(len(row.notes), _NOTE)) / 2), _NOTE, color=_QUIET
    )


def _draw_arrows(axes: Axes, row: _Row, below: _Row, bottom: float) -> None:
    """Draw from each box straight down where the row below has one box or as many, else from the middle of the row."""
    straight = len(below.boxes) in (1, len(row.boxes))
    for middle in [box.middle for box in row.boxes] if straight else [sum(_BOXES_IN) / 2]:
        _arrow(axes, (middle, bottom), (middle, bottom + _ARROW_IN))


def _draw_loop(axes: Axes, start: float, end: float, label: str) -> None:
    left, turn = _BOXES_IN[0], _BOXES_IN[0] - 0.2
    axes.plot([left, turn, turn], [start, start, end], color="black", linewidth=0.8, solid_joinstyle="miter")
    _arrow(axes, (turn, end), (left, end))
    axes.text(
        turn - 0.06, (start + end) / 2, label, rotation=90, ha="right", va="center", fontsize=_NOTE, parse_math=False
    )


def _arrow(axes: Axes, start: tuple[float, float], end: tuple[float, float]) -> None:
    style = "-|>,head_length=3,head_width=1.8"
    axes.add_patch(FancyArrowPatch(start, end, arrowstyle=style, color="black", linewidth=0.8, shrinkA=0, shrinkB=0))


def _write(
    axes: Axes,
    lines: Sequence[str],
    corner: tuple[float, float],
    size: float,
    *,
    weight: str = "normal",
    color: str = "black",
) -> None:
    left, top = corner
    step = _LEADING * size / _POINTS_PER_INCH
    for i, line in enumerate(lines):
        # The baseline is placed, so that lines with and without descenders are equally far apart.
        place = (left, top + (i + 0.82) * step)
        axes.text(*place, line, fontsize=size, weight=weight, color=color, va="baseline", ha="left", parse_math=False)


def _height(n_lines: int, size: float) -> float:
    return n_lines * _LEADING * size / _POINTS_PER_INCH


def _wrapped(texts: Sequence[str], width_in: float, size: float, *, weight: str = "normal") -> tuple[str, ...]:
    """Return the texts as lines of at most a width; a word that alone is wider is cut, a no-break space is no break."""
    font = FontProperties(family="DejaVu Sans", size=size, weight=weight)
    lines = []
    for words in (text.split(" ") for text in texts):
        while words:
            n = _n_fitting(words, " ", width_in, font)
            if n:
                lines.append(" ".join(words[:n]))
                words = words[n:]
            else:
                cut = max(1, _n_fitting(words[0], "", width_in, font))
                lines.append(words[0][:cut])
                words[0] = words[0][cut:]
    return tuple(lines)


def _n_fitting(parts: Sequence[str], between: str, width_in: float, font: FontProperties) -> int:
    """Return how many of the parts, from the first on, fit into a width when joined."""
    counts = range(1, len(parts) + 1)
    return bisect_left(counts, True, key=lambda n: _width_in(between.join(parts[:n]), font) > width_in)


def _width_in(text: str, font: FontProperties) -> float:
    """Return the wider of both forms: SVG draws exact outlines, PNG fits each letter to its pixels, which adds up."""
    exact = text_to_path.get_text_width_height_descent(text, font, ismath=False)[0] / _POINTS_PER_INCH
    return max(exact, _PIXELS.get_text_width_height_descent(text, font, ismath=False)[0] / PNG_DPI)


def _check(rows: Sequence[Sequence[Box]], loop: Loop | None) -> None:
    if not rows or not all(rows):
        do = "give at least one row, and at least one box in each"
        raise ArgumentError(expected="rows of boxes", got=f"{len(rows)} rows", where="draw_flow_chart", do=do)
    if loop is not None and not 0 <= loop.end < loop.start < len(rows):
        got, do = f"from row {loop.start} to row {loop.end}", "lead it from a row to an earlier one"
        expected = f"a loop upwards within {len(rows)} rows"
        raise ArgumentError(expected=expected, got=got, where="draw_flow_chart", do=do)
