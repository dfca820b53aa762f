"""What a NIfTI header asks for must be what its file holds, no less and no more."""

import gzip
import os
import tracemalloc

import nibabel as nib
import numpy as np
import pytest

from reproduce.errors import DataNotFoundError, PixelDecodeError, VoxelTypeError
from reproduce.imaging.nifti import nifti_notes, read_nifti, write_nifti

LPS = np.diag([-1.0, -1.0, 1.0, 1.0])


def content_of(shape=(6, 5, 4), **fields):
    image = nib.Nifti1Image(np.arange(np.prod(shape), dtype=np.int16).reshape(shape), LPS)
    header = nib.Nifti1Header(image.to_bytes()[:348])
    for name, value in fields.items():
        header[name] = value
    return header.binaryblock + image.to_bytes()[348:]


def write(path, content):
    path.write_bytes(gzip.compress(content) if path.name.endswith(".gz") else content)
    return path


@pytest.mark.parametrize("name", ["a.nii", "a.nii.gz"])
@pytest.mark.parametrize("left_over", [16, 6240])
def test_bytes_that_the_header_does_not_ask_for_are_refused(tmp_path, name, left_over):
    path = write(tmp_path / name, content_of() + bytes(left_over))
    with pytest.raises(PixelDecodeError, match="more than 15 bytes after them"):
        read_nifti(path)


def test_a_smaller_axis_than_the_file_has_is_no_sheared_image(tmp_path):
    path = write(tmp_path / "a.nii", content_of(dim=[3, 5, 5, 4, 1, 1, 1, 1]))  # one less than the 6 that are stored
    with pytest.raises(PixelDecodeError, match="100 voxels of 2 bytes from byte 352 on"):
        read_nifti(path)


@pytest.mark.parametrize("name", ["a.nii", "a.nii.gz"])
def test_a_few_bytes_of_padding_are_read_over(tmp_path, name):
    path = write(tmp_path / name, content_of() + bytes(15))
    assert read_nifti(path).voxels[0, 0].tolist() == [0, 20, 40, 60, 80, 100]


def test_a_gzip_stream_is_unpacked_no_farther_than_the_header_asks(tmp_path):
    path = tmp_path / "a.nii.gz"
    with gzip.open(path, "wb", compresslevel=1) as stream:
        stream.write(content_of())
        for _ in range(200):
            stream.write(bytes(2**20))
    tracemalloc.start()
    with pytest.raises(PixelDecodeError, match="more than 15 bytes"):
        read_nifti(path)
    assert tracemalloc.get_traced_memory()[1] < 5e6
    tracemalloc.stop()


@pytest.mark.parametrize("name", ["a.nii", "a.nii.gz"])
def test_nothing_is_allocated_for_voxels_that_are_not_there(tmp_path, name):
    path = write(tmp_path / name, content_of(dim=[3, 32767, 32767, 32767, 1, 1, 1, 1]))
    tracemalloc.start()
    with pytest.raises(PixelDecodeError, match="a file of"):
        read_nifti(path)
    assert tracemalloc.get_traced_memory()[1] < 5e6
    tracemalloc.stop()


def test_a_size_of_voxels_that_is_said_in_two_ways_is_refused(tmp_path):
    with pytest.raises(VoxelTypeError, match="bitpix 16"):
        read_nifti(write(tmp_path / "a.nii", content_of(bitpix=32)))


@pytest.mark.parametrize("ones", [(1,), (1, 1), (1, 1, 1, 1)])
def test_axes_of_length_one_after_the_fourth_are_none(tmp_path, ones):
    path = write(tmp_path / "a.nii", content_of((2, 3, 4, *ones)))
    voxels = np.arange(24).reshape(2, 3, 4).T
    volume = read_nifti(path)
    np.testing.assert_array_equal(volume.voxels, voxels[..., None] if len(ones) == 1 else voxels)
    write_nifti(volume, tmp_path / "b.nii", like=path)
    np.testing.assert_array_equal(read_nifti(tmp_path / "b.nii").voxels, volume.voxels)


def test_channels_before_such_axes_stay(tmp_path):
    assert read_nifti(write(tmp_path / "a.nii", content_of((2, 3, 4, 5, 1)))).voxels.shape == (4, 3, 2, 5)


def test_millimetres_that_became_micrometres_are_a_note(tmp_path):
    assert nifti_notes(write(tmp_path / "mm.nii", content_of(xyzt_units=2))) == ()
    path = write(tmp_path / "um.nii", content_of(xyzt_units=3))
    (note,) = nifti_notes(path)
    assert (note.path, note.is_fault) == (path, False)
    assert note.reason == "voxels of 0.001 x 0.001 x 0.001 mm; check the unit of length in the header"
    assert read_nifti(path).spacing_mm == pytest.approx((0.001,) * 3)


def test_a_pipe_is_no_file(tmp_path):
    os.mkfifo(tmp_path / "a.nii")
    with pytest.raises(DataNotFoundError, match="no regular file"):
        read_nifti(tmp_path / "a.nii")
