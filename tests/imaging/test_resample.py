"""Other grids: constants stay, positions stay, labels stay labels."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage
from scipy.spatial.transform import Rotation

from reproduce.errors import ArgumentError
from reproduce.imaging.resample import resample_onto, resize_slices
from reproduce.imaging.volume import Volume

sizes = st.tuples(st.integers(1, 40), st.integers(1, 40))


def affine_mm(spacing_zyx, origin_xyz=(0, 0, 0), rotation=None):
    affine = np.eye(4)
    affine[:3, :3] = (np.eye(3) if rotation is None else rotation) @ np.diag(spacing_zyx[::-1])
    affine[:3, 3] = origin_xyz
    return affine


def test_twice_the_size_by_hand():
    # Output centres at input -0.25, 0.25, 0.75, 1.25 of [0, 4]: edge 0, then 1, 3, edge 4.
    grown = resize_slices(np.array([[[0.0, 4.0]]]), (1, 4), order=1)
    assert grown.tolist() == [[[0, 1, 3, 4]]]
    assert grown.dtype == np.float32


def test_nearest_neighbour_by_hand():
    # 3 -> 5: centres at input 0.1, 0.7, 1.3, 1.9, 2.5 minus a half, floor of 0.3, 0.9, 1.5, 2.1, 2.7.
    labels = np.array([[[7, 8, 9]]], np.uint8)
    grown = resize_slices(labels, (2, 5), order=0)
    assert grown.tolist() == [[[7, 7, 8, 9, 9], [7, 7, 8, 9, 9]]]
    assert grown.dtype == np.uint8
    # 4 -> 2: both centres lie between two pixels; the higher one is taken.
    assert resize_slices(np.array([[[1, 2, 3, 4]]]), (1, 2), order=0).tolist() == [[[2, 4]]]


@given(size_in=sizes, size_out=sizes, order=st.sampled_from([0, 1]), channels=st.sampled_from([(), (1,), (3,)]))
@settings(max_examples=40, deadline=None)
def test_a_constant_stays_constant(size_in, size_out, order, channels):
    resized = resize_slices(np.full((2, *size_in, *channels), -1000.0), size_out, order=order)
    assert resized.shape == (2, *size_out, *channels)
    np.testing.assert_allclose(resized, -1000, rtol=1e-5)


def blob(size, center, sigma):
    y, x = np.mgrid[: size[0], : size[1]]
    return np.exp(-((y - center[0]) ** 2 + (x - center[1]) ** 2) / (2 * sigma**2))[None].astype(np.float32)


@given(size=st.tuples(st.integers(24, 150), st.integers(24, 150)), y=st.floats(0.35, 0.65), x=st.floats(0.35, 0.65))
@settings(max_examples=40, deadline=None)
def test_a_position_stays_and_comes_back(size, y, x):
    image = blob((64, 64), (64 * y, 64 * x), 4)
    there = resize_slices(image, size, order=1)
    row, column = ndimage.center_of_mass(there[0])
    # Half-pixel centres: (i + 1/2) / n is the same on both grids.
    assert (row + 0.5) / size[0] * 64 - 0.5 == pytest.approx(64 * y, abs=0.1)
    assert (column + 0.5) / size[1] * 64 - 0.5 == pytest.approx(64 * x, abs=0.1)
    back = resize_slices(there, (64, 64), order=1)
    assert ndimage.center_of_mass(back[0]) == pytest.approx((64 * y, 64 * x), abs=0.1)


@given(size=st.tuples(st.integers(30, 150), st.integers(30, 150)))
@settings(max_examples=30, deadline=None)
def test_a_label_lands_within_half_a_pixel_and_no_label_is_invented(size):
    labels = np.zeros((1, 64, 64), np.uint8)
    labels[0, 20:40, 30:45] = 4  # centroid (29.5, 37)
    there = resize_slices(labels, size, order=0)
    assert set(np.unique(there)) == {0, 4}
    row, column = ndimage.center_of_mass(there[0])
    pixel = max(1, 64 / min(size))
    assert (row + 0.5) / size[0] * 64 - 0.5 == pytest.approx(29.5, abs=0.5 * pixel)
    assert (column + 0.5) / size[1] * 64 - 0.5 == pytest.approx(37, abs=0.5 * pixel)


def test_labels_grown_by_a_whole_factor_come_back_as_they_were():
    labels = np.random.default_rng(0).integers(0, 5, (3, 11, 13))
    there = resize_slices(labels, (33, 65), order=0)
    np.testing.assert_array_equal(resize_slices(there, (11, 13), order=0), labels)


def test_shrinking_averages_instead_of_skipping():
    # A board of single pixels 0 and 1 has the mean 0.5. Of three pixels the centre of an output pixel meets the middle
    # one alone: without smoothing the picture at a third of the size is a board again.
    board = (np.indices((1, 63, 63)).sum(axis=0) % 2).astype(np.float32)
    shrunk = resize_slices(board, (21, 21), order=1)[0, 2:-2, 2:-2]
    np.testing.assert_allclose(shrunk, 0.5, atol=0.05)


def test_the_same_size_changes_nothing():
    image = np.random.default_rng(0).normal(size=(2, 9, 7)).astype(np.float32)
    np.testing.assert_allclose(resize_slices(image, (9, 7), order=1), image, atol=1e-6)


def test_channels_and_slices_do_not_mix():
    image = np.random.default_rng(0).normal(size=(3, 20, 24, 2)).astype(np.float32)
    together = resize_slices(image, (10, 30), order=1)
    for z in range(3):
        for channel in range(2):
            alone = resize_slices(image[z : z + 1, ..., channel], (10, 30), order=1)
            np.testing.assert_allclose(together[z, ..., channel], alone[0], atol=1e-6)


@pytest.mark.parametrize("order", [0, 1])
def test_no_slices_in_no_slices_out(order):
    assert resize_slices(np.zeros((0, 8, 8)), (4, 4), order=order).shape == (0, 4, 4)


@pytest.mark.parametrize(
    ("shape", "size", "order"),
    [((4, 4), (2, 2), 1), ((1, 0, 4), (2, 2), 0), ((1, 4, 4), (0, 2), 1), ((1, 4, 4), (2,), 1), ((1, 4, 4), (2, 2), 3)],
)
def test_wrong_arguments_are_refused(shape, size, order):
    with pytest.raises(ArgumentError):
        resize_slices(np.zeros(shape), size, order=order)


def test_a_finer_grid_by_hand():
    # Slices 2 mm apart with 0 and 10; a grid every 1 mm from -1 mm: edge (half a voxel out is still image), 0, 5, 10,
    # edge, and 4 mm is outside.
    volume = Volume(np.array([0, 10], np.int16).reshape(2, 1, 1), affine_mm((2, 1, 1)), "HU")
    grid = Volume(np.zeros((6, 1, 1)), affine_mm((1, 1, 1), (0, 0, -1)), "label")
    linear = resample_onto(volume, grid, interpolation="linear")
    assert linear.voxels[:, 0, 0].tolist() == [0, 0, 5, 10, 10, -1024]
    assert linear.voxels.dtype == np.float32
    assert (linear.unit, linear.affine.tolist()) == ("HU", grid.affine.tolist())
    nearest = resample_onto(volume, grid, interpolation="nearest").voxels
    assert nearest.dtype == np.int16
    assert nearest[[0, 1, 3, 4, 5], 0, 0].tolist() == [0, 0, 10, 10, -1024]


@pytest.mark.parametrize("interpolation", ["nearest", "linear"])
def test_the_same_grid_changes_nothing(interpolation):
    rotation = Rotation.from_euler("xyz", [20, -30, 40], degrees=True).as_matrix()
    voxels = np.random.default_rng(0).normal(size=(5, 6, 7)).astype(np.float32)
    volume = Volume(voxels, affine_mm((2.5, 0.7, 0.8), (-100, 30, 7), rotation), "arbitrary")
    np.testing.assert_allclose(resample_onto(volume, volume, interpolation=interpolation).voxels, voxels, atol=1e-4)


@given(
    angles=st.tuples(*[st.floats(-180, 180)] * 3),
    spacing_mm=st.tuples(*[st.floats(0.5, 3)] * 3),
    origin_mm=st.tuples(*[st.floats(-5, 5)] * 3),
)
@settings(max_examples=40, deadline=None)
def test_a_linear_field_is_read_at_the_millimetres_of_the_grid(angles, spacing_mm, origin_mm):
    # 3 x + 2 y - z + 5 in world mm is linear in the indices of every grid, so that interpolation is exact inside.
    def field(volume):
        return volume.world_mm(np.moveaxis(np.indices(volume.shape), 0, -1)) @ np.array([3, 2, -1]) + 5

    rotation = Rotation.from_euler("xyz", angles, degrees=True).as_matrix()
    empty = Volume(np.zeros((20, 21, 22)), affine_mm((2, 1.5, 1), (-10, -15, -20)), "arbitrary")
    volume = empty.on_same_grid(field(empty), "arbitrary")
    grid = Volume(np.zeros((4, 5, 6)), affine_mm(spacing_mm, origin_mm, rotation), "label")
    resampled = resample_onto(volume, grid, interpolation="linear").voxels
    index = volume.index_zyx(grid.world_mm(np.moveaxis(np.indices(grid.shape), 0, -1)))
    inside = ((index >= 0) & (index <= np.array(volume.shape) - 1)).all(axis=-1)
    np.testing.assert_allclose(resampled[inside], field(grid)[inside], atol=1e-3)
    outside = ((index < -0.51) | (index > np.array(volume.shape) - 0.49)).any(axis=-1)
    assert (resampled[outside] == 0).all()


def test_a_constant_volume_stays_constant_to_its_edge():
    volume = Volume(np.full((4, 4, 4), 37.0), affine_mm((2, 2, 2)), "HU")
    grid = Volume(np.zeros((16, 16, 16)), affine_mm((0.5, 0.5, 0.5), (-0.75, -0.75, -0.75)), "label")
    assert (resample_onto(volume, grid, interpolation="linear").voxels == 37).all()


@pytest.mark.parametrize("dtype", [bool, np.uint8, np.int16, np.int64])
def test_labels_keep_their_dtype(dtype):
    labels = np.random.default_rng(0).integers(0, 2, (3, 4, 5)).astype(dtype)
    volume = Volume(labels, affine_mm((1, 1, 1)), "label")
    grid = Volume(np.zeros((6, 8, 10)), affine_mm((0.5, 0.5, 0.5), (-0.25, -0.25, -0.25)), "HU")
    resampled = resample_onto(volume, grid, interpolation="nearest")
    assert resampled.voxels.dtype == dtype
    np.testing.assert_array_equal(resampled.voxels, labels.repeat(2, 0).repeat(2, 1).repeat(2, 2))


def test_channels_are_resampled_by_themselves():
    voxels = np.random.default_rng(0).normal(size=(3, 4, 5, 2))
    volume = Volume(voxels, affine_mm((1, 1, 1)), "probability")
    grid = Volume(np.zeros((2, 3, 4)), affine_mm((1, 1, 1), (0.5, 0.5, 0.5)), "label")
    both = resample_onto(volume, grid, interpolation="linear").voxels
    assert both.shape == (2, 3, 4, 2)
    for channel in range(2):
        alone = resample_onto(volume.on_same_grid(voxels[..., channel], "probability"), grid, interpolation="linear")
        np.testing.assert_array_equal(both[..., channel], alone.voxels)


@pytest.mark.parametrize(
    ("unit", "interpolation", "shape"),
    [
        ("label", "linear", (2, 2, 2)),
        ("HU", "cubic", (2, 2, 2)),
        ("SUV", "linear", (2, 2, 2)),
        ("HU", "linear", (0, 2, 2)),
    ],
)
def test_what_cannot_be_resampled_is_refused(unit, interpolation, shape):
    volume = Volume(np.zeros(shape), np.eye(4), unit)
    with pytest.raises(ArgumentError):
        resample_onto(volume, Volume(np.zeros((2, 2, 2)), np.eye(4), "HU"), interpolation=interpolation)
