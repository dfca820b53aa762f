"""The anatomy of one phantom brain: hemispheres, cerebellum, brainstem, ventricles, nuclei and vessels."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from reproduce.phantoms.brain.contrast import Tissue
from reproduce.phantoms.brain.fields import Field, draw_field
from reproduce.phantoms.shapes import Ellipsoid, Triple, Tube, smooth_union, triple, tube

Solid = Ellipsoid | Tube
_HEMISPHERES = Ellipsoid((0, 0, 2), (66, 84, 60))
_TEMPORAL = Ellipsoid((41, -7, -22), (23, 43, 21))
_CEREBELLUM = Ellipsoid((19, 47, -37), (32, 31, 23))
STEM = tube((0, 2, -2, 15), (0, 8, -26, 15), (0, 20, -48, 10), (0, 24, -70, 8))
_CORE = Ellipsoid((0, 2, -4), (30, 44, 28))  # callosum and what lies below it: no fissure between its halves


@dataclass(frozen=True, eq=False)
class Brain:
    """One patient's brain in the millimetres of a reference brain: x to the left, y to the back, z to the head."""

    stretch: Triple  # millimetres of the patient for one of the reference, along x, y, z
    cortex_mm: float  # thickness
    sulcus_mm: float  # half width of a sulcus, larger in an old brain
    middle_ventricles: tuple[Solid, ...]  # the third and the fourth
    lateral_ventricles: tuple[Solid, ...]
    nuclei: tuple[tuple[Tissue, Ellipsoid], ...]
    vessels: tuple[Tube, ...]  # sinuses and arteries that take up contrast medium
    folds: Field  # where it is 0, a sulcus opens; the same on both sides
    folds_of_side: Field  # likewise, and its own on each side
    depth: Field  # how deep sulci go, around their mean
    bumps: Field  # of the surface that skull stripping leaves, among others


def cerebrum_mm(x: np.ndarray, y: np.ndarray, z: np.ndarray) -> np.ndarray:
    """Return the signed distance to both hemispheres, as if no fissure parted them."""
    across = np.abs(x) / (1 + np.float32(0.0011) * y)  # wider at the back, flat below
    z_round = z * (1 - np.float32(0.13) * np.exp(-(((z - 44) * np.float32(1 / 16)) ** 2)))  # blunt at the crown
    tent = 14 * np.exp(-((x * np.float32(1 / 35)) ** 2)) * np.clip(y * np.float32(1 / 20), 0, 1)
    floor = np.float32(-25) + tent - z
    upper = -smooth_union(-_HEMISPHERES.distance_mm(across, y, z_round), -floor, 14)
    return smooth_union(upper, _TEMPORAL.distance_mm(across, y, z), 7)


def cerebellum_mm(x: np.ndarray, y: np.ndarray, z: np.ndarray) -> np.ndarray:
    """Return the signed distance to the cerebellum."""
    return _CEREBELLUM.distance_mm(np.abs(x), y, z)


def fissures_mm(x: np.ndarray, y: np.ndarray, z: np.ndarray, *, waver_mm: np.ndarray) -> np.ndarray:
    """Return the distance to the fissures: between the hemispheres, the Sylvian ones, before the insula.

    `waver_mm` is by how much these sheets leave their smooth course.
    """
    across = np.abs(x)
    between = np.hypot(x + np.float32(0.5) * waver_mm, np.clip(-_CORE.distance_mm(x, y, z), 0, None))
    rise = z + np.float32(7) - np.float32(0.22) * (y + np.float32(15)) + np.float32(2) * waver_mm
    beyond = np.clip(np.abs(y + np.float32(5)) - np.float32(33), 0, None)
    sylvian = np.sqrt(rise * rise + np.clip(36 - across, 0, None) ** 2 + beyond * beyond)
    bow = across - np.float32(37) + ((y + 3) * np.float32(1 / 13)) ** 2 + np.float32(2) * waver_mm
    ends = np.clip(np.abs(y + np.float32(3)) - np.float32(21), 0, None)
    insula = np.sqrt(bow * bow + np.clip(np.abs(rise - 1) - 9, 0, None) ** 2 + ends * ends)
    return np.minimum(between, np.minimum(sylvian, insula))


