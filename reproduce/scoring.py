"""From stored probabilities to counts: every prediction on the grid of its own image, at four levels."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from scipy import ndimage

from reproduce.imaging.resample import resize_slices
from reproduce.metrics.confusion import Counts, count
from reproduce.metrics.detection import lesion_counts
from reproduce.metrics.levels import patient_counts, positive_slices
from reproduce.protocol import Decision


def native_masks(probabilities: np.ndarray, shape: tuple[int, int], threshold: float) -> np.ndarray:
    """Masks on the image's own grid: probabilities interpolated linearly, then compared with the threshold.

    Args:
        probabilities: float `[z, size, size, region]` in [0, 1].
        shape: (y, x) of the image in pixels.
        threshold: In [0, 1]; a probability equal to it is positive.

    Returns:
        bool `[z, y, x, region]`.
    """
    if probabilities.shape[1:3] == shape:
        return probabilities >= threshold
    return resize_slices(probabilities.astype(np.float32), shape, order=1) >= threshold


def slice_decisions(mask: np.ndarray, slice_scores: np.ndarray | None, decision: Decision) -> np.ndarray:
    """Which slices are positive: by the slice head where the model has one, else by any positive voxel.

    Args:
        mask: bool `[z, y, x]`, as predicted.
        slice_scores: float `[z]` in [0, 1], or None.
        decision: Its threshold.

    Returns:
        bool `[z]`.
    """
    if slice_scores is None:
        return positive_slices(mask, min_voxels=1)
    return slice_scores >= decision.threshold


def score_scan(
    labels: np.ndarray,
    masks: np.ndarray,
    slice_scores: np.ndarray | None,
    *,
    regions: Mapping[str, tuple[int, ...]],
    decision: Decision,
) -> dict[str, dict[str, Counts]]:
    """Counts of a scan for each region, at each level.

    pixel: voxels. slice: see `slice_decisions`; the head speaks of the first region, so others go by their voxels.
    lesion: of a region of any label each label is one, since labels then number lesions; of a region that unites named
    labels, which then are tissues, each 26-connected part; see `metrics.detection.lesion_counts`. patient: positive if
    any voxel is.

    Args:
        labels: uint8 `[z, y, x]`, the reference.
        masks: bool `[z, y, x, region]`, the prediction.
        slice_scores: float `[z]` in [0, 1], or None.
        regions: Name and labels of each region, in the order of the masks; no labels named means any.
        decision: Threshold and overlap.

    Returns:
        `{region: {"pixel" | "slice" | "lesion" | "patient": counts}}`.
    """
    scores = {}
    for i, (region, members) in enumerate(regions.items()):
        inside = np.isin(labels, members) if members else labels > 0
        lesions = ndimage.label(inside, structure=np.ones((3, 3, 3)))[0] if members else labels
        prediction = np.ascontiguousarray(masks[..., i])
        decided = slice_decisions(prediction, slice_scores if i == 0 else None, decision)
        scores[region] = {
            "pixel": count(inside, prediction),
            "slice": count(positive_slices(inside, min_voxels=1), decided),
            "lesion": lesion_counts(lesions, prediction, min_overlap=decision.lesion_overlap),
            "patient": patient_counts(inside, prediction, min_voxels=1),
        }
    return scores
