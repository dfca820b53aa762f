"""Folders to volumes: order, copies, and every voxel at its place whatever the orientation."""

import shutil
import tempfile
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom import uid
from scipy.spatial.transform import Rotation

from reproduce.errors import (
    ArgumentError,
    DuplicateSliceError,
    MissingSliceError,
    NotAnImageError,
    OrientationError,
    ReproduceError,
    SliceShapeError,
)
from reproduce.imaging.dicom import find_series, read_series

SAGITTAL = ((0, 1, 0), (0, 0, -1))
CORONAL = ((1, 0, 0), (0, 0, -1))
HEAD_DOWN = ((1, 0, 0), (0, -1, 0))


def test_a_stack_by_hand(ct, tmp_path):
    ct.stack(tmp_path, 3)
    series = read_series(tmp_path)
    assert series.volume.voxels.dtype == np.int16
    assert series.volume.unit == "HU"
    assert series.volume.spacing_mm == (2.0, 0.75, 0.5)
    assert series.positions_mm == (0.0, 2.0, 4.0)
    assert series.sop_uids == tuple(f"{ct.ROOT}.1.{i}" for i in (1, 2, 3))
    assert series.volume.voxels[2, 1, 3] == 213 - 1024
    # x 3 * 0.5 mm, y 1 * 0.75 mm, z 2 * 2 mm.
    assert series.volume.world_mm(np.array([2, 1, 3])).tolist() == [1.5, 0.75, 4.0]


def test_neither_names_nor_numbers_of_slices_are_asked(ct, tmp_path):
    for z, (name, number) in enumerate([("c", 5), ("a", 9), ("b", 1), ("d", 1)]):
        dataset = ct.dataset(stored=ct.numbered(z), position_mm=(0, 0, 2 * z), sop=str(9 - z))
        dataset.InstanceNumber, dataset.SliceLocation = number, -float(number)
        ct.write(tmp_path / name, dataset)
    series = read_series(tmp_path)
    np.testing.assert_array_equal(series.volume.voxels, np.stack([ct.numbered(z) - 1024 for z in range(4)]))
    assert series.sop_uids == tuple(f"{ct.ROOT}.1.{9 - z}" for z in range(4))


def test_slope_and_intercept_are_those_of_each_slice(ct, tmp_path):
    for z, (slope, intercept) in enumerate([(1, 0), (2, -10), (0.5, 4)]):
        stored = np.full((3, 4), 6, np.int16)
        dataset = ct.dataset(stored=stored, position_mm=(0, 0, z), sop=str(z + 1), slope=slope, intercept=intercept)
        ct.write(tmp_path / f"{z}", dataset)
    # 6 + 0, 2 * 6 - 10, 6 / 2 + 4.
    assert read_series(tmp_path).volume.voxels[:, 0, 0].tolist() == [6, 2, 7]


def test_slices_of_one_series_may_be_compressed_differently(ct, tmp_path):
    for z, syntax in enumerate([uid.ExplicitVRLittleEndian, uid.RLELossless, uid.JPEGLSLossless]):
        stored = np.tile(ct.numbered(z), (8, 8))
        ct.write(tmp_path / f"{z}", ct.dataset(stored=stored, position_mm=(0, 0, z), sop=str(z + 1)), syntax)
    assert read_series(tmp_path).volume.voxels[:, 0, 1].tolist() == [1 - 1024, 101 - 1024, 201 - 1024]


_unit = st.floats(-1, 1, allow_nan=False)
_rotations = st.tuples(_unit, _unit, _unit, _unit).filter(lambda q: sum(c * c for c in q) > 0.01)


