import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reproduce.errors import ArgumentError, GeometryError
from reproduce.imaging.crop import box_around, cropped, put_back
from reproduce.imaging.volume import Volume

AFFINE = np.array([[0.5, 0.1, 0, -3], [-0.1, 0.5, 0, 4], [0, 0, 2, 5], [0, 0, 0, 1.0]])


def mask_of(shape, *voxels):
    mask = np.zeros(shape, dtype=bool)
    for voxel in voxels:
        mask[voxel] = True
    return mask


def numbered(shape=(3, 6, 8)):
    return Volume(np.arange(np.prod(shape)).reshape(shape), AFFINE, "arbitrary")


def test_a_box_by_hand():
    mask = mask_of((5, 16, 16), (1, 5, 9), (3, 7, 9))
    # z: 1 to 3. y: 5 to 7 is 3 voxels, one more makes 4, on the far side. x: 9 alone, 3 more, one before and two after.
    assert box_around(mask, multiple_of=4) == (slice(1, 4), slice(5, 9), slice(8, 12))


def test_at_the_edge_the_box_moves_inwards():
    assert box_around(mask_of((1, 8, 8), (0, 0, 7)), multiple_of=4) == (slice(0, 1), slice(0, 4), slice(4, 8))


@given(st.data(), st.integers(1, 4))
def test_a_box_holds_the_mask_and_has_the_sides_asked_for(data, multiple_of):
    voxels = data.draw(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 11), st.integers(0, 11)), min_size=1))
    mask = mask_of((5, 12, 12), *voxels)
    box = box_around(mask, multiple_of=multiple_of)
    assert mask[box].sum() == mask.sum()
    assert all((side.stop - side.start) % multiple_of == 0 for side in box[1:])
    assert mask[box].any(axis=(1, 2))[[0, -1]].all()


@pytest.mark.parametrize(
    ("mask", "multiple_of"),
    [
        (np.zeros((2, 4, 4), bool), 2),
        (np.ones((2, 4, 4)), 2),
        (np.ones((4, 4), bool), 2),
        (np.ones((2, 5, 5), bool), 4),
        (np.ones((2, 4, 4), bool), 0),
    ],
)
def test_masks_without_a_box_are_refused(mask, multiple_of):
    with pytest.raises(ArgumentError):
        box_around(mask, multiple_of=multiple_of)


def test_every_voxel_of_a_crop_stays_where_it_was():
    volume, box = numbered(), (slice(1, 3), slice(2, 5), slice(4, 8))
    crop = cropped(volume, box)
    for index in np.ndindex(crop.shape):
        (before,) = np.argwhere(volume.voxels == crop.voxels[index])
        np.testing.assert_allclose(crop.world_mm(np.array(index)), volume.world_mm(before), atol=1e-12)


@pytest.mark.parametrize("side", [slice(2, 2), slice(-1, 2), slice(0, 4), slice(0, 2, 2)])
def test_boxes_beyond_the_grid_are_refused(side):
    with pytest.raises(ArgumentError, match="a box within"):
        cropped(numbered(), (side, slice(0, 6), slice(0, 8)))


@pytest.mark.parametrize("channels", [(), (2,)])
def test_a_crop_goes_back_to_its_place(channels):
    grid, box = numbered(), (slice(1, 3), slice(2, 5), slice(4, 8))
    part = np.ones((2, 3, 4, *channels), np.float32)
    whole = put_back(cropped(grid, box).on_same_grid(part, "probability"), grid, outside=-1.0)
    assert whole.voxels.shape == (3, 6, 8, *channels)
    assert whole.unit == "probability"
    assert (whole.voxels[box] == 1).all()
    assert (whole.voxels == 1).sum() == part.size
    assert np.array_equal(whole.affine, grid.affine)


def test_a_crop_of_another_grid_is_refused():
    crop = cropped(numbered(), (slice(1, 3), slice(2, 5), slice(4, 8)))
    shifted = AFFINE.copy()
    shifted[2, 3] += 0.5
    with pytest.raises(GeometryError, match="apart"):
        put_back(crop, Volume(numbered().voxels, shifted, "arbitrary"), outside=0)
    with pytest.raises(GeometryError, match="within a grid"):
        put_back(crop, numbered((3, 6, 7)), outside=0)
