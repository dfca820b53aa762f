"""Dice beside sensitivity and specificity, if all come from one confusion matrix.

With prevalence p, sensitivity S, specificity C and accuracy A, all as shares of 1,

    D = 2 TP / (2 TP + FP + FN) = 2 p S / (p S + p + (1 - p)(1 - C)) = 2 p S / (2 p S + 1 - A).
"""

from __future__ import annotations

from fractions import Fraction

from reproduce.audit.interval import Interval, common, corners
from reproduce.audit.prevalence import Rates, prevalence


def dice_at(p: Interval, sensitivity: Interval, specificity: Interval) -> Interval:
    """Return Dice at the prevalences `p`, which all lie above 0; it rises with each of the three."""
    return corners(_dice, p, sensitivity, specificity)


def implied_dice(rates: Rates) -> Interval | None:
    """Return every Dice that a column can have, its prevalence tied to its accuracy.

    For a fixed p Dice rises with S and with A. Its largest value therefore takes S as high as the accuracy allows,
    and on each of the three pieces this gives it rises with p: so the maximum sits at the highest possible p, and by
    the same argument the minimum at the lowest.

    Returns:
        None where no prevalence fits the column, or where it has no positives and Dice no denominator.
    """
    possible = prevalence(rates)
    if possible is None or possible.high == 0:
        return None
    s, c, a = rates.sensitivity, rates.specificity, rates.accuracy
    p = possible.high
    most = s.high if p * s.high + (1 - p) * c.low <= a.high else (a.high - (1 - p) * c.low) / p
    right = min(a.high, p * most + (1 - p) * c.high)
    high = _from_parts(p * most, right)
    p = possible.low
    if p == 0:
        return Interval(Fraction(0), high)
    least = s.low if p * s.low + (1 - p) * c.high >= a.low else (a.low - (1 - p) * c.high) / p
    right = max(a.low, p * least + (1 - p) * c.low)
    return Interval(_from_parts(p * least, right), high)


def prevalence_of_dice(dice: Interval, sensitivity: Interval, specificity: Interval) -> Interval | None:
    """Return every prevalence at which sensitivity, specificity and Dice fit one matrix; accuracy is not used.

    p = D F / (2 S - D (1 + S) + D F) with F = 1 - C, from the equation above.

    Returns:
        Interval within [0, 1]; None where Dice exceeds 2 S / (1 + S), its value without any false positive.
    """
    if dice.low > _ceiling(sensitivity.high):
        return None
    low = _solve(dice.low, sensitivity.high, specificity.high)
    high = Fraction(1) if dice.high >= _ceiling(sensitivity.low) else None
    return Interval(low, high or _solve(dice.high, sensitivity.low, specificity.low))


def accuracy_of_dice(dice: Interval, sensitivity: Interval, specificity: Interval) -> Interval | None:
    """Return the accuracy that belongs to sensitivity, specificity and Dice.

    A = 1 - 2 p S (1 - D) / D at the p of `prevalence_of_dice`. It is monotone in each of the three over the possible
    part of the box, so the extremes lie at corners, or on the face p = 1, where A = S = D / (2 - D).

    Returns:
        None where the three fit no prevalence.
    """
    values = []
    for d in (dice.low, dice.high):
        for s in (sensitivity.low, sensitivity.high):
            for c in (specificity.low, specificity.high):
                if d <= _ceiling(s):
                    p = _solve(d, s, c)
                    values.append(p * s + (1 - p) * c)
    face = common((sensitivity, corners(lambda d: d / (2 - d), dice)))
    values += [face.low, face.high] if face else []
    return Interval(min(values), max(values)) if values else None


def needed_specificity(dice: Fraction, sensitivity: Fraction, p: Fraction) -> Fraction | None:
    """Return the specificity that Dice and sensitivity need at prevalence p; None where none reaches that Dice.

    Raises:
        ValueError: Dice is 0, or p is not between 0 and 1, both excluded.
    """
    if dice == 0 or not 0 < p < 1:
        raise ValueError(f"expected dice > 0 and 0 < p < 1, got dice {float(dice)} and p {float(p)}")
    false_positives = p * (2 * sensitivity - dice * (1 + sensitivity)) / (dice * (1 - p))
    return 1 - false_positives if 0 <= false_positives <= 1 else None


def _dice(p: Fraction, s: Fraction, c: Fraction) -> Fraction:
    return 2 * p * s / (p * s + p + (1 - p) * (1 - c))


def _from_parts(tp: Fraction, accuracy: Fraction) -> Fraction:
    # Without hits and without errors there is nothing to overlap; positives are missing from such a test set.
    return 2 * tp / (2 * tp + 1 - accuracy) if tp or accuracy < 1 else Fraction(0)


def _ceiling(s: Fraction) -> Fraction:
    return 2 * s / (1 + s)


def _solve(d: Fraction, s: Fraction, c: Fraction) -> Fraction:
    """Return the p of one Dice not above the ceiling; 0 where every p gives it, as with C = 1."""
    false = d * (1 - c)
    return false / (2 * s - d * (1 + s) + false) if false else Fraction(0)
