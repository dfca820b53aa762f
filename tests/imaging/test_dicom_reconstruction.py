"""Two reconstructions in one series are told by what differs between them."""

import pytest

from reproduce.errors import SeveralSeriesError
from reproduce.imaging.dicom import read_series


def alternating(ct, folder, *, keyword=None, values=(), thickness_mm=(2.0, 2.0), step_mm=2.0, order=None):
    """Six slices; those at the indices of `order` (every other one) have the second value."""
    second = (1, 3, 5) if order is None else order
    for z in range(6):
        i = int(z in second)
        elements = {} if keyword is None else {keyword: values[i]}
        kwargs = {"position_mm": (0, 0, step_mm * z), "sop": str(z + 1), "thickness_mm": thickness_mm[i]}
        ct.write(folder / f"{z}.dcm", ct.dataset(stored=ct.numbered(z), **kwargs, **elements))


DIFFER = [("ConvolutionKernel", ("B30f", "B60f")), ("AcquisitionNumber", (1, 2))]


@pytest.mark.parametrize(("keyword", "values"), DIFFER)
@pytest.mark.parametrize("order", [(1, 3, 5), (2,), (2, 3)])
def test_slices_of_two_reconstructions_that_alternate_are_refused(ct, tmp_path, keyword, values, order):
    alternating(ct, tmp_path, keyword=keyword, values=values, order=order)
    with pytest.raises(SeveralSeriesError, match=rf"one {keyword}, got .*{values[0]} in"):
        read_series(tmp_path)


def test_slices_of_two_thicknesses_that_alternate_are_refused(ct, tmp_path):
    alternating(ct, tmp_path, thickness_mm=(2.0, 1.0))
    with pytest.raises(SeveralSeriesError, match=r"one SliceThickness, got 2\.0 in 3, 1\.0 in 3"):
        read_series(tmp_path)


@pytest.mark.parametrize(("keyword", "values"), DIFFER)
def test_one_part_after_another_is_read_with_a_note(ct, tmp_path, keyword, values):
    alternating(ct, tmp_path, keyword=keyword, values=values, order=(3, 4, 5))
    (note,) = read_series(tmp_path).notes
    assert note.reason == f"slices differ in {keyword}: {values[0]} in 3, {values[1]} in 3"


def test_thick_slices_at_half_their_thickness_are_a_note(ct, tmp_path):
    alternating(ct, tmp_path, step_mm=1.0)
    assert [n.reason for n in read_series(tmp_path).notes] == [
        "slices of 2 mm every 1 mm: an overlapping reconstruction, or two"
    ]


def test_one_slice_of_another_intercept_is_read_as_it_says_with_a_note(ct, tmp_path):
    for z in range(4):
        intercept = 0 if z == 1 else -1024
        dataset = ct.dataset(stored=ct.numbered(z), position_mm=(0, 0, 2 * z), sop=str(z + 1), intercept=intercept)
        ct.write(tmp_path / f"{z}.dcm", dataset)
    series = read_series(tmp_path)
    assert series.volume.voxels[:, 0, 0].tolist() == [-1024, 100, 200 - 1024, 300 - 1024]
    assert [n.reason for n in series.notes] == [
        "slices differ in RescaleSlope and RescaleIntercept: 1 and -1024 in 3, 1 and 0 in 1"
    ]


def test_a_usual_series_has_no_notes(ct, tmp_path):
    ct.stack(tmp_path, 4, ConvolutionKernel="B30f", AcquisitionNumber=1)
    assert read_series(tmp_path).notes == ()


def test_voxels_of_a_size_that_no_scanner_makes_are_a_note(ct, tmp_path):
    ct.stack(tmp_path, 4, pixel_spacing_mm=(0.001, 0.001))
    assert [n.reason for n in read_series(tmp_path).notes] == [
        "voxels of 2 x 0.001 x 0.001 mm; check the unit of length in the header"
    ]
