"""The order of tissues on each modality, for every patient that can be drawn."""

import numpy as np
import pytest

from reproduce.phantoms.brain.contrast import MODALITIES, Tissue, draw_signals

_DRAWS = np.stack([draw_signals(np.random.default_rng(seed)) for seed in range(300)])
_BRIGHT_TO_DARK = {
    "t1": (Tissue.WHITE, Tissue.GREY, Tissue.CSF),
    "t2": (Tissue.CSF, Tissue.GREY, Tissue.WHITE),
    "flair": (Tissue.OEDEMA, Tissue.GREY, Tissue.WHITE, Tissue.CSF),
    "t1ce": (Tissue.ENHANCING, Tissue.WHITE, Tissue.GREY, Tissue.NECROSIS),
}


@pytest.mark.parametrize("modality", MODALITIES)
def test_tissues_have_the_order_of_the_modality(modality):
    signals = _DRAWS[:, :, MODALITIES.index(modality)]
    for brighter, darker in zip(_BRIGHT_TO_DARK[modality], _BRIGHT_TO_DARK[modality][1:], strict=False):
        assert (signals[:, brighter] > signals[:, darker]).all(), (brighter, darker)


def test_background_is_0_and_all_else_positive():
    assert (_DRAWS[:, 0] == 0).all()
    assert (_DRAWS[:, 1:] > 0).all()


def test_on_flair_an_oedema_is_no_brighter_than_what_is_none():
    flair = _DRAWS[:, :, 0]
    brighter = (flair[:, Tissue.HYPERINTENSITY] > flair[:, Tissue.OEDEMA]).mean()
    assert 0.3 < brighter < 0.8


def test_only_what_has_no_barrier_takes_up_contrast_medium():
    means = _DRAWS.mean(axis=0)
    gain = {
        tissue: means[tissue, MODALITIES.index("t1ce")] / means[tissue, MODALITIES.index("t1")] for tissue in Tissue
    }
    taking = {Tissue.CHOROID, Tissue.VESSEL, Tissue.ENHANCING}
    least = min(gain[tissue] for tissue in taking)
    assert least > 1.9 > max(gain[tissue] for tissue in Tissue if tissue not in taking)
