"""Densities of the phantom thorax before it is scanned: tissue by tissue, slice by slice."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from reproduce.phantoms.chest.anatomy import Anatomy
from reproduce.phantoms.chest.bones import CORD, paint_bones
from reproduce.phantoms.chest.lesions import Lesion, paint_lesion
from reproduce.phantoms.chest.scanner import AIR_HU
from reproduce.phantoms.chest.vessels import VesselTree, cover_bronchi, cover_vessels
from reproduce.phantoms.scan_grid import ScanGrid
from reproduce.phantoms.shapes import Ellipsoid, Place, Tube, blend, coverage, paint

_LUNG_VESSEL_HU = 50.0
_WALL_HU = -50.0  # of airways
STRUCTURES = ("body", "lung_left", "lung_right", "heart", "oesophagus", "spinal_cord")


def paint_lungs(
    anatomy: Anatomy,
    grid: ScanGrid,
    trees: tuple[VesselTree, ...],
    lesions: tuple[Lesion, ...],
    rng: np.random.Generator,
) -> np.ndarray:
    """Return lung with fissures, vessels, bronchi and lesions, as if it filled the grid: float32 `[z, y, x]`, HU."""
    tissue = _parenchyma(anatomy, grid, rng)
    blend(tissue, cover_vessels(trees, grid), _LUNG_VESSEL_HU)
    outer, lumen = cover_bronchi(trees, grid)
    blend(tissue, outer, _WALL_HU)
    blend(tissue, lumen, AIR_HU + 10)
    for lesion in lesions:
        paint_lesion(tissue, lesion, grid, rng)
    return tissue


def _parenchyma(anatomy: Anatomy, grid: ScanGrid, rng: np.random.Generator) -> np.ndarray:
    """Return lung without vessels that can be told apart: denser at the back, cloudy, grained, a fissure each side."""
    x, y, z = (axis.astype(np.float32) for axis in grid.axes((slice(None),) * 3))
    slope = np.float32(anatomy.tissues.lung_slope_hu / (2 * anatomy.cage_mm[1]))
    tissue = np.float32(anatomy.tissues.lung_hu) + slope * (y + np.float32(anatomy.cage_mm[1])) + np.zeros_like(x + z)
    for grain_mm, height_hu, power in ((14.0, 14.0, 1), (2.6, 16.0, 2)):
        tissue += _clouds(grid, rng, grain_mm=grain_mm, height_hu=height_hu, power=power)
    middle = int(np.searchsorted(grid.x_mm, 0))
    for side, (steep, tilt, offset) in zip((-1, 1), anatomy.fissures, strict=True):
        half = slice(None, middle) if side < 0 else slice(middle, None)
        sheet = np.abs(y * steep + x[..., half] * tilt - z - offset - 20) / np.float32(np.hypot(1, steep))
        tissue[..., half] += np.float32(110) * np.clip(1.3 - sheet / np.float32(max(1.1, grid.pixel_mm)), 0, 1)
    return tissue


def _clouds(grid: ScanGrid, rng: np.random.Generator, *, grain_mm: float, height_hu: float, power: int) -> np.ndarray:
    """Draw a texture of a grain size; a power of 2 gives bright grains on an even ground, as small vessels do."""
    width = grid.matrix * grid.pixel_mm
    n_across = int(np.clip(width / grain_mm * 2, 4, grid.matrix))
    coarse = rng.standard_normal((grid.n_slices, n_across, n_across), dtype=np.float32)
    coarse = ndimage.gaussian_filter1d(coarse, max(0.3, 0.4 * grain_mm / grid.slice_mm), axis=0)
    for axis in (1, 2):
        coarse = ndimage.gaussian_filter1d(coarse, 0.7, axis=axis)
    coarse = (coarse / coarse.std()) ** power
    coarse = np.float32(height_hu / power) * (coarse - coarse.mean())
    at = np.linspace(0, n_across - 1, grid.matrix)
    low = np.minimum(at.astype(int), n_across - 2)
    weights = np.zeros((grid.matrix, n_across), np.float32)
    weights[np.arange(grid.matrix), low] = 1 - (at - low)
    weights[np.arange(grid.matrix), low + 1] = at - low
    return weights @ coarse @ weights.T


def paint_chest(anatomy: Anatomy, grid: ScanGrid, lungs_hu: np.ndarray) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Return all densities of the scan, and where each structure lies.

    Returns:
        float32 `[z, y, x]`, HU; and a bool mask `[z, y, x]` for each name of `STRUCTURES`: voxels whose centre
        lies inside, disjoint but for `body`, which holds all.
    """
    hu = np.full(grid.shape, AIR_HU, np.float32)
    masks = {name: np.zeros(grid.shape, bool) for name in STRUCTURES}
    x, y = grid.x_mm[None, :], grid.y_mm[:, None]
    reach = 1.08 * np.array(anatomy.cage_mm) + 30 * anatomy.size  # ribs, shoulder blades and spine at every height
    low, high = np.append(-reach[:2], grid.z_mm[0]), np.append(reach[:2], grid.z_mm[-1])
    inner = grid.box_of("a chest", low, high)[1:]
    inner_x, inner_y = x[:, inner[1]], y[inner[0]]
    for k, z in enumerate(map(float, grid.z_mm)):
        body = anatomy.body_distance_mm(x, y, z)
        masks["body"][k] = body < 0
        _paint_table(hu[k], anatomy, x, y, pixel_mm=grid.pixel_mm)
        blend(hu[k], coverage(body, grid.pixel_mm), 20.0)
        blend(hu[k], coverage(body + np.float32(2), grid.pixel_mm), anatomy.tissues.fat_hu)
        part = (k, *inner)
        cage = anatomy.cage_distance_mm(inner_x, inner_y, z)
        lungs = anatomy.lungs_in_cage_mm(cage, inner_x, inner_y, z)
        at = (inner_x, inner_y, z)
        _paint_muscles(hu[k], anatomy, (x, y, z))
        intercostal = np.maximum(cage - np.float32(12 * anatomy.size), body[inner] + np.float32(4))
        blend(hu[part], coverage(intercostal, grid.pixel_mm), anatomy.tissues.muscle_hu)
        _paint_mediastinum(hu[part], anatomy, cage, at, pixel_mm=grid.pixel_mm)
        paint_bones(hu[part], anatomy, cage, at, pixel_mm=grid.pixel_mm)
        blend(hu[part], coverage(lungs, grid.pixel_mm), lungs_hu[part])
        _paint_airways(hu[part], anatomy, at, pixel_mm=grid.pixel_mm)
        for name, mask in _inner_masks(anatomy, lungs, at).items():
            masks[name][part] = mask
    return hu, masks


