"""Trees that branch, taper and fill the lungs; shares that keep the volume."""

import numpy as np
import pytest

from reproduce.phantoms.chest.anatomy import draw_anatomy
from reproduce.phantoms.chest.vessels import cone_share, cover_vessels, grow_trees
from reproduce.phantoms.scan_grid import ScanGrid
from reproduce.randomness import stream

_GRID = ScanGrid(matrix=128, n_slices=12, pixel_mm=2.7, slice_mm=2.5, corner_mm=(-172.0, -172.0, -40.0))


@pytest.fixture(scope="module")
def trees():
    return grow_trees(draw_anatomy(stream(1, "test")), _GRID, stream(1, "vessels"))


def test_radii_never_grow_away_from_the_heart(trees):
    assert len(trees) == 4
    for tree in trees:
        assert len(tree.nodes_mm) > 50
        assert (tree.radii_mm[1:] <= tree.radii_mm[tree.parents[1:]] + 1e-6).all()
        assert tree.radii_mm.min() == pytest.approx(0.5)
        assert tree.radii_mm[0] > 3


def test_every_node_leads_to_the_root(trees):
    for tree in trees:
        assert tree.parents[0] == 0
        assert (tree.parents[1:] < np.arange(1, len(tree.parents))).all()


def test_tips_lie_in_the_lung_of_their_side(trees):
    anatomy = draw_anatomy(stream(1, "test"))
    for tree, side in zip(trees, (-1, -1, 1, 1), strict=True):
        tips = tree.nodes_mm[1:]
        assert (anatomy.lungs_distance_mm(*tips.T) < 0).all()
        assert (np.sign(tips[:, 0]) == side).all()


def test_cone_keeps_its_volume_on_a_coarse_grid():
    grid = ScanGrid(matrix=64, n_slices=20, pixel_mm=1.0, slice_mm=2.0, corner_mm=(-32.0, -32.0, -20.0))
    ends = (np.array([-10.0, 3.0, -8.0]), np.array([12.0, -5.0, 9.0]))
    _box, share = cone_share(grid, ends_mm=ends, radii_mm=(4, 4))
    length = np.linalg.norm(ends[1] - ends[0])
    volume = np.pi * 16 * length + 4 / 3 * np.pi * 64  # cylinder and two half balls
    assert share.sum() * 2.0 == pytest.approx(volume, rel=0.02)
    assert share.max() == 1
    assert share.min() == 0


def test_thin_cone_covers_no_pixel_wholly():
    grid = ScanGrid(matrix=64, n_slices=5, pixel_mm=4.0, slice_mm=2.0, corner_mm=(-128.0, -128.0, -4.0))
    _, share = cone_share(grid, ends_mm=(np.array([0, 0, -9.0]), np.array([0, 0, 9.0])), radii_mm=(0.5, 0.5))
    assert 0 < share.max() <= 2 * 0.5 / 4.0


def test_cone_outside_is_none():
    assert cone_share(_GRID, ends_mm=(np.array([0, 0, 900.0]), np.array([0, 0, 910.0])), radii_mm=(1, 1)) is None


def test_vessels_fill_a_small_share_of_the_lung(trees):
    anatomy = draw_anatomy(stream(1, "test"))
    lung = anatomy.lungs_distance_mm(*_GRID.axes((slice(None),) * 3)) < -4
    share = cover_vessels(trees, _GRID)[lung].mean()
    assert 0.01 < share < 0.12
