"""Numbers, sizes and places of lesions over many patients."""

import numpy as np
import pytest

from reproduce.errors import CohortError
from reproduce.phantoms.chest.anatomy import draw_anatomy
from reproduce.phantoms.chest.lesions import NODULE, SMALL_NODULE, SOLID, draw_lesions
from reproduce.phantoms.chest.vessels import VesselTree
from reproduce.phantoms.scan_grid import ScanGrid
from reproduce.randomness import stream

_GRID = ScanGrid(matrix=128, n_slices=28, pixel_mm=2.7, slice_mm=2.5, corner_mm=(-172.0, -172.0, -70.0))
_TREE = VesselTree(
    np.array([[60, 10, z] for z in range(-60, 0, 5)], np.float32), np.zeros(12, int), np.full(12, 2.0, np.float32), True
)


@pytest.fixture(scope="module")
def patients():
    return [draw_lesions(draw_anatomy(stream(i, "a")), _GRID, (_TREE,), stream(i, "lesions")) for i in range(60)]


def test_every_patient_has_a_leading_nodule(patients):
    for lesions in patients:
        assert lesions[0].kind == NODULE
        assert 13 <= lesions[0].diameter_mm <= 30
        assert lesions[0].texture != "ground glass"


def test_number_and_size_of_nodules(patients):
    sizes = np.array([lesion.diameter_mm for lesions in patients for lesion in lesions if lesion.kind == NODULE])
    assert 2 < len(sizes) / len(patients) < 3.5
    assert sizes.min() >= 3
    assert sizes.max() <= 30
    others = np.array([lesion.diameter_mm for lesions in patients for lesion in lesions[1:] if lesion.kind == NODULE])
    assert np.mean((others >= 4) & (others <= 12)) > 0.6  # most of LIDC-IDRI's are; the leading ones are larger
    assert (sizes**3)[sizes >= 8].sum() > 0.85 * (sizes**3).sum()
    small = [lesion.diameter_mm for lesions in patients for lesion in lesions if lesion.kind == SMALL_NODULE]
    assert small
    assert max(small) < 3


def test_kinds_textures_and_places_all_occur(patients):
    lesions = [lesion for drawn in patients for lesion in drawn]
    assert len({lesion.kind for lesion in lesions}) == 5
    assert len({lesion.texture for lesion in lesions}) == 3
    assert len({lesion.place for lesion in lesions}) == 3
    assert all(lesion.texture == SOLID for lesion in lesions if lesion.diameter_mm < 6)


def test_lesions_do_not_touch_and_nodules_are_whole_within_the_stack(patients):
    for lesions in patients:
        for i, a in enumerate(lesions):
            if a.kind == NODULE:
                assert abs(a.centre_mm[2] - (_GRID.z_mm[0] + _GRID.z_mm[-1]) / 2) <= 33.75 - 0.5 * a.diameter_mm
            for b in lesions[:i]:
                apart = np.linalg.norm(a.centre_mm - b.centre_mm)
                assert apart > (a.diameter_mm + b.diameter_mm) / 2


def test_scan_without_lungs_is_refused():
    above = ScanGrid(matrix=64, n_slices=8, pixel_mm=5.0, slice_mm=2.5, corner_mm=(-160.0, -160.0, 900.0))
    with pytest.raises(CohortError, match="room for a nodule"):
        draw_lesions(draw_anatomy(stream(0, "a")), above, (_TREE,), stream(0, "lesions"))
