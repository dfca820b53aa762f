"""Areas of marching-cubes elements: patterns by hand, and their symmetries."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reproduce.metrics.surfel_areas import surfel_areas_mm2

steps_mm = st.floats(0.1, 10)


def _pattern(*corners):
    return sum(1 << (4 * z + 2 * y + x) for z, y, x in corners)


def test_patterns_by_hand():
    # Spacing z 3, y 2, x 1 mm.
    areas = surfel_areas_mm2((3.0, 2.0, 1.0))
    assert areas[_pattern()] == 0
    # One corner: the triangle through (1.5, 0, 0), (0, 1, 0), (0, 0, 0.5); half the norm of its cross product
    # (1 x 0.5, 1.5 x 0.5, 1.5 x 1).
    assert areas[_pattern((0, 0, 0))] == pytest.approx(np.sqrt(0.5**2 + 0.75**2 + 1.5**2) / 2)
    # An edge along x: a rectangle of 1 mm by the hypotenuse of half the steps in z and y.
    assert areas[_pattern((0, 0, 0), (0, 0, 1))] == pytest.approx(np.hypot(1.5, 1.0))
    # A face across z: a plane of 2 mm by 1 mm; a face across x: 3 mm by 2 mm.
    assert areas[_pattern((0, 0, 0), (0, 0, 1), (0, 1, 0), (0, 1, 1))] == pytest.approx(2)
    assert areas[_pattern((0, 0, 0), (0, 1, 0), (1, 0, 0), (1, 1, 0))] == pytest.approx(6)
    # Corners on a diagonal are cut off one by one.
    one = areas[_pattern((0, 0, 0))]
    assert areas[_pattern((0, 0, 0), (1, 1, 1))] == pytest.approx(2 * one)
    assert areas[_pattern((0, 0, 0), (0, 1, 1))] == pytest.approx(2 * one)
    assert areas[_pattern((0, 0, 0), (0, 1, 1), (1, 0, 1), (1, 1, 0))] == pytest.approx(4 * one)
    # Three corners of a face: at unit spacing the triangle 1/2 over the parallel edges, and the rest of a pentagon.
    l_shape = surfel_areas_mm2((1.0, 1.0, 1.0))[_pattern((0, 0, 0), (0, 0, 1), (0, 1, 0))]
    assert l_shape == pytest.approx(1 / 2 + 3 * np.sqrt(3) / 8)


@given(steps_mm, steps_mm, steps_mm)
def test_complement_has_the_same_surface(z, y, x):
    areas = surfel_areas_mm2((z, y, x))
    np.testing.assert_allclose(areas, areas[::-1], rtol=1e-12)


@pytest.mark.parametrize("axes", list(itertools.permutations(range(3))))
@pytest.mark.parametrize("flips", list(itertools.product((False, True), repeat=3)))
def test_turning_the_cube_turns_the_areas(axes, flips):
    spacing_mm = (2.5, 0.7, 1.1)
    areas = surfel_areas_mm2(spacing_mm)
    turned = surfel_areas_mm2(tuple(spacing_mm[axis] for axis in axes))
    corners = np.array(list(itertools.product((0, 1), repeat=3)))
    moved = (corners ^ np.array(flips))[:, axes] @ [4, 2, 1]
    for pattern in range(256):
        image = sum(1 << int(moved[bit]) for bit in range(8) if pattern >> bit & 1)
        assert turned[image] == pytest.approx(areas[pattern], rel=1e-12)


def test_the_table_cannot_be_written_to():
    with pytest.raises(ValueError, match="read-only"):
        surfel_areas_mm2((1.0, 1.0, 1.0))[0] = 1
