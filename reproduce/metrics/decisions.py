"""From probabilities and labels to masks."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def decided(probabilities: np.ndarray, threshold: float | None) -> np.ndarray:
    """Which regions each pixel belongs to.

    Args:
        probabilities: float `[..., region]` in [0, 1].
        threshold: A probability equal to it is positive. None: the pixel belongs to its most probable region alone, the
            first of equals.

    Returns:
        bool `[..., region]`.
    """
    if threshold is not None:
        return probabilities >= threshold
    return probabilities.argmax(axis=-1)[..., None] == np.arange(probabilities.shape[-1])


def inside(labels: np.ndarray, members: Sequence[int]) -> np.ndarray:
    """Where labels are one of the members of a region, bool; any label above 0 where it names none."""
    return np.isin(labels, members) if members else labels > 0