def _inner_masks(anatomy: Anatomy, lungs: np.ndarray, at: Place) -> dict[str, np.ndarray]:
    """Return voxels of one slice whose centre lies inside a lung, the heart, the gullet and the cord."""
    airway = np.minimum.reduce([solid.distance_mm(*at) + np.zeros_like(lungs) for solid in anatomy.airways]) < 2
    heart = (anatomy.heart.distance_mm(*at) < 0) & (lungs >= 0)
    return {
        "lung_left": (lungs < 0) & (at[0] > 0) & ~airway,
        "lung_right": (lungs < 0) & (at[0] <= 0) & ~airway,
        "heart": heart,
        "oesophagus": (anatomy.oesophagus.distance_mm(*at) < 0) & ~heart & ~airway & (lungs >= 0),
        "spinal_cord": CORD.scaled(anatomy.size).distance_mm(*at) < 0,
    }


def _paint_table(plane: np.ndarray, anatomy: Anatomy, x: np.ndarray, y: np.ndarray, *, pixel_mm: float) -> None:
    """Paint a curved table top under a thin mattress."""
    drop = np.float32(anatomy.body_mm[1] + 9) - x * x * np.float32(1 / 2600) - y
    for depth, thick, density in ((0.0, 1.2, -850.0), (13.0, 2.6, -120.0)):
        blend(plane, coverage(np.abs(drop + np.float32(depth)) - np.float32(thick / 2), pixel_mm), density)


def _paint_muscles(plane: np.ndarray, anatomy: Anatomy, at: Place) -> None:
    """Paint the large muscles of the chest wall: of the back, the breast, the shoulder."""
    for side in (-1, 1):
        for solid in (
            Ellipsoid((26 * side, 95, 0), (23, 11, 900)),
            Ellipsoid((58 * side, -84, 30), (40, 8, 70), 0.36 * side),
            Ellipsoid((122 * side, 24, 40), (12, 34, 130), 0.15 * side),
            Ellipsoid((92 * side, 66, 60), (32, 9, 120), -0.7 * side),
        ):
            paint(plane, solid.scaled(anatomy.size), at, hu=anatomy.tissues.muscle_hu, edge_mm=2.0)


def _paint_mediastinum(plane: np.ndarray, anatomy: Anatomy, cage: np.ndarray, at: Place, *, pixel_mm: float) -> None:
    """Paint fat between the lungs, then heart, great vessels, gullet, and what lies under the diaphragm."""
    tissues, size = anatomy.tissues, anatomy.size
    blend(plane, coverage(cage + np.float32(2), pixel_mm), tissues.fat_hu + 15)
    paint(plane, Ellipsoid((0, 74, 0), (28, 24, 900)).scaled(size), at, hu=tissues.muscle_hu - 5, edge_mm=4.0)
    for dome, density in zip(anatomy.domes, (tissues.muscle_hu + 12, tissues.muscle_hu - 5), strict=True):
        paint(plane, dome, at, hu=density, edge_mm=pixel_mm)
    gullet = anatomy.oesophagus
    paint(plane, gullet, at, hu=tissues.muscle_hu - 8, edge_mm=pixel_mm)
    paint(plane, Tube(gullet.points_mm, gullet.radii_mm * np.float32(0.2)), at, hu=-500.0, edge_mm=pixel_mm)
    paint(plane, anatomy.heart, at, hu=tissues.muscle_hu, edge_mm=pixel_mm)
    for dx, dy, width in ((-20, -6, 17), (14, -14, 19), (6, 16, 17)):
        cx, cy, cz = anatomy.heart.centre_mm
        chamber = Ellipsoid((cx + dx * size, cy + dy * size, cz), (width * size, 0.8 * width * size, 36 * size), 0.5)
        paint(plane, chamber, at, hu=0.9 * tissues.blood_hu, edge_mm=pixel_mm)
    for vessel in anatomy.vessels.values():
        paint(plane, vessel, at, hu=tissues.blood_hu, edge_mm=pixel_mm)


def _paint_airways(plane: np.ndarray, anatomy: Anatomy, at: Place, *, pixel_mm: float) -> None:
    """Paint windpipe and main bronchi: a wall, and air."""
    for wall, density in ((1.6, 30.0), (0.0, AIR_HU + 5)):
        for solid in anatomy.airways:
            paint(plane, Tube(solid.points_mm, solid.radii_mm + np.float32(wall)), at, hu=density, edge_mm=pixel_mm)
