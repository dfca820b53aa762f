"""Beside SciPy 1.17 (`scipy.stats`, `scipy.spatial`) and scikit-image 0.26, which are installed with the package."""

import dataclasses
import math

import numpy as np
import pytest
from scipy import ndimage, spatial, stats
from skimage import measure
from skimage.metrics import hausdorff_distance

from reproduce.metrics.detection import lesion_counts
from reproduce.metrics.ranking import roc_auc
from reproduce.metrics.statistics import bootstrap_interval, cliffs_delta, mcnemar, mean, permutation, wilcoxon
from reproduce.metrics.surface import hausdorff_mm, surface_distances

EMPTY = {"both_empty": math.nan, "one_empty": math.inf}


def _blobs(seed, shape=(12, 17, 15)):
    noise = np.random.default_rng(seed).normal(size=(2, *shape))
    smooth = [ndimage.gaussian_filter(n, 1.5) for n in noise]
    return smooth[0] > 0.03, smooth[0] + 0.4 * smooth[1] > 0.03


@pytest.mark.parametrize(("method", "theirs"), [("percentile", "percentile"), ("bca", "BCa")])
@pytest.mark.parametrize("confidence", [0.9, 0.95])
def test_bootstrap_of_the_same_resamples(method, theirs, confidence):
    # scipy.stats.bootstrap(n_resamples=0, bootstrap_result=...) takes the resamples from an earlier result: ours here.
    values = np.random.default_rng(0).gamma(1.5, size=80)
    ours = bootstrap_interval(values, mean, n_resamples=999, confidence=confidence, seed=[3], method=method)
    draws = np.random.default_rng([3]).integers(0, 80, (999, 80), dtype=np.int32)
    arguments = {"confidence_level": confidence, "method": theirs}
    any_result = stats.bootstrap((values,), np.mean, n_resamples=10, **arguments)
    with_draws = dataclasses.replace(any_result, bootstrap_distribution=values[draws].mean(axis=1))
    result = stats.bootstrap((values,), np.mean, n_resamples=0, bootstrap_result=with_draws, **arguments)
    np.testing.assert_allclose([ours.low, ours.high], result.confidence_interval, rtol=0, atol=1e-9)


def test_paired_tests():
    rng = np.random.default_rng(0)
    a = rng.random(12)
    b = a + rng.normal(0.1, 0.2, 12)
    assert wilcoxon(a, b).p_value == pytest.approx(stats.wilcoxon(a, b).pvalue, abs=1e-12)
    assert wilcoxon(a, b).statistic == stats.wilcoxon(a, b).statistic
    theirs = stats.permutation_test((a, b), lambda x, y: np.mean(x - y), permutation_type="samples", n_resamples=np.inf)
    ours = permutation(a, b, n_resamples=2**12, seed=[1])
    assert ours.statistic == pytest.approx(theirs.statistic, abs=1e-12)
    assert ours.p_value == pytest.approx(theirs.pvalue, abs=1e-12)


def test_wilcoxon_of_ties_is_the_exact_test_of_the_ranks():
    # stats.wilcoxon with every sign pattern; its default for ties with as many pairs is an approximation.
    a, b = np.array([3.0, 1, 4, 1, 5, 9, 2, 6]), np.array([2.0, 2, 2, 0, 4, 5, 3, 5])
    exact = stats.wilcoxon(a, b, method=stats.PermutationMethod(n_resamples=np.inf))
    assert wilcoxon(a, b).p_value == pytest.approx(exact.pvalue, abs=1e-12)


def test_disagreement_wilcoxon_with_ties_of_more_pairs():
    # SciPy leaves the exact distribution once there are ties and more than 13 pairs.
    rng = np.random.default_rng(4)
    a, b = rng.integers(0, 5, 20).astype(float), rng.integers(1, 6, 20).astype(float)
    approximate = stats.wilcoxon(a, b).pvalue
    assert wilcoxon(a, b).p_value != pytest.approx(approximate, abs=1e-4)
    assert wilcoxon(a, b).p_value == pytest.approx(approximate, abs=0.02)


