"""Surface metrics: by hand on an anisotropic grid, every empty case, and laws against brute force."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import ndimage
from scipy.spatial.transform import Rotation

from reproduce.errors import MetricInputError
from reproduce.metrics.surface import (
    SurfaceDistances,
    assd_mm,
    average_surface_distance_mm,
    hausdorff_mm,
    hausdorff_percentile_by_direction_mm,
    hausdorff_percentile_pooled_mm,
    masd_mm,
    surface_dice,
    surface_distances,
)

BOTH = pytest.mark.parametrize("elements", ["voxels", "subvoxel"])
EMPTY = {"both_empty": math.nan, "one_empty": math.inf}
pairs = hnp.array_shapes(min_dims=3, max_dims=3, max_side=6).flatmap(
    lambda shape: st.tuples(hnp.arrays(np.bool_, shape), hnp.arrays(np.bool_, shape))
)
spacings = st.tuples(*[st.sampled_from([0.5, 1.0, 2.5])] * 3)
kinds = st.sampled_from(["voxels", "subvoxel"])


def _voxel(z, y, x, shape=(4, 5, 6)):
    mask = np.zeros(shape, bool)
    mask[z, y, x] = True
    return mask


def test_two_voxels_apart_by_hand():
    # (1, 1, 1) and (2, 3, 4) at 2.5, 0.7, 0.5 mm: 2.5 mm, 1.4 mm and 1.5 mm apart.
    distances = surface_distances(_voxel(1, 1, 1), _voxel(2, 3, 4), spacing_mm=(2.5, 0.7, 0.5), elements="voxels")
    apart = math.sqrt(2.5**2 + 1.4**2 + 1.5**2)
    assert distances.reference_mm.tolist() == distances.prediction_mm.tolist() == [pytest.approx(apart)]
    for metric in (hausdorff_mm, assd_mm, masd_mm):
        assert metric(distances, **EMPTY) == pytest.approx(apart)
    assert surface_dice(distances, tolerance_mm=3.2, both_empty=math.nan) == 0
    assert surface_dice(distances, tolerance_mm=3.3, both_empty=math.nan) == 1


def test_corners_of_two_voxels_by_hand():
    # One voxel has eight corners with one area each: 1/8 of an octahedron, by symmetry. Moved by one voxel along x the
    # four corners between the two are shared; the other four are one step, 0.5 mm, from them.
    distances = surface_distances(_voxel(1, 1, 1), _voxel(1, 1, 2), spacing_mm=(2.5, 0.7, 0.5), elements="subvoxel")
    assert sorted(distances.reference_mm) == sorted(distances.prediction_mm) == [0] * 4 + [0.5] * 4
    octant_mm2 = math.sqrt((0.35 * 0.25) ** 2 + (1.25 * 0.25) ** 2 + (1.25 * 0.35) ** 2) / 2
    np.testing.assert_allclose(distances.reference_areas_mm2, octant_mm2)
    assert assd_mm(distances, **EMPTY) == pytest.approx(0.25)
    assert surface_dice(distances, tolerance_mm=0.49, both_empty=math.nan) == pytest.approx(0.5)
    # Half of the area lies at 0: the smallest distance that holds 50 % is 0, that which holds 51 % is 0.5.
    assert hausdorff_percentile_by_direction_mm(distances, percent=50, **EMPTY) == 0
    assert hausdorff_percentile_by_direction_mm(distances, percent=51, **EMPTY) == 0.5


def test_pooled_and_by_direction_by_hand():
    # Reference: columns 0 and 9 of a row; prediction: column 0 alone. d(reference) = 0, 9; d(prediction) = 0.
    reference, prediction = np.zeros((1, 1, 10), bool), np.zeros((1, 1, 10), bool)
    reference[0, 0, [0, 9]] = True
    prediction[0, 0, 0] = True
    distances = surface_distances(reference, prediction, spacing_mm=(1, 1, 1), elements="voxels")
    assert hausdorff_mm(distances, **EMPTY) == 9
    # By direction: 95 % between 0 and 9 is 8.55. Pooled: between the order statistics 0, 0, 9, at 0.95 x 2 = 1.9, 8.1.
    assert hausdorff_percentile_by_direction_mm(distances, percent=95, **EMPTY) == pytest.approx(8.55)
    assert hausdorff_percentile_pooled_mm(distances, percent=95, **EMPTY) == pytest.approx(8.1)
    assert average_surface_distance_mm(distances, **EMPTY) == (4.5, 0)
    assert masd_mm(distances, **EMPTY) == 2.25  # (4.5 + 0) / 2
    assert assd_mm(distances, **EMPTY) == 3  # (0 + 9 + 0) / 3
    assert surface_dice(distances, tolerance_mm=1, both_empty=math.nan) == pytest.approx(2 / 3)


def test_interpolation_may_put_pooled_above_by_direction():
    # Both lists are 0, 9: at 95 % of one list 8.55; of both, 0, 0, 9, 9, at 0.95 x 3 = 2.85 between two nines, 9.
    reference, prediction = np.zeros((1, 1, 30), bool), np.zeros((1, 1, 30), bool)
    reference[0, 0, [9, 0]] = True
    prediction[0, 0, [9, 18]] = True
    distances = surface_distances(reference, prediction, spacing_mm=(1, 1, 1), elements="voxels")
    assert hausdorff_percentile_by_direction_mm(distances, percent=95, **EMPTY) == pytest.approx(8.55)
    assert hausdorff_percentile_pooled_mm(distances, percent=95, **EMPTY) == 9


def test_the_inside_of_a_mask_is_no_surface():
    cube = np.zeros((7, 7, 7), bool)
    cube[1:6, 1:6, 1:6] = True
    hollow = cube.copy()
    hollow[3, 3, 3] = False
    distances = surface_distances(cube, hollow, spacing_mm=(1, 1, 1), elements="voxels")
    assert distances.reference_mm.size == 5**3 - 3**3
    # The hole adds its six neighbours, each one voxel below the surface of the cube.
    assert distances.prediction_mm.size == 5**3 - 3**3 + 6
    assert sorted(distances.prediction_mm)[-7:] == [0] + [1] * 6


def test_a_mask_at_the_border_has_a_surface_there():
    full = np.ones((3, 3, 3), bool)
    assert surface_distances(full, full, spacing_mm=(1, 1, 1), elements="voxels").reference_mm.size == 26
    corners = surface_distances(full, full, spacing_mm=(1, 1, 1), elements="subvoxel")
    assert corners.reference_mm.size == 4**3 - 2**3
    # A cube of 3 mm with its 12 edges and 8 corners bevelled by half a voxel: 6 faces of 2 x 2, 12 edges of 2 by
    # sqrt(1/2), 8 corners of sqrt(3)/8.
    assert corners.reference_areas_mm2.sum() == pytest.approx(24 + 24 * math.sqrt(0.5) + math.sqrt(3))


def test_images_have_contours():
    # Squares of 2 x 2 pixels of 2 mm by 1 mm, one pixel apart along x.
    reference, prediction = np.zeros((5, 6), bool), np.zeros((5, 6), bool)
    reference[1:3, 1:3] = True
    prediction[1:3, 2:4] = True
    pixels = surface_distances(reference, prediction, spacing_mm=(2, 1), elements="voxels")
    assert sorted(pixels.reference_mm) == [0, 0, 1, 1]
    corners = surface_distances(reference, prediction, spacing_mm=(2, 1), elements="subvoxel")
    # Eight corners around the square: two straight pieces of 2 mm, two of 1 mm, and four bevels of hypot(1, 1/2).
    assert sorted(corners.reference_areas_mm2) == pytest.approx([1, 1] + [math.hypot(1, 0.5)] * 4 + [2, 2])


@pytest.mark.parametrize("step_mm", [0.1, 0.2, 0.4, 0.8, 1.1, 1.3])
def test_three_steps_are_within_a_tolerance_of_three_steps(step_mm):
    distances = surface_distances(_voxel(1, 1, 1), _voxel(1, 1, 4), spacing_mm=(1, 1, step_mm), elements="voxels")
    printed = float(f"{3 * step_mm:.1f}")
    assert surface_dice(distances, tolerance_mm=printed, both_empty=math.nan) == 1
    assert surface_dice(distances, tolerance_mm=0.999 * printed, both_empty=math.nan) == 0


@BOTH
def test_one_voxel_apart_is_within_its_spacing_on_a_grid_turned_at_random(elements):
    cube, moved = np.zeros((9, 9, 9), bool), np.zeros((9, 9, 9), bool)
    cube[3:6, 3:6, 3:6] = moved[3:6, 3:6, 4:7] = True
    for seed in range(100):
        affine = Rotation.random(random_state=seed).as_matrix().astype(np.float32).astype(np.float64)
        spacing_mm = np.linalg.norm(affine, axis=0)[::-1]
        distances = surface_distances(cube, moved, spacing_mm=spacing_mm, elements=elements)
        assert surface_dice(distances, tolerance_mm=1.0, both_empty=math.nan) == pytest.approx(1, abs=1e-12)


def test_a_percentile_of_areas_does_not_hang_on_the_last_bit():
    # 19 of 20 elements of one area are 95 % of it, though the running sum of 0.3 mm2 falls short of it.
    near, far = np.zeros(19), np.array([5.0])
    areas_mm2 = np.full(20, 0.3)
    distances = SurfaceDistances(np.r_[near, far], np.zeros(20), areas_mm2, areas_mm2)
    assert np.cumsum(areas_mm2)[18] / areas_mm2.sum() < 0.95
    assert hausdorff_percentile_by_direction_mm(distances, percent=95, **EMPTY) == 0
    assert hausdorff_percentile_by_direction_mm(distances, percent=96, **EMPTY) == 5


@BOTH
@pytest.mark.parametrize("shape", [(3, 4, 5), (4, 5), (0, 4, 5)])
def test_both_empty(elements, shape):
    none = np.zeros(shape, bool)
    distances = surface_distances(none, none, spacing_mm=(1,) * len(shape), elements=elements)
    for value in (math.nan, 0.0):
        policy = {"both_empty": value, "one_empty": -1.0}
        for metric in (hausdorff_mm, assd_mm, masd_mm):
            np.testing.assert_equal(metric(distances, **policy), value)
        np.testing.assert_equal(average_surface_distance_mm(distances, **policy), (value, value))
        np.testing.assert_equal(hausdorff_percentile_pooled_mm(distances, percent=95, **policy), value)
        np.testing.assert_equal(hausdorff_percentile_by_direction_mm(distances, percent=95, **policy), value)
        np.testing.assert_equal(surface_dice(distances, tolerance_mm=1, both_empty=value), value)


@BOTH
@pytest.mark.parametrize("swapped", [False, True])
def test_one_empty(elements, swapped):
    masks = [_voxel(1, 1, 1), np.zeros((4, 5, 6), bool)]
    distances = surface_distances(*(masks[::-1] if swapped else masks), spacing_mm=(1, 1, 1), elements=elements)
    full, empty = distances.reference_mm, distances.prediction_mm
    if swapped:
        full, empty = empty, full
    assert np.isinf(full).all()
    assert empty.size == 0
    for value in (math.nan, math.inf, 12.5):
        policy = {"both_empty": -1.0, "one_empty": value}
        for metric in (hausdorff_mm, assd_mm, masd_mm):
            np.testing.assert_equal(metric(distances, **policy), value)
        np.testing.assert_equal(hausdorff_percentile_pooled_mm(distances, percent=95, **policy), value)
        np.testing.assert_equal(hausdorff_percentile_by_direction_mm(distances, percent=95, **policy), value)
    assert surface_dice(distances, tolerance_mm=math.inf, both_empty=1.0) == 0


@pytest.mark.parametrize(
    ("reference", "prediction", "spacing_mm"),
    [
        (np.zeros((2, 2, 2)), np.zeros((2, 2, 2), bool), (1, 1, 1)),
        (np.zeros((2, 2, 2), bool), np.zeros((2, 2, 3), bool), (1, 1, 1)),
        (np.zeros((2, 2, 2), bool), np.zeros((2, 2, 2), bool), (1, 1)),
        (np.zeros((2, 2, 2), bool), np.zeros((2, 2, 2), bool), (1, 0, 1)),
        (np.zeros((2, 2, 2), bool), np.zeros((2, 2, 2), bool), (1, math.nan, 1)),
        (np.zeros((1, 2, 2, 2), bool), np.zeros((1, 2, 2, 2), bool), (1, 1, 1, 1)),
        (np.zeros(2, bool), np.zeros(2, bool), (1,)),
    ],
)
def test_broken_input(reference, prediction, spacing_mm):
    with pytest.raises(MetricInputError):
        surface_distances(reference, prediction, spacing_mm=spacing_mm, elements="voxels")


def test_a_misspelt_kind_is_refused():
    with pytest.raises(MetricInputError, match="subvoxel"):
        surface_distances(_voxel(1, 1, 1), _voxel(1, 1, 2), spacing_mm=(1, 1, 1), elements="voxel")


def test_arguments_out_of_range():
    distances = surface_distances(_voxel(1, 1, 1), _voxel(1, 1, 2), spacing_mm=(1, 1, 1), elements="voxels")
    for percent in (-1, 101, math.nan):
        with pytest.raises(MetricInputError):
            hausdorff_percentile_pooled_mm(distances, percent=percent, **EMPTY)
        with pytest.raises(MetricInputError):
            hausdorff_percentile_by_direction_mm(distances, percent=percent, **EMPTY)
    with pytest.raises(MetricInputError):
        surface_dice(distances, tolerance_mm=-0.1, both_empty=math.nan)


@given(pairs, spacings)
def test_voxels_equal_a_distance_transform(pair, spacing_mm):
    distances = surface_distances(*pair, spacing_mm=spacing_mm, elements="voxels")
    edges = [mask & ~ndimage.binary_erosion(mask) for mask in pair]
    for found, own, other in ((distances.reference_mm, *edges), (distances.prediction_mm, *edges[::-1])):
        assert found.size == own.sum()
        if other.any():
            expected = ndimage.distance_transform_edt(~other, sampling=spacing_mm)[own]
            np.testing.assert_allclose(found, expected, rtol=1e-12)


@given(pairs, spacings)
def test_corners_equal_a_distance_transform(pair, spacing_mm):
    distances = surface_distances(*pair, spacing_mm=spacing_mm, elements="subvoxel")
    n_inside = [
        sum(
            np.pad(mask, 1)[z:, y:, x:][: mask.shape[0] + 1, : mask.shape[1] + 1, : mask.shape[2] + 1].astype(int)
            for z in (0, 1)
            for y in (0, 1)
            for x in (0, 1)
        )
        for mask in pair
    ]
    edges = [(n > 0) & (n < 8) for n in n_inside]
    for found, own, other in ((distances.reference_mm, *edges), (distances.prediction_mm, *edges[::-1])):
        assert found.size == own.sum()
        if other.any():
            expected = ndimage.distance_transform_edt(~other, sampling=spacing_mm)[own]
            np.testing.assert_allclose(found, expected, rtol=1e-12)


@given(pairs, spacings, kinds, st.floats(0, 100))
def test_laws(pair, spacing_mm, elements, percent):
    one = surface_distances(*pair, spacing_mm=spacing_mm, elements=elements)
    swapped = surface_distances(*pair[::-1], spacing_mm=spacing_mm, elements=elements)
    twice = surface_distances(*pair, spacing_mm=[2 * step for step in spacing_mm], elements=elements)
    margin = surface_distances(*[np.pad(m, 2) for m in pair], spacing_mm=spacing_mm, elements=elements)
    hd = hausdorff_mm(one, **EMPTY)
    np.testing.assert_equal(hausdorff_mm(swapped, **EMPTY), hd)
    np.testing.assert_allclose(hausdorff_mm(twice, **EMPTY), 2 * hd)
    np.testing.assert_equal(hausdorff_mm(margin, **EMPTY), hd)
    np.testing.assert_allclose(assd_mm(margin, **EMPTY), assd_mm(one, **EMPTY))
    if one.both_empty or one.one_empty:
        return
    by_direction = hausdorff_percentile_by_direction_mm(one, percent=percent, **EMPTY)
    pooled = hausdorff_percentile_pooled_mm(one, percent=percent, **EMPTY)
    if elements == "subvoxel":
        assert pooled <= by_direction + 1e-9
    assert by_direction <= hd
    assert assd_mm(one, **EMPTY) <= hd + 1e-12
    assert 0 <= surface_dice(one, tolerance_mm=0, both_empty=math.nan) <= 1
    assert surface_dice(one, tolerance_mm=hd, both_empty=math.nan) == pytest.approx(1)


@given(pairs.map(lambda pair: pair[0]), kinds)
def test_a_mask_is_at_no_distance_from_itself(mask, elements):
    distances = surface_distances(mask, mask, spacing_mm=(2.5, 0.7, 0.7), elements=elements)
    assert hausdorff_mm(distances, both_empty=0.0, one_empty=math.inf) == 0
    assert surface_dice(distances, tolerance_mm=0, both_empty=1.0) == 1


@BOTH
def test_layout_in_memory_does_not_matter(elements):
    rng = np.random.default_rng(1)
    masks = [rng.random((6, 7, 8)) < 0.4 for _ in range(2)]
    plain = surface_distances(*masks, spacing_mm=(1, 2, 3), elements=elements)
    views = [np.repeat(np.asfortranarray(mask), 2, axis=2)[:, :, ::2] for mask in masks]
    other = surface_distances(*views, spacing_mm=(1, 2, 3), elements=elements)
    np.testing.assert_array_equal(plain.reference_mm, other.reference_mm)
    np.testing.assert_array_equal(plain.prediction_mm, other.prediction_mm)
