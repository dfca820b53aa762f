"""Geometry of NIfTI headers (sform, qform, both, neither), and every file that is refused, with its text."""

import gzip

import nibabel as nib
import numpy as np
import pytest

from reproduce.errors import (
    ArgumentError,
    DataNotFoundError,
    GeometryError,
    ImageAxesError,
    NotAnImageError,
    PixelDecodeError,
    VoxelTypeError,
)
from reproduce.imaging.nifti import read_nifti
from reproduce.imaging.nifti_header import GeometryChoice, apart_mm

LPS = np.diag([-1.0, -1.0, 1.0, 1.0])
SHAPE = (3, 4, 5)


def header(*, sform=None, qform=None, **fields):
    """A NIfTI-1 header of int16 voxels with only the forms that are given (RAS); fields by name."""
    made = nib.Nifti1Header()
    made.set_data_dtype(np.int16)
    made.set_data_shape(SHAPE)
    made["vox_offset"] = 352
    if qform is not None:
        made.set_qform(np.asarray(qform), code=1)
    if sform is not None:
        made["srow_x"], made["srow_y"], made["srow_z"] = np.asarray(sform)[:3]
        made["sform_code"] = 1
    for name, value in fields.items():
        made[name] = value
    return made


def write(path, made, *, n_bytes=2 * 3 * 4 * 5):
    path.write_bytes(made.binaryblock + bytes(4) + bytes(n_bytes))
    return path


def shifted(mm):
    affine = LPS.copy()
    affine[0, 3] = mm
    return affine


def test_the_sform_alone(tmp_path):
    affine = np.array([[-2.0, 0.5, 0, 7], [0, -3, 0.25, 8], [0, 0, 4, 9], [0, 0, 0, 1]])  # sheared: no qform says it
    volume = read_nifti(write(tmp_path / "a.nii", header(sform=affine)))
    assert np.array_equal(volume.affine, LPS @ affine)


def test_the_qform_alone_by_hand(tmp_path):
    # Quaternion (a, b, c, d) = (0, 0, 0, 1): half a turn around z, so i runs to the left and j to the back; pixdim
    # (2, 3, 4) with qfac -1 turns k to the feet. RAS = (-2 i + 10, -3 j + 20, -4 k + 30).
    fields = {"qform_code": 1, "quatern_d": 1.0, "qoffset_x": 10, "qoffset_y": 20, "qoffset_z": 30}
    made = header(**fields, pixdim=[-1, 2, 3, 4, 0, 0, 0, 0])
    volume = read_nifti(write(tmp_path / "a.nii", made))
    # LPS of [z, y, x] = [0, 0, 0], which is k = 4: (2 * 0 - 10, 3 * 0 - 20, -4 * 4 + 30) = (-10, -20, 14).
    assert volume.world_mm(np.zeros(3)).tolist() == [-10.0, -20.0, 14.0]
    assert volume.spacing_mm == (4.0, 3.0, 2.0)


def test_a_qfac_of_zero_is_one(tmp_path):
    made = header(qform=LPS)
    made["pixdim"][0] = 0
    assert np.array_equal(read_nifti(write(tmp_path / "a.nii", made)).affine, np.eye(4))


def test_of_both_that_nearly_agree_the_sform_is_taken(tmp_path):
    volume = read_nifti(write(tmp_path / "a.nii", header(sform=shifted(0.25), qform=LPS)))
    assert volume.affine[0, 3] == -0.25


def test_both_that_disagree_are_refused_and_named(tmp_path):
    path = write(tmp_path / "a.nii", header(sform=shifted(30), qform=LPS))
    with pytest.raises(GeometryError, match=r"30\.000 mm: sform .*-30\.0.*qform") as caught:
        read_nifti(path)
    assert str(path) in str(caught.value)
    assert 'both="sform"' in str(caught.value)


@pytest.mark.parametrize(("choice", "x_mm"), [("sform", -30.0), ("qform", 0.0)])
def test_both_that_disagree_are_read_by_choice(tmp_path, choice, x_mm):
    path = write(tmp_path / "a.nii", header(sform=shifted(30), qform=LPS))
    assert read_nifti(path, choice=GeometryChoice(both=choice)).affine[0, 3] == x_mm


