"""Distances between the surfaces of two masks: Hausdorff, its percentiles, averages, surface Dice.

Find the distances once with `surface_distances`, then read from them as many metrics as are wanted. Two definitions of
a surface are in use, and they give different numbers, so the caller names one:

- "voxels": the voxels of the mask with a face to the outside, each counting one; as in MONAI and medpy.
- "subvoxel": marching-cubes elements at the corners of voxels, each counting its area; as in surface-distance
  (Nikolov et al. 2021, "Clinically applicable segmentation of head and neck anatomy", appendix).

Where a mask is empty no distance exists: libraries give inf, nan, 0 or an exception, so the values for "both empty" and
"one empty" are arguments of every metric.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from reproduce.errors import MetricInputError
from reproduce.metrics import inputs
from reproduce.metrics.nearest import nearest_mm
from reproduce.metrics.surface_elements import Elements, box_around, surface_corners, surface_voxels
from reproduce.metrics.tolerance import within

# Shares of an area closer than this are one share in another order of summation.
_ROUNDING = 1e-9


@dataclass(frozen=True, eq=False)
class SurfaceDistances:
    """How far each surface element of one mask is from the surface of the other.

    Attributes:
        reference_mm: float64 `[n]`: from each element of the reference to the nearest of the prediction; inf where the
            prediction is empty. In the order of the grid.
        prediction_mm: float64 `[m]`: from each element of the prediction to the nearest of the reference.
        reference_areas_mm2: float64 `[n]`, areas of the elements (lengths in mm for images), or None where each element
            counts one.
        prediction_areas_mm2: float64 `[m]`, or None.
    """

    reference_mm: np.ndarray
    prediction_mm: np.ndarray
    reference_areas_mm2: np.ndarray | None
    prediction_areas_mm2: np.ndarray | None

    @property
    def both_empty(self) -> bool:
        """No surface in either mask."""
        return self.reference_mm.size == 0 and self.prediction_mm.size == 0

    @property
    def one_empty(self) -> bool:
        """A surface in one mask only."""
        return (self.reference_mm.size == 0) != (self.prediction_mm.size == 0)


def surface_distances(
    reference: np.ndarray,
    prediction: np.ndarray,
    *,
    spacing_mm: Sequence[float],
    elements: Literal["voxels", "subvoxel"],
) -> SurfaceDistances:
    """The distances between two surfaces, both ways; exact, in mm.

    Args:
        reference: bool `[z, y, x]`, or `[y, x]` for an image.
        prediction: bool, the same shape.
        spacing_mm: (z, y, x), or (y, x), in mm; anisotropic as it is. The axes stand at right angles: of a sheared
            grid, as under a tilted gantry, the spacing does not tell distances (`imaging.volume.require_right_angles`).
        elements: "voxels" or "subvoxel", see above. A mask that reaches the border of the volume has a surface there.

    Returns:
        Distances of both directions; empty where a mask is empty.

    Raises:
        MetricInputError: A mask is not boolean, the shapes differ or are not 2-D or 3-D, the spacing is not one
            positive number per axis, or `elements` is neither.
    """
    reference, prediction = inputs.masks(reference, prediction, where="surface_distances")
    inputs.one_of(elements, ("voxels", "subvoxel"), where="surface_distances, elements")
    spacing_mm = _spacing(spacing_mm, reference.ndim)
    image = reference.ndim == 2
    if image:
        reference, prediction = reference[None], prediction[None]
    box = box_around(reference, prediction)
    if box is None:
        nothing = np.empty(0)
        areas = None if elements == "voxels" else nothing
        return SurfaceDistances(nothing, nothing, areas, areas)
    if elements == "voxels":
        a, b = (surface_voxels(mask, box, image=image) for mask in (reference, prediction))
    else:
        a, b = (surface_corners(mask, box, spacing_mm=spacing_mm, image=image) for mask in (reference, prediction))
    return SurfaceDistances(_distances(a, b, spacing_mm), _distances(b, a, spacing_mm), a.areas_mm2, b.areas_mm2)


def hausdorff_mm(distances: SurfaceDistances, *, both_empty: float, one_empty: float) -> float:
    """The largest distance of any element to the other surface, in mm: max(max_a d(a, B), max_b d(b, A)).

    Args:
        distances: Of `surface_distances`.
        both_empty: The value where both masks are empty; nan = not counted.
        one_empty: The value where one is: inf, nan = not counted, or e.g. the diagonal of the image in mm.
    """
    empty = _value_if_empty(distances, both_empty, one_empty)
    return max(float(distances.reference_mm.max()), float(distances.prediction_mm.max())) if empty is None else empty


def hausdorff_percentile_by_direction_mm(
    distances: SurfaceDistances, *, percent: float, both_empty: float, one_empty: float
) -> float:
    """The larger of the two directions' percentiles, in mm; HD95 of MONAI, surface-distance and Metrics Reloaded.

    max(P_a d(a, B), P_b d(b, A)). Elements that count one: the percentile between order statistics by linear
    interpolation, as numpy.percentile. Elements with an area: the smallest distance within which lie `percent` of the
    area.

    Args:
        distances: Of `surface_distances`.
        percent: In [0, 100]; 95 for HD95.
        both_empty: The value where both masks are empty; nan = not counted.
        one_empty: The value where one is.

    Raises:
        MetricInputError: `percent` lies outside [0, 100].
    """
    inputs.within(percent, 0, 100, where="hausdorff_percentile_by_direction_mm, percent")
    empty = _value_if_empty(distances, both_empty, one_empty)
    if empty is not None:
        return empty
    return max(
        _percentile(distances.reference_mm, distances.reference_areas_mm2, percent),
        _percentile(distances.prediction_mm, distances.prediction_areas_mm2, percent),
    )


def hausdorff_percentile_pooled_mm(
    distances: SurfaceDistances, *, percent: float, both_empty: float, one_empty: float
) -> float:
    """The percentile of both directions' distances in one list, in mm; HD95 of medpy.

    Far below `hausdorff_percentile_by_direction_mm` where a part of one surface is false and the other surface lies on
    what is right: the zeros of that direction dilute it. Never above it for elements with an area; for elements that
    count one, interpolation between the last few may put it above. Arguments and errors as there.
    """
    inputs.within(percent, 0, 100, where="hausdorff_percentile_pooled_mm, percent")
    empty = _value_if_empty(distances, both_empty, one_empty)
    return _percentile(*_pooled(distances), percent) if empty is None else empty


def average_surface_distance_mm(
    distances: SurfaceDistances, *, both_empty: float, one_empty: float
) -> tuple[float, float]:
    """The mean distance of each direction in mm: (reference to prediction, prediction to reference).

    Weighted with the elements' areas where they have them. Arguments as for `hausdorff_mm`; both values are that of the
    policy where a mask is empty.
    """
    empty = _value_if_empty(distances, both_empty, one_empty)
    if empty is not None:
        return empty, empty
    return (
        _mean(distances.reference_mm, distances.reference_areas_mm2),
        _mean(distances.prediction_mm, distances.prediction_areas_mm2),
    )


def assd_mm(distances: SurfaceDistances, *, both_empty: float, one_empty: float) -> float:
    """Average symmetric surface distance in mm: the mean over the elements of both surfaces; ASSD of MONAI and medpy.

    (sum_a d(a, B) + sum_b d(b, A)) / (|A| + |B|), Heimann et al. 2009; the larger surface weighs more. Arguments as for
    `hausdorff_mm`.
    """
    empty = _value_if_empty(distances, both_empty, one_empty)
    return _mean(*_pooled(distances)) if empty is None else empty


def masd_mm(distances: SurfaceDistances, *, both_empty: float, one_empty: float) -> float:
    """Mean of the two average surface distances in mm, both directions weighing the same (Maier-Hein et al. 2024).

    Many papers print this as ASSD. surface-distance gives the two averages, and most of its users take their mean.
    Arguments as for `hausdorff_mm`.
    """
    there, back = average_surface_distance_mm(distances, both_empty=both_empty, one_empty=one_empty)
    return (there + back) / 2


def surface_dice(distances: SurfaceDistances, *, tolerance_mm: float, both_empty: float) -> float:
    """Share of both surfaces that lies within a tolerance of the other, in [0, 1]; also NSD (Nikolov et al. 2021).

    Args:
        distances: Of `surface_distances`.
        tolerance_mm: At least 0; a distance equal to it is within, and one that exceeds it by a share of 1e-6 or less,
            which the float32 of an affine may add (`tolerance.SLACK`).
        both_empty: The value where both masks are empty; nan = not counted.

    Returns:
        0 where one mask is empty: nothing of the other surface is matched.

    Raises:
        MetricInputError: The tolerance is negative or nan.
    """
    inputs.within(tolerance_mm, 0, math.inf, where="surface_dice, tolerance_mm")
    empty = _value_if_empty(distances, both_empty, 0.0)
    if empty is not None:
        return empty
    values_mm, areas_mm2 = _pooled(distances)
    return _mean(within(values_mm, tolerance_mm).astype(np.float64), areas_mm2)


def _distances(points: Elements, targets: Elements, spacing_mm: tuple[float, float, float]) -> np.ndarray:
    return nearest_mm(points.index, targets.index, shape=points.shape, spacing_mm=spacing_mm)


def _spacing(spacing_mm: Sequence[float], n_axes: int) -> tuple[float, float, float]:
    spacing = tuple(float(step) for step in spacing_mm)
    if n_axes not in (2, 3) or len(spacing) != n_axes or not all(0 < step < math.inf for step in spacing):
        raise MetricInputError(
            expected="masks [z, y, x] or [y, x] and one positive spacing in mm per axis",
            got=f"{n_axes} axes and spacing {spacing}",
            where="surface_distances",
            do="pass one volume at a time, with Volume.spacing_mm",
        )
    z_mm, y_mm, x_mm = spacing if n_axes == 3 else (1.0, *spacing)
    return z_mm, y_mm, x_mm


def _value_if_empty(distances: SurfaceDistances, both_empty: float, one_empty: float) -> float | None:
    if distances.both_empty:
        return both_empty
    return one_empty if distances.one_empty else None


def _pooled(distances: SurfaceDistances) -> tuple[np.ndarray, np.ndarray | None]:
    values_mm = np.concatenate([distances.reference_mm, distances.prediction_mm])
    if distances.reference_areas_mm2 is None or distances.prediction_areas_mm2 is None:
        return values_mm, None
    return values_mm, np.concatenate([distances.reference_areas_mm2, distances.prediction_areas_mm2])


def _mean(values: np.ndarray, areas_mm2: np.ndarray | None) -> float:
    return float(values.mean() if areas_mm2 is None else (values * areas_mm2).sum() / areas_mm2.sum())


def _percentile(values_mm: np.ndarray, areas_mm2: np.ndarray | None, percent: float) -> float:
    if areas_mm2 is None:
        return float(np.percentile(values_mm, percent))
    order = np.argsort(values_mm)
    share = np.cumsum(areas_mm2[order]) / areas_mm2.sum()
    # Sums of areas fall short of 95 %, or of all, by rounding.
    return float(values_mm[order[np.searchsorted(share, percent / 100 - _ROUNDING)]])
