"""Lesions of the phantom lung: nodules of every kind, and what is taken for one and is none."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from reproduce.phantoms.chest_vessels import cone_share
from reproduce.phantoms.scan_grid import ScanGrid
from reproduce.phantoms.shapes import coverage

NODULE, SMALL_NODULE, SCAR, PLAQUE, PLUG = "nodule", "nodule under 3 mm", "scar", "pleural plaque", "mucous plug"
SOLID, PART_SOLID, GROUND_GLASS = "solid", "part-solid", "ground glass"


@dataclass(frozen=True, eq=False)
class Lesion:
    """One lesion, whole, as it is; what a reader makes of it stands elsewhere."""

    kind: str  # one of the kinds of this module
    centre_mm: np.ndarray  # float32 [3], (x, y, z)
    diameter_mm: float  # of the ball of the same volume
    texture: str  # one of the textures of this module
    density_hu: float  # of its solid part
    turn: np.ndarray  # float32 [3, 3], rotation into its own axes
    axes: np.ndarray  # float32 [3], its three axes relative to the diameter; their product is 1
    waves: np.ndarray  # float32 [k, 5]: direction (3), height relative to the radius, phase of each bulge
    spikes: np.ndarray  # float32 [n, 4]: direction (3) and length in mm of each spicule
    core_share: float  # radius of the solid core of a part-solid nodule, relative to its own
    place: str  # "interior", "wall" or "vessel"

    @property
    def reach_mm(self) -> float:
        """Radius of a ball around the centre that holds the lesion without its spicules."""
        return float(0.5 * self.diameter_mm * self.axes.max() * (1 + np.abs(self.waves[:, 3]).sum()))

    def distance_mm(self, x: np.ndarray, y: np.ndarray, z: np.ndarray) -> np.ndarray:
        """Return the signed distance to its surface, without spicules, to first order; x, y, z broadcast."""
        dx, dy, dz = (axis - np.float32(c) for axis, c in zip((x, y, z), self.centre_mm, strict=True))
        u, v, w = ((t[0] * dx + t[1] * dy + t[2] * dz) / a for t, a in zip(self.turn, self.axes, strict=True))
        rho = np.sqrt(u * u + v * v + w * w) + np.float32(1e-3)
        bulge = np.float32(1)
        for kx, ky, kz, height, phase in self.waves:
            bulge = bulge + height * np.cos((kx * u + ky * v + kz * w) / rho + phase)
        stretch = np.sqrt(dx * dx + dy * dy + dz * dz) / rho
        return (rho - np.float32(0.5 * self.diameter_mm) * bulge) * stretch

    @property
    def irregularity(self) -> float:
        """How lobulated it is: root mean square height of its bulges relative to the radius."""
        return float(np.sqrt((self.waves[:, 3] ** 2).sum() / 2)) if len(self.waves) else 0.0


def paint_lesion(tissue: np.ndarray, lesion: Lesion, grid: ScanGrid, rng: np.random.Generator) -> None:
    """Paint one lesion into lung tissue, in place, averaged over the thickness of the slices.

    Args:
        tissue: float32 `[z, y, x]`, HU of the lungs alone.
        lesion: What is painted; outside the grid nothing is.
        grid: The grid of `tissue`.
        rng: The stream of this lesion's inner texture.
    """
    reach = lesion.reach_mm + grid.pixel_mm * np.array([1, 1, 0]) + grid.slice_mm * np.array([0, 0, 1])
    box = grid.box(lesion.centre_mm - reach, lesion.centre_mm + reach)
    if box is None:
        return
    distance = lesion.distance_mm(*grid.fine_axes(box))
    softness = max(grid.pixel_mm, 1.6 if lesion.texture != SOLID else grid.pixel_mm)
    share = grid.slice_mean(coverage(distance, softness))
    region = tissue[box]
    if lesion.texture == SOLID:
        region += share * (np.float32(lesion.density_hu) - region)
    else:
        haze = rng.normal(0, 35, region.shape).astype(np.float32)
        glass = np.maximum(region, np.float32(lesion.density_hu - 560) + haze)
        region += share * (glass - region)
    if lesion.texture == PART_SOLID:
        inset = np.float32(0.5 * lesion.diameter_mm * (1 - lesion.core_share))
        core = grid.slice_mean(coverage(distance + inset, grid.pixel_mm))
        region += core * (np.float32(lesion.density_hu) - region)
    radius = 0.5 * lesion.diameter_mm
    for spike in lesion.spikes:  # thin cones from inside the lesion into the lung
        ends = [lesion.centre_mm + spike[:3] * np.float32(way) for way in (0.7 * radius, radius + spike[3])]
        found = cone_share(grid, ends_mm=tuple(ends), radii_mm=(0.11 * radius + 0.25, 0.2))
        if found is not None:
            box, share = found
            tissue[box] += np.float32(0.8) * share * (np.float32(lesion.density_hu) - tissue[box])
