"""How much of two masks is shared: Dice, intersection over union, volume similarity.

Where reference and prediction are both empty these are 0/0, and libraries disagree (MONAI: nan, or 1 on request; medpy:
0, or nan under recent NumPy; scikit-learn: a warning and 0). Here the caller says it: nan means that the case is not
counted.
"""

from __future__ import annotations

import math

import numpy as np

from reproduce.metrics.confusion import Counts, count
from reproduce.metrics.formulas import DICE, IOU


def dice_from_counts(counts: Counts, *, both_empty: float) -> float:
    """2 TP / (2 TP + FP + FN), in [0, 1] (Dice 1945).

    Args:
        counts: Of voxels.
        both_empty: The value where reference and prediction are empty; nan = not counted.

    Returns:
        0 where one of them is empty and the other is not.
    """
    return _or(both_empty, DICE.of(counts))


def iou_from_counts(counts: Counts, *, both_empty: float) -> float:
    """TP / (TP + FP + FN), the Jaccard index, in [0, 1] (Jaccard 1901); equals D / (2 - D) of the Dice D.

    Args:
        counts: Of voxels.
        both_empty: The value where reference and prediction are empty; nan = not counted.

    Returns:
        0 where one of them is empty and the other is not.
    """
    return _or(both_empty, IOU.of(counts))


def volume_similarity_from_counts(counts: Counts, *, both_empty: float) -> float:
    """1 - |FN - FP| / (2 TP + FP + FN), in [0, 1] (Taha and Hanbury 2015, equation 23).

    Compares sizes alone: 1 for two masks of one size that never meet.

    Args:
        counts: Of voxels.
        both_empty: The value where reference and prediction are empty; nan = not counted.

    Returns:
        0 where one of them is empty and the other is not.
    """
    size = 2 * counts.tp + counts.fp + counts.fn
    return 1 - abs(counts.fn - counts.fp) / size if size else both_empty


def dice(reference: np.ndarray, prediction: np.ndarray, *, both_empty: float) -> float:
    """2 |A and B| / (|A| + |B|), in [0, 1] (Dice 1945).

    Args:
        reference: bool, any shape.
        prediction: bool, the same shape.
        both_empty: The value where both are empty; nan = not counted.

    Returns:
        float64; 0 where one mask is empty and the other is not.

    Raises:
        MetricInputError: A mask is not boolean, or the shapes differ.

    >>> print(dice(np.array([True, True, False]), np.array([True, False, True]), both_empty=np.nan))
    0.5
    """
    return dice_from_counts(count(reference, prediction), both_empty=both_empty)


def iou(reference: np.ndarray, prediction: np.ndarray, *, both_empty: float) -> float:
    """|A and B| / |A or B|, in [0, 1] (Jaccard 1901); arguments, empty input and errors as for `dice`."""
    return iou_from_counts(count(reference, prediction), both_empty=both_empty)


def volume_similarity(reference: np.ndarray, prediction: np.ndarray, *, both_empty: float) -> float:
    """1 - ||A| - |B|| / (|A| + |B|), in [0, 1] (Taha and Hanbury 2015); the rest as for `dice`."""
    return volume_similarity_from_counts(count(reference, prediction), both_empty=both_empty)


def _or(both_empty: float, value: float) -> float:
    return both_empty if math.isnan(value) else value
