"""Which slice an outline lies on, when its SOPInstanceUID and its position do not say the same."""

from dataclasses import replace
from itertools import product
from pathlib import Path

import numpy as np
import pytest

from reproduce.cohorts.lidc_marks import Mark, MarkKind, Outline, ScanReads
from reproduce.cohorts.lidc_nodules import nodules_on
from reproduce.errors import AnnotationMismatchError
from reproduce.imaging.dicom import CtSeries, SeriesFiles
from reproduce.imaging.volume import Volume

PATH = [(4, 4), (5, 4), (6, 4), (6, 5), (6, 6), (5, 6), (4, 6), (4, 5)]  # encloses the pixel (5, 5)
UID = "2.25.1"


def nodules(*marks, n_slices=8, low_mm=-10.0, step_mm=2.0, sop_uids=None):
    """The nodules of marks on a series of slices `low_mm`, `low_mm` + `step_mm`, ... of 16 rows and 20 columns."""
    affine = np.diag([0.5, 0.5, step_mm, 1.0])
    affine[:3, 3] = (-5, -4, low_mm)
    volume = Volume(np.zeros((n_slices, 16, 20), np.int16), affine, "HU")
    sop_uids = sop_uids or tuple(f"{UID}.{i}" for i in range(n_slices))
    positions = tuple(low_mm + step_mm * i for i in range(n_slices))
    series = CtSeries(volume, sop_uids, positions, SeriesFiles(UID, "", "p", "CT", "", ()))
    readers = tuple(dict.fromkeys(mark.reader for mark in marks))
    reads = ScanReads(UID, readers, marks, (Path("1.xml"),))
    return nodules_on(series, reads, consensus=0.5, outline_included=False)


def outline(i, *, z_mm=None, sop=None, is_hole=False, points=PATH):
    z_mm = -10.0 + 2 * i if z_mm is None else z_mm
    return Outline(f"{UID}.{i}" if sop is None else sop, z_mm, is_hole, np.array(points, np.int32))


def marked(reader, *outlines):
    return Mark(reader, MarkKind.NODULE, "1", outlines, {})


def slices_of(found):
    return sorted(
        int(z)
        for nodule in found
        for z in np.unique(np.argwhere(nodule.n_inside.voxels)[:, 0] + nodule.n_inside.corner_zyx[0])
    )


SHIFTS_MM = (0.04, 0.5, 0.9, 1.0, 1.1, 2.0, 3.0, 4.0, 7.3, 500.0)


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize("shift_mm", [s * d for s in SHIFTS_MM for d in (1, -1)])
def test_an_outline_keeps_the_slice_of_its_uid_wherever_the_xml_puts_it(shift_mm, sign):
    whole = [outline(i) for i in (2, 3, 4)]
    expected = nodules(marked("a", *whole), marked("b", *whole))
    assert [nodule.n_inside.voxels.sum() for nodule in expected] == [6]
    for moved in product([False, True], repeat=3):
        shifted = [
            replace(one, z_mm=sign * one.z_mm + shift_mm) if is_moved else one
            for one, is_moved in zip(whole, moved, strict=True)
        ]
        for marks in ([marked("a", *shifted)], [marked("a", *whole), marked("b", *shifted)]):
            found = nodules(*marks)
            assert slices_of(found) == [2, 3, 4]
            assert [len(nodule.readers) for nodule in found] == [len(marks)]
            assert sum(nodule.n_outlines_absent for nodule in found) == 0


def test_a_hole_goes_with_its_outline_when_both_are_shifted():
    ring = [(x, y) for x in range(1, 10) for y in range(1, 10) if x in (1, 9) or y in (1, 9)]
    ring = sorted(ring, key=lambda p: np.arctan2(p[1] - 5, p[0] - 5))
    for shift_mm in (0.9, 2.0, -3.0):
        parts = [outline(3, points=ring, z_mm=-4 + shift_mm), outline(3, is_hole=True, z_mm=-4 + shift_mm)]
        (nodule,) = nodules(marked("a", *parts))
        assert nodule.n_inside.voxels.sum() == 49 - 9
        assert slices_of([nodule]) == [3]


def test_of_two_outlines_of_one_uid_the_one_at_another_slice_goes_there():
    """Reader 3 of 187/139.xml: slices at 1417, 1423, 1426 mm by their UIDs, and a second outline of the UID of 1423."""
    doubled = outline(3, z_mm=-6.0)
    found = nodules(marked("a", outline(1), doubled, outline(3), outline(4)))
    assert slices_of(found) == [1, 2, 3, 4]
    # nothing is at the position, or the mark has an outline there: the UID decides
    assert slices_of(nodules(marked("a", replace(doubled, z_mm=-6.9), outline(3)))) == [3]
    assert slices_of(nodules(marked("a", outline(2), doubled, outline(3)))) == [2, 3]


def test_an_outline_without_uid_lies_at_its_position_or_nowhere():
    anchor = outline(7)
    assert slices_of(nodules(marked("a", outline(2, sop="", z_mm=-6.04), anchor))) == [2, 7]
    assert slices_of(nodules(marked("a", outline(2, sop="", z_mm=-6.4), anchor))) == [7]


def test_a_uid_that_is_not_of_the_series_at_the_position_of_a_slice_is_refused():
    for damaged in ("2.25.1.q", "2.25.9.3", "1.2.3"):
        with pytest.raises(AnnotationMismatchError, match=r"the SOPInstanceUID 2\.25\.1\.3 of the slice") as error:
            nodules(marked("a", outline(2), outline(3, sop=damaged)))
        assert error.value.where == "1.xml, nodule >= 3 mm 1 of a"
    # the only outline of its reader, with one flipped bit
    with pytest.raises(AnnotationMismatchError, match=r"2\.25\.1\.q, which the series has not"):
        nodules(marked("a", outline(2)), marked("b", outline(3, sop="2.25.1.q")))


def test_absent_slices_and_sessions_of_another_scan_have_no_slice():
    (nodule,) = nodules(marked("a", outline(2), outline(9)))
    assert (nodule.n_outlines, nodule.n_outlines_absent) == (2, 1)
    assert slices_of([nodule]) == [2]
    (nodule,) = nodules(marked("a", outline(2)), marked("b", outline(3, sop="1.2.840.3"), outline(4, sop="1.2.840.4")))
    assert slices_of([nodule]) == [2]


def test_frames_of_one_file_are_told_apart_by_position():
    many = tuple([UID] * 8)
    assert slices_of(nodules(marked("a", outline(3, sop=UID)), sop_uids=many)) == [3]
    with pytest.raises(AnnotationMismatchError, match=r"z -4\.9 mm, 0\.9 mm off the nearest of 8"):
        nodules(marked("a", outline(3, sop=UID, z_mm=-4.9)), sop_uids=many)


@pytest.mark.parametrize("point", [(-1, 5), (5, -1), (20, 5), (5, 16), (2**31 - 1, 5), (5, 10**9)])
def test_an_outline_that_leaves_the_image_is_refused_before_it_is_drawn(point):
    with pytest.raises(AnnotationMismatchError, match="within 20 columns and 16 rows"):
        nodules(marked("reader 2", outline(3, points=[*PATH, point])))
