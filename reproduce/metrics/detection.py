"""Lesions found and missed in a mask."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from reproduce.errors import MetricInputError
from reproduce.metrics import inputs
from reproduce.metrics.confusion import Counts

_CONNECTED_BY_A_CORNER = np.ones((3, 3, 3), dtype=np.bool_)


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
    _require_labels(reference_labels)
    lesion = reference_labels != 0
    inputs.masks(lesion, prediction, where="lesion_counts")
    labels = reference_labels[lesion]
    _, numbers = np.unique(labels, return_inverse=True)
    sizes = np.bincount(numbers)
    covered = np.bincount(numbers, weights=prediction[lesion], minlength=sizes.size)
    tp = int(np.count_nonzero((covered >= 1) & (covered >= min_overlap * sizes)))
    components, n_components = ndimage.label(prediction, structure=_CONNECTED_BY_A_CORNER)
    touching = np.unique(components[lesion])
    fp = n_components - int(np.count_nonzero(touching))
    return Counts(tp, fp, sizes.size - tp, 0)


def _require_labels(labels: np.ndarray) -> None:
    if labels.ndim == 3 and np.issubdtype(labels.dtype, np.integer) and (labels.size == 0 or labels.min() >= 0):
        return
    raise MetricInputError(
        expected="lesion numbers [z, y, x], integers of at least 0",
        got=f"shape {labels.shape}, dtype {labels.dtype}" + (f", minimum {labels.min()}" if labels.size else ""),
        where="lesion_counts, reference_labels",
        do="number the lesions 1, 2, ... (e.g. scipy.ndimage.label of the reference mask)",
    )
