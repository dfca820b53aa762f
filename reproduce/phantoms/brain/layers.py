"""Cortex, white matter and fluid of a phantom brain: how its surface folds, voxel by voxel."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from reproduce.phantoms.brain.anatomy import STEM, Brain, cerebellum_mm, cerebrum_mm, fissures_mm
from reproduce.phantoms.brain.fields import interpolate
from reproduce.phantoms.scan_grid import Axes
from reproduce.phantoms.shapes import coverage, smooth_union

_LEAF_MM = 6.0  # distance of the cerebellum's leaves
_STEP_MM = 2.0


_Z, _Y, _X = np.ix_(*(np.arange(-half, half + 1, _STEP_MM, dtype=np.float32) for half in (72, 96, 76)))
SKETCH: Axes = (_X, _Y, _Z)  # of the whole reference brain


@dataclass(frozen=True, eq=False)
class Layers:
    """What the brain is made of before nuclei, ventricles and lesions; every array float32 `[z, y, x]`."""

    stripped_mm: np.ndarray  # signed distance to what skull stripping leaves
    tissue: np.ndarray  # share of a voxel that is no fluid outside of the brain
    white: np.ndarray  # share that is white matter
    hull_mm: np.ndarray  # signed distance to the hemispheres with the fluid in their sulci


def sulci_mm(brain: Brain, before: Axes) -> np.ndarray:
    """Return the signed distance to the nearest sulcus, as if it went to the middle: float32 on `SKETCH`, within 8 mm.

    A sulcus opens where a random field is 0. The field is taken near the surface, along the ray from the middle, so
    that sulci go inwards; its value over the length of its gradient is the distance to first order. `before` is where
    each point of `SKETCH` lay before a tumour pushed it.
    """
    x, y, z = before
    radius = np.sqrt((x / 66) ** 2 + (y / 84) ** 2 + ((z - 2) / 60) ** 2)
    outwards = np.maximum(radius, np.float32(0.3)) ** np.float32(-0.6)
    x, y, z = x * outwards, y * outwards, z * outwards
    folds = brain.folds.at(np.abs(x), y, z) + np.float32(0.55) * brain.folds_of_side.at(x, y, z)
    steep = np.sqrt(sum(part * part for part in np.gradient(folds, _STEP_MM)))
    return np.clip(folds / np.maximum(steep, np.float32(0.06)), -8, 8)


def draw_layers(brain: Brain, sulci: np.ndarray, axes: Axes, before: Axes, *, edge_mm: float) -> Layers:
    """Return the layers on a grid in mm of the reference brain, whose voxels have an edge of `edge_mm`.

    `sulci` are those of `sulci_mm`; `before` is where each voxel lay before a tumour pushed it.
    """
    bumps = brain.bumps.on_axes(axes)
    hull = cerebrum_mm(*axes) + np.float32(0.6) * bumps
    pial = _cerebral_pial_mm(brain, hull, interpolate(sulci, SKETCH, axes), bumps, axes, before)
    tissue, white = coverage(pial, edge_mm), coverage(pial + np.float32(brain.cortex_mm), edge_mm)
    small = cerebellum_mm(*axes)
    leaf = _leaves_mm(small, bumps, axes)
    below = np.maximum(np.maximum(small, -leaf), np.float32(1.5) - hull)
    np.maximum(tissue, coverage(below, edge_mm), out=tissue)
    np.maximum(white, coverage(np.maximum(small + 5, np.float32(1.7) - leaf), edge_mm), out=white)
    stem = STEM.distance_mm(*axes)
    np.maximum(tissue, coverage(stem, edge_mm), out=tissue)
    np.maximum(white, coverage(stem + np.float32(1), edge_mm), out=white)
    stripped = smooth_union(smooth_union(hull, small, 12), stem, 18) + np.float32(0.7) * bumps - np.float32(1.2)
    return Layers(stripped, tissue, white, hull)


def _cerebral_pial_mm(
    brain: Brain, hull: np.ndarray, sulci: np.ndarray, bumps: np.ndarray, axes: Axes, before: Axes
) -> np.ndarray:
    """Return the signed distance to the surface of the hemispheres, sulci and fissures being outside."""
    depth = -hull
    reach = np.clip(np.float32(12.5) + np.float32(3.5) * brain.depth.on_axes(axes), 5, 21)
    beyond = np.clip(depth - reach, 0, None)
    mouth = np.float32(0.55) + np.float32(1.5) * np.exp(-np.clip(depth, 0, 30) * np.float32(1 / 2.2))
    sheet = np.sqrt(sulci * sulci + beyond * beyond) - np.float32(brain.sulcus_mm) * mouth
    fissures = fissures_mm(*before, waver_mm=bumps) - np.float32(1.2 * brain.sulcus_mm)
    return np.maximum(hull, -np.minimum(sheet, fissures))


def _leaves_mm(small: np.ndarray, bumps: np.ndarray, axes: Axes) -> np.ndarray:
    """Return the signed distance to the fluid between the leaves of the cerebellum."""
    x, y, z = axes
    along = z + np.float32(0.45) * y + np.float32(0.1) * np.abs(x) + bumps
    nearest = np.abs(along / _LEAF_MM - np.round(along / _LEAF_MM)) * np.float32(_LEAF_MM)
    beyond = np.clip(-small - np.float32(10), 0, None)
    return np.hypot(nearest, beyond) - np.float32(0.3)
