"""Reading NIfTI: every axis order keeps the position and value of every voxel; scaling, channels, units, labels."""

import gzip
from itertools import permutations, product

import nibabel as nib
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from reproduce.errors import ImageAxesError, VoxelTypeError
from reproduce.imaging.nifti import read_nifti, read_nifti_labels

LPS = np.diag([-1.0, -1.0, 1.0, 1.0])
ORDERS = [(p, s) for p in permutations(range(3)) for s in product((1, -1), repeat=3)]


def affine_of(order, signs, *, spacing_mm=(1.0, 1.0, 1.0), rotation=None, origin_mm=(0.0, 0.0, 0.0)):
    """RAS affine whose axis i runs along world axis order[i] with a sign, then turned by a rotation."""
    affine = np.eye(4)
    affine[:3, :3] = 0
    for axis in range(3):
        affine[order[axis], axis] = signs[axis] * spacing_mm[axis]
    if rotation is not None:
        affine[:3, :3] = rotation @ affine[:3, :3]
    affine[:3, 3] = origin_mm
    return affine


def save(path, voxels, affine, *, kind=nib.Nifti1Image):
    kind(voxels, affine).to_filename(path)
    return path


def numbered(shape=(3, 4, 5)):
    """Each voxel holds its own number, so that its index (i, j, k) in the file can be told from its value."""
    return np.arange(np.prod(shape), dtype=np.int16).reshape(shape)


def farthest_mm(volume, voxels, affine):
    """Largest distance between where a value was put and where the volume has it."""
    ijk = np.stack(np.unravel_index(volume.voxels.ravel(), voxels.shape), axis=-1)
    put_mm = ijk @ (LPS @ affine)[:3, :3].T + (LPS @ affine)[:3, 3]
    has_mm = volume.world_mm(np.indices(volume.shape).reshape(3, -1).T)
    return np.linalg.norm(put_mm - has_mm, axis=1).max()


def test_a_ras_file_by_hand(tmp_path):
    voxels = numbered((2, 3, 4))
    volume = read_nifti(save(tmp_path / "a.nii", voxels, affine_of((0, 1, 2), (1, 1, 1), spacing_mm=(2, 3, 4))))
    # i runs to the right, x to the left: x = 1 - i, and likewise y = 2 - j. The voxel (i, j, k) = (1, 0, 3) lies at
    # RAS (2, 0, 12), which is LPS (-2, 0, 12), and is [z, y, x] = [3, 2, 0].
    assert volume.shape == (4, 3, 2)
    assert volume.spacing_mm == (4.0, 3.0, 2.0)
    assert volume.voxels[3, 2, 0] == voxels[1, 0, 3]
    assert volume.world_mm(np.array([3, 2, 0])).tolist() == [-2.0, 0.0, 12.0]


@pytest.mark.parametrize(("order", "signs"), ORDERS)
def test_every_axis_order_becomes_lps_and_keeps_every_voxel(tmp_path, order, signs):
    affine = affine_of(order, signs, spacing_mm=(0.5, 1.25, 3.0), origin_mm=(-90.5, 126.0, -72.25))
    volume = read_nifti(save(tmp_path / "a.nii", numbered(), affine))
    assert farthest_mm(volume, numbered(), affine) < 1e-3
    directions = volume.affine[:3, :3]
    assert np.array_equal(directions, np.diag(np.diag(directions)))
    assert (np.diag(directions) > 0).all()


