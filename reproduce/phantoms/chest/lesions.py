"""Lesions of the phantom lung: nodules of every kind, and what is taken for one and is none."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from reproduce.errors import CohortError
from reproduce.phantoms.chest.anatomy import Anatomy
from reproduce.phantoms.chest.vessels import VesselTree, cone_share
from reproduce.phantoms.scan_grid import ScanGrid
from reproduce.phantoms.shapes import coverage

NODULE, SMALL_NODULE, SCAR, PLAQUE, PLUG = "nodule", "nodule under 3 mm", "scar", "pleural plaque", "mucous plug"
SOLID, PART_SOLID, GROUND_GLASS = "solid", "part-solid", "ground glass"

_MEDIAN_MM, _SPREAD = 7.6, 0.5  # of the log-normal diameters of nodules: most of LIDC-IDRI's are 4 to 12 mm
# A leading nodule that is drawn smaller is made as much larger: a cohort of tens of patients could not be learnt from
# at 128 pixels if most of its nodules were three pixels wide.
_LEADING_MM = 13.0
_MEAN_EXTRA_NODULES = 1.9
_TRIES = 6000
_GAP_MM = 5.0


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
        """Return the radius of a ball around the centre that holds the lesion without its spicules."""
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
        """Return how lobulated it is: root mean square height of its bulges relative to the radius."""
        return float(np.sqrt((self.waves[:, 3] ** 2).sum() / 2)) if len(self.waves) else 0.0


def paint_lesion(tissue: np.ndarray, lesion: Lesion, grid: ScanGrid, rng: np.random.Generator) -> None:
    """Paint one lesion into lung tissue, float32 `[z, y, x]` in HU, in place, averaged over the thickness of slices.

    `rng` is the stream of the lesion's inner texture. Outside the grid nothing is painted.
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


def draw_lesions(
    anatomy: Anatomy, grid: ScanGrid, trees: tuple[VesselTree, ...], rng: np.random.Generator
) -> tuple[Lesion, ...]:
    """Draw the lesions of one patient, the first of them a solid or part-solid nodule of 13 to 30 mm.

    Nodules lie wholly between the first and last slice, some of them on a vessel; then come small nodules, scars,
    plaques and plugs. Lesions do not touch one another; one that finds no room, a rare thing, is left out, but never
    the first.

    Raises:
        CohortError: The lungs in the scan are too small for the first nodule.
    """
    kinds = [NODULE] * (1 + rng.poisson(_MEAN_EXTRA_NODULES)) + [SMALL_NODULE] * rng.poisson(1.5)
    kinds += [SCAR] * rng.poisson(1.2) + [PLAQUE] * rng.poisson(0.8) + [PLUG] * rng.poisson(1.2)
    wide, deep = anatomy.cage_mm[:2]
    spots = rng.uniform([-wide, -deep, grid.z_mm[0]], [wide, deep, grid.z_mm[-1]], (_TRIES, 3)).astype(np.float32)
    nodes = np.vstack([tree.nodes_mm[tree.radii_mm > 0.9] for tree in trees])
    spots, nodes = (np.column_stack([points, -anatomy.lungs_distance_mm(*points.T)]) for points in (spots, nodes))
    lesions: list[Lesion] = []
    for order, kind in enumerate(kinds):
        drawn = _draw_lesion(kind, rng, leads=order == 0)
        for place in (drawn.place, "interior", "wall"):  # a large one may have no room where it was drawn to be
            lesion = replace(drawn, place=place)
            centre = _find_centre(lesion, nodes if place == "vessel" else spots, grid, lesions, rng)
            if centre is not None:
                lesions.append(replace(lesion, centre_mm=centre))
                break
        if not lesions:
            expected = f"lungs with room for a nodule of {drawn.diameter_mm:.0f} mm"
            got = f"{grid.n_slices} slices of {grid.slice_mm} mm with no such place"
            do = "ask for more slices, so that the scan is 40 mm high or more"
            raise CohortError(expected=expected, got=got, where="phantom of the chest", do=do)
    return tuple(lesions)


