"""What is bright on FLAIR and T2 without being tumour: spots of old age, caps of the ventricles, scars."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from reproduce.phantoms.shapes import Ellipsoid


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
    half = tuple(radius * rng.uniform(0.75, 1.3, 3) * (1, 1.25, 0.9))
    return Ellipsoid(tuple(map(float, centre)), tuple(map(float, half)), float(rng.uniform(-0.6, 0.6)))
