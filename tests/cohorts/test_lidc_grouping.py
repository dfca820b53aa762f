import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reproduce.cohorts.lidc_grouping import group_marks, mark_regions, near_pairs
from reproduce.errors import ArgumentError


def grouped(marks, *, pixel_mm=(1.0, 1.0), tolerance_mm=3.0):
    regions = mark_regions(marks)
    pairs = near_pairs(regions, pixel_mm=pixel_mm, within_mm=tolerance_mm)
    return group_marks(regions.readers, pairs, tolerance_mm=tolerance_mm)


def test_distance_is_in_mm_along_each_axis(lidc):
    # 3 columns of 0.5 mm, 2 rows of 2 mm, 6 mm in z: sqrt(1.5^2 + 4^2 + 6^2) = sqrt(54.25)
    marks = [lidc.point("a", 10, 10, -8.0), lidc.point("b", 13, 12, -2.0)]
    pairs = near_pairs(mark_regions(marks), pixel_mm=(2.0, 0.5), within_mm=10.0)
    np.testing.assert_allclose(pairs.apart_mm, [54.25**0.5])
    assert (pairs.first.tolist(), pairs.second.tolist()) == ([0], [1])


@pytest.mark.parametrize(("x", "together"), [(12, True), (13, True), (14, False)])
def test_points_up_to_the_tolerance_are_one(lidc, x, together):
    groups = grouped([lidc.point("a", 10, 10), lidc.point("b", x, 10)])
    assert groups == (((0, 1),) if together else ((0,), (1,)))


def test_three_pixels_are_up_to_a_tolerance_of_three_pixels(lidc):
    marks = [lidc.point("a", 10, 10), lidc.point("b", 13, 10)]
    assert grouped(marks, pixel_mm=(1.1, 1.1), tolerance_mm=3.3) == ((0, 1),)


def test_a_point_within_an_outline_is_at_distance_zero(lidc):
    # the path is 5 pixels away from the point everywhere, what it encloses is not
    marks = [lidc.mark("a", (lidc.square(0, 0, 10, 10), -8.0)), lidc.point("b", 5, 5)]
    assert grouped(marks, tolerance_mm=0.0) == ((0, 1),)


def test_a_point_within_a_hole_is_not_within_the_nodule_outlined_by_the_hole_alone(lidc):
    marks = [lidc.mark("a", (lidc.square(0, 0, 10, 10), -8.0, "hole")), lidc.point("b", 5, 5)]
    assert grouped(marks, tolerance_mm=4.0) == ((0,), (1,))


def test_two_marks_of_a_reader_are_two_nodules_and_others_go_to_the_nearest(lidc):
    marks = [lidc.point("a", 10, 10), lidc.point("a", 12, 10), lidc.point("b", 12, 11), lidc.point("c", 10, 9)]
    assert grouped(marks) == ((0, 3), (1, 2))


def test_of_two_overlaps_the_more_central_one_counts(lidc):
    whole = lidc.mark("a", (lidc.square(0, 0, 10, 10), -8.0))
    corner, middle = (lidc.mark("b", (lidc.square(x, x, x + 4, x + 4), -8.0)) for x in (0, 3))
    assert grouped([whole, corner, middle]) == ((0, 2), (1,))
    assert grouped([whole, middle, corner]) == ((0, 1), (2,))


def test_chains_of_different_readers_are_one_nodule(lidc):
    # 0 - 3 - 6 columns: a and c are 6 mm apart and meet through b
    assert grouped([lidc.point(reader, 3 * i, 10) for i, reader in enumerate("abc")]) == ((0, 1, 2),)
    # a second mark of a at the end of the chain stays alone, although it is 3 mm from c
    assert grouped([lidc.point(reader, 3 * i, 10) for i, reader in enumerate("abca")]) == ((0, 1, 2), (3,))


def test_a_hand_full_of_nothing():
    assert grouped([]) == ()


def test_one_mark(lidc):
    assert grouped([lidc.point("a", 1, 1)]) == ((0,),)


@pytest.mark.parametrize(("pixel_mm", "within_mm"), [((0.0, 1.0), 3.0), ((1.0, -1.0), 3.0), ((1.0, 1.0), -1.0)])
def test_arguments_out_of_range(pixel_mm, within_mm):
    with pytest.raises(ArgumentError, match="spacings above 0"):
        near_pairs(mark_regions([]), pixel_mm=pixel_mm, within_mm=within_mm)


POINTS = st.lists(st.tuples(st.sampled_from("abcd"), st.integers(0, 14), st.integers(0, 14)), max_size=10)


@given(points=POINTS, tolerance_mm=st.floats(0, 8))
def test_groups_are_a_partition_with_one_mark_a_reader(lidc, points, tolerance_mm):
    groups = grouped([lidc.point(*p) for p in points], tolerance_mm=tolerance_mm)
    assert sorted(i for group in groups for i in group) == list(range(len(points)))
    for group in groups:
        readers = [points[i][0] for i in group]
        assert len(set(readers)) == len(readers)
        places = np.array([points[i][1:] for i in group])
        for i, place in enumerate(places):
            others = np.delete(places, i, axis=0)
            assert not len(others) or np.linalg.norm(others - place, axis=1).min() <= tolerance_mm


@given(points=POINTS, scale=st.sampled_from([0.5, 2.0, 4.0]))
def test_millimetres_scale_with_the_pixels(lidc, points, scale):
    marks = [lidc.point(*p) for p in points]
    scaled = grouped(marks, pixel_mm=(scale, scale), tolerance_mm=3 * scale)
    assert scaled == grouped(marks, tolerance_mm=3.0)
