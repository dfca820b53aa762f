"""Phantom scans that several tests look at: drawn once."""

import pytest

from reproduce.phantoms.chest_ct import ChestCt, draw_patient


@pytest.fixture(scope="session")
def chest() -> ChestCt:
    """One patient at 256x256."""
    return draw_patient(5, 1, matrix=256, n_slices=20, slice_spacing_mm=2.5)


@pytest.fixture(scope="session")
def chests() -> tuple[ChestCt, ...]:
    """Six patients at 128x128."""
    return tuple(draw_patient(5, i, matrix=128, n_slices=22, slice_spacing_mm=2.5) for i in range(1, 7))
