"""The even-odd rule on outlines drawn by hand; a pixel is its centre, at whole coordinates."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from skimage.measure import grid_points_in_poly

from reproduce.imaging.rtstruct_fill import fill_even_odd

_SHAPE = (1, 8, 10)


def _box(y0, x0, y1, x1):
    return np.array([(y0, x0), (y0, x1), (y1, x1), (y1, x0)], dtype=float)


def _fill(*outlines, shape=_SHAPE):
    return fill_even_odd(list(outlines), np.zeros(len(outlines), dtype=int), shape=shape)[0]


def _expected(*parts):
    mask = np.zeros(_SHAPE[1:], dtype=bool)
    for rows, columns, value in parts:
        mask[rows, columns] = value
    return mask


def test_a_box_between_centres():
    # Rows 1.5 to 4.5 hold the centres 2, 3, 4; columns 2.5 to 7.5 hold 3 to 7.
    mask = _fill(_box(1.5, 2.5, 4.5, 7.5))
    np.testing.assert_array_equal(mask, _expected((slice(2, 5), slice(3, 8), True)))


def test_centres_on_the_border_belong_to_what_lies_at_greater_y_and_x():
    # Border through the centres of rows 2 and 5 and columns 3 and 7: the lower ones are in, the upper ones are out.
    mask = _fill(_box(2, 3, 5, 7))
    np.testing.assert_array_equal(mask, _expected((slice(2, 5), slice(3, 7), True)))


def test_outlines_that_share_a_border_share_every_pixel_out():
    left, right = _fill(_box(1, 1, 6, 4)), _fill(_box(1, 4, 6, 8))
    assert not (left & right).any()
    np.testing.assert_array_equal(left | right, _fill(_box(1, 1, 6, 8)))


def test_a_border_that_the_affine_moved_by_its_noise_is_the_same_border():
    exact = _box(2, 3, 5, 7)
    for noise in (1e-10, -1e-10, 3e-8, -3e-8):
        np.testing.assert_array_equal(_fill(exact + noise), _fill(exact))


@pytest.mark.parametrize(("rise", "run"), [(1, 1), (3, 1), (7, 3), (6, 7)])
@pytest.mark.parametrize("start", [0.1, 0.3, 0.7, 0.9])
def test_centres_on_a_slanted_border_belong_to_greater_x_whatever_the_division_leaves_over(rise, run, start):
    # The border runs through (0, 0) and every (k rise, k run); it starts a little before and ends a little behind.
    ends = np.array([(-start * rise, -start * run), ((8 - start) * rise, (8 - start) * run)])
    right, left = (_fill(np.vstack([ends, ends[::-1] + np.array([0, side])])) for side in (30, -30))
    for row in range(_SHAPE[1]):
        column = -(-row * run // rise)  # the first centre on the border or beyond it
        assert np.flatnonzero(right[row]).tolist() == list(range(column, _SHAPE[2]))
        assert np.flatnonzero(left[row]).tolist() == list(range(min(column, _SHAPE[2])))


def test_hole_and_island_in_the_hole():
    mask = _fill(_box(0.5, 0.5, 6.5, 8.5), _box(1.5, 1.5, 5.5, 7.5), _box(2.5, 3.5, 4.5, 5.5))
    expected = _expected(
        (slice(1, 7), slice(1, 9), True), (slice(2, 6), slice(2, 8), False), (slice(3, 5), slice(4, 6), True)
    )
    np.testing.assert_array_equal(mask, expected)


def test_two_islands():
    mask = _fill(_box(0.5, 0.5, 2.5, 2.5), _box(4.5, 5.5, 6.5, 8.5))
    np.testing.assert_array_equal(mask, _expected((slice(1, 3), slice(1, 3), True), (slice(5, 7), slice(6, 9), True)))


def test_a_keyhole_is_a_hole_whatever_pixels_its_channel_runs_over():
    # Around the outer box, in along row 4 (over the centres of row 4), around the inner box, and out the same way.
    outer = [(4, 0.5), (0.5, 0.5), (0.5, 8.5), (6.5, 8.5), (6.5, 0.5), (4, 0.5)]
    inner = [(4, 2.5), (5.5, 2.5), (5.5, 6.5), (1.5, 6.5), (1.5, 2.5), (4, 2.5)]
    mask = _fill(np.array(outer + inner, dtype=float))
    np.testing.assert_array_equal(mask, _expected((slice(1, 7), slice(1, 9), True), (slice(2, 6), slice(3, 7), False)))


def test_a_slanted_keyhole_leaves_no_trace_of_its_channel():
    outer = [(3.3, 0.4), (0.5, 0.5), (0.5, 8.5), (6.5, 8.5), (6.5, 0.5), (3.3, 0.4)]
    inner = [(4.1, 3.7), (5.5, 3.5), (5.5, 6.5), (1.5, 6.5), (1.5, 3.5), (4.1, 3.7)]
    keyhole = _fill(np.array(outer + inner))
    np.testing.assert_array_equal(keyhole, _fill(np.array(outer), np.array(inner)))


def test_the_same_outline_twice_encloses_nothing_and_thrice_itself():
    box = _box(1.5, 2.5, 4.5, 7.5)
    assert not _fill(box, box).any()
    np.testing.assert_array_equal(_fill(box, box, box), _fill(box))


def test_three_hundred_crossings_of_one_pixel_are_counted_right():
    # 300 copies are an even number, although a byte counts to 255.
    box = _box(1.5, 2.5, 4.5, 7.5)
    assert not _fill(*[box] * 300).any()
    np.testing.assert_array_equal(_fill(*[box] * 301), _fill(box))


def test_an_eight_fills_both_of_its_loops_and_not_what_lies_beside_its_waist():
    # Lines from (0.5, 0.5) to (6.5, 8.5) and back cross at (3.5, 4.5): x = 0.5 + (y - 0.5) 8 / 6 and its mirror.
    mask = _fill(np.array([(0.5, 0.5), (6.5, 8.5), (6.5, 0.5), (0.5, 8.5)]))
    for row in (1, 6):  # from 1.17 to 7.83
        assert np.flatnonzero(mask[row]).tolist() == [2, 3, 4, 5, 6, 7]
    assert np.flatnonzero(mask[3]).tolist() == [4, 5]  # from 3.83 to 5.17


def test_what_lies_beyond_the_image_is_cut_off():
    np.testing.assert_array_equal(_fill(_box(-5, -7, 3.5, 2.5)), _expected((slice(0, 4), slice(0, 3), True)))
    np.testing.assert_array_equal(_fill(_box(5.5, 6.5, 50, 60)), _expected((slice(6, 8), slice(7, 10), True)))
    assert _fill(_box(-50, -50, 50, 50)).all()


@pytest.mark.parametrize("box", [(20, 2, 30, 5), (2, 20, 5, 30), (-9, -9, -3, -3), (2.2, 3.2, 2.8, 3.8)])
def test_outlines_that_hold_no_centre_give_an_empty_mask(box):
    assert not _fill(_box(*box)).any()


@pytest.mark.parametrize("points", [[(3, 3)], [(1, 1), (6, 8)], [(3, 3), (3, 3), (3, 3)]])
def test_fewer_than_three_places_enclose_nothing(points):
    assert not _fill(np.array(points, dtype=float)).any()


def test_no_outline_gives_an_empty_mask():
    mask = fill_even_odd([], np.zeros(0, dtype=int), shape=(2, 3, 4))
    assert mask.shape == (2, 3, 4)
    assert mask.dtype == bool
    assert not mask.any()


def test_every_outline_stays_in_its_slice():
    boxes = [_box(0.5, 0.5, 2.5, 2.5), _box(3.5, 3.5, 5.5, 6.5), _box(0.5, 0.5, 2.5, 2.5)]
    mask = fill_even_odd(boxes, np.array([4, 1, 2]), shape=(6, 8, 10))
    assert [int(part.sum()) for part in mask] == [0, 6, 4, 0, 4, 0]  # 2 x 3 and 2 x 2 centres


_POINTS = st.lists(st.tuples(st.floats(-2, 9), st.floats(-2, 11)), min_size=3, max_size=12)


@given(_POINTS)
def test_agrees_with_scikit_image_off_the_border(points):
    outline = np.array(points)
    where = grid_points_in_poly(_SHAPE[1:], outline, binarize=False)
    off_border = _distance_to(outline) > 1e-5
    np.testing.assert_array_equal(_fill(outline)[off_border], (where == 1)[off_border])


@given(_POINTS, st.integers(0, 11))
def test_neither_the_first_point_nor_the_direction_matters(points, turn):
    outline = np.array(points)
    np.testing.assert_array_equal(_fill(np.roll(outline, turn, axis=0)), _fill(outline))
    np.testing.assert_array_equal(_fill(outline[::-1]), _fill(outline))


@given(_POINTS, _POINTS)
def test_two_outlines_are_the_exclusive_or_of_each(first, second):
    first, second = np.array(first), np.array(second)
    np.testing.assert_array_equal(_fill(first, second), _fill(first) ^ _fill(second))


@given(_POINTS, st.integers(-3, 3), st.integers(-3, 3))
def test_a_shift_by_whole_pixels_shifts_the_mask(points, dy, dx):
    outline = np.round(np.array(points), 3)
    wide = (1, 24, 26)
    here = _fill(outline + 7, shape=wide)
    np.testing.assert_array_equal(_fill(outline + 7 + (dy, dx), shape=wide), np.roll(here, (dy, dx), axis=(0, 1)))


def _distance_to(outline):
    """Distance of each pixel centre to the nearest edge of an outline."""
    centres = np.stack(np.mgrid[: _SHAPE[1], : _SHAPE[2]], axis=-1)[:, :, None].astype(float)
    start, along = outline, np.roll(outline, -1, axis=0) - outline
    share = ((centres - start) * along).sum(-1) / np.maximum((along**2).sum(-1), 1e-300)
    return np.linalg.norm(centres - start - np.clip(share, 0, 1)[..., None] * along, axis=-1).min(axis=-1)
