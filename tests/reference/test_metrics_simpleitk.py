"""Beside SimpleITK 2.5, which comes with medpy: `DisplacementFieldJacobianDeterminant`, components (x, y, z) in mm."""

import numpy as np
import pytest
from scipy import ndimage

from reproduce.metrics.registration import folding_share, jacobian_determinant

pytestmark = pytest.mark.bench
sitk = pytest.importorskip(
    "SimpleITK", reason="SimpleITK, which comes with medpy of the extra `bench`, is not installed"
)

SPACING_MM = (2.5, 0.7, 1.1)
INSIDE = (slice(1, -1),) * 3


@pytest.fixture(params=range(3))
def field_mm(request):
    """A smooth random displacement that folds here and there."""
    noise = np.random.default_rng(request.param).normal(size=(10, 14, 12, 3))
    return 6 * ndimage.gaussian_filter(noise, (1.2, 1.2, 1.2, 0))


def _theirs(field_mm):
    image = sitk.GetImageFromArray(field_mm[..., ::-1].copy(), isVector=True)
    image.SetSpacing(SPACING_MM[::-1])
    return sitk.GetArrayFromImage(sitk.DisplacementFieldJacobianDeterminant(image)).astype(np.float64)


def test_determinant_inside(field_mm):
    ours = jacobian_determinant(field_mm, spacing_mm=SPACING_MM)
    np.testing.assert_allclose(ours[INSIDE], _theirs(field_mm)[INSIDE], rtol=0, atol=1e-6)
    inside = np.zeros(ours.shape, bool)
    inside[INSIDE] = True
    assert 0 < folding_share(ours, region=inside) < 0.5


def test_disagreement_at_the_border(field_mm):
    # There the value beyond the border is that at the border, so derivatives across it are halved; here one-sided.
    ours = jacobian_determinant(field_mm, spacing_mm=SPACING_MM)
    assert np.abs(ours[0] - _theirs(field_mm)[0]).max() > 0.01