def _draw_lesion(kind: str, rng: np.random.Generator, *, leads: bool) -> Lesion:
    """Draw everything of a lesion but its centre."""
    diameter, axes, heights, n_spikes = 0.0, np.ones(3), np.zeros(0), 0
    texture, place, density = SOLID, "interior", rng.uniform(15, 65)
    if kind == NODULE:
        diameter = _MEDIAN_MM * np.exp(_SPREAD * rng.standard_normal())
        diameter = float(np.clip(_LEADING_MM + abs(diameter - _LEADING_MM) if leads else diameter, 3, 30))
        axes = np.exp(rng.normal(0, 0.13, 3))
        heights = rng.uniform(0.02, 0.12) * rng.uniform(0.5, 1.2, 4)
        n_spikes = int(rng.integers(6, 14)) if diameter > 8 and rng.random() < 0.35 else 0
        texture = str(rng.choice([SOLID, PART_SOLID, GROUND_GLASS], p=[0.84, 0.16, 0] if leads else [0.76, 0.14, 0.1]))
        texture = SOLID if diameter < 6 else texture
        place = str(rng.choice(["interior", "wall", "vessel"], p=[0.5, 0.28, 0.22]))
        density = rng.uniform(-40, 70) if texture == SOLID else rng.uniform(-60, 40)
    elif kind == SMALL_NODULE:
        diameter, axes = float(rng.uniform(1.6, 2.8)), np.exp(rng.normal(0, 0.1, 3))
    elif kind == SCAR:
        diameter, axes = float(rng.uniform(6, 14)), np.array([2.2, 1.6, 0.22]) * np.exp(rng.normal(0, 0.15, 3))
        heights, density = rng.uniform(0.05, 0.15, 3), rng.uniform(-120, 30)
    elif kind == PLAQUE:
        diameter, axes, place = float(rng.uniform(7, 16)), np.array([1.7, 1.7, 0.34]), "wall"
    else:
        diameter, axes, place = float(rng.uniform(4, 8)), np.array([0.62, 0.62, 2.6]), "vessel"
    axes = axes / np.prod(axes) ** (1 / 3)
    directions = rng.normal(size=(len(heights), 3))
    directions *= (rng.uniform(2, 5, len(heights)) / np.linalg.norm(directions, axis=1))[:, None]
    waves = np.column_stack([directions, heights, rng.uniform(0, 2 * np.pi, len(heights))])
    spikes = rng.normal(size=(n_spikes, 3)) * (1, 1, 0.5)
    spikes /= np.linalg.norm(spikes, axis=1, keepdims=True)
    lengths = rng.uniform(0.25, 0.75, n_spikes) * diameter / 2 + 1
    spikes = np.column_stack([spikes, lengths])
    q, r = np.linalg.qr(rng.normal(size=(3, 3)))  # with the signs of R, Q is a rotation that is drawn evenly
    return Lesion(
        kind=kind,
        centre_mm=np.zeros(3),
        diameter_mm=diameter,
        texture=texture,
        density_hu=float(density),
        turn=(q * np.sign(np.diag(r))).astype(np.float32),
        axes=axes.astype(np.float32),
        waves=waves.astype(np.float32),
        spikes=spikes.astype(np.float32),
        core_share=float(rng.uniform(0.35, 0.65)),
        place=place,
    )


def _find_centre(
    lesion: Lesion, spots: np.ndarray, grid: ScanGrid, others: list[Lesion], rng: np.random.Generator
) -> np.ndarray | None:
    """Draw one of the spots (x, y, z, depth in the lung) inside the stack, free of other lesions; None without any."""
    spots, depths = spots[:, :3], spots[:, 3]
    radius = 0.5 * lesion.diameter_mm
    flat = radius * float(lesion.axes.min())
    bounds = {"wall": (0.1 * flat, 0.55 * flat), "interior": (radius + 3, 99), "vessel": (radius + 2, 99)}
    low, high = bounds[lesion.place]
    room = min(1.25 * radius, 0.4 * float(grid.z_mm[-1] - grid.z_mm[0]))
    fits = (depths >= low) & (depths <= high)
    fits &= (spots[:, 2] >= grid.z_mm[0] + room) & (spots[:, 2] <= grid.z_mm[-1] - room)
    for other in others:
        apart = np.linalg.norm(spots - other.centre_mm, axis=1)
        fits &= apart > 1.3 * radius * float(lesion.axes.max()) + other.reach_mm + _GAP_MM
    found = np.flatnonzero(fits)
    return spots[rng.choice(found)] if len(found) else None
