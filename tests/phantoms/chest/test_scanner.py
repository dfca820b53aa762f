"""Noise, blur, range and padding of a scan."""

import dataclasses

import numpy as np
import pytest

from reproduce.phantoms.chest.scanner import Scanner, Storage, draw_scanner, scan
from reproduce.randomness import stream

_SIGNED = Storage(is_signed=True, bits=16, intercept_hu=0, padding=-2000)
_SCANNER = Scanner("TEST", "STANDARD", 0.65, 25.0, 0.2, 200, _SIGNED)


def _scan(plane, scanner=_SCANNER, n=4):
    stack = np.repeat(plane[None].astype(np.float32), n, axis=0)
    return scan(stack, scanner, stream(0, "test"), pixel_mm=0.7, body_radius_mm=1e6)


def test_noise_has_its_strength_and_neighbours_are_alike():
    noise = _scan(np.zeros((256, 256)))[:, 64:192, 64:192].astype(float)
    assert noise.std() == pytest.approx(25, rel=0.03)
    assert abs(noise.mean()) < 0.5
    assert np.corrcoef(noise[:, :, 1:].ravel(), noise[:, :, :-1].ravel())[0, 1] > 0.5
    assert abs(np.corrcoef(noise[1:].ravel(), noise[:-1].ravel())[0, 1]) < 0.05  # slices are independent


def test_blur_keeps_the_integral_and_spreads_it():
    plane = np.zeros((65, 65))
    plane[32, 32] = 10000
    quiet = dataclasses.replace(_SCANNER, noise_hu=0.0)
    got = _scan(plane, quiet, n=1)[0, 20:45, 20:45].astype(float)
    assert got.sum() == pytest.approx(10000, rel=0.01)
    y, x = np.mgrid[-12:13, -12:13]
    # variance of the spread in mm^2 along x
    assert (got * x**2).sum() / got.sum() * 0.7**2 == pytest.approx(0.65**2, rel=0.1)
    assert y.shape == got.shape


@pytest.mark.parametrize(
    ("storage", "outside", "least", "most"),
    [
        (Storage(is_signed=False, bits=12, intercept_hu=-1024, padding=None), -1024, -1024, 3071),
        (_SIGNED, -2000, -1024, 32767),
        (Storage(is_signed=True, bits=16, intercept_hu=-1024, padding=-2000), -3024, -1024, 31743),
    ],
)
def test_values_are_cut_to_the_range_and_padded_outside_the_circle(storage, outside, least, most):
    assert storage.range_hu == (least, most)
    plane = np.full((64, 64), -1500.0)
    plane[30:34, 30:34] = 40000
    got = _scan(plane, dataclasses.replace(_SCANNER, storage=storage, blur_mm=0.01, noise_hu=0.0), n=1)[0]
    assert got[0, 0] == outside
    assert got[32, 32] == most
    assert got[20, 32] == least


def test_drawn_scanners_differ_within_their_bounds():
    scanners = [draw_scanner(stream(i, "s")) for i in range(60)]
    assert {s.kernel for s in scanners} == {"SOFT", "STANDARD", "LUNG"}
    assert len({s.storage for s in scanners}) == 3
    assert all(15 <= s.noise_hu <= 40 for s in scanners)
