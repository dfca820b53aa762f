"""The brain phantom beside a real patient in the layout of BraTS: one grid, one orientation, like numbers."""

import nibabel
import numpy as np
import pytest

from reproduce.phantoms.brain.mri import draw_patient

pytestmark = [pytest.mark.real, pytest.mark.slow]
_NAMES = {"flair": "fla", "t1": "t1", "t1ce": "t1c", "t2": "t2"}


@pytest.fixture(scope="module")
def real(real_data):
    folder = real_data / "brats" / "TCGA-FG-6692"
    return {name: nibabel.load(folder / f"OtherEXampleFromTCIA_{tag}_bet.nii.gz") for name, tag in _NAMES.items()}


@pytest.fixture(scope="module")
def phantom():
    return draw_patient(1, 1, matrix=240, n_slices=155, slice_spacing_mm=1.0)


def test_the_grid_is_the_same(real, phantom):
    for name, image in real.items():
        volume = phantom.images[name]
        assert volume.shape == image.shape[::-1]
        assert volume.voxels.dtype == image.get_data_dtype()
        np.testing.assert_allclose(np.diag([-1, -1, 1, 1]) @ volume.affine, image.affine)


def test_the_head_lies_in_the_same_place_and_has_the_same_size(real, phantom):
    one = np.argwhere(np.asarray(real["t1"].dataobj).transpose(2, 1, 0) != 0)
    other = np.argwhere(phantom.images["t1"].voxels != 0)
    assert 0.8 < len(other) / len(one) < 1.2
    np.testing.assert_allclose(other.mean(axis=0), one.mean(axis=0), atol=8)
    np.testing.assert_allclose(np.ptp(other, axis=0), np.ptp(one, axis=0), atol=18)


def test_intensities_spread_alike(real, phantom):
    for name, image in real.items():
        spread = []
        for voxels in (np.asarray(image.dataobj), phantom.images[name].voxels):
            low, middle, high = np.percentile(voxels[voxels != 0], [5, 50, 99])
            spread.append((low / middle, high / middle))
        np.testing.assert_allclose(*spread, atol=0.75, err_msg=name)
