"""Counts of right and wrong decisions, and the ratios that are made of them.

The unit is the caller's: voxels, slices, lesions or patients. Counts of cases are added (`pooled`), or ratios of cases
are averaged (`per case`); the two differ, so nothing here chooses.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from reproduce.metrics import formulas, inputs

# Masks are packed to bits in blocks of this size: memory is read once, the bits stay in the cache, and the two packed
# blocks of 64 KiB are below the size from which the allocator asks the system for fresh pages every time.
_BLOCK_VOXELS = 1 << 19


@dataclass(frozen=True)
class Counts:
    """How many units were decided in which way; each at least 0.

    Attributes:
        tp: Positive in reference and prediction.
        fp: Positive in the prediction alone.
        fn: Positive in the reference alone.
        tn: Positive in neither; 0 where negatives cannot be counted, as for lesions.
    """

    tp: int
    fp: int
    fn: int
    tn: int

    def __add__(self, other: Counts) -> Counts:
        return Counts(self.tp + other.tp, self.fp + other.fp, self.fn + other.fn, self.tn + other.tn)

    @property
    def n(self) -> int:
        """Number of units."""
        return self.tp + self.fp + self.fn + self.tn


def count(reference: np.ndarray, prediction: np.ndarray) -> Counts:
    """The four counts of two masks.

    Args:
        reference: bool, any shape.
        prediction: bool, the same shape.

    Returns:
        Exact counts; an array without elements gives four zeros.

    Raises:
        MetricInputError: A mask is not boolean, or the shapes differ.

    >>> count(np.array([True, True, False]), np.array([True, False, False]))
    Counts(tp=1, fp=0, fn=1, tn=1)
    """
    reference, prediction = inputs.masks(reference, prediction, where="count")
    fortran = reference.flags.f_contiguous and prediction.flags.f_contiguous
    a, b = (mask.reshape(-1, order="F" if fortran else "C") for mask in (reference, prediction))
    n_reference = n_prediction = tp = 0
    for start in range(0, a.size, _BLOCK_VOXELS):
        bits_a, bits_b = (np.packbits(mask[start : start + _BLOCK_VOXELS]) for mask in (a, b))
        n_reference += _n_ones(bits_a)
        n_prediction += _n_ones(bits_b)
        tp += _n_ones(np.bitwise_and(bits_a, bits_b, out=bits_a))
    return Counts(tp, n_prediction - tp, n_reference - tp, a.size - n_reference - n_prediction + tp)


def _n_ones(bits: np.ndarray) -> int:
    """How many bits of a uint8 `[n]` are set."""
    words = bits.view(np.uint64) if bits.size % 8 == 0 else bits
    return int(np.add.reduce(np.bitwise_count(words), dtype=np.uint32))


def ratio(numerator: float, denominator: float) -> float:
    """The quotient as float64; nan where the denominator is 0."""
    return numerator / denominator if denominator else math.nan


def accuracy(counts: Counts) -> float:
    """(TP + TN) / n, in [0, 1]; nan without a unit."""
    return formulas.ACCURACY.of(counts)


def sensitivity(counts: Counts) -> float:
    """TP / (TP + FN), also recall or true positive rate, in [0, 1]; nan without a positive in the reference."""
    return formulas.SENSITIVITY.of(counts)


def specificity(counts: Counts) -> float:
    """TN / (TN + FP), in [0, 1]; nan without a negative in the reference."""
    return formulas.SPECIFICITY.of(counts)


def precision(counts: Counts) -> float:
    """TP / (TP + FP), also positive predictive value, in [0, 1]; nan without a positive in the prediction."""
    return formulas.PRECISION.of(counts)


def f1(counts: Counts) -> float:
    """2 TP / (2 TP + FP + FN), in [0, 1]; nan where all three are 0.

    The same number as the Dice coefficient of the masks. Written in counts it is 0, not nan, where precision alone is
    undefined, which is what the harmonic mean of precision and sensitivity tends to.
    """
    return formulas.F1.of(counts)


def balanced_accuracy(counts: Counts) -> float:
    """(sensitivity + specificity) / 2, in [0, 1]; nan where one of them is undefined."""
    return (sensitivity(counts) + specificity(counts)) / 2


def mcc(counts: Counts) -> float:
    """Matthews' correlation coefficient (Matthews 1975), in [-1, 1]; nan where a row or column of the table is empty.

    (TP TN - FP FN) / sqrt((TP + FP)(TP + FN)(TN + FP)(TN + FN)). The products are taken in Python's integers, since at
    the voxel count of a CT they pass 64 bits. scikit-learn returns 0 where this returns nan.
    """
    tp, fp, fn, tn = counts.tp, counts.fp, counts.fn, counts.tn
    rows = (tp + fp) * (tn + fn)
    columns = (tp + fn) * (tn + fp)
    return ratio(tp * tn - fp * fn, math.sqrt(rows) * math.sqrt(columns))
