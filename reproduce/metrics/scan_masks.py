"""What is measured once a scan: reference and prediction with their grid, and the surfaces between them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from reproduce.metrics import surface
from reproduce.metrics.surface import SurfaceDistances


@dataclass(frozen=True, eq=False)
class ScanMasks:
    """One region of one scan, as predicted and as in the reference.

    Attributes:
        reference, prediction: bool `[z, y, x]`.
        spacing_mm: (z, y, x).
        surface_tolerance_mm: See `protocol.Decision`.
    """

    reference: np.ndarray
    prediction: np.ndarray
    spacing_mm: Sequence[float]
    surface_tolerance_mm: float

    @cached_property
    def surfaces(self) -> SurfaceDistances:
        """Return the distances of both surfaces, by elements between the voxels, each with its area."""
        return surface.surface_distances(
            self.reference, self.prediction, spacing_mm=self.spacing_mm, elements="subvoxel"
        )


def hd95_mm(masks: ScanMasks) -> float:
    """Return the larger of both directions' 95th percentiles in mm; nan, not counted, where both masks are empty.

    One mask empty: the diagonal of the scan, so that to predict nothing is no way to a small distance.
    """
    diagonal_mm = float(np.linalg.norm(np.array(masks.reference.shape) * masks.spacing_mm))
    return surface.hausdorff_percentile_by_direction_mm(
        masks.surfaces, percent=95.0, both_empty=math.nan, one_empty=diagonal_mm
    )


def surface_dice(masks: ScanMasks) -> float:
    """Return the share of both surfaces that lies within the tolerance of the other, in [0, 1]; 0 where one is empty.

    Both masks empty: nan, not counted.
    """
    return surface.surface_dice(masks.surfaces, tolerance_mm=masks.surface_tolerance_mm, both_empty=math.nan)
