"""Intensities that a network is fed with: windows of Hounsfield units, z-scores of MR."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from reproduce.errors import ArgumentError, IntensityError, NonFiniteError
from reproduce.protocol.intensities import Window


@dataclass(frozen=True)
class ZScore:
    """Mean 0 and standard deviation 1, each channel by itself; for MR, which has no unit.

    Attributes:
        within: Over which voxels: "image" takes all of them, "nonzero" those that are not 0 in at least one channel,
            the brain of an image that is skull-stripped; what is outside becomes 0.

    Raises:
        ArgumentError: Another word.
    """

    within: Literal["image", "nonzero"]

    def __post_init__(self) -> None:
        if self.within not in ("image", "nonzero"):
            do = "name the voxels whose mean and deviation count"
            raise ArgumentError(expected='"image" or "nonzero"', got=repr(self.within), where="ZScore", do=do)


def mapped(voxels: np.ndarray, intensity: Window | ZScore) -> np.ndarray:
    """Map the intensities of an image as a protocol wants them.

    Args:
        voxels: `[z, y, x]` or `[z, y, x, channel]`; HU for a window.
        intensity: See its class.

    Returns:
        float32, the shape of `voxels`.

    Raises:
        What `window` and `zscore_within` raise.
    """
    if isinstance(intensity, Window):
        return window(voxels, intensity.grey)
    if intensity.within == "image":
        return zscore_within(voxels, np.ones(voxels.shape[:3], dtype=bool))
    return zscore_within(voxels, (voxels.reshape(*voxels.shape[:3], -1) != 0).any(axis=-1))


def window(voxels_hu: np.ndarray, window_hu: tuple[float, float]) -> np.ndarray:
    """Map the Hounsfield units of a window to [0, 1]: `(clip(v, low, high) - low) / (high - low)`.

    Args:
        voxels_hu: Any shape, whole or real numbers, HU.
        window_hu: Its ends (low, high), not centre and width: (-1000, 400) for lung in this package's protocols.

    Returns:
        float32 in [0, 1], the shape of the input; empty input gives empty output.

    Raises:
        ArgumentError: The ends are not finite, or low is not below high.
        NonFiniteError: A voxel is NaN or infinite.
    """
    low, high = map(float, window_hu)
    if not (np.isfinite([low, high]).all() and low < high):
        raise ArgumentError(
            expected="window_hu = (low, high) with low < high",
            got=repr(window_hu),
            where="window",
            do="pass the ends of the window, not its centre and width",
        )
    _require_finite(voxels_hu, "window")
    scaled = np.clip(voxels_hu, low, high).astype(np.float32)
    scaled -= np.float32(low)
    scaled /= np.float32(high - low)
    return np.clip(scaled, 0, 1, out=scaled)


def zscore_within(voxels: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Return voxels with mean 0 and standard deviation 1 within a mask, and 0 outside it.

    z = (v - mean) / sd over the voxels of the mask, sd with the denominator n; every channel by itself. What lies
    outside the mask takes no part and becomes 0, the mean of what is inside: the rest of a head or the air around it
    has no intensity on this scale.

    Args:
        voxels: `[z, y, x]` or `[z, y, x, channel]`, any unit.
        mask: bool `[z, y, x]`, e.g. the brain. Ask the mask, not the sign: resampled images dip below 0 inside it.

    Returns:
        float32, the shape of `voxels`.

    Raises:
        ArgumentError: The mask is not boolean, or not of the shape of the image.
        IntensityError: The mask is empty, or a channel is constant within it.
        NonFiniteError: A voxel within the mask is NaN or infinite.
    """
    if mask.dtype != bool or mask.shape != voxels.shape[:3]:
        raise ArgumentError(
            expected=f"a boolean mask of shape {voxels.shape[:3]}",
            got=f"{mask.dtype} of shape {mask.shape}",
            where="zscore_within",
            do="compare the labels first, e.g. `labels > 0`, on the grid of the image",
        )
    inside = voxels[mask].astype(np.float64)  # [voxel] or [voxel, channel]
    _require_finite(inside, "zscore_within")
    if not mask.any() or (np.ptp(inside, axis=0) == 0).any():
        raise IntensityError(
            expected="at least two different intensities within the mask, in every channel",
            got=f"{int(mask.sum())} voxels" + (" of a constant channel" if mask.any() else ""),
            where="zscore_within",
            do="check the mask and the image, or leave the case out through the exclusion ledger",
        )
    scores = np.zeros(voxels.shape, dtype=np.float32)
    scores[mask] = (inside - inside.mean(axis=0)) / inside.std(axis=0)
    return scores


def _require_finite(voxels: np.ndarray, where: str) -> None:
    if np.issubdtype(voxels.dtype, np.floating) and not np.isfinite(voxels).all():
        raise NonFiniteError(
            expected="finite intensities",
            got=f"{int((~np.isfinite(voxels)).sum())} NaN or infinite voxels",
            where=where,
            do="check the file that the image comes from",
        )
