"""Random fields: their variance, one value whichever way it is asked for, and interpolation by hand."""

import numpy as np
import pytest

from reproduce.phantoms.brain.fields import Field, draw_field, interpolate


def _axes(*lines):
    x, y, z = (np.array(line, np.float32) for line in lines)
    return x[None, None, :], y[None, :, None], z[:, None, None]


def test_mean_and_variance_are_0_and_1():
    line = np.arange(-90, 90, 2.0)
    values = draw_field(np.random.default_rng(0), 4.0).on_axes(_axes(line, line, line))
    assert abs(values.mean()) < 0.04  # 45^3 coefficients, each of standard deviation 1 / 0.33: 0.01
    assert abs(values.std() - 1) < 0.03


def test_a_grid_and_single_points_agree():
    field = draw_field(np.random.default_rng(1), 7.0)
    axes = _axes([-40.3, 0, 12.5], [-90, 31], [5.25, 60, 70])
    points = np.broadcast_arrays(*axes)
    np.testing.assert_allclose(field.on_axes(axes), field.at(*points), atol=2e-5)


def test_one_coefficient_is_the_spline_around_it():
    coefficients = np.zeros((23, 23, 23), np.float32)
    coefficients[11, 11, 11] = 1  # at -100 + (11 - 1) * 10 = 0 mm
    field = Field(coefficients, 10.0)
    values = field.on_axes(_axes([0, 10, 20, 5], [0], [0])).ravel()
    # cubic B-spline at 0, 1, 2 and 1/2: 2/3, 1/6, 0, 23/48; times (2/3)^2 of y and z
    np.testing.assert_allclose(values, np.array([2 / 3, 1 / 6, 0, 23 / 48]) * 4 / 9, atol=1e-6)


def test_a_finer_grid_shows_the_same_field():
    field = draw_field(np.random.default_rng(2), 9.0)
    coarse = field.on_axes(_axes([0, 4, 8], [0, 4], [-8, -4]))
    fine = field.on_axes(_axes(np.arange(0, 9), np.arange(0, 5), np.arange(-8, -3)))
    np.testing.assert_allclose(coarse, fine[::4, ::4, ::4], atol=1e-5)


def test_interpolation_by_hand():
    # f = x + 10 y + 100 z at x, y, z in {0, 2}; at (1, 0.5, 2): 1 + 5 + 200
    corners = _axes([0, 2], [0, 2], [0, 2])
    values = np.asarray(corners[0] + 10 * corners[1] + 100 * corners[2])
    assert interpolate(values, corners, _axes([1], [0.5], [2])).item() == pytest.approx(206)
    # beyond the ends the last value holds: (2, 0, 0)
    assert interpolate(values, corners, _axes([50], [-3], [0])).item() == pytest.approx(2)
