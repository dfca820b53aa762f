"""Tumours of a phantom brain, how far they push it aside, and what is bright there without being a tumour."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from reproduce.phantoms.brain.anatomy import cerebrum_mm
from reproduce.phantoms.brain.fields import Field, draw_field
from reproduce.phantoms.scan_grid import Axes
from reproduce.phantoms.shapes import Ellipsoid, Triple, triple

_OTHERS_MM = 9.0  # by how much grey matter lies farther on the way of an oedema than white matter does


@dataclass(frozen=True)
class Focus:
    """One core of a tumour."""

    centre_mm: Triple  # (x, y, z)
    radius_mm: float  # of a sphere of the core's volume
    ratios: Triple  # half axes in radii; their product is 1

    def radial_mm(self, x: np.ndarray, y: np.ndarray, z: np.ndarray) -> np.ndarray:
        """Return the distance from the centre, in millimetres of the mean radius."""
        parts = zip((x, y, z), self.centre_mm, self.ratios, strict=True)
        return np.sqrt(sum(((axis - np.float32(c)) * np.float32(1 / ratio)) ** 2 for axis, c, ratio in parts))


@dataclass(frozen=True, eq=False)
class Tumour:
    """One patient's tumour, in the millimetres of the reference brain; its functions return float32 `[z, y, x]`."""

    foci: tuple[Focus, ...]  # one core, or several in a multifocal tumour
    enhances: bool  # a rim takes up contrast medium around a necrosis; otherwise the core is solid and does not
    share: float  # volume of the whole tumour over that of the brain
    rim: float  # thickness of the rim in radii of a focus
    push_mm: float  # by how much the brain is pushed away at the surface of a core
    wobble: Field  # shape of the cores
    gaps: Field  # where the rim is thin or thick
    spread: Field  # where the oedema goes far

    def core_mm(self, axes: Axes) -> np.ndarray:
        """Return the signed distance to the cores, about."""
        wobble = np.clip(self.wobble.on_axes(axes), -2, 2)
        cores = (f.radial_mm(*axes) - np.float32(f.radius_mm) * (1 + np.float32(0.16) * wobble) for f in self.foci)
        return np.minimum.reduce(list(cores))

    def rim_mm(self, axes: Axes) -> np.ndarray:
        """Return the thickness of the enhancing rim, 0 or less where it has a gap."""
        largest = max(focus.radius_mm for focus in self.foci)
        return np.float32(self.rim * largest) * (np.float32(1) + np.float32(0.55) * self.gaps.on_axes(axes))

    def way_mm(self, axes: Axes, white: np.ndarray) -> np.ndarray:
        """Return how far each voxel is for the oedema, below 0 at the core: along white matter it comes farther."""
        nearest = np.minimum.reduce([f.radial_mm(*axes) - np.float32(f.radius_mm) for f in self.foci])
        return nearest + np.float32(4.5) * self.spread.on_axes(axes) + np.float32(_OTHERS_MM) * (1 - white)

    def before_push(self, axes: Axes) -> Axes:
        """Return where what is now at each voxel lay before the tumour grew.

        Around a focus of radius R what lay at distance r has moved outwards by p (r / R) exp((1 - (r / R)^2) / 2),
        which is largest, p, at the surface.
        """
        moved = [axis + np.float32(0) for axis in np.broadcast_arrays(*axes)]
        for focus in self.foci:
            reach = focus.radius_mm + 6
            away = [axis - np.float32(c) for axis, c in zip(axes, focus.centre_mm, strict=True)]
            squared = sum(part * part for part in away) * np.float32(1 / reach**2)
            pushed = np.float32(self.push_mm / reach) * np.exp(np.float32(0.5) * (1 - squared))
            for axis, part in zip(moved, away, strict=True):
                axis -= part * pushed
        x, y, z = moved
        return x, y, z


