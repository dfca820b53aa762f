import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import ndimage

from reproduce.cohorts.lidc_outlines import enclosed_pixels, mark_mask

SHAPE = (3, 16, 20)


def drawn(points_xy, *, outline_included=False):
    pixels, corner = enclosed_pixels(np.array(points_xy, dtype=np.int32), outline_included=outline_included)
    return pixels.astype(int).tolist(), corner


def test_the_outline_is_the_first_pixel_outside(lidc):
    # a path around columns 3..6 and rows 8..10 encloses columns 4..5 of row 9: 2 of its 12 pixels
    assert drawn(lidc.square(3, 8, 6, 10)) == ([[0, 0, 0, 0], [0, 1, 1, 0], [0, 0, 0, 0]], (8, 3))
    assert drawn(lidc.square(3, 8, 6, 10), outline_included=True) == ([[1] * 4] * 3, (8, 3))


def test_an_open_path_is_closed(lidc):
    closed = lidc.square(0, 0, 4, 4)
    assert drawn(closed[:-1]) == drawn(closed)


def test_a_diamond_of_diagonal_steps_does_not_leak():
    path = [(2, 0), (3, 1), (4, 2), (3, 3), (2, 4), (1, 3), (0, 2), (1, 1), (2, 0)]
    expected = [[0, 0, 0, 0, 0], [0, 0, 1, 0, 0], [0, 1, 1, 1, 0], [0, 0, 1, 0, 0], [0, 0, 0, 0, 0]]
    assert drawn(path) == (expected, (0, 0))


def test_a_centre_between_two_distant_points_lies_on_the_path():
    # the triangle (0, 0), (4, 0), (0, 4): (1, 1), (2, 1), (1, 2) are inside; (2, 2), (3, 1), (1, 3) lie on its edge
    pixels, _ = drawn([(0, 0), (4, 0), (0, 4)])
    assert [(x, y) for y in range(5) for x in range(5) if pixels[y][x]] == [(1, 1), (2, 1), (1, 2)]


@pytest.mark.parametrize("path", [[(5, 6)], [(5, 6), (6, 6)], [(1, 1), (2, 1), (3, 1), (2, 1), (1, 1)]])
def test_thin_paths_enclose_nothing(path):
    pixels, _ = enclosed_pixels(np.array(path), outline_included=False)
    assert not pixels.any()
    pixels, _ = enclosed_pixels(np.array(path), outline_included=True)
    assert pixels.sum() == len(set(path))


@given(st.integers(0, 2**32 - 1))
def test_the_outline_of_a_region_gives_the_region_back(seed):
    """Outline a blob without holes by its outer border, then fill it again."""
    noise = np.random.default_rng(seed).standard_normal((14, 14))
    blobs, _ = ndimage.label(ndimage.gaussian_filter(noise, 2) > 0.1)
    region = np.pad(ndimage.binary_fill_holes(blobs == 1), 2)
    if not region.any():
        return
    path = outer_border(region)
    pixels, (y0, x0) = enclosed_pixels(path, outline_included=False)
    filled = np.zeros_like(region)
    filled[y0 : y0 + pixels.shape[0], x0 : x0 + pixels.shape[1]] = pixels
    np.testing.assert_array_equal(filled, region)


def outer_border(region):
    """The pixels around a region, walked clockwise with the region on the right; steps have four directions."""
    y, x = np.argwhere(region)[0]
    steps = [(0, 1), (1, 0), (0, -1), (-1, 0)]
    # the wall that is followed lies to the left of the direction of walk
    y, x, heading, path = y - 1, x, 0, []
    start = (y, x, heading)
    while True:
        path.append((x, y))
        right, ahead = steps[(heading + 1) % 4], steps[heading]
        if not region[y + right[0], x + right[1]]:
            heading = (heading + 1) % 4
            y, x = y + right[0], x + right[1]
        elif region[y + ahead[0], x + ahead[1]]:
            heading = (heading - 1) % 4
        else:
            y, x = y + ahead[0], x + ahead[1]
        if (y, x, heading) == start:
            return np.array(path)


def test_parts_of_a_slice_are_united_and_holes_removed(lidc):
    mark = lidc.mark(
        "r",
        (lidc.square(6, 6, 8, 8), -8.0, "hole"),  # its own path goes too: 3 x 3 pixels
        (lidc.square(4, 4, 12, 12), -8.0),  # 7 x 7 pixels inside
        (lidc.square(14, 4, 16, 6), -6.0),  # 1 pixel inside
    )
    mask = mark_mask(mark, (1, 1, 2), outline_included=False)
    assert mask.corner_zyx == (1, 4, 4)
    assert mask.voxels.sum(axis=(1, 2)).tolist() == [49 - 9, 1]
    whole = np.zeros(SHAPE, bool)
    whole[mask.box] = mask.voxels
    assert whole[2, 5, 15]
    assert not whole[1, 6:9, 6:9].any()
    assert whole[1, 5, 5]
    included = mark_mask(mark, (1, 1, 2), outline_included=True)
    assert included.voxels.sum(axis=(1, 2)).tolist() == [81 - 9, 9]


def test_outlines_without_a_slice_are_not_there(lidc):
    mark = lidc.mark("r", (lidc.square(1, 1, 4, 4), -8.0), (lidc.square(1, 1, 4, 4), -4.0))
    assert mark_mask(mark, (1, None), outline_included=False).voxels.sum() == 4
    assert mark_mask(mark, (None, None), outline_included=False) is None
