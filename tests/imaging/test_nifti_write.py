"""Writing NIfTI: the way back to the file's own axes, what is carried over, and what cannot be written."""

import gzip
from dataclasses import replace
from itertools import permutations, product

import nibabel as nib
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from reproduce.errors import ArgumentError, GeometryError, NotAnImageError
from reproduce.imaging.nifti import read_nifti, read_nifti_labels, write_nifti
from reproduce.imaging.nifti_header import GeometryChoice
from reproduce.imaging.volume import Volume

LPS = np.diag([-1.0, -1.0, 1.0, 1.0])
ORDERS = [(p, s) for p in permutations(range(3)) for s in product((1, -1), repeat=3)]


def affine_of(order, signs, *, rotation=None):
    affine = np.eye(4)
    affine[:3, :3] = 0
    for axis in range(3):
        affine[order[axis], axis] = signs[axis] * (0.5, 1.25, 3.0)[axis]
    if rotation is not None:
        affine[:3, :3] = rotation @ affine[:3, :3]
    affine[:3, 3] = (-90.5, 126.0, -72.25)
    return affine


def numbered(shape=(3, 4, 5)):
    return np.arange(np.prod(shape), dtype=np.int16).reshape(shape)


def save(path, voxels, affine):
    nib.Nifti1Image(voxels, affine).to_filename(path)
    return path


def volume_of(voxels, affine=None, unit="arbitrary"):
    return Volume(np.asarray(voxels), np.eye(4) if affine is None else affine, unit)


def same_as_file(written, source):
    """Whether two files agree in shape, voxels, and every field of geometry, bit for bit."""
    a, b = nib.load(written), nib.load(source)
    fields = ["qform_code", "sform_code", "quatern_b", "quatern_c", "quatern_d", "srow_x", "srow_y", "srow_z"]
    fields += ["qoffset_x", "qoffset_y", "qoffset_z"]
    assert all(np.array_equal(a.header[field], b.header[field]) for field in fields)
    assert np.array_equal(a.header["pixdim"][:4], b.header["pixdim"][:4])
    return np.array_equal(a.affine, b.affine) and np.array_equal(np.asanyarray(a.dataobj), np.asanyarray(b.dataobj))


@pytest.mark.parametrize(("order", "signs"), ORDERS)
def test_every_axis_order_is_written_back_as_it_was(tmp_path, order, signs):
    source = save(tmp_path / "a.nii", numbered(), affine_of(order, signs))
    write_nifti(read_nifti(source), tmp_path / "b.nii", like=source)
    assert same_as_file(tmp_path / "b.nii", source)


@settings(max_examples=40, deadline=None)
@given(case=st.sampled_from(ORDERS), degrees=st.tuples(*[st.floats(-180, 180)] * 3))
def test_oblique_files_are_written_back_as_they_were(tmp_path_factory, case, degrees):
    folder = tmp_path_factory.mktemp("oblique")
    rotation = Rotation.from_euler("xyz", degrees, degrees=True).as_matrix()
    source = save(folder / "a.nii", numbered(), affine_of(*case, rotation=rotation))
    write_nifti(read_nifti(source), folder / "b.nii", like=source)
    assert same_as_file(folder / "b.nii", source)


@settings(max_examples=40, deadline=None)
@given(case=st.sampled_from(ORDERS), degrees=st.tuples(*[st.floats(-180, 180)] * 3))
def test_a_volume_without_a_file_reads_back_where_it_was(tmp_path_factory, case, degrees):
    path = tmp_path_factory.mktemp("own") / "a.nii.gz"
    rotation = Rotation.from_euler("xyz", degrees, degrees=True).as_matrix()
    volume = Volume(numbered((5, 4, 3)), affine_of(*case, rotation=rotation), "arbitrary")
    write_nifti(volume, path, like=None)
    read = read_nifti(path)
    for value in (0, 7, 31, 59):
        (before,), (after,) = np.argwhere(volume.voxels == value), np.argwhere(read.voxels == value)
        assert np.linalg.norm(volume.world_mm(before) - read.world_mm(after)) < 1e-3