@settings(max_examples=60, deadline=None)
@given(
    case=st.sampled_from(ORDERS),
    degrees=st.tuples(*[st.floats(-180, 180)] * 3),
    spacing_mm=st.tuples(*[st.floats(0.1, 8)] * 3),
    origin_mm=st.tuples(*[st.floats(-500, 500)] * 3),
)
def test_oblique_anisotropic_files_keep_every_voxel(tmp_path_factory, case, degrees, spacing_mm, origin_mm):
    rotation = Rotation.from_euler("xyz", degrees, degrees=True).as_matrix()
    affine = affine_of(*case, spacing_mm=spacing_mm, rotation=rotation, origin_mm=origin_mm)
    path = save(tmp_path_factory.mktemp("oblique") / "a.nii", numbered(), affine)
    volume = read_nifti(path)
    assert farthest_mm(volume, numbered(), affine) < 1e-3
    cosines = volume.affine[:3, :3] / np.linalg.norm(volume.affine[:3, :3], axis=0)
    # No other of the 48 ways to order the axes is nearer to LPS, up to float32 in the file.
    others = [sum(abs(cosines[w, p[w]]) for w in range(3)) for p in permutations(range(3))]
    assert np.trace(cosines) > max(others) - 1e-5


@pytest.mark.parametrize(("order", "signs"), ORDERS[::5])
def test_voxels_are_those_of_nibabel_in_its_own_canonical_order(tmp_path, order, signs):
    """nibabel 5: as_closest_canonical turns to RAS; LPS counts the first two axes from the other end."""
    affine = affine_of(order, signs, rotation=Rotation.from_euler("xyz", (9, -14, 6), degrees=True).as_matrix())
    path = save(tmp_path / "a.nii", numbered(), affine)
    canonical = np.asanyarray(nib.as_closest_canonical(nib.load(path)).dataobj)
    assert np.array_equal(read_nifti(path).voxels, canonical[::-1, ::-1].transpose(2, 1, 0))


def test_a_grid_halfway_between_two_orders_keeps_its_own(tmp_path):
    affine = affine_of((0, 1, 2), (-1, -1, 1), rotation=Rotation.from_euler("z", 45, degrees=True).as_matrix())
    volume = read_nifti(save(tmp_path / "a.nii", numbered(), affine))
    assert volume.voxels.shape == (5, 4, 3)
    assert farthest_mm(volume, numbered(), affine) < 1e-3


def test_channels_stay_last(tmp_path):
    voxels = np.arange(2 * 3 * 4 * 2, dtype=np.float32).reshape(2, 3, 4, 2)
    volume = read_nifti(save(tmp_path / "a.nii.gz", voxels, LPS))
    assert volume.voxels.shape == (4, 3, 2, 2)
    assert np.array_equal(volume.voxels[..., 1], voxels[..., 1].T)
    assert volume.shape == (4, 3, 2)


@pytest.mark.parametrize("name", ["a.nii", "a.nii.gz"])
@pytest.mark.parametrize("kind", [nib.Nifti1Image, nib.Nifti2Image])
def test_versions_and_compression_read_alike(tmp_path, name, kind):
    volume = read_nifti(save(tmp_path / name, numbered(), LPS, kind=kind))
    assert np.array_equal(volume.voxels, numbered().T)
    assert volume.voxels.dtype == np.int16


def test_gzip_is_told_by_the_content(tmp_path):
    path = save(tmp_path / "a.nii", numbered(), LPS)
    path.write_bytes(gzip.compress(path.read_bytes()))
    assert np.array_equal(read_nifti(path).voxels, numbered().T)


def test_a_big_endian_file_has_the_same_voxels_in_native_order(tmp_path):
    header = nib.Nifti1Header(endianness=">")
    header.set_data_dtype(np.int16)
    header.set_data_shape((3, 4, 5))
    header.set_sform(LPS, code=1)
    nib.Nifti1Image(numbered(), None, header).to_filename(tmp_path / "a.nii")
    volume = read_nifti(tmp_path / "a.nii")
    assert np.array_equal(volume.voxels, numbered().T)
    assert volume.voxels.dtype.isnative
    assert np.array_equal(volume.affine, np.eye(4))


def scaled(path, voxels, slope, intercept):
    """A file that stores voxels as they are and says how to scale them."""
    header = nib.Nifti1Header()
    header.set_data_dtype(voxels.dtype)
    header.set_data_shape(voxels.shape)
    header.set_sform(LPS, code=1)
    header["scl_slope"], header["scl_inter"] = slope, intercept
    header["vox_offset"] = 352
    path.write_bytes(header.binaryblock + bytes(4) + voxels.tobytes(order="F"))
    return path