def test_mcnemar_is_a_binomial_test():
    rng = np.random.default_rng(0)
    a, b = rng.random(60) < 0.8, rng.random(60) < 0.6
    only_a, only_b = (a & ~b).sum(), (b & ~a).sum()
    assert mcnemar(a, b).p_value == pytest.approx(stats.binomtest(only_a, only_a + only_b).pvalue, abs=1e-12)


def test_rank_statistics():
    rng = np.random.default_rng(0)
    a, b = rng.integers(0, 9, 30), rng.integers(2, 9, 20)
    u = stats.mannwhitneyu(a, b).statistic / 600
    reference = np.r_[np.ones(30, bool), np.zeros(20, bool)]
    assert roc_auc(reference, np.r_[a, b]) == pytest.approx(u, abs=1e-12)
    assert cliffs_delta(a, b) == pytest.approx(2 * u - 1, abs=1e-12)


@pytest.mark.parametrize("seed", range(3))
def test_hausdorff_of_edge_voxels(seed):
    masks = _blobs(seed)
    edges = [mask & ~ndimage.binary_erosion(mask) for mask in masks]
    ours = hausdorff_mm(surface_distances(*masks, spacing_mm=(1, 1, 1), elements="voxels"), **EMPTY)
    points = [np.argwhere(edge) for edge in edges]
    theirs = max(spatial.distance.directed_hausdorff(*points)[0], spatial.distance.directed_hausdorff(*points[::-1])[0])
    assert ours == pytest.approx(theirs, abs=1e-12)
    assert ours == pytest.approx(hausdorff_distance(*edges), abs=1e-12)


def test_disagreement_hausdorff_of_whole_masks():
    # skimage.metrics.hausdorff_distance takes all voxels as they are: one mask deep inside the other is nearer to it
    # than their surfaces are to each other.
    outer, inner = np.ones((9, 9, 9), bool), np.zeros((9, 9, 9), bool)
    inner[4, 4, 4] = True
    ours = hausdorff_mm(surface_distances(inner, outer, spacing_mm=(1, 1, 1), elements="voxels"), **EMPTY)
    assert ours == pytest.approx(hausdorff_distance(inner, outer))
    there = surface_distances(inner, outer, spacing_mm=(1, 1, 1), elements="voxels")
    assert there.reference_mm.tolist() == [4]
    assert spatial.distance.directed_hausdorff(np.argwhere(inner), np.argwhere(outer))[0] == 0


@pytest.mark.parametrize("seed", range(3))
def test_components_by_their_corners(seed):
    prediction = np.random.default_rng(seed).random((9, 10, 11)) < 0.05
    ours = lesion_counts(np.zeros(prediction.shape, int), prediction, min_overlap=0)
    assert ours.fp == measure.label(prediction, connectivity=3).max()


def test_area_of_a_box_is_that_of_its_mesh():
    # Planes, bevelled edges and corners: no pattern on which marching cubes differ.
    box = np.zeros((8, 9, 10), bool)
    box[2:6, 2:7, 2:8] = True
    ours = surface_distances(box, box, spacing_mm=(2.5, 0.7, 1.1), elements="subvoxel")
    mesh = measure.marching_cubes(box.astype(float), 0.5, spacing=(2.5, 0.7, 1.1), method="lorensen")
    assert ours.reference_areas_mm2.sum() == pytest.approx(measure.mesh_surface_area(*mesh[:2]), rel=1e-6)


def test_disagreement_area_of_a_rough_surface():
    # scikit-image resolves ambiguous patterns and cuts polygons in its own way: areas differ, here by an eighth.
    rough = np.random.default_rng(0).random((12, 12, 12)) < 0.5
    rough = np.pad(rough, 1)
    ours = surface_distances(rough, rough, spacing_mm=(1, 1, 1), elements="subvoxel").reference_areas_mm2.sum()
    mesh = measure.marching_cubes(rough.astype(float), 0.5, method="lorensen")
    theirs = measure.mesh_surface_area(*mesh[:2])
    assert ours != pytest.approx(theirs, rel=0.1)
    assert ours == pytest.approx(theirs, rel=0.13)
