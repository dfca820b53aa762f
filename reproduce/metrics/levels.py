"""From voxels to slices and patients: what counts as positive at a coarser level."""

from __future__ import annotations

import numpy as np

from reproduce.metrics import inputs
from reproduce.metrics.confusion import Counts, count


def positive_slices(mask: np.ndarray, *, min_voxels: int) -> np.ndarray:
    """Which slices of a mask are positive.

    Args:
        mask: bool `[z, y, x]`.
        min_voxels: A slice is positive if at least so many of its voxels are; at least 1.

    Returns:
        bool `[z]`; empty for a mask without slices.

    Raises:
        MetricInputError: `min_voxels` is below 1: every slice would be positive.
    """
    inputs.within(min_voxels, 1, np.inf, where="positive_slices, min_voxels")
    # Plane by plane: over axes NumPy widens every voxel to 64 bits first.
    return np.array([np.count_nonzero(plane) for plane in mask], dtype=np.int64) >= min_voxels


def slice_counts(reference: np.ndarray, prediction: np.ndarray, *, min_voxels: int) -> Counts:
    """The four counts of one patient with a slice as the unit.

    Args:
        reference: bool `[z, y, x]`.
        prediction: bool, the same shape.
        min_voxels: Voxels that make a predicted slice positive. One voxel makes a reference slice positive: a rule
            that forgives specks in a prediction must not erase small lesions from the reference.

    Returns:
        Counts over the slices.

    Raises:
        MetricInputError: A mask is not boolean, the shapes differ, or `min_voxels` is below 1.
    """
    reference, prediction = inputs.masks(reference, prediction, where="slice_counts")
    return count(positive_slices(reference, min_voxels=1), positive_slices(prediction, min_voxels=min_voxels))


def patient_counts(reference: np.ndarray, prediction: np.ndarray, *, min_voxels: int) -> Counts:
    """The four counts of one patient with the patient as the unit: one of them is 1, the others 0.

    Args:
        reference: bool, any shape.
        prediction: bool, the same shape.
        min_voxels: Voxels that make the prediction positive; one makes the reference positive, as in `slice_counts`.

    Raises:
        MetricInputError: A mask is not boolean, the shapes differ, or `min_voxels` is below 1.
    """
    reference, prediction = inputs.masks(reference, prediction, where="patient_counts")
    inputs.within(min_voxels, 1, np.inf, where="patient_counts, min_voxels")
    return count(np.array(reference.any()), np.array(np.count_nonzero(prediction) >= min_voxels))
