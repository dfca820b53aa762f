"""From stored probabilities to counts: every prediction on the grid of its own image, at four levels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from scipy import ndimage

from reproduce.imaging.resample import resize_slices
from reproduce.metrics.confusion import Counts, count
from reproduce.metrics.decisions import decided, inside
from reproduce.metrics.detection import lesion_counts
from reproduce.metrics.formulas import OF_SCANS, Metric
from reproduce.metrics.levels import patient_counts, positive_slices
from reproduce.metrics.scan_masks import ScanMasks
from reproduce.protocol import Decision, SegmentationExperiment


def united(masks: np.ndarray, regions: Sequence[str], measured: Mapping[str, tuple[str, ...]]) -> np.ndarray:
    """Unite regions of the preparation to the masks of the measured regions.

    Args:
        masks: bool `[..., region]`.
        regions: Their names.
        measured: See `protocol.Decision`.

    Returns:
        bool `[..., measured region]`.
    """
    names = list(regions)
    return np.stack([masks[..., [names.index(m) for m in members]].any(axis=-1) for members in measured.values()], -1)


def measured_labels(experiment: SegmentationExperiment) -> dict[str, tuple[int, ...]]:
    """Return the labels that each measured region unites; none means any label."""
    regions = experiment.preparation.regions
    return {
        name: tuple(label for member in members for label in regions[member])
        for name, members in experiment.decision.measured.items()
    }


def cell_region(experiment: SegmentationExperiment) -> str:
    """Return the measured region that the first cell is read on: curves, slices and figures show it."""
    region = experiment.readings[0].region
    return region if region in experiment.decision.measured else experiment.decision.means[region][0]


def cell_counts(reference: np.ndarray, probabilities: np.ndarray, experiment: SegmentationExperiment) -> Counts:
    """Count the pixels of a batch on the cell's region.

    Args:
        reference: float `[batch, y, x, region]` in {0, 1}.
        probabilities: float, the same shape, in [0, 1].
        experiment: Its regions and decision.
    """
    regions, name = tuple(experiment.preparation.regions), cell_region(experiment)
    measured = {name: experiment.decision.measured[name]}
    masks = decided(probabilities, experiment.decision.threshold)
    return count(united(reference > 0.5, regions, measured), united(masks, regions, measured))


def native_masks(probabilities: np.ndarray, shape: tuple[int, int], experiment: SegmentationExperiment) -> np.ndarray:
    """Interpolate probabilities linearly onto the image's own grid, and decide the masks of the measured regions.

    Args:
        probabilities: float `[z, size, size, region]` in [0, 1].
        shape: (y, x) of the image in pixels.
        experiment: Its regions and decision.

    Returns:
        bool `[z, y, x, measured region]`.
    """
    if probabilities.shape[1:3] != shape:
        probabilities = resize_slices(probabilities.astype(np.float32), shape, order=1)
    decision = experiment.decision
    return united(decided(probabilities, decision.threshold), tuple(experiment.preparation.regions), decision.measured)


def slice_decisions(mask: np.ndarray, slice_scores: np.ndarray | None, decision: Decision) -> np.ndarray:
    """Decide which slices are positive: by the slice head where the model has one, else by any positive voxel.

    Args:
        mask: bool `[z, y, x]`, as predicted.
        slice_scores: float `[z]` in [0, 1], or None.
        decision: Its threshold; where regions exclude each other a slice head has one half, since it tells of none.

    Returns:
        bool `[z]`.
    """
    if slice_scores is None:
        return positive_slices(mask, min_voxels=1)
    return slice_scores >= (0.5 if decision.threshold is None else decision.threshold)


def score_scan(
    labels: np.ndarray,
    masks: np.ndarray,
    slice_scores: np.ndarray | None,
    *,
    spacing_mm: Sequence[float],
    experiment: SegmentationExperiment,
) -> dict[str, tuple[dict[str, Counts], dict[Metric, float]]]:
    """Count a scan for each measured region, at each level, and measure what is one number a scan.

    pixel: voxels. slice: see `slice_decisions`; the head speaks of the first region, so others go by their voxels.
    lesion: where the decision counts any; of a region of any label each label is one, since labels then number lesions;
    of a region that unites named labels, which then are tissues, each 26-connected part; see
    `metrics.detection.lesion_counts`. patient: positive if any voxel is.

    Args:
        labels: uint8 `[z, y, x]`, the reference.
        masks: bool `[z, y, x, measured region]`, the prediction.
        slice_scores: float `[z]` in [0, 1], or None.
        spacing_mm: (z, y, x).
        experiment: Its regions and decision.

    Returns:
        `{region: ({"pixel" | "slice" | "lesion" | "patient": counts}, {each of formulas.OF_SCANS: value})}`.
    """
    decision, scores = experiment.decision, {}
    for i, (region, members) in enumerate(measured_labels(experiment).items()):
        reference = inside(labels, members)
        prediction = np.ascontiguousarray(masks[..., i])
        by_slice = slice_decisions(prediction, slice_scores if i == 0 else None, decision)
        levels = {
            "pixel": count(reference, prediction),
            "slice": count(positive_slices(reference, min_voxels=1), by_slice),
            "patient": patient_counts(reference, prediction, min_voxels=1),
        }
        if decision.lesion_overlap is not None:
            lesions = ndimage.label(reference, structure=np.ones((3, 3, 3)))[0] if members else labels
            levels["lesion"] = lesion_counts(lesions, prediction, min_overlap=decision.lesion_overlap)
        shown = ScanMasks(reference, prediction, spacing_mm, decision.surface_tolerance_mm)
        scores[region] = levels, {metric: metric.of(shown) for metric in OF_SCANS}
    return scores
