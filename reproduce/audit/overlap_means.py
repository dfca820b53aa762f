"""Dice against IoU: from one confusion matrix, as means over cases, and with the background in the mean IoU."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from reproduce.audit.interval import SHARES, Interval, common, corners


def dice_of_iou(iou: Interval) -> Interval:
    """Return the Dice D = 2 J / (1 + J) of pooled counts, or of cases that are all alike."""
    return corners(_dice, iou)


def dice_bounds_of_mean_iou(mean_iou: Interval) -> Interval:
    """Return every mean Dice over cases (or classes) that a mean IoU J allows: J to 2 J / (1 + J).

    The upper end is Jensen's inequality for the concave 2 J / (1 + J); the lower one needs every case at J of 0 or 1.
    """
    return Interval(mean_iou.low, _dice(mean_iou.high))


def two_point_example(mean_iou: Fraction, mean_dice: Fraction) -> tuple[Fraction, Fraction] | None:
    """Return (share, IoU): that share of the cases at that IoU and the rest at 0 gives both means.

    From w x = J and w 2 x / (1 + x) = D: x = 2 J / D - 1, w = J / x.

    Returns:
        None where the means lie outside Jensen's bounds, or Dice is 0.
    """
    if mean_dice == 0 or not mean_iou <= mean_dice <= _dice(mean_iou):
        return None
    iou = 2 * mean_iou / mean_dice - 1
    return (mean_iou / iou, iou) if iou else None


def most_in_band(mean_iou: Interval, mean_dice: Interval, band: Interval) -> Fraction:
    """Return an upper bound of the share of cases whose IoU lies in a band of ordinary results.

    A case adds D - J = J (1 - J) / (1 + J) >= 0 to the difference of the two means, and within the band at least the
    smaller of the values at its ends, the function being concave. The printed difference holds only so many of them.

    Args:
        mean_iou: Printed mean IoU.
        mean_dice: Printed mean Dice.
        band: For example 0.5 to 0.9.

    Returns:
        At most 1.
    """
    difference = max(Fraction(0), mean_dice.high - mean_iou.low)
    least = min(_dice(j) - j for j in (band.low, band.high))
    return Fraction(1) if difference >= least else difference / least


@dataclass(frozen=True)
class BackgroundReading:
    """One row read as: mean IoU over background and one foreground class, Dice of the foreground alone.

    Attributes:
        iou_foreground: D / (2 - D).
        iou_background: 2 mIoU - iou_foreground.
        foreground: Share of the pixels that the reference marks.
        pixel_error: Share of the pixels that are wrong.
    """

    iou_foreground: Interval
    iou_background: Interval
    foreground: Interval
    pixel_error: Interval


def background_reading(miou: Interval, dice: Interval) -> BackgroundReading | None:
    """Return the row under that reading, or None where the background's IoU would fall outside [0, 1].

    With the union U of reference and prediction as a share of the image, TP = J_fg U and TN = 1 - U, so
    J_bg = (1 - U) / (1 - J_fg U) and U = (1 - J_bg) / (1 - J_fg J_bg). The reference holds TP and any part of the
    errors U - TP, so its share lies in [TP, U]. U and TP fall with mIoU and rise with Dice; the error also has a
    maximum at J_fg = mIoU.
    """
    iou = corners(_iou, dice)
    background = Interval(2 * miou.low - iou.high, 2 * miou.high - iou.low)
    possible = background.meet(SHARES)
    if possible is None:
        return None
    unions, hits, errors = [], [], []
    for m in (miou.low, miou.high):
        for fg in {iou.low, iou.high, *([m] if iou.low <= m <= iou.high else [])}:
            inside = min(max(fg, 2 * m - 1), 2 * m)
            union = _union(inside, 2 * m - inside)
            unions.append(union)
            hits.append(inside * union)
            errors.append((1 - inside) * union)
    share, error = Interval(min(hits), max(unions)), Interval(min(errors), max(errors))
    return BackgroundReading(iou_foreground=iou, iou_background=possible, foreground=share, pixel_error=error)


def shared_foreground(rows: list[BackgroundReading]) -> Interval | None:
    """Return foreground shares that fit all the rows, as they must on one test set; None where there is none."""
    return common(row.foreground for row in rows)


def background_iou_of_classes(miou: Interval, dice: Interval, foreground_classes: int) -> Interval:
    """Return the background's IoU if all n classes have the printed Dice D: (n + 1) mIoU - n D / (2 - D).

    A result above 1 says that the reading is impossible.
    """
    n = foreground_classes
    return corners(lambda m, d: (n + 1) * m - n * _iou(d), miou, dice)


def one_bad_class(miou: Fraction, dice: Fraction, classes: int) -> tuple[float, float] | None:
    """Return (IoU of one class, IoU of each other) that gives both means, with the background at an IoU of 1.

    With n classes: x + (n - 1) y = (n + 1) mIoU - 1 and D(x) + (n - 1) D(y) = n D. Along the first line the sum of Dice
    rises with x up to x = y, so bisection finds the x below y.

    Returns:
        None where no such pair exists within [0, 1].
    """
    total = (classes + 1) * miou - 1
    others = classes - 1
    low, high = max(Fraction(0), total - others), total / classes
    if not 0 <= high <= 1 or low > high:
        return None

    def surplus(x: Fraction) -> Fraction:
        return _dice(x) + others * _dice((total - x) / others) - classes * dice

    if surplus(low) > 0 or surplus(high) < 0:
        return None
    for _ in range(40):
        middle = Fraction(round((low + high) / 2 * 2**50), 2**50)
        low, high = (middle, high) if surplus(middle) < 0 else (low, middle)
    return float(low), float((total - low) / others)


def _dice(iou: Fraction) -> Fraction:
    return 2 * iou / (1 + iou)


def _iou(dice: Fraction) -> Fraction:
    return dice / (2 - dice)


def _union(foreground: Fraction, background: Fraction) -> Fraction:
    # Two perfect classes leave the share open; the smallest, 0, keeps the interval of all rows a superset.
    return (1 - background) / (1 - foreground * background) if foreground * background < 1 else Fraction(0)
