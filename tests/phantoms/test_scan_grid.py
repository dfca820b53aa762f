"""Boxes and axes of a grid, by hand."""

import numpy as np

from reproduce.phantoms.scan_grid import ScanGrid

_GRID = ScanGrid(matrix=64, n_slices=5, pixel_mm=2.0, slice_mm=4.0, corner_mm=(-10.0, -20.0, 100.0))


def test_index_of_a_point():
    # x: (-4 + 10) / 2 = 3; y: (-19 + 20) / 2 = 0.5; z: (106 - 100) / 4 = 1.5
    np.testing.assert_allclose(_GRID.index_zyx(np.array([-4, -19, 106])), [1.5, 0.5, 3])


def test_box_holds_voxels_that_it_touches_and_is_cut_at_the_grid():
    box = _GRID.box(np.array([-4, -500, 99]), np.array([0, -18.5, 101]))
    # z: -0.25 to 0.25, the first slice; y: up to 0.75, rows 0 and 1; x: 3 to 5
    assert box == (slice(0, 1), slice(0, 2), slice(3, 6))


def test_box_outside_is_none():
    assert _GRID.box(np.array([0, 0, 300]), np.array([1, 1, 301])) is None


def test_thin_slices_average_to_the_thick_one():
    box = (slice(1, 3), slice(0, 2), slice(0, 2))
    x, y, z = _GRID.fine_axes(box)
    assert _GRID.n_cuts == 2  # 4 mm over 2 mm
    np.testing.assert_allclose(z.ravel(), [103, 105, 107, 109])
    np.testing.assert_allclose(_GRID.slice_mean(z + 0 * x + 0 * y)[:, 0, 0], [104, 108])
