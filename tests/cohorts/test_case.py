import numpy as np
import pytest

from reproduce.cohorts.case import Case
from reproduce.errors import CohortError, GeometryError
from reproduce.imaging.volume import Volume


def volume(voxels, unit="label", shift_mm=0.0):
    affine = np.eye(4)
    affine[0, 3] = shift_mm
    return Volume(voxels, affine, unit)


def case(reference, names=None, image=None):
    image = volume(np.zeros((2, 3, 4), np.int16), "HU") if image is None else image
    return Case("p", "s", image, reference, {1: "nodule"} if names is None else names, ("reader 1",))


def test_a_named_label_may_have_no_voxel():
    assert case(volume(np.zeros((2, 3, 4), np.uint8))).label_names == {1: "nodule"}


def test_channels_of_the_image_do_not_matter_to_the_grid():
    image = volume(np.zeros((2, 3, 4, 5), np.float32), "arbitrary")
    assert case(volume(np.zeros((2, 3, 4), np.uint8)), image=image).image.voxels.shape[-1] == 5


def test_a_label_without_a_name_is_refused():
    with pytest.raises(CohortError, match=r"labels \[7\] too"):
        case(volume(np.full((2, 3, 4), 7, np.uint8)))


@pytest.mark.parametrize("voxels", [np.zeros((2, 3, 4), np.float32), np.zeros((2, 3, 4), bool)])
def test_a_reference_that_is_no_integer_map_is_refused(voxels):
    with pytest.raises(CohortError, match="integer label map"):
        case(volume(voxels))


@pytest.mark.parametrize(
    "reference",
    [volume(np.zeros((2, 3, 5), np.uint8)), volume(np.zeros((2, 3, 4), np.uint8), shift_mm=0.5)],
)
def test_another_grid_is_refused_by_name(reference):
    with pytest.raises(GeometryError, match="reference of s"):
        case(reference)
