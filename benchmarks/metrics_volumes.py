"""The pairs of masks that metrics are timed on: seeded, of the size of a chest CT, and a batch of real hippocampi."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import nibabel as nib
import numpy as np
from scipy import ndimage

SHAPE = (133, 512, 512)
SPACING_MM = (2.5, 0.7, 0.7)


@dataclass(frozen=True, eq=False)
class Pair:
    """A reference, a prediction, the grid both are on, and the tolerance of their surface Dice."""

    reference: np.ndarray
    prediction: np.ndarray
    spacing_mm: tuple[float, float, float]
    tolerance_mm: float = 1.0


def nodules() -> Pair:
    """Four nodules of 5 to 12 mm across both lungs; the prediction is a voxel off, misses one and finds a false one."""
    centres_mm = np.array([[80, 150, 90], [120, 200, 110], [200, 160, 260], [260, 220, 270]])
    diameters_mm = [12.0, 8, 6, 5]
    reference = _spheres(centres_mm, diameters_mm)
    found_mm = centres_mm + np.array([0, 0.7, 0.7])
    found_mm[3] = [150, 120, 250]
    return Pair(reference, _spheres(found_mm, diameters_mm), SPACING_MM)


def one_nodule() -> Pair:
    """One nodule of 8 mm; the prediction is one voxel off and a little larger."""
    centre_mm = np.array([[160.0, 180, 120]])
    return Pair(_spheres(centre_mm, [8.0]), _spheres(centre_mm + np.array([0, 0.7, 0]), [9.0]), SPACING_MM)


def organs(*, roughness: float) -> Pair:
    """Both lungs; surfaces of reference and prediction wander apart with `roughness` (0.02: Dice near 0.98)."""
    rng = np.random.default_rng(0)
    z, y, x = (np.linspace(-1, 1, n, dtype=np.float32) for n in SHAPE)
    lungs = np.full(SHAPE, np.inf, dtype=np.float32)
    for centre in (-0.42, 0.42):
        lung = (z[:, None, None] / 0.85) ** 2 + (y[:, None] / 0.62) ** 2 + ((x - centre) / 0.30) ** 2
        np.minimum(lungs, lung, out=lungs)
    return Pair(lungs + _noise(rng, roughness) < 1, lungs + _noise(rng, roughness) < 1 + roughness / 4, SPACING_MM)


def empty_prediction() -> Pair:
    """The four nodules, and a prediction of nothing."""
    pair = nodules()
    return Pair(pair.reference, np.zeros(SHAPE, dtype=np.bool_), SPACING_MM)


def hippocampi(folder: Path, *, axis: int) -> list[Pair]:
    """Every hippocampus mask of the Decathlon sample against itself moved by one voxel along an axis of (z, y, x).

    The tolerance is half a voxel of 1 mm: at one voxel every surface Dice would be 1.
    """
    pairs = []
    for path in sorted(folder.glob("msd_hippocampus/labelsTr/*.nii.gz")):
        image = nib.load(path)
        x_mm, y_mm, z_mm = (float(step) for step in image.header.get_zooms()[:3])
        mask = np.pad(np.ascontiguousarray(np.asarray(image.dataobj).T > 0), 1)
        pairs.append(Pair(mask, np.roll(mask, 1, axis=axis), (z_mm, y_mm, x_mm), tolerance_mm=0.5))
    return pairs


def _spheres(centres_mm: np.ndarray, diameters_mm: list[float]) -> np.ndarray:
    mask = np.zeros(SHAPE, dtype=np.bool_)
    z, y, x = (np.arange(n) * step for n, step in zip(SHAPE, SPACING_MM, strict=True))
    for (cz, cy, cx), diameter in zip(centres_mm, diameters_mm, strict=True):
        mask |= (z[:, None, None] - cz) ** 2 + (y[:, None] - cy) ** 2 + (x - cx) ** 2 <= (diameter / 2) ** 2
    return mask


def _noise(rng: np.random.Generator, scale: float) -> np.ndarray:
    coarse = ndimage.gaussian_filter(rng.standard_normal([n // 8 for n in SHAPE]).astype(np.float32), 1.5)
    zoom = [n / m for n, m in zip(SHAPE, coarse.shape, strict=True)]
    return ndimage.zoom(scale * coarse / coarse.std(), zoom, order=1)
