"""Which lesions a phantom patient has, how large, of what kind, and where in the lungs."""

from __future__ import annotations

import numpy as np

from reproduce.errors import CohortError
from reproduce.phantoms.chest_anatomy import Anatomy
from reproduce.phantoms.chest_nodules import (
    GROUND_GLASS,
    NODULE,
    PART_SOLID,
    PLAQUE,
    PLUG,
    SCAR,
    SMALL_NODULE,
    SOLID,
    Lesion,
)
from reproduce.phantoms.chest_vessels import VesselTree
from reproduce.phantoms.scan_grid import ScanGrid

_MEDIAN_MM, _SPREAD = 7.6, 0.5  # of the log-normal diameters of nodules: most of LIDC-IDRI's are 4 to 12 mm
# A leading nodule that is drawn smaller is made as much larger: a cohort of tens of patients could not be learnt from
# at 128 pixels if most of its nodules were three pixels wide.
_LEADING_MM = 13.0
_MEAN_EXTRA_NODULES = 1.9
_TRIES = 6000
_GAP_MM = 5.0


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
    depths = -anatomy.lungs_distance_mm(*spots.T)
    nodes = np.vstack([tree.nodes_mm[tree.radii_mm > 0.9] for tree in trees])
    node_depths = -anatomy.lungs_distance_mm(*nodes.T)
    lesions: list[Lesion] = []
    for order, kind in enumerate(kinds):
        shape = _draw_shape(kind, rng, leads=order == 0)
        for place in (shape["place"], "interior", "wall"):  # a large one may have no room where it was drawn to be
            shape["place"] = place
            candidates = (nodes, node_depths) if place == "vessel" else (spots, depths)
            centre = _find_place(shape, *candidates, grid, lesions, rng)
            if centre is not None:
                lesions.append(Lesion(kind=kind, centre_mm=centre, **shape))
                break
        if not lesions:
            expected = f"lungs with room for a nodule of {shape['diameter_mm']:.0f} mm"
            got = f"{grid.n_slices} slices of {grid.slice_mm} mm with no such place"
            do = "ask for more slices, so that the scan is 40 mm high or more"
            raise CohortError(expected=expected, got=got, where="phantom of the chest", do=do)
    return tuple(lesions)


def _draw_shape(kind: str, rng: np.random.Generator, *, leads: bool) -> dict:
    """Draw everything of a lesion but its kind and centre."""
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
    return {
        "diameter_mm": diameter,
        "texture": texture,
        "density_hu": float(density),
        "turn": _random_rotation(rng),
        "axes": axes.astype(np.float32),
        "waves": waves.astype(np.float32),
        "spikes": np.column_stack([spikes, lengths]).astype(np.float32),
        "core_share": float(rng.uniform(0.35, 0.65)),
        "place": place,
    }


def _random_rotation(rng: np.random.Generator) -> np.ndarray:
    """Draw a rotation evenly: the Q of a Gaussian matrix with the signs of R."""
    q, r = np.linalg.qr(rng.normal(size=(3, 3)))
    return (q * np.sign(np.diag(r))).astype(np.float32)


def _find_place(
    shape: dict, spots: np.ndarray, depths: np.ndarray, grid: ScanGrid, others: list[Lesion], rng: np.random.Generator
) -> np.ndarray | None:
    """Draw a random spot at the right depth, inside the stack, free of other lesions; None if there is none."""
    radius = 0.5 * shape["diameter_mm"]
    flat = radius * float(shape["axes"].min())
    bounds = {"wall": (0.1 * flat, 0.55 * flat), "interior": (radius + 3, 99), "vessel": (radius + 2, 99)}
    low, high = bounds[shape["place"]]
    room = min(1.25 * radius, 0.4 * float(grid.z_mm[-1] - grid.z_mm[0]))
    fits = (depths >= low) & (depths <= high)
    fits &= (spots[:, 2] >= grid.z_mm[0] + room) & (spots[:, 2] <= grid.z_mm[-1] - room)
    for other in others:
        apart = np.linalg.norm(spots - other.centre_mm, axis=1)
        fits &= apart > 1.3 * radius * float(shape["axes"].max()) + other.reach_mm + _GAP_MM
    found = np.flatnonzero(fits)
    return spots[rng.choice(found)] if len(found) else None