def draw_tumour(rng: np.random.Generator, *, brain_mm3: float, visible_mm: tuple[float, float]) -> Tumour:
    """Draw a tumour of a random place, kind, size and shape.

    Seven in ten enhance, as high-grade gliomas do; one in five has two or three foci; the whole tumour takes 1.5 to
    8 percent of the brain, small ones being more frequent.
    The first focus lies well between the least and greatest z that the images show, `visible_mm`.
    """
    enhances = bool(rng.random() < 0.7)
    share = float(np.exp(rng.uniform(np.log(0.015), np.log(0.08))))
    core_share = rng.uniform(0.2, 0.55) if enhances else rng.uniform(0.35, 0.8)
    radius = float((3 * share * core_share * brain_mm3 / (4 * np.pi)) ** (1 / 3))
    n_foci = 1 + int(rng.random() < 0.2) * int(rng.integers(1, 3))
    radius *= float(n_foci ** (-1 / 3))
    return Tumour(
        foci=_draw_foci(rng, n_foci, radius, visible_mm),
        enhances=enhances,
        share=share,
        rim=float(rng.uniform(0.16, 0.42)),
        push_mm=float(rng.uniform(0.1, 0.35) * radius),
        wobble=draw_field(rng, 7.0),
        gaps=draw_field(rng, 8.5),
        spread=draw_field(rng, 9.0),
    )


def _draw_foci(
    rng: np.random.Generator, n_foci: int, radius: float, visible_mm: tuple[float, float]
) -> tuple[Focus, ...]:
    """Draw the first focus anywhere in the hemispheres that is seen well, the others near it and smaller."""
    middle, half = sum(visible_mm) / 2, 0.3 * (visible_mm[1] - visible_mm[0])
    low, high = np.array([14, -58, max(-22, middle - half)]), np.array([50, 58, min(46, middle + half)])
    foci = [_draw_focus(rng, radius, side=rng.choice([-1, 1]), low=low, high=high)]
    x, y, z = foci[0].centre_mm
    for _ in range(n_foci - 1):
        aside = rng.choice([-1, 1], 3) * rng.uniform(0.6, 1.6, 3) * max(14.0, radius)
        near = np.clip(np.add((abs(x), y, z), aside), low + 6, high - 6)
        other = _draw_focus(rng, radius * rng.uniform(0.55, 1), side=np.sign(x), low=near - 6, high=near + 6)
        foci.append(other)
    return tuple(foci)


def _draw_focus(rng: np.random.Generator, radius: float, *, side: float, low: np.ndarray, high: np.ndarray) -> Focus:
    """Draw a focus whose middle lies inside a hemisphere, in a box of the left half of the head or its mirror image."""
    ratios = np.exp(rng.normal(0, 0.16, 3))
    ratios /= np.cbrt(ratios.prod())
    places = rng.uniform(low, high, (64, 3))
    deep = -cerebrum_mm(*places.T.astype(np.float32))
    enough = deep > min(0.75 * radius, 16)
    centre = places[np.argmax(enough) if enough.any() else np.argmax(deep)] * (side, 1, 1)
    return Focus(triple(centre), radius, triple(ratios))


@dataclass(frozen=True)
class Distractors:
    """One patient's other findings, in the millimetres of the reference brain."""

    spots: tuple[Ellipsoid, ...]  # white-matter hyperintensities away from the ventricles
    caps_mm: float  # mean width of the bright seam around the ventricles
    scars: tuple[Ellipsoid, ...]  # old infarcts: a hole of fluid within a bright seam, without swelling


def draw_distractors(rng: np.random.Generator) -> Distractors:
    """Draw findings of a random load: some patients have hardly any, others dozens."""
    load = rng.uniform(0, 1) ** 1.5
    spots = tuple(_draw_spot(rng, rng.uniform(1.6, 2.6 + 4.5 * load)) for _ in range(rng.poisson(3 + 32 * load)))
    scars = tuple(_draw_spot(rng, rng.uniform(5, 10)) for _ in range(rng.poisson(0.45)))
    return Distractors(spots, float(0.8 + 3.6 * load * rng.uniform(0.6, 1.2)), scars)


def _draw_spot(rng: np.random.Generator, radius: float) -> Ellipsoid:
    """Draw an ellipsoid in the white matter of one hemisphere, somewhat longer from front to back."""
    centre = rng.choice([-1, 1]) * rng.uniform(17, 42), rng.uniform(-48, 52), rng.uniform(8, 38)
    half = radius * rng.uniform(0.75, 1.3, 3) * (1, 1.25, 0.9)
    return Ellipsoid(triple(centre), triple(half), float(rng.uniform(-0.6, 0.6)))
