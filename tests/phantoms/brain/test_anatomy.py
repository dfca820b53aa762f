"""Solids of the brain at points that an atlas would place inside or outside of them."""

import numpy as np
import pytest

from reproduce.phantoms.brain.anatomy import STEM, cerebellum_mm, cerebrum_mm, draw_brain, fissures_mm
from reproduce.phantoms.brain.contrast import Tissue


def _at(function, *point, **more):
    return float(function(*(np.float32(v) for v in point), **more))


@pytest.mark.parametrize(
    ("solid", "inside", "outside"),
    [
        (cerebrum_mm, (30, -40, 20), (30, -40, -40)),  # a frontal lobe; below it is the orbit
        (cerebrum_mm, (42, -20, -28), (0, -20, -45)),  # a temporal lobe; between both is none
        (cerebrum_mm, (-10, 75, 8), (0, 0, 75)),  # an occipital lobe; above the crown
        (cerebellum_mm, (-25, 50, -38), (0, -40, -38)),
        (STEM.distance_mm, (0, 8, -26), (30, 8, -26)),
    ],
)
def test_inside_and_outside(solid, inside, outside):
    assert _at(solid, *inside) < 0 < _at(solid, *outside)


def test_both_halves_are_alike():
    x = np.linspace(1, 60, 20, dtype=np.float32)
    for solid in (cerebrum_mm, cerebellum_mm):
        np.testing.assert_allclose(
            solid(x, np.float32(30), np.float32(-10)), solid(-x, np.float32(30), np.float32(-10))
        )


def test_the_fissure_between_the_hemispheres_ends_at_the_callosum():
    flat = {"waver_mm": np.float32(0)}
    assert _at(fissures_mm, 0, 0, 50, **flat) == pytest.approx(0, abs=1e-4)
    assert _at(fissures_mm, 3, 0, 50, **flat) == pytest.approx(3, abs=1e-3)
    assert _at(fissures_mm, 0, 0, 10, **flat) > 5


def test_ventricles_and_nuclei_lie_within_the_brain_and_on_both_sides():
    for seed in range(20):
        brain = draw_brain(np.random.default_rng(seed))
        for ventricle in brain.lateral_ventricles:
            assert max(_at(cerebrum_mm, *point) for point in ventricle.points_mm) < -3
        sides = [np.sign(nucleus.centre_mm[0]) for _, nucleus in brain.nuclei]
        assert sides.count(-1) == sides.count(1) == 6
        assert {tissue for tissue, _ in brain.nuclei} == {Tissue.NUCLEUS, Tissue.PALLIDUM}


def test_patients_differ_and_are_drawn_again_alike():
    one, again, other = (draw_brain(np.random.default_rng(seed)) for seed in (1, 1, 2))
    assert one.stretch == again.stretch != other.stretch
    np.testing.assert_array_equal(one.folds.coefficients, again.folds.coefficients)
    assert not np.array_equal(one.folds.coefficients, other.folds.coefficients)
    assert one.sulcus_mm != other.sulcus_mm
