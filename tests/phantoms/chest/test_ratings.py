"""Ratings follow the truth of a nodule."""

import numpy as np

from reproduce.phantoms.chest.lesions import GROUND_GLASS, NODULE, SOLID, Lesion
from reproduce.phantoms.chest.readers import rate
from reproduce.randomness import stream


def _lesion(diameter_mm, texture, n_spikes):
    spikes = np.tile(np.array([1, 0, 0, 3], np.float32), (n_spikes, 1))
    still = {"centre_mm": np.zeros(3), "density_hu": 30.0, "turn": np.eye(3), "axes": np.ones(3), "core_share": 0.5}
    waves = np.zeros((0, 5))
    return Lesion(
        kind=NODULE, diameter_mm=diameter_mm, texture=texture, waves=waves, spikes=spikes, place="wall", **still
    )


def _mean(lesion, conspicuity, name):
    return np.mean([getattr(rate(lesion, conspicuity, stream(i, "rate")), name) for i in range(40)])


def test_ratings_stay_on_their_scales():
    for i in range(50):
        ratings = rate(_lesion(3 + i / 2, SOLID, i % 14), i / 50, stream(i, "rate"))
        values = vars(ratings)
        assert next(iter(values)) == "subtlety"
        assert list(values)[-1] == "malignancy"
        assert values.pop("calcification") == 6
        assert set(values.values()) <= {1, 2, 3, 4, 5}


def test_ratings_follow_size_spicules_texture_and_conspicuity():
    large, small = _lesion(28, SOLID, 10), _lesion(4, SOLID, 0)
    assert _mean(large, 1.0, "malignancy") > _mean(small, 0.3, "malignancy") + 1.5
    assert _mean(large, 1.0, "spiculation") > _mean(small, 0.3, "spiculation") + 1
    assert _mean(large, 1.0, "subtlety") > _mean(small, 0.3, "subtlety") + 1
    assert _mean(_lesion(12, GROUND_GLASS, 0), 0.3, "texture") < 2 < 4.5 < _mean(large, 1.0, "texture")


def test_readers_do_not_always_agree():
    assert len({rate(_lesion(12, SOLID, 0), 0.8, stream(i, "rate")).malignancy for i in range(40)}) > 1
