"""The one geometry type: indices to millimetres and back, and what is no grid."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from reproduce.errors import GeometryError
from reproduce.imaging.volume import Volume, require_right_angles, require_same_grid

AFFINE = np.array([[0.5, 0, 0, 10], [0, 0.75, 0, 20], [0, 0, 2, 30], [0, 0, 0, 1]])


def test_indices_to_millimetres_by_hand():
    volume = Volume(np.zeros((4, 3, 2)), AFFINE, "HU")
    assert volume.spacing_mm == (2, 0.75, 0.5)
    assert volume.shape == (4, 3, 2)
    # (z, y, x) = (3, 2, 1) lies at x 10 + 0.5, y 20 + 1.5, z 30 + 6.
    assert volume.world_mm(np.array([3, 2, 1])).tolist() == [10.5, 21.5, 36]
    assert volume.index_zyx(np.array([10.5, 21.5, 36])).tolist() == [3, 2, 1]


@pytest.mark.parametrize("degrees", [0, 15, 25])
def test_a_voxel_under_a_tilted_gantry_is_smaller_than_the_product_of_its_spacings(degrees):
    # The rows climb, the step from slice to slice does not: a parallelepiped of height 2 cos(tilt).
    tilted, tilt = AFFINE.copy(), np.radians(degrees)
    tilted[:3, 1] = 0, 0.75 * np.cos(tilt), 0.75 * np.sin(tilt)
    volume = Volume(np.zeros((4, 3, 2)), tilted, "HU")
    assert np.prod(volume.spacing_mm) == pytest.approx(0.75)
    assert volume.voxel_mm3 == pytest.approx(0.75 * np.cos(tilt))


def test_right_angles_are_asked_of_turned_grids_and_not_of_rounded_ones():
    turned = np.eye(4)
    turned[:3, :3] = Rotation.from_euler("xyz", (10, 20, 30), degrees=True).as_matrix() @ np.diag([0.5, 0.75, 2])
    require_right_angles(Volume(np.zeros((1, 1, 1)), turned.astype(np.float32), "HU"), where="a scan")
    sheared = turned.copy()
    sheared[:3, 2] += 0.01 * sheared[:3, 1]  # 0.0075 mm in 2 mm: a cosine of 0.00375
    with pytest.raises(GeometryError, match=r"y and z at 89\.8 degrees"):
        require_right_angles(Volume(np.zeros((1, 1, 1)), sheared, "HU"), where="a scan")


@given(angles=st.tuples(*[st.floats(-180, 180)] * 3), spacing_mm=st.tuples(*[st.floats(0.2, 5)] * 3))
@settings(deadline=None)
def test_there_and_back_is_where_one_was(angles, spacing_mm):
    affine = np.eye(4)
    affine[:3, :3] = Rotation.from_euler("xyz", angles, degrees=True).as_matrix() @ np.diag(spacing_mm)
    volume = Volume(np.zeros((2, 3, 4)), affine, "HU")
    index = np.moveaxis(np.indices(volume.shape), 0, -1)
    np.testing.assert_allclose(volume.index_zyx(volume.world_mm(index)), index, atol=1e-9)
    assert volume.spacing_mm == pytest.approx(spacing_mm[::-1])


def test_no_points_in_no_points_out():
    assert Volume(np.zeros((1, 1, 1)), AFFINE, "HU").world_mm(np.zeros((0, 3))).shape == (0, 3)


@pytest.mark.parametrize("affine", [np.zeros((4, 4)), np.eye(3), np.full((4, 4), np.nan), np.diag([1, 1, 0, 1])])
def test_what_is_no_affine_is_refused(affine):
    with pytest.raises(GeometryError, match="affine"):
        Volume(np.zeros((1, 1, 1)), affine, "HU")


@pytest.mark.parametrize("shape", [(2, 2), (1, 1, 1, 1, 1)])
def test_what_is_no_volume_is_refused(shape):
    with pytest.raises(GeometryError, match="voxels"):
        Volume(np.zeros(shape), np.eye(4), "HU")


def test_the_affine_cannot_be_changed_from_outside():
    affine = np.eye(4)
    volume = Volume(np.zeros((1, 1, 1)), affine, "HU")
    affine[0, 0] = 9
    assert volume.affine[0, 0] == 1
    with pytest.raises(ValueError, match="read-only"):
        volume.affine[0, 0] = 9


def test_other_voxels_on_the_same_grid():
    volume = Volume(np.zeros((2, 3, 4)), AFFINE, "HU")
    mask = volume.on_same_grid(np.ones((2, 3, 4), bool), "label")
    assert (mask.unit, mask.affine.tolist()) == ("label", AFFINE.tolist())
    with pytest.raises(GeometryError, match=r"\(2, 3, 4\)"):
        volume.on_same_grid(np.ones((2, 4, 3)), "label")


def test_grids_are_the_same_up_to_a_tolerance():
    a = Volume(np.zeros((2, 3, 5)), AFFINE, "HU")
    turned = AFFINE.copy()
    turned[0, 0] += 0.01  # the farthest corner is 4 columns away: 0.04 mm
    b = Volume(np.zeros((2, 3, 5)), turned, "HU")
    require_same_grid(a, b, names=("a", "b"), tolerance_mm=0.041)
    with pytest.raises(GeometryError, match=r"0\.040 mm(.|\n)*a and b"):
        require_same_grid(a, b, names=("a", "b"), tolerance_mm=0.039)
    with pytest.raises(GeometryError, match=r"\(2, 3, 6\) in b"):
        require_same_grid(a, Volume(np.zeros((2, 3, 6)), AFFINE, "HU"), names=("a", "b"), tolerance_mm=1)
