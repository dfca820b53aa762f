"""Anchors by hand: how many, where, how large."""

import numpy as np
import pytest

from reproduce.models.detection.boxes import level_anchors, pyramid_anchors, pyramid_grids


def test_anchors_of_one_cell_by_hand():
    # side 32: half sides 16 sqrt(1/2) = 11.3 and 16 sqrt(2) = 22.6, to whole pixels 11 and 23; low and wide first
    expected = [[-11, -23, 11, 23], [-16, -16, 16, 16], [-23, -11, 23, 11]]
    assert level_anchors((1, 1), stride=(4, 4), side=32.0).tolist() == expected


def test_cells_follow_each_other_row_by_row():
    anchors = level_anchors((2, 3), stride=(4, 8), side=2.0)
    assert anchors.shape == (18, 4)
    assert anchors.dtype == np.float32
    centres = (anchors[::3, :2] + anchors[::3, 2:]) / 2
    assert centres.tolist() == [[0, 0], [0, 8], [0, 16], [4, 0], [4, 8], [4, 16]]


def test_grids_of_the_pyramid():
    assert pyramid_grids((64, 96)) == ((16, 24), (8, 12), (4, 6), (2, 3), (1, 2))


@pytest.mark.parametrize(("scale", "sides"), [(8.0, [32, 64, 128, 256, 512]), (2.0, [8, 16, 32, 64, 128])])
def test_each_level_has_one_size(scale, sides):
    levels = pyramid_anchors((64, 64), scale=scale)
    assert [len(anchors) for anchors in levels] == [3 * n * n for n in (16, 8, 4, 2, 1)]
    squares = [anchors[1, 2:] - anchors[1, :2] for anchors in levels]
    assert np.array(squares).tolist() == [[side, side] for side in sides]
    for anchors, side in zip(levels, sides, strict=True):
        extent = anchors[:3, 2:] - anchors[:3, :2]
        assert extent[:, 0] / extent[:, 1] == pytest.approx([0.5, 1, 2], rel=2.5 / side)
        assert extent.prod(axis=1) == pytest.approx(side**2, rel=2.5 / side)
