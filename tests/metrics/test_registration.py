"""Registration metrics by hand, on fields whose determinant is known."""

import math

import numpy as np
import pytest

from reproduce.errors import MetricInputError
from reproduce.metrics.registration import folding_share, jacobian_determinant, target_registration_error_mm

SPACING_MM = (2.5, 0.7, 0.5)


def _linear(matrix, shape=(4, 5, 6)):
    """The displacement u(x) = matrix @ x in mm, whose determinant is det(I + matrix) everywhere."""
    positions_mm = np.moveaxis(np.indices(shape), 0, -1) * SPACING_MM
    return positions_mm @ np.array(matrix).T


def test_target_registration_error_by_hand():
    fixed, moved = np.array([[0, 0, 0], [1, 1, 1]]), np.array([[3, 4, 0], [1, 1, 1]])
    assert target_registration_error_mm(fixed, moved).tolist() == [5, 0]
    assert target_registration_error_mm(np.empty((0, 3)), np.empty((0, 3))).size == 0


def test_nothing_moves():
    np.testing.assert_array_equal(jacobian_determinant(np.zeros((3, 4, 5, 3)), spacing_mm=SPACING_MM), 1)


@pytest.mark.parametrize(
    "matrix",
    [
        np.diag([0.1, -0.2, 0.3]),
        [[0, 0.5, 0], [0, 0, 0.7], [0.2, 0, 0]],
        [[0.1, 0.2, 0.3], [-0.4, 0.1, 0.6], [0.2, 0.8, -1.5]],
    ],
)
def test_linear_fields(matrix):
    expected = np.linalg.det(np.eye(3) + matrix)
    np.testing.assert_allclose(jacobian_determinant(_linear(matrix), spacing_mm=SPACING_MM), expected)


def test_images():
    # u_y = 0.5 y: doubled by half along y, so 1.5 everywhere.
    displacement = np.zeros((4, 3, 2))
    displacement[..., 0] = 0.5 * 0.7 * np.arange(4)[:, None]
    np.testing.assert_allclose(jacobian_determinant(displacement, spacing_mm=(0.7, 0.5)), 1.5)


def test_a_fold_by_hand():
    # Along x, 1 mm a voxel: u = 0, 0, 3, 0, 0, 0; du/dx = 0, 1.5, 0, -1.5, 0, 0: one voxel of six folds.
    displacement = np.zeros((2, 2, 6, 3))
    displacement[:, :, 2, 2] = 3
    determinant = jacobian_determinant(displacement, spacing_mm=(1, 1, 1))
    np.testing.assert_allclose(determinant[0, 0], [1, 2.5, 1, -0.5, 1, 1])
    assert folding_share(determinant, region=np.ones((2, 2, 6), bool)) == pytest.approx(1 / 6)
    around = np.zeros((2, 2, 6), bool)
    around[:, :, 3:5] = True
    assert folding_share(determinant, region=around) == 0.5


def test_a_determinant_of_zero_folds():
    assert folding_share(np.array([0.0, 1.0]), region=np.array([True, True])) == 0.5


def test_empty():
    assert jacobian_determinant(np.zeros((0, 4, 5, 3)), spacing_mm=(1, 1, 1)).shape == (0, 4, 5)
    assert math.isnan(folding_share(np.ones(3), region=np.zeros(3, bool)))


@pytest.mark.parametrize("shape", [(4, 5, 6), (4, 5, 6, 2), (4, 5, 1, 3), (4, 5, 3)])
def test_displacements_that_are_none(shape):
    with pytest.raises(MetricInputError):
        jacobian_determinant(np.zeros(shape), spacing_mm=(1, 1, 1))


def test_broken_input():
    with pytest.raises(MetricInputError):
        target_registration_error_mm(np.zeros((2, 3)), np.zeros((3, 3)))
    with pytest.raises(MetricInputError):
        target_registration_error_mm(np.zeros(3), np.zeros(3))
    with pytest.raises(MetricInputError):
        target_registration_error_mm(np.array([[math.nan, 0, 0]]), np.zeros((1, 3)))
    with pytest.raises(MetricInputError):
        folding_share(np.ones(3), region=np.ones(4, bool))
    with pytest.raises(MetricInputError):
        folding_share(np.array([1, math.nan]), region=np.ones(2, bool))
    assert folding_share(np.array([1, math.nan]), region=np.array([True, False])) == 0
