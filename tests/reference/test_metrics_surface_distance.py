"""Beside DeepMind's surface-distance 0.1 (the distribution `surface-distance`), elements "subvoxel".

It was written for NumPy 1 and an older SciPy: `np.Inf` is restored for its empty case, and its deprecation warnings are
let pass.
"""

import math

import numpy as np
import pytest
from scipy import ndimage

from reproduce.metrics.surface import (
    average_surface_distance_mm,
    hausdorff_mm,
    hausdorff_percentile_by_direction_mm,
    surface_dice,
    surface_distances,
)
from reproduce.metrics.surfel_areas import surfel_areas_mm2

pytestmark = [pytest.mark.bench, pytest.mark.filterwarnings("ignore::DeprecationWarning")]
peer = pytest.importorskip("surface_distance", reason="surface-distance of the extra `bench` is not installed")

EMPTY = {"both_empty": math.nan, "one_empty": math.inf}
SPACINGS_MM = [(1.0, 1.0, 1.0), (2.5, 0.7, 0.7), (0.6, 1.9, 1.1)]


def _blobs(seed, shape=(12, 17, 15)):
    noise = np.random.default_rng(seed).normal(size=(2, *shape))
    smooth = [ndimage.gaussian_filter(n, 1.5) for n in noise]
    return smooth[0] > 0.03, smooth[0] + 0.4 * smooth[1] > 0.03


@pytest.mark.parametrize("spacing_mm", SPACINGS_MM)
def test_areas_of_all_patterns(spacing_mm):
    # There the bits run from the last voxel of the cube to the first.
    reversed_bits = [int(f"{pattern:08b}"[::-1], 2) for pattern in range(256)]
    theirs = peer.lookup_tables.create_table_neighbour_code_to_surface_area(spacing_mm)
    np.testing.assert_allclose(surfel_areas_mm2(spacing_mm)[reversed_bits], theirs, rtol=0, atol=1e-12)


@pytest.mark.parametrize("spacing_mm", SPACINGS_MM)
@pytest.mark.parametrize("seed", range(4))
def test_distances_and_all_metrics(spacing_mm, seed):
    reference, prediction = _blobs(seed)
    ours = surface_distances(reference, prediction, spacing_mm=spacing_mm, elements="subvoxel")
    theirs = peer.compute_surface_distances(reference, prediction, spacing_mm)
    np.testing.assert_allclose(np.sort(ours.reference_mm), theirs["distances_gt_to_pred"], rtol=0, atol=1e-9)
    np.testing.assert_allclose(np.sort(ours.prediction_mm), theirs["distances_pred_to_gt"], rtol=0, atol=1e-9)
    assert average_surface_distance_mm(ours, **EMPTY) == pytest.approx(
        peer.compute_average_surface_distance(theirs), abs=1e-9
    )
    assert hausdorff_mm(ours, **EMPTY) == pytest.approx(peer.compute_robust_hausdorff(theirs, 100), abs=1e-9)
    for percent in (50, 90, 95, 99):
        assert hausdorff_percentile_by_direction_mm(ours, percent=percent, **EMPTY) == pytest.approx(
            peer.compute_robust_hausdorff(theirs, percent), abs=1e-9
        )
    for tolerance_mm in (0, 0.7, 1, 2.5, 4):
        assert surface_dice(ours, tolerance_mm=tolerance_mm, both_empty=math.nan) == pytest.approx(
            peer.compute_surface_dice_at_tolerance(theirs, tolerance_mm), abs=1e-9
        )


@pytest.mark.parametrize("seed", range(4))
def test_contours_of_images(seed):
    reference, prediction = (mask[6] for mask in _blobs(seed))
    ours = surface_distances(reference, prediction, spacing_mm=(0.7, 1.3), elements="subvoxel")
    theirs = peer.compute_surface_distances(reference, prediction, (0.7, 1.3))
    np.testing.assert_allclose(np.sort(ours.reference_mm), theirs["distances_gt_to_pred"], rtol=0, atol=1e-9)
    assert ours.reference_areas_mm2.sum() == pytest.approx(theirs["surfel_areas_gt"].sum(), abs=1e-9)
    assert surface_dice(ours, tolerance_mm=1, both_empty=math.nan) == pytest.approx(
        peer.compute_surface_dice_at_tolerance(theirs, 1), abs=1e-9
    )


def test_one_empty_is_infinite_there_and_named_here(monkeypatch):
    monkeypatch.setattr(np, "Inf", np.inf, raising=False)
    reference, _ = _blobs(0)
    nothing = np.zeros_like(reference)
    theirs = peer.compute_surface_distances(reference, nothing, (1, 1, 1))
    ours = surface_distances(reference, nothing, spacing_mm=(1, 1, 1), elements="subvoxel")
    assert peer.compute_robust_hausdorff(theirs, 95) == math.inf
    assert hausdorff_percentile_by_direction_mm(ours, percent=95, **EMPTY) == math.inf
    assert peer.compute_surface_dice_at_tolerance(theirs, 1) == 0
    assert surface_dice(ours, tolerance_mm=1, both_empty=math.nan) == 0


def test_disagreement_infinite_tolerance_with_one_empty(monkeypatch):
    # There a surface without a counterpart lies within an infinite tolerance; here nothing of it is matched.
    monkeypatch.setattr(np, "Inf", np.inf, raising=False)
    reference, _ = _blobs(0)
    nothing = np.zeros_like(reference)
    theirs = peer.compute_surface_distances(reference, nothing, (1, 1, 1))
    ours = surface_distances(reference, nothing, spacing_mm=(1, 1, 1), elements="subvoxel")
    assert peer.compute_surface_dice_at_tolerance(theirs, math.inf) == 1
    assert surface_dice(ours, tolerance_mm=math.inf, both_empty=math.nan) == 0
