"""Outlines find their slices: between slices, beyond them, tilted, oblique, sagittal, sheared; frames of reference."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reproduce.errors import AnnotationMismatchError, ArgumentError, ContourPlaceError
from reproduce.imaging.dicom import read_series
from reproduce.imaging.rtstruct import Structure, StructureSet
from reproduce.imaging.rtstruct_contours import Contour
from reproduce.imaging.rtstruct_masks import draw_structure, require_same_frame, structure_masks
from reproduce.imaging.volume import Volume

_SHAPE = (5, 8, 10)
# Pixels of 0.5 mm along x and 0.75 mm along y, slices 2 mm apart.
_AXIAL = np.array([[0.5, 0, 0, -20], [0, 0.75, 0, 30], [0, 0, 2, 100], [0, 0, 0, 1.0]])


def _image(affine=_AXIAL):
    return Volume(np.zeros(_SHAPE, dtype=np.int16), affine, "HU")


def _box_mm(image, z, y0, x0, y1, x1):
    """Outline in mm around the pixels of rows y0 to y1 and columns x0 to x1, at a height of z slices."""
    corners = [(y0 - 0.5, x0 - 0.5), (y0 - 0.5, x1 + 0.5), (y1 + 0.5, x1 + 0.5), (y1 + 0.5, x0 - 0.5)]
    return image.world_mm(np.array([(z, y, x) for y, x in corners]))


def _structure(*outlines, kind="CLOSED_PLANAR", frame="1.2.3", number=1):
    contours = tuple(Contour(kind, np.asarray(points, dtype=float)) for points in outlines)
    return Structure(number, "Heart", frame, "ORGAN", None, contours, Path("set.dcm"))


def _rotation(axis, degrees):
    """Rotation matrix about an axis, by Rodrigues' formula."""
    axis = np.array(axis) / np.linalg.norm(axis)
    cross = np.cross(np.eye(3), axis)
    angle = np.deg2rad(degrees)
    return np.eye(3) * np.cos(angle) - np.sin(angle) * cross + (1 - np.cos(angle)) * np.outer(axis, axis)


def _turned(rotation):
    affine = np.eye(4)
    affine[:3, :3] = rotation @ np.diag([0.5, 0.75, 2.0])
    affine[:3, 3] = (-12.3, 45.6, 78.9)
    return affine


_SAGITTAL = np.array([[0, 0, 3, 7], [0.5, 0, 0, -20], [0, -0.75, 0, 30], [0, 0, 0, 1.0]])
_SHEARED = _AXIAL + np.array([[0, 0, 0, 0], [0, 0, 0.6, 0], [0, 0, 0, 0], [0, 0, 0, 0]])  # tilted gantry


@pytest.mark.parametrize(
    "affine",
    [_AXIAL, _SAGITTAL, _SHEARED, _turned(_rotation((1, 2, 3), 40)), _turned(_rotation((0, 1, 0), 3))],
    ids=["axial", "sagittal", "sheared", "oblique", "slightly oblique"],
)
def test_an_outline_fills_its_pixels_in_its_slice_on_every_grid(affine):
    image = _image(affine)
    found = draw_structure(_structure(_box_mm(image, 3, 2, 4, 5, 7)), image, outside="refuse")
    expected = np.zeros(_SHAPE, dtype=bool)
    expected[3, 2:6, 4:8] = True
    np.testing.assert_array_equal(found.voxels, expected)
    assert (found.n_drawn, found.remarks, found.gaps) == (1, (), ())


@given(st.floats(0, 360), st.tuples(*[st.floats(-1, 1)] * 3).filter(lambda a: np.linalg.norm(a) > 0.1))
def test_turning_image_and_outlines_together_changes_nothing(degrees, axis):
    rotation = _rotation(axis, degrees)
    straight, turned = _image(_turned(np.eye(3))), _image(_turned(rotation))
    points = _box_mm(straight, 1, 1, 2, 4, 8) + np.array([0.1, 0.2, 0.0])
    corner = straight.affine[:3, 3]
    first = draw_structure(_structure(points), straight, outside="refuse")
    second = draw_structure(_structure((points - corner) @ rotation.T + corner), turned, outside="refuse")
    np.testing.assert_array_equal(first.voxels, second.voxels)


@pytest.mark.parametrize(
    ("height", "z"),
    [(2.0, 2), (2.49, 2), (2.5, 2), (2.51, 3), (1.51, 2), (1.5, 1), (0.0, 0), (-0.5, 0), (4.5, 4), (2.5 + 1e-9, 2)],
)
def test_a_height_between_slices_belongs_to_the_nearest_and_a_tie_to_the_lower(height, z):
    image = _image()
    found = draw_structure(_structure(_box_mm(image, height, 2, 3, 4, 5)), image, outside="refuse")
    assert np.flatnonzero(found.voxels.any(axis=(1, 2))).tolist() == [z]


