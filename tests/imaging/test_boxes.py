"""Volumes in boxes: the middle kept, zeros around it, and every voxel seen and averaged."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reproduce.imaging.boxes import averaged_over_boxes, box_starts, set_into


def numbered(*shape):
    return np.arange(np.prod(shape), dtype=np.float32).reshape(*shape, 1)


def test_a_smaller_volume_lies_in_the_middle_of_zeros():
    found = set_into(numbered(1, 2, 3) + 1, (2, 4, 4))
    assert found.shape == (2, 4, 4, 1)
    # One missing along z lies behind, two along y on either side, one along x behind.
    assert found[0, 1:3, :3, 0].tolist() == [[1, 2, 3], [4, 5, 6]]
    assert found.sum() == 21


def test_of_a_larger_volume_the_middle_is_kept():
    assert set_into(numbered(5, 1, 1), (3, 1, 1)).ravel().tolist() == [1, 2, 3]
    assert set_into(numbered(4, 1, 1), (1, 1, 1)).ravel().tolist() == [1]


def test_smaller_along_one_axis_and_larger_along_another():
    found = set_into(numbered(1, 4, 1), (3, 2, 1))
    assert found[:, :, 0, 0].tolist() == [[0, 0], [1, 2], [0, 0]]


@given(st.tuples(*[st.integers(1, 9)] * 3), st.tuples(*[st.integers(1, 5)] * 3))
def test_what_a_model_says_of_a_voxel_comes_back_to_it(shape, box):
    voxels = np.random.default_rng(0).normal(size=(*shape, 1)).astype(np.float32)
    found = averaged_over_boxes(voxels, box, n_regions=2, see=lambda part: np.concatenate([part, -part], -1))
    assert found.shape == (*shape, 2)
    np.testing.assert_allclose(found, np.concatenate([voxels, -voxels], -1), rtol=1e-6)


def test_where_boxes_overlap_the_mean_is_taken():
    seen = iter([np.full((2, 1, 1, 1), value, np.float32) for value in (1.0, 3.0)])
    found = averaged_over_boxes(numbered(3, 1, 1), (2, 1, 1), n_regions=1, see=lambda part: next(seen))
    assert found.ravel().tolist() == [1, 2, 3]


@pytest.mark.parametrize(("n", "side", "starts"), [(4, 4, [0]), (5, 4, [0, 1]), (8, 4, [0, 2, 4]), (3, 1, [0, 1, 2])])
def test_boxes_start_evenly_and_share_half_a_side(n, side, starts):
    assert box_starts(n, side) == starts
