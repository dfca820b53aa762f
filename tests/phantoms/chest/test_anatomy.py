"""The anatomy keeps its order in every patient."""

import numpy as np
import pytest
from scipy import ndimage

from reproduce.phantoms.chest.anatomy import draw_anatomy
from reproduce.randomness import stream


@pytest.mark.parametrize("patient", range(6))
def test_lungs_are_one_on_each_side_within_the_cage_within_the_body(patient):
    anatomy = draw_anatomy(stream(patient, "test"))
    axis = np.arange(-200, 200, 3, dtype=np.float32)
    x, y = axis[None, :], axis[:, None]
    for z in (-80.0, 0.0, 50.0):
        lungs = anatomy.lungs_distance_mm(x, y, z) < 0
        cage, body = anatomy.cage_distance_mm(x, y, z), anatomy.body_distance_mm(x, y, z)
        assert not (lungs & (cage > 0)).any()
        assert (body[cage < 0] < -8).all()  # chest wall all around
        labels, _ = ndimage.label(lungs)
        areas = np.sort(np.bincount(labels.ravel())[1:])[::-1] * 9
        assert areas[0] > 3000
        assert areas[1] > 3000
        assert areas[2:].sum() < 0.03 * areas[:2].sum()


def test_patients_differ_and_a_stream_repeats():
    sizes = [draw_anatomy(stream(i, "test")).body_mm for i in range(5)]
    assert len(set(sizes)) == 5
    assert draw_anatomy(stream(3, "test")).body_mm == sizes[3]


def test_left_is_positive_x_for_the_heart_and_the_descending_aorta():
    anatomy = draw_anatomy(stream(0, "test"))
    assert anatomy.heart.centre_mm[0] > 0
    assert (anatomy.vessels["descending aorta"].points_mm[:, 0] > 0).all()