@given(
    directions=st.one_of(
        st.sampled_from([((1, 0, 0), (0, 1, 0)), ((-1, 0, 0), (0, 1, 0)), SAGITTAL, CORONAL, HEAD_DOWN]),
        _rotations.map(lambda q: Rotation.from_quat(q).as_matrix()[:2]),
    ),
    origin_mm=st.tuples(*[st.floats(-500, 500)] * 3),
    spacing_mm=st.tuples(*[st.floats(0.3, 5)] * 3),
    order=st.permutations(range(4)),
)
@settings(max_examples=30, deadline=None)
def test_every_voxel_lies_where_its_header_says(ct, directions, origin_mm, spacing_mm, order):
    row, column = np.array(directions, dtype=float)
    step_mm, row_mm, column_mm = spacing_mm
    with tempfile.TemporaryDirectory() as folder:
        for name, i in enumerate(order):
            position_mm = np.array(origin_mm) + i * step_mm * np.cross(row, column)
            dataset = ct.dataset(
                stored=ct.numbered(i),
                position_mm=position_mm,
                directions=directions,
                pixel_spacing_mm=(row_mm, column_mm),
                sop=str(i + 1),
            )
            ct.write(Path(folder, f"{name}.dcm"), dataset)
        volume = read_series(Path(folder)).volume
    index = np.argwhere(np.ones(volume.shape))
    stored = volume.voxels[tuple(index.T)].astype(int) + 1024  # 100 * i + 10 * y + x, from which file and pixel
    i, y, x = stored // 100, stored // 10 % 10, stored % 10
    wanted_mm = (  # PS3.3 C.7.6.2.1.1, with the header of slice i
        np.array(origin_mm)
        + (i * step_mm)[:, None] * np.cross(row, column)
        + (x * column_mm)[:, None] * row
        + (y * row_mm)[:, None] * column
    )
    np.testing.assert_allclose(volume.world_mm(index), wanted_mm, rtol=0, atol=1e-3)


@pytest.mark.parametrize("copied", ["same file", "other uid"])
def test_a_copy_of_a_slice_is_read_once(ct, tmp_path, copied):
    paths = ct.stack(tmp_path, 3)
    before = read_series(tmp_path)
    if copied == "same file":
        shutil.copy(paths[1], tmp_path / "0 copy.dcm")
    else:
        ct.write(tmp_path / "0.dcm.2", ct.dataset(stored=ct.numbered(1), position_mm=(0, 0, 2), sop="99"))
    after = read_series(tmp_path)
    np.testing.assert_array_equal(after.volume.voxels, before.volume.voxels)
    assert after.sop_uids == before.sop_uids
    assert len(after.files.files) == 4


def test_other_pixels_at_the_same_place_are_refused(ct, tmp_path):
    ct.stack(tmp_path, 3)
    ct.write(tmp_path / "9.dcm", ct.dataset(stored=ct.numbered(7), position_mm=(0, 0, 2), sop="99"))
    with pytest.raises(DuplicateSliceError, match=r"1\.dcm and 9\.dcm"):
        read_series(tmp_path)


def test_the_same_pixels_shifted_in_plane_are_refused(ct, tmp_path):
    ct.stack(tmp_path, 3)
    ct.write(tmp_path / "other.dcm", ct.dataset(stored=ct.numbered(1), position_mm=(5, 0, 2), sop="99"))
    with pytest.raises(DuplicateSliceError, match="in-plane"):
        read_series(tmp_path)


def test_one_sop_instance_at_two_places_is_refused(ct, tmp_path):
    ct.stack(tmp_path, 3)
    ct.write(tmp_path / "other.dcm", ct.dataset(stored=ct.numbered(3), position_mm=(0, 0, 6), sop="1"))
    with pytest.raises(DuplicateSliceError, match=r"one position for the SOP instance uid-[0-9a-f]{12}, got"):
        read_series(tmp_path)


def test_a_missing_slice_is_named_before_any_pixel_is_read(ct, tmp_path):
    paths = ct.stack(tmp_path, 5)
    paths[2].unlink()
    paths[0].write_bytes(paths[0].read_bytes()[:-10])
    with pytest.raises(MissingSliceError, match=r"none at 4\.00 mm"):
        read_series(tmp_path)