def test_by_hand_what_a_volume_without_a_file_becomes(tmp_path):
    affine = np.array([[2.0, 0, 0, 10], [0, 3, 0, 20], [0, 0, 4, 30], [0, 0, 0, 1]])
    voxels = np.arange(24, dtype=np.float32).reshape(2, 3, 4)
    write_nifti(volume_of(voxels, affine), tmp_path / "a.nii", like=None)
    image = nib.load(tmp_path / "a.nii")
    assert image.shape == (4, 3, 2)
    assert image.affine.tolist() == [[-2, 0, 0, -10], [0, -3, 0, -20], [0, 0, 4, 30], [0, 0, 0, 1]]
    assert (int(image.header["sform_code"]), int(image.header["qform_code"])) == (1, 1)
    assert image.header.get_xyzt_units()[0] == "mm"
    assert image.get_fdata()[3, 0, 1] == voxels[1, 0, 3]


def test_a_sheared_grid_has_no_qform(tmp_path):
    affine = np.array([[1.0, 0.4, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]])
    write_nifti(volume_of(numbered((5, 4, 3)), affine), tmp_path / "a.nii", like=None)
    assert int(nib.load(tmp_path / "a.nii").header["qform_code"]) == 0
    assert np.allclose(read_nifti(tmp_path / "a.nii").affine, affine, atol=1e-6)


def test_a_position_that_float32_cannot_hold_is_refused(tmp_path):
    affine = np.eye(4)
    affine[0, 3] = 9e4 + 0.003  # float32 steps by 1/128 there
    with pytest.raises(GeometryError, match="apart"):
        write_nifti(volume_of(numbered(), affine), tmp_path / "a.nii", like=None)
    assert list(tmp_path.iterdir()) == []


def test_a_mask_of_an_image_with_channels_has_its_grid(tmp_path):
    source = save(tmp_path / "a.nii.gz", np.zeros((3, 4, 5, 2), np.float32), affine_of((2, 0, 1), (1, -1, 1)))
    image = read_nifti(source)
    mask = image.voxels[..., 0] == 0
    mask[0, 0, 0] = False
    write_nifti(image.on_same_grid(mask, "label"), tmp_path / "b.nii.gz", like=source)
    written = nib.load(tmp_path / "b.nii.gz")
    assert written.shape == (3, 4, 5)
    assert written.get_data_dtype() == np.uint8
    assert np.array_equal(written.affine, nib.load(source).affine)
    assert np.array_equal(read_nifti_labels(tmp_path / "b.nii.gz").voxels, mask)


def test_channels_are_written_and_read(tmp_path):
    voxels = np.random.default_rng(1).random((5, 4, 3, 2)).astype(np.float32)
    write_nifti(volume_of(voxels), tmp_path / "a.nii.gz", like=None)
    assert np.array_equal(read_nifti(tmp_path / "a.nii.gz").voxels, voxels)


def test_a_volume_in_another_axis_order_finds_its_way(tmp_path):
    source = save(tmp_path / "a.nii", numbered(), affine_of((1, 2, 0), (-1, 1, 1)))
    volume = read_nifti(source)
    swap = np.array([[0.0, 1, 0, 0], [1, 0, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]])  # x and y change places
    turned = Volume(volume.voxels.transpose(0, 2, 1), volume.affine @ swap, "arbitrary")
    write_nifti(turned, tmp_path / "b.nii", like=source)
    assert same_as_file(tmp_path / "b.nii", source)


def test_a_crop_is_refused(tmp_path):
    source = save(tmp_path / "a.nii", numbered(), LPS)
    volume = read_nifti(source)
    with pytest.raises(GeometryError, match="put a crop back"):
        write_nifti(replace(volume, voxels=volume.voxels[1:]), tmp_path / "b.nii", like=source)


@pytest.mark.parametrize(("stretch", "shift_mm"), [(1.01, 0.0), (1.0, 0.01)])
def test_another_grid_of_the_same_shape_is_refused(tmp_path, stretch, shift_mm):
    source = save(tmp_path / "a.nii", numbered(), LPS)
    volume = read_nifti(source)
    affine = volume.affine @ np.diag([1, 1, stretch, 1])
    affine[2, 3] += shift_mm
    with pytest.raises(GeometryError, match="between the same corner"):
        write_nifti(replace(volume, affine=affine), tmp_path / "b.nii", like=source)


def test_a_grid_turned_by_a_third_of_a_right_angle_is_refused(tmp_path):
    source = save(tmp_path / "a.nii", np.zeros((4, 4, 4), np.int16), LPS)
    affine = np.eye(4)
    affine[:3, :3] = Rotation.from_euler("z", 30, degrees=True).as_matrix()
    with pytest.raises(GeometryError):
        write_nifti(volume_of(np.zeros((4, 4, 4)), affine), tmp_path / "b.nii", like=source)


