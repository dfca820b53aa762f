"""Distances, shares and painting of simple solids, by hand."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reproduce.phantoms.shapes import (
    Ellipsoid,
    blend,
    cone_distance_mm,
    coverage,
    paint,
    smooth_union,
    tube,
    window,
)


def _f(*values):
    return np.array(values, np.float32)


def test_ball_distance_is_exact():
    ball = Ellipsoid((1, 2, 3), (5, 5, 5))
    # centre + (3, 4, 0): 5 from the centre, on the surface; + (6, 8, 0): 10 from it, 5 outside
    got = ball.distance_mm(_f(4, 7, 1), _f(6, 10, 2), _f(3, 3, 5))
    np.testing.assert_allclose(got, [0, 5, -3], atol=1e-4)


def test_endless_column_does_not_depend_on_height():
    column = Ellipsoid((0, 0, 0), (4, 4, float("inf")))
    np.testing.assert_allclose(column.distance_mm(_f(6, 6), _f(0, 0), _f(0, 1e4)), [2, 2], atol=1e-4)


def test_turned_ellipsoid_has_its_long_axis_where_it_was_turned_to():
    ellipsoid = Ellipsoid((0, 0, 0), (10, 2, 2), np.pi / 2)
    assert ellipsoid.distance_mm(_f(0), _f(9), _f(0))[0] < 0 < ellipsoid.distance_mm(_f(9), _f(0), _f(0))[0]


def test_cone_distance_by_hand():
    # from (0, 0, 0) radius 1 to (10, 0, 0) radius 3: at x = 5 the radius is 2, so (5, 6, 0) lies 4 outside
    ends = (_f(0, 0, 0), _f(10, 0, 0))
    got = cone_distance_mm(_f(5, -4, 12), _f(6, 3, 0), _f(0, 0, 0), ends_mm=ends, radii_mm=(1, 3))
    np.testing.assert_allclose(got, [4, 4, -1], atol=1e-4)


def test_cone_of_no_length_is_a_ball():
    ends = (_f(1, 1, 1), _f(1, 1, 1))
    got = cone_distance_mm(_f(4), _f(5), _f(1), ends_mm=ends, radii_mm=(2, 2))
    np.testing.assert_allclose(got, [3], atol=1e-3)


def test_tube_at_one_height_agrees_with_points_and_ends_at_30_mm():
    vessel = tube((0, 0, 0, 3), (0, 0, 50, 3), (20, 0, 60, 3))
    x = _f(0, 5, 10)
    np.testing.assert_allclose(vessel.distance_mm(x, x, 25.0), vessel.distance_mm(x, x, _f(25, 25, 25)), atol=1e-4)
    assert float(vessel.distance_mm(x, x, 500.0)) == 30.0
    assert vessel.extent_mm(500.0) is None


@given(st.floats(-40, 40), st.floats(-40, 40), st.floats(0.5, 20))
def test_smooth_union_is_below_both_and_plain_far_from_the_seam(a, b, width):
    got = float(smooth_union(_f(a), _f(b), width)[0])
    assert got <= min(a, b) + 1e-3
    assert got >= min(a, b) - width / 4 - 1e-3
    if abs(a - b) > width:
        assert got == pytest.approx(min(a, b), abs=1e-3)


def test_coverage_falls_from_one_to_zero_over_a_pixel():
    np.testing.assert_allclose(coverage(_f(-9, -0.5, 0, 0.25, 0.5, 9), 1.0), [1, 1, 0.5, 0.25, 0, 0], atol=1e-6)


def test_blend_takes_the_share():
    values = _f(-1000, -1000, -1000)
    blend(values, _f(0, 0.5, 1), 50.0)
    np.testing.assert_allclose(values, [-1000, -475, 50])


def test_paint_covers_the_area_of_the_cut_and_nothing_beyond_its_window():
    x = np.arange(-20, 20.5, 0.5, dtype=np.float32)[None, :]
    y = x.T.copy()
    plane = np.zeros((81, 81), np.float32)
    paint(plane, Ellipsoid((2, -3, 0), (6, 6, 6)), (x, y, 0.0), hu=1.0, edge_mm=0.5)
    assert plane.sum() * 0.25 == pytest.approx(np.pi * 36, rel=0.01)
    before = plane.copy()
    paint(plane, Ellipsoid((2, -3, 0), (6, 6, 6)), (x, y, 40.0), hu=1.0, edge_mm=0.5)  # the slice misses the ball
    np.testing.assert_array_equal(plane, before)


def test_window_of_a_tube_holds_all_of_its_cut():
    x = np.arange(-50, 50, 1, dtype=np.float32)[None, :]
    vessel = tube((-10, 5, -30, 4), (20, 5, 30, 8))
    rows, columns = window(vessel, x, x.T, 10.0, margin_mm=2)
    cut = vessel.distance_mm(x, x.T, 10.0) < 0
    assert cut.any()
    cut[rows, columns] = False
    assert not cut.any()
