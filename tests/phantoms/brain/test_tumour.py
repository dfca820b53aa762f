"""Tumours: what a push does by hand, what an oedema prefers, how often which kind is drawn."""

from dataclasses import replace

import numpy as np
import pytest

from reproduce.phantoms.brain.anatomy import cerebrum_mm
from reproduce.phantoms.brain.fields import Field
from reproduce.phantoms.brain.painting import label_parts
from reproduce.phantoms.brain.tumour import Focus, Tumour, draw_tumour

_FLAT = Field(np.zeros((8, 8, 8), np.float32), 40.0)
_ONE = Tumour(
    foci=(Focus((20.0, 0.0, 10.0), 10.0, (1.0, 1.0, 1.0)),),
    enhances=True,
    share=0.03,
    rim=0.3,
    push_mm=4.0,
    wobble=_FLAT,
    gaps=_FLAT,
    spread=_FLAT,
)


def _along_x(*x):
    return np.array(x, np.float32)[None, None, :], np.zeros((1, 1, 1), np.float32), np.full((1, 1, 1), 10, np.float32)


def _drawn(n, **visible):
    visible = visible or {"visible_mm": (-70.0, 75.0)}
    return [draw_tumour(np.random.default_rng(seed), brain_mm3=1.4e6, **visible) for seed in range(n)]


def test_a_push_by_hand():
    x, _, _ = _ONE.before_push(_along_x(20, 36, 4, 52))
    # reach 10 + 6 mm. At the centre nothing moves; at 16 mm all of the 4 mm: 36 came from 32, 4 from 8;
    # at 32 mm 4 * 2 * exp((1 - 4) / 2) = 1.785: 52 came from 50.215
    np.testing.assert_allclose(x.ravel(), [20, 32, 8, 50.215], atol=1e-3)


def test_a_core_and_its_rim_by_hand():
    np.testing.assert_allclose(_ONE.core_mm(_along_x(20, 30, 35)).ravel(), [-10, 0, 5], atol=1e-4)
    np.testing.assert_allclose(_ONE.rim_mm(_along_x(20)).ravel(), [3], atol=1e-5)  # 0.3 radii of 10 mm


def test_an_oedema_comes_farther_along_white_matter():
    white = np.array([1, 0], np.float32)[None, None]
    way = _ONE.way_mm(_along_x(40, 40), white).ravel()
    np.testing.assert_allclose(way, [10, 19], atol=1e-4)  # 20 mm from the centre less the radius; 9 mm more in grey


def test_half_axes_keep_the_volume():
    stretched = replace(_ONE, foci=(Focus((20.0, 0.0, 10.0), 10.0, (2.0, 0.5, 1.0)),))
    np.testing.assert_allclose(stretched.core_mm(_along_x(40)), 0, atol=1e-4)


def test_kinds_and_sizes_are_those_of_the_docstring():
    tumours = _drawn(400)
    assert 0.63 < np.mean([t.enhances for t in tumours]) < 0.77
    assert 0.14 < np.mean([len(t.foci) > 1 for t in tumours]) < 0.26
    assert max(len(t.foci) for t in tumours) == 3
    shares = [t.share for t in tumours]
    assert 0.015 <= min(shares) < 0.02 < 0.07 < max(shares) <= 0.08
    for tumour in tumours:
        for focus in tumour.foci:
            assert np.prod(focus.ratios) == pytest.approx(1)
            assert cerebrum_mm(*np.float32(focus.centre_mm)) < 0
            assert np.sign(focus.centre_mm[0]) == np.sign(tumour.foci[0].centre_mm[0])


def test_a_low_stack_of_slices_shows_the_first_focus():
    for tumour in _drawn(50, visible_mm=(-10.0, 20.0)):
        assert -4 <= tumour.foci[0].centre_mm[2] <= 14


def test_labels_go_to_the_largest_part_of_at_least_half():
    parts = {1: [0.0, 0.3, 0.2, 0.0], 2: [0.4, 0.3, 0.1, 0.0], 4: [0.0, 0.4, 0.3, 1.0]}
    labels = label_parts({label: np.array(share, np.float32) for label, share in parts.items()})
    assert labels.dtype == np.uint8
    assert labels.tolist() == [0, 4, 4, 4]  # sums 0.4, 1.0, 0.6, 1.0


def test_no_tumour_is_no_label():
    assert not label_parts({label: np.zeros((2, 2, 2), np.float32) for label in (1, 2, 4)}).any()