def test_slices_of_two_sizes_are_refused(ct, tmp_path):
    ct.stack(tmp_path, 2)
    ct.write(tmp_path / "wide.dcm", ct.dataset(stored=np.zeros((3, 5), np.int16), position_mm=(0, 0, 4), sop="9"))
    with pytest.raises(SliceShapeError, match=r"3 x 4 pixels(.|\n)*3 x 5 pixels"):
        read_series(tmp_path)


def test_slices_of_two_orientations_are_refused(ct, tmp_path):
    ct.stack(tmp_path, 2)
    turned = ct.dataset(stored=ct.numbered(0), position_mm=(0, 0, 4), directions=SAGITTAL, sop="9")
    ct.write(tmp_path / "turned.dcm", turned)
    with pytest.raises(OrientationError):
        read_series(tmp_path)


def test_a_single_slice_takes_its_thickness(ct, tmp_path):
    ct.stack(tmp_path, 1, thickness_mm=1.25)
    assert read_series(tmp_path).volume.spacing_mm == (1.25, 0.75, 0.5)


def test_a_single_slice_without_thickness_is_refused(ct, tmp_path):
    ct.stack(tmp_path, 1, SliceThickness=None)
    with pytest.raises(NotAnImageError, match="SliceThickness"):
        read_series(tmp_path)


def test_frames_of_one_file_are_slices(ct, tmp_path):
    dataset = ct.dataset(stored=ct.numbered(0), SOPClassUID=uid.EnhancedCTImageStorage, ImagePositionPatient=None)
    dataset.NumberOfFrames = 3
    # The frames stand in the file from head to feet: z = 4, 2, 0 mm.
    dataset.PixelData = b"".join(ct.numbered(frame).tobytes() for frame in (2, 1, 0))
    dataset.PerFrameFunctionalGroupsSequence = [_frame_at(z_mm) for z_mm in (4, 2, 0)]
    ct.write(tmp_path / "frames.dcm", dataset)
    series = read_series(tmp_path)
    np.testing.assert_array_equal(series.volume.voxels, np.stack([ct.numbered(z) - 1024 for z in range(3)]))
    assert series.positions_mm == (0, 2, 4)
    assert series.sop_uids == (f"{ct.ROOT}.1.1",) * 3


def _frame_at(z_mm):
    from pydicom.dataset import Dataset

    position, frame = Dataset(), Dataset()
    position.ImagePositionPatient = [0, 0, z_mm]
    frame.PlanePositionSequence = [position]
    return frame


def test_a_series_that_was_found_is_read_as_it_was(ct, tmp_path):
    ct.stack(tmp_path / "a", 2, series="1")
    ct.stack(tmp_path / "b", 3, series="2")
    for series in find_series(tmp_path):
        assert read_series(series).files == series
        assert read_series(series, series_uid=series.series_uid).volume.shape[0] == len(series.files)


def test_arguments_that_contradict_each_other_are_refused(ct, tmp_path):
    ct.stack(tmp_path, 2)
    (series,) = find_series(tmp_path)
    with pytest.raises(ArgumentError, match="other"):
        read_series(series, series_uid="other")
    with pytest.raises(ArgumentError, match="0 files"):
        read_series(replace(series, files=()))


@settings(max_examples=60, deadline=None)
@given(at=st.integers(132, 900), value=st.integers(0, 255))
@pytest.mark.filterwarnings("ignore::UserWarning:pydicom")
def test_a_broken_byte_is_an_error_of_ours_or_harmless(ct, at, value):
    with tempfile.TemporaryDirectory() as folder:
        path = ct.stack(Path(folder), 2)[0]
        data = bytearray(path.read_bytes())
        data[at % len(data)] = value
        path.write_bytes(data)
        with suppress(ReproduceError):
            read_series(Path(folder))
