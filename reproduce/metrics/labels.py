"""Several classes at once: confusion matrices of label maps, and every way to average an IoU over classes and cases.

"mIoU" without more is ambiguous: the mean over classes of pooled counts (as on PASCAL VOC and Cityscapes), the mean
over cases of means over classes, or the mean over classes of means over cases; with the background or without. The
three differ as soon as cases differ in size or lack a class. Each has its function, and `classes` is always named.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from reproduce.errors import MetricInputError
from reproduce.metrics import inputs
from reproduce.metrics.confusion import Counts


def confusion_matrix(reference: np.ndarray, prediction: np.ndarray, *, n_classes: int) -> np.ndarray:
    """How often each class of the reference was predicted as each class.

    Args:
        reference: int, any shape, values in [0, n_classes).
        prediction: int, the same shape and range.
        n_classes: Number of classes with the background, at least 1.

    Returns:
        int64 `[n_classes, n_classes]`, rows reference, columns prediction; zeros for empty input.

    Raises:
        MetricInputError: The shapes differ, or a value is no class.
    """
    reference, prediction = np.asarray(reference), np.asarray(prediction)
    inputs.same_shape(reference, prediction, where="confusion_matrix")
    for name, labels in (("reference", reference), ("prediction", prediction)):
        _require_classes(labels, n_classes, name)
    pairs = reference.ravel().astype(np.int64) * n_classes + prediction.ravel()
    return np.bincount(pairs, minlength=n_classes**2).reshape(n_classes, n_classes)


def class_counts(confusion: np.ndarray, label: int) -> Counts:
    """One class of an int `[n_classes, n_classes]` against all others, as counts of voxels."""
    tp = int(confusion[label, label])
    fp = int(confusion[:, label].sum()) - tp
    fn = int(confusion[label].sum()) - tp
    return Counts(tp, fp, fn, int(confusion.sum()) - tp - fp - fn)


def class_iou(confusion: np.ndarray, *, both_empty: float) -> np.ndarray:
    """IoU of each class: c_ii / (sum_j c_ij + sum_j c_ji - c_ii), in [0, 1].

    Args:
        confusion: int `[..., n_classes, n_classes]`.
        both_empty: The value of a class that neither reference nor prediction has; nan = not counted.

    Returns:
        float64 `[..., n_classes]`.
    """
    both, size = _both_and_size(confusion)
    return _share(both, size - both, both_empty)


def class_dice(confusion: np.ndarray, *, both_empty: float) -> np.ndarray:
    """Dice of each class: 2 c_ii / (sum_j c_ij + sum_j c_ji), in [0, 1]; arguments as for `class_iou`."""
    both, size = _both_and_size(confusion)
    return _share(2 * both, size, both_empty)


def mean_iou_pooled(confusions: np.ndarray, *, classes: Sequence[int], both_empty: float) -> float:
    """Mean over classes of the IoU of all cases' voxels together: large cases weigh more (PASCAL VOC, Cityscapes).

    Args:
        confusions: int `[n_cases, n_classes, n_classes]`.
        classes: The classes that are averaged; with 0 the background counts.
        both_empty: The value of a class that is nowhere; nan = not counted.

    Returns:
        float64; nan where no class counts, or there is no case.
    """
    return _mean_of_counted(class_iou(_cases(confusions).sum(axis=0), both_empty=both_empty)[list(classes)])


def mean_iou_per_case(confusions: np.ndarray, *, classes: Sequence[int], both_empty: float) -> float:
    """Mean over cases of each case's mean over classes; a case where no class counts is left out.

    Arguments as for `mean_iou_pooled`.
    """
    per_class = class_iou(_cases(confusions), both_empty=both_empty)[:, list(classes)]
    return _mean_of_counted(np.array([_mean_of_counted(case) for case in per_class]))


def mean_iou_per_class(confusions: np.ndarray, *, classes: Sequence[int], both_empty: float) -> float:
    """Mean over classes of each class's mean over the cases where it counts.

    Equal to `mean_iou_per_case` where every class counts in every case. Arguments as for `mean_iou_pooled`.
    """
    per_class = class_iou(_cases(confusions), both_empty=both_empty)[:, list(classes)]
    return _mean_of_counted(np.array([_mean_of_counted(column) for column in per_class.T]))


def frequency_weighted_iou(confusions: np.ndarray, *, classes: Sequence[int]) -> float:
    """Pooled IoU of the classes weighted with their voxels in the reference (Long et al. 2015, section 5).

    Args:
        confusions: int `[n_cases, n_classes, n_classes]`.
        classes: The classes that are averaged.

    Returns:
        float64; nan where the reference has no voxel of these classes. A class without one has no weight.
    """
    pooled = _cases(confusions).sum(axis=0)
    voxels = pooled.sum(axis=1)[list(classes)]
    if not voxels.sum():
        return np.nan
    return float((voxels * class_iou(pooled, both_empty=0.0)[list(classes)]).sum() / voxels.sum())


def _require_classes(labels: np.ndarray, n_classes: int, name: str) -> None:
    if not np.issubdtype(labels.dtype, np.integer):
        got = f"dtype {labels.dtype}"
    elif labels.size and not (labels.min() >= 0 and labels.max() < n_classes):
        got = f"values from {labels.min()} to {labels.max()}"
    else:
        return
    do = "map the labels to 0, 1, ... first (BraTS has 1, 2 and 4), or raise n_classes"
    raise MetricInputError(expected=f"integers in [0, {n_classes})", got=got, where=f"confusion_matrix, {name}", do=do)


def _cases(confusions: np.ndarray) -> np.ndarray:
    confusions = np.asarray(confusions)
    if confusions.ndim != 3 or confusions.shape[1] != confusions.shape[2]:
        raise MetricInputError(
            expected="confusion matrices [n_cases, n_classes, n_classes]",
            got=f"shape {confusions.shape}",
            where="mean IoU",
            do="stack the matrices of confusion_matrix, one per case",
        )
    return confusions


def _both_and_size(confusion: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    confusion = np.asarray(confusion)
    return np.diagonal(confusion, axis1=-2, axis2=-1), confusion.sum(axis=-1) + confusion.sum(axis=-2)


def _share(part: np.ndarray, whole: np.ndarray, both_empty: float) -> np.ndarray:
    return np.divide(part, whole, out=np.full(np.shape(whole), both_empty, dtype=np.float64), where=whole != 0)


def _mean_of_counted(values: np.ndarray) -> float:
    counted = values[~np.isnan(values)]
    return float(counted.mean()) if counted.size else np.nan
