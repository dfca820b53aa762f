"""The anatomy of one phantom thorax: which solids, where, how large, of what density."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from reproduce.phantoms.shapes import Ellipsoid, Triple, Tube, smooth_union, triple, tube

_ENDLESS = float("inf")


@dataclass(frozen=True)
class Tissues:
    """Densities of one patient in Hounsfield units."""

    fat_hu: float
    muscle_hu: float
    blood_hu: float
    lung_hu: float
    lung_slope_hu: float  # what the lung gains from front to back, for it lies on its back
    marrow_hu: float
    cortex_hu: float


@dataclass(frozen=True, eq=False)
class Anatomy:
    """One patient in millimetres, x to the left, y to the back, z to the head, the carina at z = 0."""

    size: float  # factor on the reference body, whose half width is 160 mm
    body_mm: tuple[float, float]  # half width and half depth
    cage_mm: Triple  # half width, half depth and half height of the inside of the rib cage
    waves: np.ndarray  # float32 [k, 2, 2]: cosine and sine share of the k-th bulge of body (0) and cage (1)
    heart: Ellipsoid  # in its sac
    mediastinum: tuple[Ellipsoid, ...]  # further solids between the lungs
    vessels: dict[str, Tube]  # great vessels by name
    airways: tuple[Tube, ...]  # windpipe and main bronchi, as wide as their lumen
    oesophagus: Tube  # its outer wall
    domes: tuple[Ellipsoid, Ellipsoid]  # of the diaphragm, right and left
    rib_phase_mm: float  # height of a rib at the spine
    fissures: np.ndarray  # float32 [2, 3]: for the right and the left lung (slope in y, slope in x, offset in mm)
    tissues: Tissues

    def body_distance_mm(self, x: np.ndarray, y: np.ndarray, z: np.ndarray | float) -> np.ndarray:
        """Return the signed distance to the skin along the ray from the middle; the body widens upwards."""
        widen = 1 + z * np.float32(0.0007 / self.size)
        return _rim_distance_mm(x, y, half_mm=self.body_mm, stretch=widen, waves=self.waves[:, 0], square=0.3)

    def cage_distance_mm(self, x: np.ndarray, y: np.ndarray, z: np.ndarray | float) -> np.ndarray:
        """Return the signed distance to the rib cage along the ray from the middle; it narrows to the apex."""
        height = (z + np.float32(40 * self.size)) * np.float32(1 / self.cage_mm[2])
        narrow = np.sqrt(np.maximum(1 - height * height, np.float32(1e-6)))
        y = y + np.float32(2 * self.size)
        return _rim_distance_mm(x, y, half_mm=self.cage_mm[:2], stretch=narrow, waves=self.waves[:, 1], square=0.2)

    def mediastinum_distance_mm(self, x: np.ndarray, y: np.ndarray, z: np.ndarray | float) -> np.ndarray:
        """Return the signed distance to all that lies between and under the lungs."""
        near = self.heart.distance_mm(x, y, z)
        for solid in self.mediastinum:
            near = smooth_union(near, solid.distance_mm(x, y, z), 9 * self.size)
        for name in ("ascending aorta", "arch", "descending aorta", "vena cava", "pulmonary trunk"):
            near = smooth_union(near, self.vessels[name].distance_mm(x, y, z) - np.float32(2), 5 * self.size)
        return np.minimum(near, np.minimum(*(dome.distance_mm(x, y, z) for dome in self.domes)))

    def lungs_distance_mm(self, x: np.ndarray, y: np.ndarray, z: np.ndarray | float) -> np.ndarray:
        """Return the signed distance to both lungs; left is x > 0."""
        return self.lungs_in_cage_mm(self.cage_distance_mm(x, y, z), x, y, z)

    def lungs_in_cage_mm(self, cage_mm: np.ndarray, x: np.ndarray, y: np.ndarray, z: np.ndarray | float) -> np.ndarray:
        """Return `lungs_distance_mm` where the distance to the cage is known."""
        return -smooth_union(-cage_mm, self.mediastinum_distance_mm(x, y, z), 7 * self.size)


def _rim_distance_mm(
    x: np.ndarray,
    y: np.ndarray,
    *,
    half_mm: tuple[float, ...],
    stretch: np.ndarray | np.floating,
    waves: np.ndarray,
    square: float,
) -> np.ndarray:
    """Return the distance along the ray from the middle to a rim between an ellipse and a rounded box, with bulges."""
    rho = np.sqrt(x * x + y * y) + np.float32(1e-3)
    cos, sin = x / rho, y / rho
    u, v = (cos * np.float32(1 / half_mm[0])) ** 2, (sin * np.float32(1 / half_mm[1])) ** 2
    squareness = np.float32(square) + np.float32(0.15) * sin  # flatter at the back
    rim = (1 - squareness) / np.sqrt(u + v) + squareness / np.sqrt(np.sqrt(u * u + v * v))
    bulge, cos_k, sin_k = np.float32(1), cos, sin
    for share in waves:
        cos_k, sin_k = cos_k * cos - sin_k * sin, sin_k * cos + cos_k * sin
        bulge = bulge + share[0] * cos_k + share[1] * sin_k
    return rho - rim * bulge * stretch


def draw_anatomy(rng: np.random.Generator) -> Anatomy:
    """Draw a patient of a random size (half width of the body 138 to 185 mm), build, place of organs and contrast."""
    size = float(rng.uniform(0.87, 1.13))
    half_width, half_depth = 160 * rng.uniform(0.98, 1.03), 116 * rng.uniform(0.96, 1.06)
    cage = (112 * rng.uniform(0.96, 1.03), 90 * rng.uniform(0.96, 1.03), 190.0)
    waves = rng.normal(0, (0.006, 0.006, 0.004, 0.003), (2, 2, 4)).transpose(2, 1, 0).astype(np.float32)
    heart_z, heart_x = rng.uniform(-75, -58), rng.uniform(14, 24)
    heart = Ellipsoid(
        (heart_x, rng.uniform(-32, -24), heart_z),
        (rng.uniform(48, 60), rng.uniform(38, 46), rng.uniform(46, 56)),
        rng.uniform(0.35, 0.65),
    )
    vessels, airways, oesophagus = _draw_tubes(rng)
    domes = (
        Ellipsoid((-58, 5, rng.uniform(-195, -170)), (62, 82, 85)),
        Ellipsoid((58, 5, rng.uniform(-205, -180)), (60, 80, 85)),
    )
    mediastinum = (
        Ellipsoid((0, 72, 0), (24, 29, _ENDLESS)),  # spine with its muscles and pleura
        Ellipsoid((3, 22, 0), (21, 42, _ENDLESS)),  # windpipe, gullet, nodes
        Ellipsoid((0, -66, 0), (rng.uniform(3.5, 7), 40, _ENDLESS)),  # where the lungs meet in front
        Ellipsoid((-2, -28, 60), (27, 38, 62)),  # thymus, vessels to head and arms
    )
    return Anatomy(
        size=size,
        body_mm=(size * half_width, size * half_depth),
        cage_mm=triple(size * v for v in cage),
        waves=waves,
        heart=heart.scaled(size),
        mediastinum=tuple(solid.scaled(size) for solid in mediastinum),
        vessels={name: solid.scaled(size) for name, solid in vessels.items()},
        airways=tuple(solid.scaled(size) for solid in airways),
        oesophagus=oesophagus.scaled(size),
        domes=(domes[0].scaled(size), domes[1].scaled(size)),
        rib_phase_mm=float(rng.uniform(0, 24) * size),
        fissures=np.array(
            [[rng.uniform(0.9, 1.3), rng.normal(0, 0.12), size * rng.uniform(-25, 5)] for _ in range(2)], np.float32
        ),
        tissues=_draw_tissues(rng),
    )


def _draw_tubes(rng: np.random.Generator) -> tuple[dict[str, Tube], tuple[Tube, ...], Tube]:
    """Draw great vessels, airways and gullet of the reference body, each with a shift of a few millimetres."""
    aorta = rng.uniform(0.88, 1.2)
    dx, dy = rng.normal(0, 2.5, 2)
    vessels = {
        "ascending aorta": tube((-8 + dx, -22, -45, 15 * aorta), (-14 + dx, -26, 0, 15 * aorta), (-10, -18, 28, 14)),
        "arch": tube((-10, -18, 28, 14), (4, 6, 38, 13 * aorta), (20 + dx, 30, 24, 12 * aorta)),
        "descending aorta": tube((20 + dx, 32, 24, 12 * aorta), (22, 42 + dy, -40, 12 * aorta), (18, 44, -130, 11)),
        "vena cava": tube((-30, -14, 75, 9), (-31, -12 + dy, 10, 9), (-28, -12, -40, 10)),
        "pulmonary trunk": tube((14, -36, -45, 13), (12, -28, -18, 13), (20, -6, -8, 12), (42, 2, -8, 9)),
        "right pulmonary artery": tube((12, -22, -16, 11), (-18, -2, -19, 9), (-46, 6, -20, 7)),
        "left atrium": tube((-24, 14, -42, 10), (2, 10, -45, 17), (30, 14, -42, 10)),
        "brachiocephalic artery": tube((-12, -14, 36, 6), (-20, -12, 75, 5.5)),
        "left carotid artery": tube((2, -4, 40, 4.5), (8, -4, 80, 4)),
        "left subclavian artery": tube((14, 10, 38, 5), (22, 12, 80, 5)),
    }
    split = (0, 10, 0)
    airways = (
        tube((0, 4, 120, 8.5), (*split, 8)),
        tube((*split, 7), (-22, 12, -18, 6), (-44, 14, -26, 4.5)),
        tube((*split, 6.5), (24, 15, -26, 5.5), (44, 16, -32, 4.2)),
    )
    oesophagus = tube((6, 20, 120, 7), (4 + dx / 2, 27, 0, 7.5), (6, 30 + dy / 2, -60, 8), (8, 28, -130, 8))
    return vessels, airways, oesophagus


def _draw_tissues(rng: np.random.Generator) -> Tissues:
    """Draw densities; four patients in ten have contrast medium in the blood, as many of LIDC-IDRI have."""
    contrast = rng.uniform(90, 220) if rng.random() < 0.4 else 0.0
    return Tissues(
        fat_hu=rng.uniform(-112, -92),
        muscle_hu=rng.uniform(45, 62),
        blood_hu=rng.uniform(38, 52) + contrast,
        lung_hu=rng.uniform(-880, -830),
        lung_slope_hu=rng.uniform(35, 75),
        marrow_hu=rng.uniform(140, 230),
        cortex_hu=rng.uniform(520, 800),
    )
