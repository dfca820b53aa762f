"""Outlines by the convention of LIDC: the chain of pixels just outside of what a reader holds for the nodule."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

# Clockwise in the image, from the left; (row, column).
_RING = ((0, -1), (-1, -1), (-1, 0), (-1, 1), (0, 1), (1, 1), (1, 0), (1, -1))


def outline_of(mask: np.ndarray) -> np.ndarray:
    """Return the closed chain of pixels that runs just outside of a mask.

    The mask's largest part (pixels that share an edge) is grown by one pixel in four directions; the outer border of
    that, followed pixel by pixel (Moore neighbours), is the chain. Notches of one pixel are bridged, holes are lost.
    The mask is bool `[y, x]` and may touch the border of the array.

    Returns:
        int `[n, 2]`, (x, y), each pixel a neighbour of the one before (8 neighbours), the last equal to the first,
        n >= 5; `[0, 2]` for an empty mask. Coordinates may be -1 or the size of the array where the mask touches its
        border.
    """
    labels, n_parts = ndimage.label(mask)
    if not n_parts:
        return np.zeros((0, 2), dtype=int)
    largest = labels == 1 + np.argmax(np.bincount(labels.ravel())[1:])
    grown = ndimage.binary_dilation(np.pad(largest, 2))
    return _follow_border(grown) - 2


def _follow_border(solid: np.ndarray) -> np.ndarray:
    """Return the pixels (x, y) of the outer border of one part, in order and closed; it keeps off the array's edge."""
    start = tuple(int(v) for v in np.argwhere(solid)[0])  # topmost row, leftmost pixel: its left neighbour is outside
    chain, here, came_from, first_step = [start], start, 0, None
    while True:
        for turn in range(1, 9):
            direction = (came_from + turn) % 8
            there = here[0] + _RING[direction][0], here[1] + _RING[direction][1]
            if solid[there]:
                break
        if first_step is None:
            first_step = (here, there)
        elif (here, there) == first_step:
            return np.array(chain)[:, ::-1]
        chain.append(there)
        # The last neighbour looked at in vain, seen from the new pixel, is where the search goes on.
        before = here[0] + _RING[direction - 1][0] - there[0], here[1] + _RING[direction - 1][1] - there[1]
        here, came_from = there, _RING.index(before)