@pytest.mark.parametrize("height", [-0.6, 4.6, -40, 400])
def test_an_outline_without_a_slice_is_refused_or_listed(height):
    image = _image()
    structure = _structure(_box_mm(image, height, 2, 3, 4, 5), _box_mm(image, 1, 2, 3, 4, 5))
    with pytest.raises(ContourPlaceError, match=f"got one at {2 * height:.3f} mm") as caught:
        draw_structure(structure, image, outside="refuse")
    assert caught.value.where == "set.dcm, structure 1 'Heart', contour 0"
    found = draw_structure(structure, image, outside="list")
    assert [(r.contour, r.reason) for r in found.remarks] == [(0, "no slice within half the distance of slices")]
    assert (found.voxels.sum(), found.n_drawn) == (9, 1)


def test_heights_are_told_along_the_normal_under_a_tilted_gantry_too():
    image = _image(_SHEARED)  # from origin to origin 2.09 mm, along the normal 2 mm
    with pytest.raises(ContourPlaceError, match=r"got one at 12\.000 mm"):
        draw_structure(_structure(_box_mm(image, 6, 2, 3, 4, 5)), image, outside="refuse")


def test_a_tilted_outline_is_refused():
    image = _image()
    points = _box_mm(image, 2, 2, 3, 4, 5)
    points[0, 2] += 0.19  # less than a tenth of 2 mm: rounding, not a tilt
    assert draw_structure(_structure(points), image, outside="refuse").voxels.sum() == 9
    points[0, 2] += 0.02
    for outside in ("refuse", "list"):
        with pytest.raises(ContourPlaceError, match=r"within 0.2 mm .* got points from 4.000 to 4.210 mm"):
            draw_structure(_structure(points), image, outside=outside)


def test_a_sagittal_outline_on_axial_slices_is_refused():
    points = _box_mm(_image(_SAGITTAL), 2, 2, 3, 4, 5)
    with pytest.raises(ContourPlaceError, match="take the series that it was drawn on"):
        draw_structure(_structure(points), _image(), outside="list")


def test_an_outline_that_is_there_twice_is_drawn_once_and_listed():
    image = _image()
    box = _box_mm(image, 2, 2, 3, 4, 5)
    copies = (box, box + np.array([1e-5, 0, 0]), np.roll(box, 1, axis=0), box[::-1])
    other = _box_mm(image, 2, 2, 7, 4, 9)
    found = draw_structure(_structure(other, *copies), image, outside="refuse")
    alone = draw_structure(_structure(other, box), image, outside="refuse")
    np.testing.assert_array_equal(found.voxels, alone.voxels)
    assert alone.remarks == ()
    assert [(r.contour, r.reason) for r in found.remarks] == [
        (i, "the same outline as contour 1, drawn once") for i in (2, 3, 4)
    ]


def test_points_and_open_lines_are_listed_and_not_drawn():
    image = _image()
    for kind in ("POINT", "OPEN_PLANAR", "OPEN_NONPLANAR"):
        tilted = _box_mm(image, 2, 2, 3, 4, 5) + np.arange(4)[:, None]
        found = draw_structure(_structure(tilted, kind=kind), image, outside="refuse")
        assert not found.voxels.any()
        assert [(r.contour, r.reason) for r in found.remarks] == [(0, f"{kind} encloses no area")]
    xor = _structure(_box_mm(image, 2, 2, 3, 4, 5), kind="CLOSEDPLANAR_XOR")
    assert draw_structure(xor, image, outside="refuse").voxels.sum() == 9


def test_hole_and_islands_follow_the_even_odd_rule_per_slice():
    image = _image()
    boxes = [(1, 1, 1, 6, 8), (1, 2, 2, 5, 7), (1, 3, 4, 4, 5), (2, 1, 1, 2, 2), (2, 5, 5, 6, 8)]
    found = draw_structure(_structure(*[_box_mm(image, *box) for box in boxes]), image, outside="refuse")
    # 6 x 8 less the hole of 4 x 6, and the island of 2 x 2 in it; then 2 x 2 and 2 x 4.
    assert found.voxels.sum(axis=(1, 2)).tolist() == [0, 48 - 24 + 4, 4 + 8, 0, 0]


