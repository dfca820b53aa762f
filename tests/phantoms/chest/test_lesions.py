"""Lesions are as large as they say and as dense as they say."""

import dataclasses

import numpy as np
import pytest

from reproduce.phantoms.chest.lesions import GROUND_GLASS, NODULE, PART_SOLID, SOLID, Lesion, paint_lesion
from reproduce.phantoms.scan_grid import ScanGrid
from reproduce.randomness import stream

_GRID = ScanGrid(matrix=80, n_slices=40, pixel_mm=0.5, slice_mm=1.0, corner_mm=(-20.0, -20.0, -20.0))
_BALL = Lesion(
    kind=NODULE,
    centre_mm=np.zeros(3, np.float32),
    diameter_mm=16.0,
    texture=SOLID,
    density_hu=40.0,
    turn=np.eye(3, dtype=np.float32),
    axes=np.ones(3, np.float32),
    waves=np.zeros((0, 5), np.float32),
    spikes=np.zeros((0, 4), np.float32),
    core_share=0.5,
    place="interior",
)


def _painted(lesion):
    tissue = np.full(_GRID.shape, -850, np.float32)
    paint_lesion(tissue, lesion, _GRID, stream(0, "test"))
    return tissue


def test_ball_has_its_volume_and_density():
    tissue = _painted(_BALL)
    share = (tissue + 850) / 890
    assert share.sum() * 0.25 == pytest.approx(np.pi / 6 * 16**3, rel=0.01)
    assert tissue[20, 40, 40] == pytest.approx(40, abs=1e-2)
    assert tissue[20, 40, 5] == -850


def test_axes_and_bulges_keep_the_volume_nearly():
    axes = np.array([1.25, 1.0, 0.8], np.float32)  # product 1
    waves = np.array([[3, 1, 0, 0.1, 0.3], [0, 2, 3, 0.08, 1.0]], np.float32)
    lesion = dataclasses.replace(_BALL, axes=axes, waves=waves)
    volume = (lesion.distance_mm(*_GRID.axes((slice(None),) * 3)) < 0).sum() * 0.25
    assert volume == pytest.approx(np.pi / 6 * 16**3, rel=0.25)
    assert lesion.irregularity == pytest.approx(np.sqrt((0.1**2 + 0.08**2) / 2), rel=1e-5)


def test_ground_glass_is_denser_than_lung_and_fainter_than_tissue():
    glass = _painted(dataclasses.replace(_BALL, texture=GROUND_GLASS))[17:23, 36:44, 36:44]
    assert -600 < glass.mean() < -430


def test_part_solid_has_a_core_in_a_haze():
    tissue = _painted(dataclasses.replace(_BALL, texture=PART_SOLID))
    assert tissue[20, 40, 40] == pytest.approx(40, abs=1)  # core of 4 mm radius
    assert -620 < tissue[20, 40, 40 + 12] < -400  # 6 mm out


def test_spicules_reach_beyond_the_surface():
    spiky = dataclasses.replace(_BALL, spikes=np.array([[1, 0, 0, 6]], np.float32))
    tissue = _painted(spiky)
    assert tissue[20, 40, 40 + 20] > -700  # 10 mm out, surface at 8 mm
    assert _painted(_BALL)[20, 40, 40 + 20] == -850


def test_lesion_outside_the_grid_paints_nothing():
    far = dataclasses.replace(_BALL, centre_mm=np.array([0, 0, 500], np.float32))
    assert (_painted(far) == -850).all()
