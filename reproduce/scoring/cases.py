"""What every convention is made of: the counts of each region of each case, and its surface distances."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from reproduce.imaging.volume import require_right_angles
from reproduce.metrics.confusion import Counts, count
from reproduce.metrics.overlap import dice_from_counts
from reproduce.metrics.surface import (
    SurfaceDistances,
    hausdorff_percentile_by_direction_mm,
    hausdorff_percentile_pooled_mm,
    surface_distances,
)
from reproduce.scoring.conventions import DIAGONAL, Convention, Empty, Form
from reproduce.scoring.mask_files import Masks, Pair, on_one_grid, read_masks
from reproduce.scoring.regions import Members

_PERCENTILES = {
    "by direction": hausdorff_percentile_by_direction_mm,
    "pooled": hausdorff_percentile_pooled_mm,
}


@dataclass(frozen=True)
class RegionScore:
    """One region of one case.

    Attributes:
        counts: Voxels.
        hd95: By its form, in the unit of the form; nan where a mask is empty.
    """

    counts: Counts
    hd95: Mapping[Form, float]

    @property
    def situation(self) -> str:
        """Return which mask is empty, in words; "" where none is."""
        reference, prediction = self.counts.tp + self.counts.fn, self.counts.tp + self.counts.fp
        if reference and prediction:
            return ""
        return "reference empty" if prediction else "prediction empty" if reference else "both empty"


@dataclass(frozen=True)
class CaseScores:
    """One case.

    Attributes:
        name: See `Pair`.
        shape: Voxels along (z, y, x).
        spacing_mm: (z, y, x).
        labels: Labels above 0 that either mask has.
        regions: By members; a region that is not there has no voxel in either mask.
    """

    name: str
    shape: tuple[int, int, int]
    spacing_mm: tuple[float, float, float]
    labels: tuple[int, ...]
    regions: Mapping[Members, RegionScore]

    def region(self, members: Members) -> RegionScore:
        """Return the score of a region."""
        return self.regions.get(members) or RegionScore(Counts(0, 0, 0, math.prod(self.shape)), {})

    def dice(self, members: Members, convention: Convention) -> float:
        """Return the Dice of a region under a convention; nan is left out of the mean."""
        score = self.region(members)
        empty = self._if_empty(score.situation, convention.dice, "voxels")
        return dice_from_counts(score.counts, both_empty=convention.dice.both) if empty is None else empty

    def hd95(self, members: Members, convention: Convention) -> float:
        """Return the HD95 of a region under a convention, in the unit of its form; nan where it has none."""
        if convention.form is None:
            return math.nan
        score = self.region(members)
        empty = self._if_empty(score.situation, convention.hd95, convention.form.unit)
        return score.hd95[convention.form] if empty is None else empty

    def _if_empty(self, situation: str, empty: Empty, unit: str) -> float | None:
        values = {
            "both empty": empty.both,
            "reference empty": empty.no_reference,
            "prediction empty": empty.no_prediction,
        }
        if not situation:
            return None
        value = values[situation]
        if value == DIAGONAL:
            steps = self.spacing_mm if unit == "mm" else (1.0, 1.0, 1.0)
            return float(np.linalg.norm(np.array(self.shape) * steps))
        return float(value)


def score_pair(
    pair: Pair, regions: Collection[Members] | None, *, forms: Collection[Form], background: bool
) -> CaseScores:
    """Read the two masks of a case and score its regions.

    Args:
        pair: Both files are read as what their endings say.
        regions: Labels of each region; None for each label that either mask has, by itself.
        forms: How HD95 is to be measured.
        background: Whether the background is a region too; it has no HD95.

    Raises:
        DataNotFoundError: One of the two files is not there.
        GeometryError: The grids are not one; or an HD95 in mm is asked for and the axes stand at no right angles.
        What `read_masks` raises.
    """
    prediction_path, reference_path = pair.files()
    names = (str(prediction_path), str(reference_path))
    prediction, reference = on_one_grid(read_masks(prediction_path), read_masks(reference_path), names=names)
    if any(form.unit == "mm" for form in forms):
        require_right_angles(reference.grid, where=names[1])
    labels = tuple(sorted({*prediction.labels, *reference.labels}))
    chosen = [(label,) for label in labels] if regions is None else list(dict.fromkeys(regions))
    spacing_mm = reference.grid.spacing_mm
    scores = {members: _score(prediction, reference, members, forms) for members in chosen}
    if background:
        scores[(0,)] = _score(prediction, reference, (0,), ())
    return CaseScores(pair.name, reference.grid.shape, spacing_mm, labels, scores)


def _score(prediction: Masks, reference: Masks, members: Members, forms: Collection[Form]) -> RegionScore:
    a, b = reference.inside(members), prediction.inside(members)
    score = RegionScore(count(a, b), {})
    if score.situation or not forms:
        return score
    distances: dict[tuple[str, tuple[float, ...]], SurfaceDistances] = {}
    hd95 = {}
    for form in forms:
        steps: Sequence[float] = reference.grid.spacing_mm if form.unit == "mm" else (1.0, 1.0, 1.0)
        key = (form.elements, tuple(steps))
        if key not in distances:
            distances[key] = surface_distances(a, b, spacing_mm=steps, elements=form.elements)
        percentile = _PERCENTILES[form.percentile]
        hd95[form] = percentile(distances[key], percent=95.0, both_empty=math.nan, one_empty=math.nan)
    return RegionScore(score.counts, hd95)