def test_outlines_closer_than_slices_do_not_cancel_each_other():
    # Heights 1.6, 2.0 and 2.4 all are nearest to slice 2: that of 2.0 is its outline, with both of its contours.
    image = _image()
    boxes = [(1.6, 1, 1, 6, 8), (2.0, 1, 1, 6, 8), (2.0, 2, 2, 3, 3), (2.4, 1, 1, 6, 8)]
    found = draw_structure(_structure(*[_box_mm(image, *box) for box in boxes]), image, outside="refuse")
    assert found.voxels.sum(axis=(1, 2)).tolist() == [0, 0, 48 - 4, 0, 0]
    assert [r.contour for r in found.remarks] == [0, 3]
    assert {r.reason for r in found.remarks} == {"another outline lies nearer to its slice"}


def test_of_two_planes_equally_near_the_lower_one_is_taken():
    image = _image()
    boxes = [(2.3, 1, 1, 1, 1), (1.7, 4, 4, 5, 5)]
    found = draw_structure(_structure(*[_box_mm(image, *box) for box in boxes]), image, outside="refuse")
    assert found.voxels.sum() == 4
    assert [r.contour for r in found.remarks] == [0]


def test_slices_skipped_are_listed_as_gaps_and_stay_empty():
    image = _image()
    found = draw_structure(_structure(*[_box_mm(image, z, 2, 3, 4, 5) for z in (4, 0, 2)]), image, outside="refuse")
    assert found.gaps == (1, 3)
    assert found.voxels.sum(axis=(1, 2)).tolist() == [9, 0, 9, 0, 9]


def test_what_reaches_beyond_the_image_is_cut_and_remarked():
    image = _image()
    found = draw_structure(_structure(_box_mm(image, 2, -3, 7, 1, 14)), image, outside="refuse")
    assert found.voxels.sum() == 2 * 3
    assert [r.reason for r in found.remarks] == ["reaches beyond the image, cut off there"]
    whole = draw_structure(_structure(_box_mm(image, 2, 0, 0, 7, 9)), image, outside="refuse")
    assert whole.voxels[2].all()
    assert whole.remarks == ()


def test_a_structure_without_outlines_is_an_empty_mask():
    found = draw_structure(_structure(), _image(), outside="refuse")
    assert found.voxels.shape == _SHAPE
    assert not found.voxels.any()
    assert (found.n_drawn, found.remarks, found.gaps) == (0, (), ())


def test_a_single_slice_is_an_image_too():
    image = Volume(np.zeros((1, 8, 10), dtype=np.int16), _AXIAL, "HU")
    assert draw_structure(_structure(_box_mm(image, 0.3, 2, 3, 4, 5)), image, outside="refuse").voxels.sum() == 9


def test_what_to_do_with_strays_must_be_said():
    with pytest.raises(ArgumentError, match="outside 'refuse' or 'list'"):
        draw_structure(_structure(), _image(), outside="ignore")


def _set(*structures, series=()):
    return StructureSet(Path("set.dcm"), "", "P1", "1.2.9", (), tuple(series), structures)


def _series(ct, folder, frame):
    ct.stack(folder, **({} if frame is None else {"FrameOfReferenceUID": frame}))
    return read_series(folder)


def test_masks_of_a_set_by_number(ct, tmp_path):
    series = _series(ct, tmp_path, "1.2.3")
    box = _box_mm(series.volume, 2, 0, 1, 1, 2)
    masks = structure_masks(_set(_structure(box, number=4), _structure(number=9)), series, outside="refuse")
    assert {number: int(mask.voxels.sum()) for number, mask in masks.items()} == {4: 4, 9: 0}
    assert structure_masks(_set(), series, outside="refuse") == {}


def test_another_frame_of_reference_is_refused_whatever_the_reference_says(ct, tmp_path):
    series = _series(ct, tmp_path, "1.2.4")
    structures = _set(_structure(), series=[series.files.series_uid])
    with pytest.raises(AnnotationMismatchError, match=r"expected the frame of reference 1.2.4, got 1.2.3"):
        structure_masks(structures, series, outside="refuse")


@pytest.mark.parametrize(("image_frame", "own_frame"), [(None, "1.2.3"), ("1.2.3", ""), (None, "")])
def test_without_a_frame_on_both_sides_the_set_must_refer_to_the_series(ct, tmp_path, image_frame, own_frame):
    files = _series(ct, tmp_path, image_frame).files
    structure = _structure(frame=own_frame)
    require_same_frame(_set(structure, series=["1.9", files.series_uid]), structure, files)
    for named in ([], ["1.9"]):
        with pytest.raises(AnnotationMismatchError, match="a frame of reference on both sides"):
            require_same_frame(_set(structure, series=named), structure, files)
