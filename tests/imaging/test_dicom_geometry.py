"""Order, gaps and affine of slices, on headers alone."""

import re
from pathlib import Path

import numpy as np
import pytest

from reproduce.errors import (
    MissingSliceError,
    NotAnImageError,
    OrientationError,
    SliceOffsetError,
    SliceShapeError,
    SliceSpacingError,
)
from reproduce.imaging.dicom_claims import PixelClaim
from reproduce.imaging.dicom_files import PixelElement
from reproduce.imaging.dicom_geometry import by_place, require_one_plane, stack_geometry
from reproduce.imaging.dicom_headers import SliceHeader
from reproduce.imaging.dicom_units import Scale


def header(position_mm=(0, 0, 0), *, directions=((1, 0, 0), (0, 1, 0)), spacing_mm=(0.75, 0.5), shape=(3, 4), **kwargs):
    values = {"thickness_mm": 2.0, "sop_uid": "1", "path": Path(f"{position_mm}.dcm"), **kwargs}
    return SliceHeader(
        frame=0,
        position_mm=np.array(position_mm, dtype=float),
        directions=np.array(directions, dtype=float),
        pixel_spacing_mm=spacing_mm,
        scale=Scale(1.0, 0.0, "HU"),
        padding=None,
        claim=PixelClaim(values["path"], (1, *shape), 16, 16, True, False, PixelElement(24, 24)),
        traits={},
        **values,
    )


def at(*z_mm, **kwargs):
    return [header((0, 0, z), **kwargs) for z in z_mm]


def test_the_affine_by_hand():
    # Columns 0.5 mm apart along +x, rows 0.75 mm apart along +y, slices 2 mm apart along x cross y = +z.
    geometry = stack_geometry([header((10, 20, 30)), header((10, 20, 32))], "here")
    assert geometry.affine.tolist() == [[0.5, 0, 0, 10], [0, 0.75, 0, 20], [0, 0, 2, 30], [0, 0, 0, 1]]
    assert geometry.positions_mm.tolist() == [30, 32]


def test_rows_that_run_to_the_right_turn_the_normal_round():
    # Row direction -x, column direction +y: the normal is (-x) cross y = -z, so the highest slice comes first.
    flipped = ((-1, 0, 0), (0, 1, 0))
    groups = by_place(at(0, 2, 4, directions=flipped))
    assert [group[0].position_mm[2] for group in groups] == [4, 2, 0]
    geometry = stack_geometry([group[0] for group in groups], "here")
    assert geometry.affine[:3, :3].tolist() == [[-0.5, 0, 0], [0, 0.75, 0], [0, 0, -2]]
    assert geometry.positions_mm.tolist() == [-4, -2, 0]


def test_places_closer_than_a_hundredth_of_a_millimetre_are_one():
    groups = by_place(at(2, 0, 0.009, 1.991))
    assert [sorted(h.position_mm[2] for h in group) for group in groups] == [[0, 0.009], [1.991, 2]]
    assert [len(group) for group in by_place(at(0, 0.02))] == [1, 1]


def test_one_gap_is_named_in_millimetres():
    with pytest.raises(MissingSliceError, match=r"5 slices, none at 4\.00, 6\.00 mm"):
        stack_geometry(at(-2, 0, 2, 8, 10), "here")


def test_two_gaps_are_both_named():
    with pytest.raises(MissingSliceError, match=r"none at 2\.00, 10\.00 mm"):
        stack_geometry(at(0, 4, 6, 8, 12), "here")


def test_of_many_missing_slices_the_first_forty_are_listed():
    with pytest.raises(MissingSliceError) as error:
        stack_geometry(at(0, 1, 2, 3, 90_000), "here")
    first = ", ".join(f"{z}.00" for z in range(4, 44))
    assert error.value.got == f"5 slices, none at {first}, ... (89996 in all) mm along the slice normal"


def test_a_gap_of_three_slices_is_seen_among_two_distances():
    with pytest.raises(MissingSliceError, match=r"none at 2\.00 mm"):
        stack_geometry(at(0, 1, 3), "here")


@pytest.mark.parametrize("z_mm", [(0, 2, 4, 5, 7), (0, 2, 4, 6, 9, 11), (0, 1, 11, 21, 31), (0, 1, 2.2, 3.6, 5.2)])
def test_uneven_distances_are_refused(z_mm):
    with pytest.raises(SliceSpacingError, match="here"):
        stack_geometry(at(*z_mm), "here")


def test_drift_that_no_single_distance_shows_is_refused():
    # Distances grow from 2.00 to 2.18 mm: each is within 0.1 mm of the median. 0.01 n^2 over 10 steps bends away from
    # its best line by 0.01 * 10^2 / 8 = 0.125 mm; distances that grow half as fast, by 0.0625 mm, are on one line.
    z_mm = np.concatenate([[0], np.cumsum(2.0 + 0.02 * np.arange(10))])
    with pytest.raises(SliceSpacingError, match="mm off"):
        stack_geometry(at(*z_mm), "here")
    stack_geometry(at(*np.concatenate([[0], np.cumsum(2.0 + 0.01 * np.arange(10))])), "here")


def test_rounded_positions_pass_and_keep_the_ends():
    # Slices every 1.25 mm whose positions were written with one decimal.
    z_mm = [0.0, 1.2, 2.5, 3.8, 5.0]
    geometry = stack_geometry(at(*z_mm), "here")
    assert geometry.affine[2, 2] == pytest.approx(1.25)
    assert geometry.positions_mm.tolist() == z_mm


