"""What a header must say, and what is refused when it does not."""

import math

import numpy as np
import pytest
from pydicom import uid
from pydicom.dataset import Dataset

from reproduce.errors import DataNotFoundError, NotAnImageError
from reproduce.imaging.dicom_headers import read_headers
from reproduce.imaging.dicom_units import Scale


def read_one(ct, tmp_path, syntax=uid.ExplicitVRLittleEndian, **elements):
    path = ct.write(tmp_path / "slice.dcm", ct.dataset(**{"stored": ct.numbered(0), **elements}), syntax)
    (header,) = read_headers(path)
    return header


def test_every_field_by_hand(ct, tmp_path):
    header = read_one(ct, tmp_path, position_mm=(1.5, -2, 3), slope=2, padding=("SS", -2000))
    assert header.position_mm.tolist() == [1.5, -2, 3]
    assert header.directions.tolist() == [[1, 0, 0], [0, 1, 0]]
    assert (header.pixel_spacing_mm, header.shape, header.thickness_mm) == ((0.75, 0.5), (3, 4), 2.0)
    assert (header.scale, header.padding) == (Scale(2.0, -1024.0, "HU"), (-2000, -2000))
    assert (header.sop_uid, header.frame) == (f"{ct.ROOT}.1.1", 0)


@pytest.mark.parametrize(
    ("keyword", "tag"),
    [
        ("SOPInstanceUID", "0008,0018"),
        ("PixelSpacing", "0028,0030"),
        ("ImagePositionPatient", "0020,0032"),
        ("ImageOrientationPatient", "0020,0037"),
        ("Rows", "0028,0010"),
        ("Columns", "0028,0011"),
        ("SamplesPerPixel", "0028,0002"),
        ("RescaleSlope", "0028,1053"),
        ("RescaleIntercept", "0028,1052"),
    ],
)
def test_a_missing_element_is_named_with_its_tag_and_file(ct, tmp_path, keyword, tag):
    with pytest.raises(NotAnImageError, match=rf"{keyword} \({tag}\)(.|\n)*slice\.dcm"):
        read_one(ct, tmp_path, **{keyword: None})


@pytest.mark.parametrize(
    "elements",
    [
        {"ImagePositionPatient": ["0", "0"]},
        {"ImagePositionPatient": ""},
        {"PixelSpacing": "0.5"},
        {"PixelSpacing": ["0", "1"]},
        {"PixelSpacing": ["-1", "1"]},
        {"ImageOrientationPatient": ["1", "0", "0"]},
        {"RescaleSlope": "0"},
        {"RescaleType": "Z_EFF"},
        {"SamplesPerPixel": 3},
        {"Rows": 0},
    ],
    ids=str,
)
def test_an_element_that_cannot_be_used_is_named(ct, tmp_path, elements):
    with pytest.raises(NotAnImageError, match=next(iter(elements))):
        read_one(ct, tmp_path, **elements)


@pytest.mark.parametrize("text", [b"abc ", b"nan ", b"inf "])
def test_a_number_that_is_none_is_refused(ct, tmp_path, text):
    path = ct.write(tmp_path / "slice.dcm", ct.dataset(stored=ct.numbered(0), slope=1.25))
    path.write_bytes(path.read_bytes().replace(b"1.25", text))
    with pytest.raises(NotAnImageError, match="RescaleSlope"):
        read_headers(path)


@pytest.mark.parametrize("kind", ["HU", "US", ""])
def test_hounsfield_units_may_go_without_saying(ct, tmp_path, kind):
    assert read_one(ct, tmp_path, RescaleType=kind).scale.unit == "HU"


def test_thickness_may_be_absent(ct, tmp_path):
    assert math.isnan(read_one(ct, tmp_path, SliceThickness=None).thickness_mm)


@pytest.mark.parametrize("syntax", [uid.ExplicitVRLittleEndian, uid.ImplicitVRLittleEndian, uid.ExplicitVRBigEndian])
@pytest.mark.parametrize(
    ("dtype", "padding", "wanted"),
    [
        # 63536 = 0xF830 = 65536 - 2000, so that in 16 bits with a sign it is -2000, and -2000 without one is 63536.
        (np.int16, ("US", 63536), -2000),
        (np.int16, ("SS", -2000), -2000),
        (np.uint16, ("SS", -2000), 63536),
        (np.uint16, ("US", 63536), 63536),
        (np.uint16, ("US", 0), 0),
    ],
)
def test_padding_takes_the_signedness_of_the_pixels(ct, tmp_path, syntax, dtype, padding, wanted):
    header = read_one(ct, tmp_path, syntax, stored=ct.numbered(0, dtype), padding=padding)
    assert header.padding == (wanted, wanted)


def test_a_range_of_padding_goes_either_way_round(ct, tmp_path):
    assert read_one(ct, tmp_path, padding=("SS", -1000), PixelPaddingRangeLimit=-2000).padding == (-2000, -1000)


def test_no_padding_is_none(ct, tmp_path):
    assert read_one(ct, tmp_path).padding is None


def test_a_file_that_went_away_says_so(tmp_path):
    with pytest.raises(DataNotFoundError):
        read_headers(tmp_path / "gone.dcm")


def test_what_is_no_dicom_says_so(tmp_path):
    (tmp_path / "x").write_bytes(bytes(400))
    with pytest.raises(NotAnImageError, match="a file of zeros, no DICOM"):
        read_headers(tmp_path / "x")


def group(**macros) -> Dataset:
    """A functional group: one sequence of one item per macro."""
    dataset = Dataset()
    for keyword, elements in macros.items():
        item = Dataset()
        for name, value in elements.items():
            setattr(item, name, value)
        setattr(dataset, keyword, [item])
    return dataset


def test_a_file_of_frames_is_as_many_slices(ct, tmp_path):
    dataset = ct.dataset(
        stored=np.zeros((3, 4), np.int16),
        **dict.fromkeys(["ImagePositionPatient", "ImageOrientationPatient", "PixelSpacing", "RescaleSlope"]),
        SOPClassUID=uid.EnhancedCTImageStorage,
        NumberOfFrames=2,
    )
    dataset.PixelData = bytes(2 * 24)
    measures = {"PixelSpacing": ["0.75", "0.5"], "SliceThickness": "3"}
    orientation = {"ImageOrientationPatient": [1, 0, 0, 0, 1, 0]}
    shared = group(PixelMeasuresSequence=measures, PlaneOrientationSequence=orientation)
    dataset.SharedFunctionalGroupsSequence = [shared]
    dataset.PerFrameFunctionalGroupsSequence = [
        group(
            PlanePositionSequence={"ImagePositionPatient": [0, 0, z]},
            PixelValueTransformationSequence={"RescaleSlope": slope, "RescaleIntercept": "0", "RescaleType": "HU"},
        )
        for z, slope in ((5, "1"), (8, "2"))
    ]
    first, second = read_headers(ct.write(tmp_path / "frames.dcm", dataset))
    assert (first.frame, second.frame) == (0, 1)
    assert (first.position_mm[2], second.position_mm[2]) == (5, 8)
    assert (first.scale.slope, second.scale.slope, first.thickness_mm) == (1, 2, 3)
    assert first.pixel_spacing_mm == (0.75, 0.5)
    assert first.scale.intercept == 0  # the frame's own, before the -1024 of the whole file
