"""Other findings: some patients have hardly any, some many, all of them in the hemispheres."""

import numpy as np

from reproduce.phantoms.brain.anatomy import cerebrum_mm
from reproduce.phantoms.brain.tumour import draw_distractors

_DRAWN = [draw_distractors(np.random.default_rng(seed)) for seed in range(200)]


def test_loads_differ():
    counts = np.array([len(found.spots) for found in _DRAWN])
    assert np.quantile(counts, 0.1) < 6
    assert np.quantile(counts, 0.9) > 22
    widths = np.array([found.caps_mm for found in _DRAWN])
    assert np.corrcoef(counts, widths)[0, 1] > 0.7  # both come with age


def test_some_have_a_scar():
    assert 0.2 < np.mean([bool(found.scars) for found in _DRAWN]) < 0.55  # 1 - exp(-0.45) = 0.36


def test_all_lie_in_the_hemispheres():
    for found in _DRAWN:
        for solid in (*found.spots, *found.scars):
            assert cerebrum_mm(*np.float32(solid.centre_mm)) < 4
