from pathlib import Path

import numpy as np
import pytest

from reproduce.cohorts.lidc_marks import Mark, MarkKind, Outline, ScanReads
from reproduce.cohorts.lidc_nodules import nodules_on
from reproduce.errors import AnnotationMismatchError, ArgumentError
from reproduce.imaging.dicom import CtSeries, SeriesFiles
from reproduce.imaging.volume import Volume

SPACING = (2.0, 0.5, 0.5)
ORIGIN = (-5.0, -4.0, -10.0)


@pytest.fixture
def found(lidc):
    """Nodules of marks on three slices of 16 rows and 20 columns, at -10, -8 and -6 mm."""

    def found(*marks, consensus=0.5, outline_included=False, series_uid=None, tilt=0.0):
        affine = np.diag([SPACING[2], SPACING[1], SPACING[0], 1.0])
        affine[:3, 1] = 0, SPACING[1] * np.cos(tilt), SPACING[1] * np.sin(tilt)
        affine[:3, 3] = ORIGIN
        volume = Volume(np.zeros((3, 16, 20), np.int16), affine, "HU")
        sop_uids = tuple(f"{lidc.CT}.{i}" for i in (1, 2, 3))
        files = SeriesFiles(lidc.CT, "", "p", "CT", "", ())
        series = CtSeries(volume, sop_uids, lidc.SLICES_MM, files)
        readers = tuple(dict.fromkeys(mark.reader for mark in marks))
        reads = ScanReads(series_uid or lidc.CT, readers, marks, (Path("1.xml"),))
        return nodules_on(series, reads, consensus=consensus, outline_included=outline_included)

    return found


def test_half_of_the_readers_of_the_nodule_decide(lidc, found):
    # squares around 3 x 3, 3 x 3 and 5 x 5 pixels: the middle 3 x 3 has two or three of three readers, the rest one
    small, large = lidc.square(4, 4, 8, 8), lidc.square(3, 3, 9, 9)
    marks = [lidc.mark("a", (small, -8.0)), lidc.mark("b", (small, -8.0)), lidc.mark("c", (large, -8.0))]
    (nodule,) = found(*marks)
    assert nodule.readers == ("a", "b", "c")
    assert nodule.consensus.voxels.sum() == 9
    assert np.bincount(nodule.n_inside.voxels.ravel()).tolist() == [49 - 25, 25 - 9, 0, 9]
    assert found(*marks, consensus=1 / 3)[0].consensus.voxels.sum() == 25
    assert found(*marks, consensus=1.0)[0].consensus.voxels.sum() == 9


def test_two_readers_at_half_are_a_union_and_a_single_reader_is_alone(lidc, found):
    left, right = lidc.square(2, 2, 6, 6), lidc.square(4, 2, 8, 6)  # 3 x 3 each, one column shared
    assert found(lidc.mark("a", (left, -8.0)), lidc.mark("b", (right, -8.0)))[0].consensus.voxels.sum() == 15
    assert found(lidc.mark("a", (left, -8.0)))[0].consensus.voxels.sum() == 9


def test_place_and_size(lidc, found):
    (nodule,) = found(lidc.mark("a", (lidc.square(4, 6, 8, 10), -8.0), (lidc.square(4, 6, 8, 10), -6.0)))
    assert nodule.centroid_zyx == (1.5, 8.0, 6.0)
    # x: -5 + 6 * 0.5 = -2; y: -4 + 8 * 0.5 = 0; z: -10 + 1.5 * 2 = -7
    np.testing.assert_allclose(nodule.centroid_mm, (-2.0, 0.0, -7.0))
    # 18 voxels of 0.5 mm3: a sphere of 9 mm3 has a diameter of (54 / pi)^(1/3)
    np.testing.assert_allclose(nodule.diameter_mm, (54 / np.pi) ** (1 / 3))
    assert nodule.consensus.box == (slice(1, 3), slice(6, 11), slice(4, 9))


def test_a_tilted_gantry_makes_voxels_smaller(lidc, found):
    # 9 voxels of 2 x 0.5 x 0.5 mm whose rows climb at 25 degrees: each fills cos(25) = 0.906 of 0.5 mm3.
    (nodule,) = found(lidc.mark("a", (lidc.square(4, 6, 8, 10), -8.0)), tilt=np.radians(25))
    np.testing.assert_allclose(nodule.diameter_mm**3 * np.pi / 6, 9 * 0.5 * np.cos(np.radians(25)))


