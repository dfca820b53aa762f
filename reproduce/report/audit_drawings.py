"""Drawings of the audit: the prevalence that each column needs, and Dice against IoU with what is possible."""

from __future__ import annotations

from collections.abc import Sequence

from reproduce.audit.columns import by_test_set
from reproduce.audit.finding import Finding, percent
from reproduce.audit.interval import Interval
from reproduce.audit.printed import Cell
from reproduce.report.drawing import Box, Dot, Drawing, Label, Line, Path, Scale, Shape, padded, polyline

WIDTH = 360.0
_ROW = 40.0
_PLANE = 330.0


def prevalence_drawings(findings: Sequence[Finding]) -> list[tuple[str, Drawing]]:
    """Return (title, drawing) of the share of positives that each column needs, several columns at a time.

    Args:
        findings: Of `audit`; test sets with fewer than two columns give no drawing.
    """
    rows: dict[str, list[tuple[str, Interval]]] = {}
    for each in findings:
        interval = each.values[0].interval if each.values else None
        if each.check == "accuracy, sensitivity and specificity" and interval is not None:
            rows.setdefault(f"Document {each.document}, {each.data}", []).append((each.models[0], interval))
    return [(title, _prevalence(title, columns)) for title, columns in rows.items() if len(columns) > 1]


def _prevalence(title: str, columns: Sequence[tuple[str, Interval]]) -> Drawing:
    low, high = padded([float(end) for _, each in columns for end in (each.low, each.high)], 0.2)
    x = Scale(max(low, 0.0), min(high, 1.0), 12, WIDTH - 12)
    bottom = _ROW * len(columns) + 6
    shapes: list[Shape] = []
    for tick in x.ticks(5):
        shapes.append(Line(x(tick), 4, x(tick), bottom, "grid"))
        shapes.append(Label(x(tick), bottom + 15, f"{100 * tick:g} %", "tick", "middle"))
    for i, (model, each) in enumerate(columns):
        top = _ROW * i + 8
        left, right = x(float(each.low)), x(float(each.high))
        shapes.append(Label(12, top + 8, f"{model}: {percent(each, 1)}", "name"))
        shapes.append(Box(left, top + 14, max(right - left, 2), 12, f"bar arm{i}"))
    said = "; ".join(f"{model} {percent(each, 1)}" for model, each in columns)
    says = f"{title}: share of positive cases that each column needs: {said}"
    return Drawing(WIDTH, bottom + 24, says, tuple(shapes))


def dice_iou_drawings(cells: Sequence[Cell]) -> list[tuple[str, Drawing]]:
    """Return (title, drawing) of the plane of Dice against IoU: what means over cases allow, and the print.

    Args:
        cells: Test sets without a column that has both give no drawing.
    """
    drawn = []
    for columns in by_test_set(cells):
        points: list[tuple[str, Interval, Interval]] = []
        for column in columns:
            iou, dice = column.cell("miou") or column.cell("iou"), column.cell("dice")
            if iou and dice and iou.share is not None and dice.share is not None:
                points.append((column.model, iou.share, dice.share))
        if points:
            cell = columns[0].cells[0]
            title = f"Document {cell.document}, {cell.data}"
            drawn.append((title, _plane(title, points)))
    return drawn


def _plane(title: str, points: Sequence[tuple[str, Interval, Interval]]) -> Drawing:
    values = [float(end) for _, iou, dice in points for each in (iou, dice) for end in (each.low, each.high)]
    low, high = padded(values, 0.08)
    low, high = max(low, 0.0), min(high, 1.0)
    x, y = Scale(low, high, 44, WIDTH - 12), Scale(low, _dice(high), _PLANE - 36, 22)
    steps = [low + (high - low) * i / 40 for i in range(41)]
    upper = [(x(j), y(_dice(j))) for j in steps]
    lower = [(x(j), y(j)) for j in steps]
    shapes: list[Shape] = [Path(polyline([*upper, *lower[::-1]], closed=True), "possible")]
    for tick in x.ticks(5):
        shapes.append(Line(x(tick), 22, x(tick), _PLANE - 36, "grid"))
        shapes.append(Label(x(tick), _PLANE - 20, f"{tick:.2f}", "tick", "middle"))
    for tick in y.ticks(5):
        shapes.append(Line(44, y(tick), WIDTH - 12, y(tick), "grid"))
        shapes.append(Label(38, y(tick) + 4, f"{tick:.2f}", "tick", "end"))
    shapes += [Path(polyline(upper, closed=False), "pooled"), Path(polyline(lower, closed=False), "edge")]
    shapes += [Label((44 + WIDTH - 12) / 2, _PLANE - 4, "IoU", "tick", "middle"), Label(4, 10, "Dice", "tick")]
    for model, iou, dice in points:
        px, py = x(float(iou.mid)), y(float(dice.mid))
        shapes += [Dot(px, py, "point"), Label(px + 8, py + 4, model, "name halo")]
    said = "; ".join(f"{model} at IoU {float(iou.mid):.3f}, Dice {float(dice.mid):.3f}" for model, iou, dice in points)
    return Drawing(WIDTH, _PLANE, f"{title}: printed Dice against printed IoU: {said}", tuple(shapes))


def _dice(iou: float) -> float:
    return 2 * iou / (1 + iou)
