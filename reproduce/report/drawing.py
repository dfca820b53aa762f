"""Line drawings as plain shapes; the template turns them into SVG, and the style sheet colours them by class."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Line:
    """A straight line, in units of the drawing."""

    x1: float
    y1: float
    x2: float
    y2: float
    css: str
    kind: Literal["line"] = "line"


@dataclass(frozen=True)
class Box:
    """A rectangle, in units of the drawing."""

    x: float
    y: float
    width: float
    height: float
    css: str
    kind: Literal["box"] = "box"


@dataclass(frozen=True)
class Dot:
    """A small disc at a position in the drawing."""

    x: float
    y: float
    css: str
    kind: Literal["dot"] = "dot"


@dataclass(frozen=True)
class Path:
    """Lines from point to point, as the text of SVG's `d`."""

    d: str
    css: str
    kind: Literal["path"] = "path"


@dataclass(frozen=True)
class Label:
    """Text at a position; `anchor` is "start", "middle" or "end"."""

    x: float
    y: float
    text: str
    css: str
    anchor: str = "start"
    kind: Literal["label"] = "label"


Shape = Line | Box | Dot | Path | Label


@dataclass(frozen=True)
class Drawing:
    """Shapes with what they say in words.

    Attributes:
        width, height: Size of the drawing; a unit is a pixel on a phone.
        title: What it shows, for those who do not see it.
        shapes: From back to front.
    """

    width: float
    height: float
    title: str
    shapes: tuple[Shape, ...]


@dataclass(frozen=True)
class Scale:
    """A linear map from values to positions in a drawing.

    Attributes:
        low, high: Values at the two ends; where they are equal every value stands in the middle.
        start, end: Places of the two ends; `start` may lie beyond `end`, as on an axis that goes up.
    """

    low: float
    high: float
    start: float
    end: float

    def __call__(self, value: float) -> float:
        """Return the position of a value, rounded to a hundredth; values beyond an end are moved onto it."""
        if self.low == self.high:
            return round((self.start + self.end) / 2, 2)
        share = min(max((value - self.low) / (self.high - self.low), 0.0), 1.0)
        return round(self.start + share * (self.end - self.start), 2)

    def ticks(self, about: int) -> list[float]:
        """Return about as many round values as asked within the ends, in steps of 1, 2 or 5 times a power of ten."""
        if self.low == self.high:
            return [self.low]
        rough = (self.high - self.low) / about
        power = 10 ** math.floor(math.log10(rough))
        step = next(power * factor for factor in (1, 2, 5, 10) if power * factor >= rough * (1 - 1e-9))
        first, last = math.ceil(self.low / step - 1e-9), math.floor(self.high / step + 1e-9)
        return [round(k * step, 10) for k in range(first, last + 1)]


def polyline(points: Sequence[tuple[float, float]], *, closed: bool) -> str:
    """Return the text of `d` for points of a drawing, two decimals each; "" for none."""
    if not points:
        return ""
    return "M" + "L".join(f"{x:.2f} {y:.2f}" for x, y in points) + ("Z" if closed else "")


def padded(values: Sequence[float], share: float) -> tuple[float, float]:
    """Return the smallest and largest finite value, moved apart by a share of their distance; (0, 1) for none.

    Args:
        values: May hold nan.
        share: Part of the distance that is added at each end.
    """
    finite = [value for value in values if math.isfinite(value)]
    if not finite:
        return 0.0, 1.0
    low, high = min(finite), max(finite)
    margin = share * (high - low) or abs(low) * share or 1.0
    return low - margin, high + margin