def rounded_stacks():
    """Starts and steps of 300 stacks of 60 slices whose positions are written in tenths of a millimetre."""
    random = np.random.default_rng(11)
    steps_mm = [
        0.2,
        0.21,
        0.22,
        0.25,
        0.28,
        0.3,
        0.4,
        0.5,
        0.6,
        0.625,
        0.667,
        0.7,
        0.75,
        0.8,
        1.0,
        1.25,
        1.5,
        2.5,
        3.75,
        5.0,
    ]
    return [(random.uniform(-500, 500), steps_mm[i % len(steps_mm)]) for i in range(300)]


def test_three_hundred_stacks_written_in_tenths_are_regular():
    for start_mm, step_mm in rounded_stacks():
        z_mm = np.round(start_mm + step_mm * np.arange(60), 1)
        geometry = stack_geometry(at(*z_mm), "here")
        assert geometry.affine[2, 2] == pytest.approx(step_mm, abs=0.1 / 59 + 1e-9)
        on_line = geometry.affine[2, 3] + geometry.affine[2, 2] * np.arange(60)
        assert np.abs(on_line - z_mm).max() < 0.1


def test_a_slice_that_is_missing_there_is_missed():
    for start_mm, step_mm in rounded_stacks():
        z_mm = np.delete(np.round(start_mm + step_mm * np.arange(60), 1), 23)
        with pytest.raises(MissingSliceError, match="59 slices, none at") as caught:
            stack_geometry(at(*z_mm), "here")
        (missing,) = re.findall(r"none at (\S+) mm", str(caught.value))
        assert float(missing) == pytest.approx(start_mm + 23 * step_mm, abs=0.15)


def test_a_slice_that_is_off_by_more_than_a_digit_there_is_refused():
    # 0.25 mm in tenths: 0.15 mm more is no rounding, and no whole number of steps either.
    z_mm = np.round(0.25 * np.arange(60), 1)
    z_mm[30:] += 0.15
    with pytest.raises(SliceSpacingError, match="mm off"):
        stack_geometry(at(*z_mm), "here")


def test_a_long_gap_among_rounded_positions_counts_its_slices():
    # 0.625 mm is written as 0.6 and 0.7; the gap of 31 steps is 19.4 mm, which is 32.3 steps of 0.6 mm.
    z_mm = np.round(0.625 * np.arange(80), 1)
    with pytest.raises(MissingSliceError, match=r"50 slices, none at") as caught:
        stack_geometry(at(*z_mm[:20], *z_mm[50:]), "here")
    assert len(re.findall(r"\d\d\.\d\d(?=,| mm along)", str(caught.value))) == 30


def test_positions_written_in_whole_millimetres_are_refused():
    # 1.25 mm as 0, 1, 2, 4, 5: nothing tells it from 1 mm with gaps.
    with pytest.raises(MissingSliceError, match="every 1 mm"):
        stack_geometry(at(*np.rint(1.25 * np.arange(20))), "here")


def test_a_tilted_gantry_shears_the_affine():
    # The origin moves 0.5 mm along y for every 2 mm along z.
    geometry = stack_geometry([header((0, 0.5 * i, 2.0 * i)) for i in range(4)], "here")
    assert geometry.affine[:3, 2].tolist() == [0, 0.5, 2]
    assert geometry.positions_mm.tolist() == [0, 2, 4, 6]


def test_a_slice_shifted_in_plane_is_refused():
    with pytest.raises(SliceOffsetError, match=r"one 3\.000 mm off, ImagePositionPatient \[3\.0, 0\.0, 2\.0\]"):
        stack_geometry([header(), header((3, 0, 2)), header((0, 0, 4))], "here")


def test_one_slice_is_as_thick_as_it_says():
    assert stack_geometry(at(7, thickness_mm=1.5), "here").affine[:3, 2].tolist() == [0, 0, 1.5]


def test_directions_that_are_nearly_unit_vectors_do_not_stretch_the_normal():
    stretched = ((1.0005, 0, 0), (0, 1, 0))
    assert stack_geometry(at(0, directions=stretched), "here").affine[2, 2] == pytest.approx(2, abs=1e-12)
    assert stack_geometry(at(0, 2, directions=stretched), "here").positions_mm.tolist() == [0, 2]


@pytest.mark.parametrize("thickness_mm", [0.0, -1.0, float("nan")])
def test_one_slice_without_thickness_is_refused(thickness_mm):
    with pytest.raises(NotAnImageError, match=r"SliceThickness \(0018,0050\)"):
        stack_geometry(at(0, thickness_mm=thickness_mm), "here")


@pytest.mark.parametrize("other", [{"shape": (4, 3)}, {"spacing_mm": (0.75, 0.51)}], ids=str)
def test_slices_of_another_size_are_refused(other):
    with pytest.raises(SliceShapeError, match=r"in a\.dcm(.|\n)*in b\.dcm"):
        require_one_plane([header(path=Path("a.dcm")), header((0, 0, 2), path=Path("b.dcm"), **other)], "here")


def test_slices_of_another_orientation_are_refused():
    tilted = ((1, 0, 0), (0, np.cos(0.01), np.sin(0.01)))
    with pytest.raises(OrientationError, match=r"in b\.dcm"):
        require_one_plane([header(), header((0, 0, 2), path=Path("b.dcm"), directions=tilted)], "here")


@pytest.mark.parametrize("directions", [((2, 0, 0), (0, 1, 0)), ((1, 0, 0), (0.6, 0.8, 0)), ((0, 0, 0), (0, 0, 0))])
def test_directions_that_are_not_orthogonal_unit_vectors_are_refused(directions):
    with pytest.raises(OrientationError, match="orthogonal unit vectors"):
        require_one_plane([header(directions=directions)], "here")


def test_directions_rounded_to_four_digits_pass():
    angle = np.radians(17)
    rounded = ((1, 0, 0), tuple(np.round([0, np.cos(angle), np.sin(angle)], 4)))
    require_one_plane([header(directions=rounded)], "here")