def test_neither_is_refused(tmp_path):
    with pytest.raises(GeometryError, match="neither") as caught:
        read_nifti(write(tmp_path / "a.nii", header()))
    assert 'neither="LPS"' in str(caught.value)


@pytest.mark.parametrize(("letters", "first_mm"), [("LPS", (0, 0, 0)), ("RAS", (-4, -9, 0)), ("SPL", (0, 0, 0))])
def test_neither_is_read_by_choice(tmp_path, letters, first_mm):
    made = header(pixdim=[1, 2, 3, 4, 0, 0, 0, 0])
    volume = read_nifti(write(tmp_path / "a.nii", made), choice=GeometryChoice(neither=letters))
    # The voxel i = j = k = 0 lies at 0. Along "RAS" the first voxel of x is the last of i: -(3 - 1) * 2 mm.
    assert volume.world_mm(np.zeros(3)).tolist() == list(first_mm)
    assert volume.shape == ((3, 4, 5) if letters == "SPL" else (5, 4, 3))


@pytest.mark.parametrize("wrong", ["LP", "LRS", "lps", "LPSS", ""])
def test_letters_that_name_no_axes_are_refused(wrong):
    with pytest.raises(ArgumentError, match="three letters"):
        GeometryChoice(neither=wrong)


def test_another_choice_than_sform_or_qform_is_refused():
    with pytest.raises(ArgumentError, match="sform"):
        GeometryChoice(both="affine")


@pytest.mark.parametrize("form", ["sform", "qform"])
@pytest.mark.parametrize("mm", [1e6, 1e20, 3e38, np.inf, np.nan])
def test_a_place_that_no_scanner_has_is_refused(tmp_path, form, mm):
    made = header(**{form: LPS})
    made["srow_x" if form == "sform" else "qoffset_x"][... if form == "qform" else 3] = mm
    with pytest.raises(GeometryError, match=f"invertible {form} of at most 100000 mm"):
        read_nifti(write(tmp_path / "a.nii", made))


@pytest.mark.parametrize("wrong", [np.zeros((4, 4)), np.full((4, 4), np.nan), np.ones((4, 4)), np.diag([1.0, 1, 0, 1])])
def test_an_sform_that_is_not_invertible_is_refused(tmp_path, wrong):
    with pytest.raises(GeometryError, match="invertible sform"):
        read_nifti(write(tmp_path / "a.nii", header(sform=wrong)))


def test_a_qform_without_spacing_is_refused(tmp_path):
    made = header(qform=LPS)
    made["pixdim"][3] = 0
    with pytest.raises(GeometryError, match="invertible qform"):
        read_nifti(write(tmp_path / "a.nii", made))


@pytest.mark.parametrize("fields", [{"quatern_b": 2.0}, {"pixdim": [3, 1, 1, 1, 0, 0, 0, 0]}])
def test_a_qform_that_is_no_rotation_is_refused(tmp_path, fields):
    with pytest.raises(GeometryError, match="quaternion"):
        read_nifti(write(tmp_path / "a.nii", header(qform=LPS, **fields)))


def test_an_empty_sform_beside_a_good_qform_is_refused_unless_chosen(tmp_path):
    path = write(tmp_path / "a.nii", header(sform=np.zeros((4, 4)), qform=LPS))
    with pytest.raises(GeometryError, match="invertible sform"):
        read_nifti(path)
    assert np.array_equal(read_nifti(path, choice=GeometryChoice(both="qform")).affine, np.eye(4))


@pytest.mark.parametrize(("unit", "spacing_mm"), [(0, 1.0), (1, 1000.0), (2, 1.0), (3, 0.001), (10, 1.0)])
def test_lengths_are_read_in_the_unit_of_the_file(tmp_path, unit, spacing_mm):
    volume = read_nifti(write(tmp_path / "a.nii", header(sform=LPS, xyzt_units=unit)))
    assert volume.spacing_mm == pytest.approx((spacing_mm,) * 3)


@pytest.mark.parametrize("fields", [{"xyzt_units": 5}, {"sform_code": -1}, {"qform_code": -2}])
def test_codes_that_mean_nothing_are_refused(tmp_path, fields):
    with pytest.raises(GeometryError, match="codes"):
        read_nifti(write(tmp_path / "a.nii", header(**{"sform": LPS, **fields})))


