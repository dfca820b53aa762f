"""Nearest distances against all pairs, near and far, on grids that are flat, long and anisotropic."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reproduce.metrics.nearest import nearest_mm

shapes = st.tuples(st.integers(1, 6), st.integers(1, 9), st.integers(1, 7))
spacings = st.tuples(*[st.sampled_from([0.3, 0.7, 1.0, 2.5, 40.0])] * 3)


def _by_all_pairs(points, targets, shape, spacing_mm):
    a, b = (np.stack(np.unravel_index(flat, shape), axis=1) * spacing_mm for flat in (points, targets))
    return np.sqrt(((a[:, None] - b[None]) ** 2).sum(axis=2)).min(axis=1)


def test_by_hand():
    # 2 slices of 2.5 mm, 3 rows of 0.7 mm, 4 columns of 0.5 mm; the target at (0, 0, 0).
    points = np.ravel_multi_index(([0, 1, 0, 1], [0, 0, 2, 1], [0, 0, 3, 1]), (2, 3, 4))
    found = nearest_mm(points, np.array([0]), shape=(2, 3, 4), spacing_mm=(2.5, 0.7, 0.5))
    expected = [0, 2.5, np.hypot(1.4, 1.5), np.sqrt(2.5**2 + 0.7**2 + 0.5**2)]
    np.testing.assert_allclose(found, expected, rtol=1e-15)


@given(shapes, spacings, st.data())
def test_equals_all_pairs(shape, spacing_mm, data):
    flat = st.lists(st.integers(0, int(np.prod(shape)) - 1), min_size=1, max_size=20, unique=True).map(sorted)
    points, targets = np.array(data.draw(flat)), np.array(data.draw(flat))
    found = nearest_mm(points, targets, shape=shape, spacing_mm=spacing_mm)
    np.testing.assert_allclose(found, _by_all_pairs(points, targets, shape, spacing_mm), rtol=1e-12)


@settings(max_examples=30)
@given(st.permutations([3, 40, 610]), st.permutations([0.6, 1.0, 3.0]), st.integers(0, 2**32 - 1))
def test_equals_all_pairs_far_apart(shape, spacing_mm, seed):
    # Targets so sparse that many points find none near, and columns longer than the steps that are counted.
    rng = np.random.default_rng(seed)
    n = int(np.prod(shape))
    points, targets = np.sort(rng.choice(n, 200, replace=False)), np.sort(rng.choice(n, 5, replace=False))
    found = nearest_mm(points, targets, shape=tuple(shape), spacing_mm=tuple(spacing_mm))
    np.testing.assert_allclose(found, _by_all_pairs(points, targets, shape, spacing_mm), rtol=1e-12)


def test_more_points_than_a_block():
    rng = np.random.default_rng(0)
    shape = (20, 60, 50)
    points, targets = np.sort(rng.choice(60_000, 40_000, replace=False)), np.sort(rng.choice(60_000, 50, replace=False))
    found = nearest_mm(points, targets, shape=shape, spacing_mm=(2.0, 1.0, 1.5))
    some = rng.choice(40_000, 500, replace=False)
    np.testing.assert_allclose(found[some], _by_all_pairs(points[some], targets, shape, (2.0, 1.0, 1.5)), rtol=1e-12)


@pytest.mark.parametrize("n_points", [0, 3])
def test_no_target_is_infinitely_far(n_points):
    found = nearest_mm(np.arange(n_points), np.empty(0, np.int64), shape=(2, 2, 2), spacing_mm=(1.0, 1.0, 1.0))
    assert found.tolist() == [np.inf] * n_points


def test_no_point():
    assert nearest_mm(np.empty(0, np.int64), np.arange(2), shape=(2, 2, 2), spacing_mm=(1.0, 1.0, 1.0)).size == 0