@pytest.mark.parametrize("kind", [nib.Nifti1Image, nib.Nifti2Image])
def test_units_version_and_time_of_the_file(tmp_path, kind):
    image = kind(numbered(), np.diag([-0.001, -0.001, 0.001, 1.0]))
    image.header.set_xyzt_units("meter", "sec")
    image.to_filename(tmp_path / "a.nii")
    volume = read_nifti(tmp_path / "a.nii")
    assert volume.spacing_mm == pytest.approx((1, 1, 1))
    write_nifti(volume, tmp_path / "b.nii", like=tmp_path / "a.nii")
    written = nib.load(tmp_path / "b.nii")
    assert type(written) is kind
    assert written.header.get_xyzt_units()[0] == "meter"
    assert same_as_file(tmp_path / "b.nii", tmp_path / "a.nii")


def test_a_file_without_orientation_is_written_back_by_the_same_choice(tmp_path):
    header = nib.Nifti1Header()
    header.set_data_dtype(np.int16)
    header.set_data_shape((3, 4, 5))
    header["vox_offset"] = 352
    (tmp_path / "a.nii").write_bytes(header.binaryblock + bytes(4) + numbered().tobytes(order="F"))
    choice = GeometryChoice(neither="RAS")
    volume = read_nifti(tmp_path / "a.nii", choice=choice)
    with pytest.raises(GeometryError, match="neither"):
        write_nifti(volume, tmp_path / "b.nii", like=tmp_path / "a.nii")
    write_nifti(volume, tmp_path / "b.nii", like=tmp_path / "a.nii", choice=choice)
    assert same_as_file(tmp_path / "b.nii", tmp_path / "a.nii")


def test_scaling_and_descriptions_are_not_carried_over(tmp_path):
    image = nib.Nifti1Image(numbered(), LPS)
    image.header["descrip"] = b"a name of a patient"
    image.header.extensions.append(nib.nifti1.Nifti1Extension("comment", b"another name"))
    image.header["cal_max"] = 7
    image.to_filename(tmp_path / "a.nii")
    write_nifti(read_nifti(tmp_path / "a.nii"), tmp_path / "b.nii", like=tmp_path / "a.nii")
    assert b"name" not in (tmp_path / "b.nii").read_bytes()
    assert nib.load(tmp_path / "b.nii").header["cal_max"] == 0


@pytest.mark.parametrize(
    ("given", "stored"),
    [(bool, "u1"), (np.float16, "f4"), (np.int64, "i4"), (np.uint64, "i4"), (np.uint16, "u2"), (np.float64, "f8")],
)
def test_types_that_are_stored_as_others_keep_their_values(tmp_path, given, stored):
    voxels = np.array([0, 1, 1]).astype(given).reshape(1, 1, 3)
    write_nifti(volume_of(voxels), tmp_path / "a.nii", like=None)
    image = nib.load(tmp_path / "a.nii")
    assert image.get_data_dtype() == np.dtype(stored)
    assert np.asanyarray(image.dataobj).ravel().tolist() == [0, 1, 1]


@pytest.mark.parametrize(
    "voxels",
    [np.full((1, 1, 1), 2**31), np.full((1, 1, 1), -(2**31) - 1), np.ones((1, 1, 1), complex), np.zeros((0, 2, 2))],
)
def test_voxels_that_nifti_cannot_store_are_refused(tmp_path, voxels):
    with pytest.raises(ArgumentError):
        write_nifti(volume_of(voxels), tmp_path / "a.nii", like=None)


def test_another_suffix_is_refused(tmp_path):
    with pytest.raises(ArgumentError, match=r"\.nii"):
        write_nifti(volume_of(numbered()), tmp_path / "a.mha", like=None)


def test_like_what_is_no_nifti_is_refused(tmp_path):
    (tmp_path / "a.nii").write_bytes(bytes(1000))
    with pytest.raises(NotAnImageError):
        write_nifti(volume_of(numbered()), tmp_path / "b.nii", like=tmp_path / "a.nii")


def test_the_same_volume_gives_the_same_bytes_packed_or_not(tmp_path):
    for name in ("a.nii.gz", "b.nii.gz", "c.nii"):
        write_nifti(volume_of(numbered()), tmp_path / name, like=None)
    assert (tmp_path / "a.nii.gz").read_bytes() == (tmp_path / "b.nii.gz").read_bytes()
    assert gzip.decompress((tmp_path / "a.nii.gz").read_bytes()) == (tmp_path / "c.nii").read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.nii.gz", "b.nii.gz", "c.nii"]