def test_corners_apart_by_hand():
    turned = np.diag([1.0, 1.0, 1.5, 1.0])
    assert apart_mm(np.eye(4), turned, (3, 4, 5)) == 2.0  # the last of 5 slices: 4 * 1.5 - 4 * 1


NO_NIFTI = [b"", b"PNG and nothing else", bytes(1000), b"\x1f\x8b", gzip.compress(b"text", mtime=0)]


@pytest.mark.parametrize("content", NO_NIFTI)
def test_what_is_no_nifti_is_refused(tmp_path, content):
    (tmp_path / "a.nii").write_bytes(content)
    with pytest.raises((NotAnImageError, PixelDecodeError)):
        read_nifti(tmp_path / "a.nii")


def test_the_header_of_a_pair_is_refused(tmp_path):
    nib.Nifti1Pair(np.zeros(SHAPE, np.int16), LPS).to_filename(tmp_path / "a.hdr")
    with pytest.raises(NotAnImageError, match="pair"):
        read_nifti(tmp_path / "a.hdr")


@pytest.mark.parametrize("version", [nib.Nifti1Image, nib.Nifti2Image])
@pytest.mark.parametrize("kept", [360, 400, 470, -1])
def test_a_file_that_is_cut_short_is_refused(tmp_path, version, kept):
    version(np.zeros(SHAPE, np.int16), LPS).to_filename(tmp_path / "a.nii")
    content = (tmp_path / "a.nii").read_bytes()
    (tmp_path / "a.nii").write_bytes(content[:kept])
    with pytest.raises(PixelDecodeError, match="bytes"):
        read_nifti(tmp_path / "a.nii")


@pytest.mark.parametrize("damage", [lambda b: b[: len(b) // 2], lambda b: b[:-9], lambda b: b[:-6] + b"\0\0" + b[-4:]])
def test_a_gzip_stream_that_is_cut_short_or_damaged_is_refused(tmp_path, damage):
    voxels = np.random.default_rng(0).integers(0, 1000, SHAPE).astype(np.int16)
    nib.Nifti1Image(voxels, LPS).to_filename(tmp_path / "a.nii.gz")
    path = tmp_path / "a.nii.gz"
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(PixelDecodeError, match="gzip"):
        read_nifti(path)


def test_a_path_without_a_file_is_refused(tmp_path):
    with pytest.raises(DataNotFoundError, match="nothing there"):
        read_nifti(tmp_path / "a.nii")
    with pytest.raises(DataNotFoundError, match="a folder"):
        read_nifti(tmp_path)


@pytest.mark.parametrize("shape", [(4,), (4, 5), (2, 2, 2, 2, 2), (2, 2, 2, 1, 3)])
def test_other_than_three_or_four_axes_are_refused(tmp_path, shape):
    made = header(sform=LPS)
    made.set_data_shape(shape)
    with pytest.raises(ImageAxesError, match=f"{len(shape)} axes"):
        read_nifti(write(tmp_path / "a.nii", made))


@pytest.mark.parametrize("dim", [[3, 0, 4, 5, 1, 1, 1, 1], [3, -2, 4, 5, 1, 1, 1, 1], [0] * 8, [9] * 8])
def test_axes_without_voxels_are_refused(tmp_path, dim):
    with pytest.raises(ImageAxesError):
        read_nifti(write(tmp_path / "a.nii", header(sform=LPS, dim=dim)))


@pytest.mark.parametrize("code", [32, 128, 1792, 2304, 1536, 1, 77])  # complex64, RGB24, complex128, RGBA32, float128
def test_voxels_that_are_no_real_numbers_are_refused(tmp_path, code):
    with pytest.raises(VoxelTypeError):
        read_nifti(write(tmp_path / "a.nii", header(sform=LPS, datatype=code), n_bytes=5000))


@pytest.mark.parametrize("offset", [0.0, 100.0, 352.5, np.nan, np.inf, -np.inf, 1e9])
def test_voxels_that_start_nowhere_are_refused(tmp_path, offset):
    with pytest.raises(PixelDecodeError, match="from byte"):
        read_nifti(write(tmp_path / "a.nii", header(sform=LPS, vox_offset=offset)))


def test_a_scaling_that_is_not_finite_is_refused(tmp_path):
    with pytest.raises(PixelDecodeError, match="finite scaling"):
        read_nifti(write(tmp_path / "a.nii", header(sform=LPS, scl_slope=2.0, scl_inter=np.inf)))