def test_outlines_may_count_as_nodule_for_comparisons(lidc, found):
    marks = [lidc.mark("a", (lidc.square(4, 6, 8, 10), -8.0))]
    assert found(*marks, outline_included=True)[0].consensus.voxels.sum() == 25


def test_small_marks_belong_to_the_nodule_and_have_no_voice(lidc, found):
    outlined = lidc.mark("a", (lidc.square(4, 4, 8, 8), -8.0))
    (nodule,) = found(outlined, lidc.point("b", 6, 6), lidc.point("c", 18, 14))
    assert [mark.reader for mark in nodule.small_marks] == ["b"]
    assert nodule.readers == ("a",)
    assert nodule.consensus.voxels.sum() == 9


def test_non_nodules_are_nothing(lidc, found):
    locus = lidc.mark("b", ([(6, 6)], -8.0), kind=MarkKind.NON_NODULE)
    (nodule,) = found(lidc.mark("a", (lidc.square(4, 4, 8, 8), -8.0)), locus)
    assert (nodule.readers, nodule.small_marks) == (("a",), ())


def test_nobody_outlined_anything(lidc, found):
    assert found() == ()
    assert found(lidc.point("a", 1, 1)) == ()


def test_nodules_are_ordered_by_place(lidc, found):
    high = lidc.mark("a", (lidc.square(1, 1, 3, 3), -6.0), name="first")
    low = lidc.mark("a", (lidc.square(12, 12, 14, 14), -10.0), name="second")
    assert [nodule.marks[0].name for nodule in found(high, low)] == ["second", "first"]


def test_outlines_of_absent_slices_are_counted(lidc, found):
    path = lidc.square(4, 4, 8, 8)
    far = Outline("2.25.1.7", -4.0, False, np.array(path))
    here = lidc.mark("a", (path, -8.0)).outlines[0]
    (nodule,) = found(Mark("a", MarkKind.NODULE, "1", (here, far), {}))
    assert (nodule.n_outlines, nodule.n_outlines_absent, nodule.consensus.voxels.sum()) == (2, 1, 9)
    # a nodule without any slice is left out, beside one that is there
    beyond = Mark("b", MarkKind.NODULE, "2", (Outline("2.25.1.7", -40.0, False, np.array(path)),), {})
    assert len(found(Mark("a", MarkKind.NODULE, "1", (here,), {}), beyond)) == 1


def test_outlines_that_enclose_nothing_are_left_out(lidc, found):
    assert found(lidc.mark("a", ([(4, 4), (5, 4)], -8.0))) == ()


def test_readers_who_do_not_meet_leave_an_empty_consensus(lidc, found):
    # two small squares that touch by their outlines only: nobody agrees with anybody at a share of 1
    one, two = lidc.square(2, 2, 4, 4), lidc.square(4, 2, 6, 4)
    (nodule,) = found(lidc.mark("a", (one, -8.0)), lidc.mark("b", (two, -8.0)), consensus=1.0)
    assert nodule.consensus.voxels.sum() == 0
    assert (nodule.diameter_mm, nodule.centroid_zyx) == (0.0, (1.0, 3.0, 4.0))


def test_another_series_is_refused(lidc, found):
    marks = [lidc.mark("a", (lidc.square(4, 4, 8, 8), -8.0))]
    with pytest.raises(AnnotationMismatchError, match=r"the series 2.25.1, got annotations of 2.25.9"):
        found(*marks, series_uid="2.25.9")


def test_marks_on_no_slice_of_the_series_are_refused(lidc, found):
    path = np.array(lidc.square(4, 4, 8, 8))
    with pytest.raises(AnnotationMismatchError, match="none of the 1 slices that the marks name among the 3"):
        found(Mark("a", MarkKind.NODULE, "1", (Outline("2.25.9", -8.0, False, path),), {}))


@pytest.mark.parametrize("consensus", [0.0, 1.01, float("nan")])
def test_a_share_out_of_range(found, consensus):
    with pytest.raises(ArgumentError, match=r"a consensus in \(0, 1\]"):
        found(consensus=consensus)
