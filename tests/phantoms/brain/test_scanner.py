"""The scanner: Rician noise as theory has it, resampling by hand, nothing outside of the stripped brain."""

from dataclasses import replace

import numpy as np
import pytest

from reproduce.phantoms.brain.fields import Field
from reproduce.phantoms.brain.scanner import Sequence, _cubic_weights, acquire, draw_sequence

_FLAT = Field(np.zeros((8, 8, 8), np.float32), 40.0)
_CLEAN = Sequence(
    gain=1.0, shading=_FLAT, shading_height=0.1, texture=_FLAT, blur_mm=(0, 0, 0), noise=0.0, shift=(0, 0, 0)
)
_LINE = np.arange(-12, 12, dtype=np.float32)
_AXES = _LINE[None, None, :], _LINE[None, :, None], _LINE[:, None, None]
_BALL = sum(axis**2 for axis in _AXES) < 81


def _acquired(sequence, signal=200.0, inside=None):
    inside = np.ones((24, 24, 24), bool) if inside is None else inside
    signal = np.full(inside.shape, signal, np.float32)
    return acquire(signal, inside, sequence, _AXES, np.random.default_rng(0))


def test_a_clean_scan_is_the_signal_times_the_gain():
    assert (_acquired(replace(_CLEAN, gain=1.5)) == 300).all()


def test_noise_without_signal_is_rayleigh():
    image = _acquired(replace(_CLEAN, noise=20.0), signal=0.0)
    assert image.min() >= 0
    assert image.mean() == pytest.approx(20 * np.sqrt(np.pi / 2), rel=0.02)  # mean of a Rayleigh variable
    assert image.std() == pytest.approx(20 * np.sqrt(2 - np.pi / 2), rel=0.03)


def test_noise_under_signal_lifts_it_as_rice_says():
    image = _acquired(replace(_CLEAN, noise=20.0), signal=100.0)
    assert image.mean() == pytest.approx(100 + 20**2 / (2 * 100), rel=0.01)  # to second order
    assert image.std() == pytest.approx(20, rel=0.05)


def test_background_is_0_and_the_rim_may_dip():
    image = _acquired(replace(_CLEAN, noise=5.0, shift=(0.3, -0.3, 0.2)), inside=_BALL)
    rim = np.zeros(_BALL.shape, bool)
    for axis in range(3):
        for step in (-1, 1):
            rim |= np.roll(_BALL, step, axis)
    assert not image[~rim & ~_BALL].any()
    assert image.min() < 0
    assert image[_BALL].mean() > 150


@pytest.mark.parametrize("shift", [-0.3, 0.0, 0.25])
def test_resampling_keeps_a_ramp_and_moves_it(shift):
    weights = _cubic_weights(shift)
    assert weights.sum() == pytest.approx(1)
    assert weights @ np.arange(-2, 3) == pytest.approx(shift)


def test_half_a_voxel_of_keys_by_hand():
    # -1/16, 9/16, 9/16, -1/16 of the neighbours at -1, 0, 1, 2
    np.testing.assert_allclose(_cubic_weights(0.5), np.array([0, -1, 9, 9, -1]) / 16)


def test_blur_softens_an_edge_along_its_axis_alone():
    half = np.broadcast_to(_AXES[2] > 0, _BALL.shape).astype(np.float32) * 100
    blurred = acquire(half, _BALL | True, replace(_CLEAN, blur_mm=(1.5, 0, 0)), _AXES, np.random.default_rng(0))
    assert 20 < blurred[12, 5, 5] < 50
    across = acquire(half, _BALL | True, replace(_CLEAN, blur_mm=(0, 1.5, 1.5)), _AXES, np.random.default_rng(0))
    assert set(np.unique(across)) == {0, 100}


def test_scanners_differ():
    drawn = [draw_sequence(np.random.default_rng(seed), shading_height=0.1) for seed in range(50)]
    gains = [sequence.gain for sequence in drawn]
    assert max(gains) > 2 * min(gains)
    assert all(0.05 <= sequence.shading_height <= 0.15 for sequence in drawn)
