"""Windows and z-scores, by hand."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from reproduce.errors import ArgumentError, IntensityError, NonFiniteError
from reproduce.imaging.intensity import ZScore, mapped, window, zscore_within
from reproduce.protocol.intensities import Window


def test_the_lung_window_by_hand():
    # (v + 1000) / 1400: -1000 -> 0, -300 -> 700/1400, 400 -> 1; beyond the ends 0 and 1.
    scaled = window(np.array([-3024, -1000, -300, 400, 3071], np.int16), (-1000, 400))
    assert scaled.dtype == np.float32
    assert scaled.tolist() == [0, 0, 0.5, 1, 1]


@given(
    voxels=hnp.arrays(np.int16, st.integers(1, 20)),
    low=st.floats(-2000, 1000),
    width=st.floats(0.5, 4000),
)
@settings(deadline=None)
def test_a_window_stays_within_0_and_1_and_keeps_the_order(voxels, low, width):
    scaled = window(np.sort(voxels), (low, low + width))
    assert scaled.min() >= 0
    assert scaled.max() <= 1
    assert (np.diff(scaled) >= 0).all()


def test_an_empty_image_has_an_empty_window():
    assert window(np.zeros((0, 4, 4), np.int16), (0, 1)).shape == (0, 4, 4)


def test_the_input_of_a_window_stays_as_it_was():
    voxels = np.array([-2000.0, 0.0], np.float32)
    window(voxels, (-1000, 400))
    assert voxels.tolist() == [-2000, 0]


@pytest.mark.parametrize("ends", [(400, -1000), (0, 0), (float("nan"), 1), (0, float("inf"))])
def test_ends_that_are_no_window_are_refused(ends):
    with pytest.raises(ArgumentError, match="low < high"):
        window(np.zeros(3), ends)


@pytest.mark.parametrize("broken", [np.nan, np.inf, -np.inf])
def test_voxels_that_are_no_number_are_refused(broken):
    with pytest.raises(NonFiniteError, match="1 NaN or infinite"):
        window(np.array([0.0, broken]), (0, 1))


def test_a_zscore_by_hand():
    # Inside 2, 4, 6: mean 4, variance (4 + 0 + 4) / 3, so that 6 is 2 / sqrt(8 / 3) = sqrt(3 / 2).
    voxels = np.array([[[2, 4, 6, 1000]]], np.int16)
    scores = zscore_within(voxels, np.array([[[True, True, True, False]]]))
    np.testing.assert_allclose(scores[0, 0], [-np.sqrt(1.5), 0, np.sqrt(1.5), 0], rtol=1e-6)
    assert scores.dtype == np.float32


def test_every_channel_is_scored_by_itself():
    voxels = np.stack([np.arange(8.0).reshape(2, 2, 2), 100 - 5 * np.arange(8.0).reshape(2, 2, 2)], axis=-1)
    scores = zscore_within(voxels, np.ones((2, 2, 2), bool))
    np.testing.assert_allclose(scores[..., 0], -scores[..., 1], rtol=1e-5)


@given(
    scale=st.floats(0.1, 100),
    shift=st.floats(-1000, 1000),
    seed=st.integers(0, 99),
)
@settings(deadline=None)
def test_scale_and_shift_of_an_image_do_not_matter(scale, shift, seed):
    rng = np.random.default_rng(seed)
    voxels, mask = rng.normal(size=(3, 4, 5)), rng.random((3, 4, 5)) < 0.5
    mask[0, 0, :2] = True
    scores = zscore_within(voxels, mask)
    np.testing.assert_allclose(zscore_within(scale * voxels + shift, mask), scores, atol=1e-4)
    assert abs(scores[mask].mean()) < 1e-5
    assert scores[mask].std() == pytest.approx(1, abs=1e-5)
    assert (scores[~mask] == 0).all()


def test_values_below_zero_within_the_mask_count():
    # Resampled brains dip below zero; a mask drawn by `voxels > 0` would lose the first voxel.
    voxels = np.array([[[-1.0, 1.0]]])
    np.testing.assert_allclose(zscore_within(voxels, np.ones((1, 1, 2), bool))[0, 0], [-1, 1])


def test_an_empty_mask_is_refused():
    with pytest.raises(IntensityError, match="0 voxels"):
        zscore_within(np.ones((1, 2, 2)), np.zeros((1, 2, 2), bool))


def test_a_constant_channel_is_refused():
    voxels = np.stack([np.arange(4.0).reshape(1, 2, 2), np.full((1, 2, 2), 7.0)], axis=-1)
    with pytest.raises(IntensityError, match="4 voxels of a constant channel"):
        zscore_within(voxels, np.ones((1, 2, 2), bool))


@pytest.mark.parametrize("mask", [np.ones((1, 2, 2)), np.ones((2, 2, 1), bool), np.ones((1, 2, 2), np.uint8)])
def test_a_mask_of_another_kind_is_refused(mask):
    with pytest.raises(ArgumentError, match="boolean mask of shape"):
        zscore_within(np.arange(4.0).reshape(1, 2, 2), mask)


def test_voxels_outside_the_mask_may_be_no_number():
    voxels = np.array([[[1.0, 3.0, np.nan]]])
    assert zscore_within(voxels, np.array([[[True, True, False]]])).tolist() == [[[-1, 1, 0]]]
    with pytest.raises(NonFiniteError):
        zscore_within(voxels, np.ones((1, 1, 3), bool))


def test_an_intensity_of_a_protocol():
    # Mean (2 + 4 + 0 + 0) / 4 = 1.5, variance (0.25 + 6.25 + 2.25 + 2.25) / 4 = 2.75.
    # Of 2 and 4 alone: mean 3, deviation 1.
    voxels = np.array([2.0, 4.0, 0.0, 0.0]).reshape(1, 1, 4)
    whole = (voxels - 1.5) / np.sqrt(2.75)
    np.testing.assert_allclose(mapped(voxels, ZScore(within="image")), whole, atol=1e-6)
    assert mapped(voxels, ZScore(within="nonzero")).ravel().tolist() == [-1.0, 1.0, 0.0, 0.0]
    assert mapped(voxels, Window(0.0, 4.0)).ravel().tolist() == [0.5, 1.0, 0.0, 0.0]
    with pytest.raises(ArgumentError, match="'brain'"):
        ZScore(within="brain")


def test_a_voxel_counts_as_brain_that_is_not_0_in_one_channel():
    # Channel 0 holds 2, 0 and 0, channel 1 holds 0, 2 and 0: two voxels are brain, with mean 1 and deviation 1 in both.
    voxels = np.array([[2.0, 0.0], [0.0, 2.0], [0.0, 0.0]]).reshape(1, 1, 3, 2)
    assert mapped(voxels, ZScore(within="nonzero")).reshape(3, 2).tolist() == [[1.0, -1.0], [-1.0, 1.0], [0.0, 0.0]]
