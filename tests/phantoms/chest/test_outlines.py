"""The chain just outside of a mask, by hand and against scikit-image's polygon test."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import ndimage
from skimage.measure import grid_points_in_poly

from reproduce.phantoms.chest.outlines import outline_of


def _inside(chain, shape):
    """Pixels that a chain encloses, without the chain itself, by scikit-image's polygon test."""
    return grid_points_in_poly(shape, chain[:, ::-1], binarize=False) == 1


def test_one_pixel_is_enclosed_by_its_four_neighbours():
    mask = np.zeros((5, 5), bool)
    mask[2, 3] = True  # x 3, y 2
    assert outline_of(mask).tolist() == [[3, 1], [4, 2], [3, 3], [2, 2], [3, 1]]


def test_two_by_two_is_enclosed_by_eight():
    mask = np.zeros((6, 6), bool)
    mask[2:4, 2:4] = True
    chain = outline_of(mask)
    assert sorted(map(tuple, chain[:-1].tolist())) == sorted(
        [(2, 1), (3, 1), (4, 2), (4, 3), (3, 4), (2, 4), (1, 3), (1, 2)]
    )
    np.testing.assert_array_equal(_inside(chain, (6, 6)), mask)


def test_empty_mask_has_no_chain():
    assert outline_of(np.zeros((4, 4), bool)).shape == (0, 2)


def test_only_the_largest_part_is_outlined():
    mask = np.zeros((12, 12), bool)
    mask[1:3, 1:3] = True
    mask[6:10, 6:10] = True
    inside = _inside(outline_of(mask), mask.shape)
    assert inside.sum() == 16
    assert not inside[:5].any()


def test_mask_at_the_border_has_a_chain_beyond_it():
    mask = np.zeros((3, 3), bool)
    mask[0, 0] = True
    assert outline_of(mask).min() == -1


def test_holes_are_lost():
    mask = np.ones((5, 5), bool)
    mask[2, 2] = False
    inside = _inside(outline_of(np.pad(mask, 2)), (9, 9))
    assert inside.sum() == 25


@st.composite
def _blobs(draw):
    noise = draw(hnp.arrays(np.float64, (18, 18), elements=st.floats(0, 1)))
    return np.pad(ndimage.gaussian_filter(noise, draw(st.floats(0.0, 2.0))) > draw(st.floats(0.3, 0.7)), 3)


@given(_blobs())
def test_chain_is_closed_and_connected_and_its_inside_has_the_same_chain(mask):
    chain = outline_of(mask)
    if not mask.any():
        assert len(chain) == 0
        return
    steps = np.abs(np.diff(chain, axis=0))
    assert (chain[0] == chain[-1]).all()
    assert (steps.max(axis=1) == 1).all()
    inside = _inside(chain, mask.shape)
    labels, _ = ndimage.label(mask)
    largest = labels == 1 + np.argmax(np.bincount(labels.ravel())[1:])
    assert inside[largest].all()  # the outline itself is never nodule
    assert not inside[chain[:, 1], chain[:, 0]].any()
    np.testing.assert_array_equal(_inside(outline_of(inside), mask.shape), inside)
