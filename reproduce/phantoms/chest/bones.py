"""Bones of the phantom thorax: ribs, sternum, spine, shoulder blades."""

from __future__ import annotations

import numpy as np

from reproduce.phantoms.chest.anatomy import Anatomy
from reproduce.phantoms.shapes import Ellipsoid, Place, blend, coverage, paint, tube

_PITCH_MM = 24.0  # of ribs and vertebrae in the reference body
_ENDLESS = float("inf")
_CANAL = Ellipsoid((0, 78, 0), (9.5, 8, _ENDLESS))
CORD = Ellipsoid((0, 78, 0), (5.2, 4.2, _ENDLESS))


def paint_bones(hu: np.ndarray, anatomy: Anatomy, cage: np.ndarray, at: Place, *, pixel_mm: float) -> None:
    """Paint all bones of one slice over its soft tissue, in place.

    The slice and `cage`, the signed distance to the inside of the rib cage, are float32 `[y, x]`.
    """
    x, y, z = at
    for distance, marrow_hu in (
        (_ribs_mm(anatomy, cage, x, y, z), anatomy.tissues.marrow_hu),
        (_plates_mm(anatomy, x, y, z), anatomy.tissues.marrow_hu),
        (_vertebra_mm(anatomy, x, y, z), 85.0 if _level(anatomy, z) < -0.75 else anatomy.tissues.marrow_hu),
    ):
        blend(hu, coverage(distance, pixel_mm), anatomy.tissues.cortex_hu)
        blend(hu, coverage(distance + np.float32(1.6 * anatomy.size), pixel_mm), marrow_hu)
    paint(hu, _CANAL.scaled(anatomy.size), at, hu=12.0, edge_mm=pixel_mm)
    paint(hu, CORD.scaled(anatomy.size), at, hu=38.0, edge_mm=pixel_mm)


def _ribs_mm(anatomy: Anatomy, cage: np.ndarray, x: np.ndarray, y: np.ndarray, z: float) -> np.ndarray:
    """Return the distance to the ribs: hoops around the cage that run downwards from the back to the front."""
    size = anatomy.size
    back = y / (np.sqrt(x * x + y * y) + np.float32(1e-3))
    height = z + np.float32(32 * size) * (1 - back) + np.float32(anatomy.rib_phase_mm) + np.sign(x) * np.float32(2)
    pitch = np.float32(_PITCH_MM * size)
    from_rib = np.abs(height - pitch * np.round(height / pitch)) - np.float32(5.5 * size)
    hoop = np.abs(cage - np.float32(6.0 * size)) - np.float32(3.6 * size)
    past_the_ends = np.float32(14 * size) - np.abs(x)  # neither before the sternum nor behind the spine
    return np.maximum(np.maximum(from_rib * np.float32(0.4), hoop), past_the_ends)


def _plates_mm(anatomy: Anatomy, x: np.ndarray, y: np.ndarray, z: float) -> np.ndarray:
    """Return the distance to sternum and shoulder blades; the blades end below the lower ribs."""
    front = -np.float32(anatomy.cage_mm[1] * np.sqrt(max(0.05, 1 - ((z / anatomy.size + 40) / 190) ** 2)))
    sternum = Ellipsoid((0, float(front) - 8 * anatomy.size, 0), (19 * anatomy.size, 6.5 * anatomy.size, _ENDLESS))
    near = sternum.distance_mm(x, y, z)
    for side in (-1, 1):
        blade = tube((126 * side, 14, 95, 3.5), (128 * side, 16, -55, 2.2)).points_mm * np.float32(anatomy.size)
        share = np.clip((z - blade[1, 2]) / (blade[0, 2] - blade[1, 2]), 0, 1)
        reach = np.float32(anatomy.size * side) * (30 * share)
        outer = tube((blade[0, 0], blade[0, 1], z, 2.6), (blade[0, 0] - reach, blade[0, 1] + 38 * share, z, 3.4))
        missing = np.float32(0 if z > blade[1, 2] else blade[1, 2] - z)
        near = np.minimum(near, outer.distance_mm(x, y, z) + missing)
    return near


def _vertebra_mm(anatomy: Anatomy, x: np.ndarray, y: np.ndarray, z: float) -> np.ndarray:
    """Return the distance to body, arch and processes of the spine; arch and processes come and go with the height."""
    size = anatomy.size
    body = Ellipsoid((0, 57, 0), (17.5, 13.5, _ENDLESS)).scaled(size).distance_mm(x, y, z)
    arch = np.abs(_CANAL.scaled(size).distance_mm(x, y, z) - np.float32(3 * size)) - np.float32(2.8 * size)
    level = _level(anatomy, z)
    away = np.float32(6 * size * max(0.0, 0.2 - level))
    wings = tube((-34, 88, 0, 4), (-9, 78, 0, 5), (9, 78, 0, 5), (34, 88, 0, 4)).scaled(size).distance_mm(x, y, 0.0)
    thorn = tube((0, 88, 0, 4), (0, 106, 0, 3)).scaled(size).distance_mm(x, y, 0.0)
    gap = np.float32(4 * size * max(0.0, -0.4 - level))
    return np.minimum(np.minimum(body, arch + gap), np.minimum(wings + away, thorn))


def _level(anatomy: Anatomy, z: float) -> float:
    """Return where a height lies among the vertebrae: 1 in the middle of one, -1 in that of the disc between two."""
    return np.cos(2 * np.pi * (z + anatomy.rib_phase_mm) / (_PITCH_MM * anatomy.size))