def draw_brain(rng: np.random.Generator) -> Brain:
    """Draw a brain of a random size, age and folding; ventricles and sulci are wide together, as in old age."""
    age = rng.uniform(0, 1)
    wide = (0.85 + 0.65 * age) * rng.uniform(0.9, 1.1)
    return Brain(
        stretch=triple(rng.uniform(0.95, 1.05) * rng.uniform(0.97, 1.03, 3)),
        cortex_mm=float(rng.uniform(2.6, 3.3) - 0.3 * age),
        sulcus_mm=float(0.38 + 0.42 * age + rng.uniform(0, 0.15)),
        middle_ventricles=(Ellipsoid((0, 2, 0), (1.6 * wide + 0.6, 12, 8)), Ellipsoid((0, 29, -34), (6, 4 * wide, 8))),
        lateral_ventricles=_draw_lateral_ventricles(rng, wide),
        nuclei=_draw_nuclei(rng),
        vessels=_draw_vessels(rng),
        folds=draw_field(rng, 5.2),
        folds_of_side=draw_field(rng, 5.2),
        depth=draw_field(rng, 12.0),
        bumps=draw_field(rng, 9.0),
    )


def _draw_lateral_ventricles(rng: np.random.Generator, wide: float) -> tuple[Solid, ...]:
    solids = []
    for side in (-1, 1):
        w = wide * rng.uniform(0.88, 1.12)
        dx, dz = rng.normal(0, 0.8, 2)
        body = tube(
            (side * 7 + dx, -32, 8 + dz, 3.5 * w),
            (side * 8 + dx, -20, 14 + dz, 5.0 * w),
            (side * 11 + dx, 4, 20 + dz, 5.2 * w),
            (side * 20 + dx, 28, 14 + dz, 6.2 * w),
            (side * 27, 34, 2, 5.5 * w),
            (side * 31, 18, -14, 2.6 * w),
            (side * 30, -4, -22, 2.0 * w),
        )
        horn = tube((side * 22, 32, 8, 5.0 * w), (side * 20, 58, 4, 2.0 * w))
        solids += [body, horn]
    return tuple(solids)


def _draw_nuclei(rng: np.random.Generator) -> tuple[tuple[Tissue, Ellipsoid], ...]:
    found = []
    for side in (-1, 1):
        for tissue, centre, half, turn in (
            (Tissue.NUCLEUS, (14, -20, 9), (5, 12, 9), 0.25),  # caudate
            (Tissue.NUCLEUS, (26, -3, 3), (5.5, 15, 10), 0.2),  # putamen
            (Tissue.PALLIDUM, (19.5, -1, 1), (3.6, 8, 6), 0.35),
            (Tissue.NUCLEUS, (11, 15, 5), (8.5, 14, 9), 0.3),  # thalamus
            (Tissue.NUCLEUS, (24, -6, -18), (6, 8, 7), 0.0),  # amygdala
            (Tissue.NUCLEUS, (25, 12, -16), (5, 14, 5), 0.1),  # hippocampus
        ):
            shift = rng.normal(0, 0.7, 3)
            centre_mm = (side * centre[0] + shift[0], centre[1] + shift[1], centre[2] + shift[2])
            half_mm = triple(rng.uniform(0.93, 1.07) * h for h in half)
            found.append((tissue, Ellipsoid(centre_mm, half_mm, side * -turn)))
    return tuple(found)


def _draw_vessels(rng: np.random.Generator) -> tuple[Tube, ...]:
    """Draw sagittal sinus, transverse sinuses, basilar and middle cerebral arteries, a few veins of the cortex."""
    wide = rng.uniform(0.8, 1.25)
    angles = np.linspace(-0.9, 2.6, 14)  # from the forehead over the crown to the back
    rim = [
        (0.0, 84.5 * -np.cos(a + 0.5), 2 + 60.5 * np.sin(a + 0.5), wide * (1.2 + 0.12 * i))
        for i, a in enumerate(angles)
    ]
    vessels = [tube(*rim), tube((0, 4, -24, 1.6 * wide), (0, -2, -14, 1.5 * wide))]
    for side in (-1, 1):
        vessels.append(tube((0, 80, -6, 3 * wide), (side * 36, 66, -14, 2.6 * wide), (side * 54, 38, -20, 2.4 * wide)))
        vessels.append(tube((side * 3, -8, -16, 1.6), (side * 22, -12, -12, 1.5), (side * 40, -14, -6, 1.1)))
        for _ in range(4):
            y = rng.uniform(-55, 55)
            start = np.array([side * rng.uniform(3, 20), y, 0.0])
            start[2] = 2 + 60 * np.sqrt(max(0.05, 1 - (start[0] / 66) ** 2 - (y / 84) ** 2))
            vessels.append(tube((*start, 1.3 * wide), (start[0] + side * 14, y + rng.normal(0, 8), start[2] - 6, 0.8)))
    return tuple(vessels)
