"""Lesions found and missed, for masks and for labelled lesions; for candidates with scores see `froc`."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import ndimage, optimize

from reproduce.errors import MetricInputError
from reproduce.metrics import inputs
from reproduce.metrics.confusion import Counts
from reproduce.metrics.surface_elements import box_around

_CONNECTED_BY_A_CORNER = np.ones((3, 3, 3), dtype=np.bool_)


@dataclass(frozen=True, eq=False)
class LesionMatch:
    """Which predicted lesion belongs to which of the reference.

    Attributes:
        pairs: int64 `[k, 2]`, (number in the reference, number in the prediction), each number at most once.
        iou: float64 `[k]`, of each pair.
        missed: int64, numbers of the reference without a partner.
        false: int64, numbers of the prediction without a partner.
    """

    pairs: np.ndarray
    iou: np.ndarray
    missed: np.ndarray
    false: np.ndarray

    @property
    def counts(self) -> Counts:
        """Pairs as TP, missed as FN, false as FP; TN is 0."""
        return Counts(len(self.pairs), self.false.size, self.missed.size, 0)


def lesion_counts(reference_labels: np.ndarray, prediction: np.ndarray, *, min_overlap: float) -> Counts:
    """How many lesions were found and missed, and how many predicted ones are none.

    A lesion of the reference is found (TP) if at least one of its voxels, and at least the share `min_overlap` of them,
    is predicted; otherwise it is missed (FN). A predicted component (26-connected) that touches no voxel of any lesion
    is false (FP). A component that touches a lesion but covers too little of it is neither: the lesion is missed, and
    the mark is not counted a second time. One component may find several lesions, and several components one lesion.

    Args:
        reference_labels: int `[z, y, x]`, 0 = no lesion, each other value one lesion, connected or not.
        prediction: bool `[z, y, x]`.
        min_overlap: Share of a lesion's voxels in [0, 1]; 0 = one voxel is enough.

    Returns:
        Counts with `tn` = 0: a lesion that is rightly absent cannot be counted. Empty input gives four zeros.

    Raises:
        MetricInputError: Shapes differ or are not 3-D, labels are not integers of at least 0, the prediction is not
            boolean, or `min_overlap` lies outside [0, 1].
    """
    reference_labels, prediction = np.asarray(reference_labels), np.asarray(prediction)
    inputs.same_shape(reference_labels, prediction, where="lesion_counts")
    inputs.within(min_overlap, 0, 1, where="lesion_counts, min_overlap")
    _require_labels(reference_labels, "reference_labels")
    lesion = reference_labels != 0
    inputs.masks(lesion, prediction, where="lesion_counts")
    box = box_around(lesion, prediction)
    if box is None:
        return Counts(0, 0, 0, 0)
    reference_labels, prediction, lesion = reference_labels[box], prediction[box], lesion[box]
    _, numbers = np.unique(reference_labels[lesion], return_inverse=True)
    sizes = np.bincount(numbers)
    covered = np.bincount(numbers, weights=prediction[lesion], minlength=sizes.size)
    # Divided, 7 of 100 and a threshold of 0.07 round to one number; the product 0.07 * 100 exceeds 7.
    tp = int(np.count_nonzero((covered >= 1) & (covered / sizes >= min_overlap)))
    components, n_components = ndimage.label(prediction, structure=_CONNECTED_BY_A_CORNER)
    n_touching = np.count_nonzero(np.unique(components[lesion]))
    return Counts(tp, n_components - int(n_touching), sizes.size - tp, 0)


def match_lesions(reference_labels: np.ndarray, prediction_labels: np.ndarray, *, min_iou: float) -> LesionMatch:
    """One-to-one partners of lesions: the pairing with the largest sum of IoU among pairs of at least `min_iou`.

    From 0.5 on a lesion has at most one such partner, so the pairing is unique (Kirillov et al. 2019, panoptic
    segmentation); below, the assignment problem is solved.

    Args:
        reference_labels: int `[z, y, x]`, 0 = no lesion, each other value one lesion.
        prediction_labels: int `[z, y, x]`, likewise.
        min_iou: In (0, 1].

    Returns:
        The match; without pairs where either has no lesion.

    Raises:
        MetricInputError: Shapes differ or are not 3-D, labels are not integers of at least 0, or `min_iou` lies outside
            (0, 1].
    """
    reference_labels, prediction_labels = np.asarray(reference_labels), np.asarray(prediction_labels)
    inputs.same_shape(reference_labels, prediction_labels, where="match_lesions")
    inputs.within(min_iou, np.nextafter(0, 1), 1, where="match_lesions, min_iou")
    _require_labels(reference_labels, "reference_labels")
    _require_labels(prediction_labels, "prediction_labels")
    marked = (reference_labels != 0) | (prediction_labels != 0)
    rows, row = np.unique(np.r_[0, reference_labels[marked]], return_inverse=True)
    columns, column = np.unique(np.r_[0, prediction_labels[marked]], return_inverse=True)
    # The first element stands for the background, which then is number 0 even where no lesion is.
    both = np.bincount(row[1:] * columns.size + column[1:], minlength=rows.size * columns.size)
    both = both.reshape(rows.size, columns.size)
    union = both.sum(axis=1)[1:, None] + both.sum(axis=0)[None, 1:] - both[1:, 1:]
    iou = both[1:, 1:] / union
    iou[iou < min_iou] = 0
    a, b = optimize.linear_sum_assignment(iou, maximize=True)
    paired = iou[a, b] > 0
    a, b = a[paired], b[paired]
    pairs = np.stack([rows[a + 1], columns[b + 1]], axis=1).astype(np.int64)
    return LesionMatch(pairs, iou[a, b], np.delete(rows[1:], a), np.delete(columns[1:], b))


def _require_labels(labels: np.ndarray, name: str) -> None:
    if labels.ndim == 3 and np.issubdtype(labels.dtype, np.integer) and (labels.size == 0 or labels.min() >= 0):
        return
    raise MetricInputError(
        expected="lesion numbers [z, y, x], integers of at least 0",
        got=f"shape {labels.shape}, dtype {labels.dtype}" + (f", minimum {labels.min()}" if labels.size else ""),
        where=name,
        do="number the lesions 1, 2, ... (e.g. scipy.ndimage.label of the mask)",
    )