@pytest.mark.parametrize(("stored", "read"), [(np.uint8, np.float32), (np.int16, np.float32), (np.int32, np.float64)])
def test_scaling_by_hand(tmp_path, stored, read):
    voxels = np.array([0, 2, 10], dtype=stored).reshape(1, 1, 3)
    volume = read_nifti(scaled(tmp_path / "a.nii", voxels, 0.5, -1.0))
    assert volume.voxels.ravel().tolist() == [-1.0, 0.0, 4.0]  # 0.5 * 0 - 1, 0.5 * 2 - 1, 0.5 * 10 - 1
    assert volume.voxels.dtype == read


@pytest.mark.parametrize(("slope", "intercept"), [(0.0, 7.0), (np.nan, np.nan), (1.0, 0.0)])
def test_a_slope_of_zero_or_one_leaves_what_is_stored(tmp_path, slope, intercept):
    volume = read_nifti(scaled(tmp_path / "a.nii", numbered(), slope, intercept))
    assert volume.voxels.dtype == np.int16
    assert np.array_equal(volume.voxels, numbered().T)


def test_voxels_may_be_written_to(tmp_path):
    volume = read_nifti(save(tmp_path / "a.nii", numbered(), LPS))
    volume.voxels[0, 0, 0] = 9
    assert volume.voxels.flags.c_contiguous


def test_the_unit_is_what_the_caller_says(tmp_path):
    path = save(tmp_path / "a.nii", numbered(), LPS)
    assert read_nifti(path).unit == "arbitrary"
    assert read_nifti(path, unit="HU").unit == "HU"


@pytest.mark.parametrize("dtype", [np.uint8, np.int16, np.int32, np.float32, np.float64])
def test_labels_of_any_type_become_small_integers(tmp_path, dtype):
    labels = np.array([0, 1, 2, 4], dtype=dtype).reshape(2, 2, 1)
    volume = read_nifti_labels(save(tmp_path / "a.nii.gz", labels, LPS))
    assert volume.voxels.dtype == np.uint8
    assert volume.unit == "label"
    assert np.array_equal(volume.voxels, labels.T)


def test_labels_above_255_take_two_bytes(tmp_path):
    assert read_nifti_labels(save(tmp_path / "a.nii", numbered((8, 8, 8)), LPS)).voxels.dtype == np.uint16


def test_a_label_that_scaling_makes_almost_one_is_one(tmp_path):
    stored = np.array([0, 2**31 - 1], dtype=np.int32).reshape(1, 1, 2)
    volume = read_nifti_labels(scaled(tmp_path / "a.nii", stored, 4.6566128e-10, 0.0))  # 2147483647 / 2**31 < 1
    assert volume.voxels.ravel().tolist() == [0, 1]


@pytest.mark.parametrize("wrong", [0.5, -1.0, 70000.0, np.nan, np.inf])
def test_values_that_are_no_labels_are_refused(tmp_path, wrong):
    path = save(tmp_path / "a.nii", np.array([0, 1, wrong], dtype=np.float32).reshape(1, 1, 3), LPS)
    with pytest.raises(VoxelTypeError, match="whole numbers"):
        read_nifti_labels(path)


def test_negative_integers_are_no_labels(tmp_path):
    with pytest.raises(VoxelTypeError, match="-3 to 5"):
        read_nifti_labels(save(tmp_path / "a.nii", np.array([-3, 5], dtype=np.int16).reshape(1, 1, 2), LPS))


def test_a_fourth_axis_of_one_is_dropped_from_labels_and_of_two_refused(tmp_path):
    one = save(tmp_path / "one.nii", np.ones((2, 3, 4, 1), np.uint8), LPS)
    assert read_nifti_labels(one).voxels.shape == (4, 3, 2)
    two = save(tmp_path / "two.nii", np.ones((2, 3, 4, 2), np.uint8), LPS)
    with pytest.raises(ImageAxesError, match="2 channels"):
        read_nifti_labels(two)
