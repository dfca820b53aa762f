"""Phantom scans that several tests look at: drawn once."""

import numpy as np
import pytest

from reproduce.cohorts.lidc_outlines import enclosed_pixels
from reproduce.phantoms.chest.ct import ChestCt, draw_patient


@pytest.fixture(scope="session")
def chest() -> ChestCt:
    """One patient at 256x256."""
    return draw_patient(5, 1, matrix=256, n_slices=20, slice_spacing_mm=2.5)


@pytest.fixture(scope="session")
def chests() -> tuple[ChestCt, ...]:
    """Six patients at 128x128."""
    return tuple(draw_patient(5, i, matrix=128, n_slices=22, slice_spacing_mm=2.5) for i in range(1, 7))


@pytest.fixture(scope="session")
def reader_mask():
    """A function from a reader's mark and the scan's shape to the voxels enclosed, by the convention of LIDC."""

    def mask_of(mark, shape):
        mask = np.zeros(shape, bool)
        for k, chain in mark.outlines.items():
            pixels, (row, column) = enclosed_pixels(chain, outline_included=False)
            y, x = np.nonzero(pixels)
            mask[k, y + row, x + column] = True
        return mask

    return mask_of
