"""RoIAlign by hand: on a ramp it is the ramp, on one pixel it is the weight of that pixel."""

import numpy as np
import pytest
from keras import ops

from reproduce.models.detection.roi_align import pyramid_levels, pyramid_roi_align, roi_align, sampling_matrix


def aligned(features, box, **settings):
    """Of one image, one channel, one box."""
    features = np.asarray(features, np.float32)[None, ..., None]
    settings = {"n_bins": 2, "scale": 1.0, "aligned": False} | settings
    return ops.convert_to_numpy(roi_align(features, np.array([[box]], np.float32), **settings))[0, 0, ..., 0]


def ramp(y=8, x=8):
    """3 rows + columns."""
    rows, columns = np.mgrid[:y, :x]
    return 3.0 * rows + columns


def test_a_ramp_stays_the_ramp():
    # rows 1 to 5: bins of 2 with their centres at 2 and 4; columns 2 to 6: centres at 3 and 5; value 3 row + column
    expected = [[3 * 2 + 3, 3 * 2 + 5], [3 * 4 + 3, 3 * 4 + 5]]
    assert aligned(ramp(), [1, 2, 5, 6]) == pytest.approx(np.array(expected), abs=1e-5)


def test_aligned_it_reads_half_a_pixel_earlier():
    expected = aligned(ramp(), [1, 2, 5, 6]) - (3 * 0.5 + 0.5)
    assert aligned(ramp(), [1, 2, 5, 6], aligned=True) == pytest.approx(expected, abs=1e-5)


def test_scale_takes_boxes_of_the_image_to_the_grid():
    assert aligned(ramp(), [4, 8, 20, 24], scale=0.25) == pytest.approx(aligned(ramp(), [1, 2, 5, 6]), abs=1e-5)


def test_a_constant_stays_constant_up_to_the_border():
    assert aligned(np.full((6, 6), 7.0), [0, 0, 6, 6], n_bins=3) == pytest.approx(7.0)


def test_points_more_than_a_pixel_outside_read_zero():
    # rows -4 to 0: bins of 2 with points at -3.5, -2.5 and -1.5, -0.5; the last alone is within one pixel of row 0
    found = aligned(np.ones((6, 6)), [-4, 0, 0, 4])
    assert found == pytest.approx(np.array([[0, 0], [0.5, 0.5]]))


def test_one_pixel_by_hand():
    features = np.zeros((4, 4))
    features[1, 2] = 1.0
    # one bin, rows 0 to 2: points at 0.5 and 1.5, each half a pixel from row 1: 0.5 on average; columns 2 to 4: points
    # at 2.5 and 3.5: 0.5 and 0: 0.25
    assert aligned(features, [0, 2, 2, 4], n_bins=1)[0, 0] == pytest.approx(0.5 * 0.25)


def test_a_box_thinner_than_a_pixel_counts_as_one_pixel_unless_aligned():
    thin, whole = [2, 2, 2.1, 4], [2, 2, 3, 4]
    assert aligned(ramp(), thin) == pytest.approx(aligned(ramp(), whole), abs=1e-5)
    assert aligned(ramp(), thin, aligned=True) != pytest.approx(aligned(ramp(), whole, aligned=True), abs=1e-2)


def test_each_bin_takes_a_whole_weight():
    matrix = sampling_matrix(np.array([0.3]), np.array([5.9]), n_bins=7, n_pixels=8, scale=1.0, aligned=True)
    assert ops.convert_to_numpy(matrix).shape == (1, 7, 8)
    assert ops.convert_to_numpy(ops.sum(matrix, axis=-1)) == pytest.approx(1.0)


def test_boxes_and_images_are_apart():
    rng = np.random.default_rng(0)
    features = rng.random((2, 8, 6, 3), np.float32)
    boxes = np.array([[[0, 0, 4, 4], [1, 2, 7, 6]], [[2, 1, 5, 3], [0, 0, 8, 6]]], np.float32)
    settings = {"n_bins": 3, "scale": 1.0, "aligned": False}
    together = ops.convert_to_numpy(roi_align(features, boxes, **settings))
    assert together.shape == (2, 2, 3, 3, 3)
    for i in range(2):
        for j in range(2):
            alone = ops.convert_to_numpy(roi_align(features[i : i + 1], boxes[i : i + 1, j : j + 1], **settings))
            assert together[i, j] == pytest.approx(alone[0, 0], abs=1e-6)


@pytest.mark.parametrize(
    ("sides", "level"),
    [((224, 224), 4), ((223, 223), 3), ((448, 448), 5), ((447, 447), 4), ((112, 448), 4), ((1, 1), 2), ((9e3, 9e3), 5)],
)
def test_levels_by_hand(sides, level):
    boxes = np.array([[0, 0, *sides]], np.float32)
    assert ops.convert_to_numpy(pyramid_levels(boxes, canonical_side=224.0)).tolist() == [level]
    small = boxes / 8
    assert ops.convert_to_numpy(pyramid_levels(small, canonical_side=28.0)).tolist() == [level]


def test_an_empty_box_goes_to_the_finest_level():
    assert ops.convert_to_numpy(pyramid_levels(np.zeros((1, 4), np.float32), canonical_side=224.0)).tolist() == [2]


def test_each_box_is_read_from_its_own_level():
    # level k holds the number k everywhere
    levels = [np.full((1, 64 // 2**k, 64 // 2**k, 1), k, np.float32) for k in (2, 3, 4, 5)]
    boxes = np.array([[[0, 0, 4, 4], [0, 0, 16, 16], [0, 0, 28, 28], [0, 0, 60, 60]]], np.float32)
    found = ops.convert_to_numpy(pyramid_roi_align(levels, boxes, n_bins=2, canonical_side=28.0))
    assert found[0, :, :, :, 0] == pytest.approx(np.broadcast_to(np.array([2, 3, 4, 5])[:, None, None], (4, 2, 2)))
