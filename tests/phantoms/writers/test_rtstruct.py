"""Structure sets on disk: valid by dciodvfy, and the same masks when they are filled again."""

import shutil
import subprocess

import numpy as np
import pydicom
import pytest
from hypothesis import given
from hypothesis.extra.numpy import arrays

from reproduce.imaging.rtstruct import read_structures
from reproduce.imaging.rtstruct_fill import fill_even_odd
from reproduce.imaging.rtstruct_masks import draw_structure
from reproduce.imaging.volume import Volume
from reproduce.phantoms.writers.dicom_ct import CtSeriesTags, uid_of
from reproduce.phantoms.writers.rtstruct import outlines_mm, write_structure_set

_SHAPE = (4, 9, 11)
_AFFINE = np.array([[0.7, 0, 0, -170.5], [0, 0.7, 0, -160.25], [0, 0, 2.5, -312.5], [0, 0, 0, 1]])
_IMAGE = Volume(np.zeros(_SHAPE, np.int16), _AFFINE, "HU")


def _masks():
    ring = np.zeros(_SHAPE, bool)
    ring[1:3, 1:8, 2:9] = True
    ring[1:3, 3:6, 4:7] = False
    ring[1:3, 4, 5] = True  # an island in the hole
    ring[2, 0, 10] = True  # and one that touches the border
    return {"Heart": ring, "Esophagus": np.zeros(_SHAPE, bool), "Lung_L": np.ones(_SHAPE, bool)}


def _write(folder):
    path = folder / "set.dcm"
    write_structure_set(path, _masks(), _IMAGE, CtSeriesTags(("test",), "PHANTOM-0001", "test", None, "HFS", True))
    return path


def test_masks_come_back_voxel_for_voxel(tmp_path):
    found = read_structures(_write(tmp_path))
    assert [(s.number, s.name, s.kind) for s in found.structures] == [
        (1, "Heart", "ORGAN"),
        (2, "Esophagus", "ORGAN"),
        (3, "Lung_L", "ORGAN"),
    ]
    for structure in found.structures:
        drawn = draw_structure(structure, _IMAGE, outside="refuse")
        np.testing.assert_array_equal(drawn.voxels, _masks()[structure.name])
        assert drawn.remarks == ()
    assert found.empty_names == ("Esophagus",)
    assert len(found.structures[0].contours) == 3 + 4  # rim, hole and island on two slices, one more island on one


def test_the_set_refers_to_its_ct_and_every_contour_to_its_slice(tmp_path):
    path = _write(tmp_path)
    found, dataset = read_structures(path), pydicom.dcmread(path)
    assert found.series_uids == (uid_of("test", "series"),)
    assert found.frame_uids == (uid_of("test", "frame"),)
    for contour in dataset.ROIContourSequence[0].ContourSequence:
        z = round((float(contour.ContourData[2]) + 312.5) / 2.5)
        assert contour.ContourImageSequence[0].ReferencedSOPInstanceUID == uid_of("test", "slice", z)
        assert contour.NumberOfContourPoints * 3 == len(contour.ContourData)
    assert "phantom" in dataset.Manufacturer.lower()


def test_dciodvfy_finds_no_error(tmp_path):
    if shutil.which("dciodvfy") is None:
        pytest.skip("dciodvfy absent: install Debian's dicom3tools")
    done = subprocess.run(["dciodvfy", str(_write(tmp_path))], capture_output=True, text=True, check=False)
    report = done.stdout + done.stderr
    assert "RTStructureSet" in report
    assert "Error" not in report, report


def test_an_outline_of_one_pixel_by_hand():
    mask = np.zeros(_SHAPE[1:], bool)
    mask[3, 5] = True
    (points,) = outlines_mm(mask, _IMAGE, 2)
    # A diamond half a pixel (0.35 mm) around column 5, row 3: x = -170.5 + 0.7 * 5, y = -160.25 + 0.7 * 3.
    expected = {(-167.0, -158.5), (-167.0, -157.8), (-167.35, -158.15), (-166.65, -158.15)}
    assert {(round(x, 6), round(y, 6)) for x, y, _ in points.tolist()} == expected
    assert set(points[:, 2].tolist()) == {-307.5}


def test_straight_sides_have_no_points_between_their_ends():
    mask = np.zeros(_SHAPE[1:], bool)
    mask[2:7, 3:9] = True
    (points,) = outlines_mm(mask, _IMAGE, 0)
    assert len(points) == 8  # a rectangle whose corners are cut


def test_an_empty_mask_has_no_outline():
    assert outlines_mm(np.zeros(_SHAPE[1:], bool), _IMAGE, 0) == []


@given(arrays(bool, _SHAPE[1:]))
def test_filling_the_outlines_of_any_mask_gives_the_mask(mask):
    outlines = [_IMAGE.index_zyx(points)[:, 1:] for points in outlines_mm(mask, _IMAGE, 0)]
    filled = fill_even_odd(outlines, np.zeros(len(outlines), int), shape=(1, *_SHAPE[1:]))
    np.testing.assert_array_equal(filled[0], mask)
