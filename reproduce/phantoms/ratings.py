"""The nine ratings that a reader of LIDC gives a nodule."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from reproduce.phantoms.chest_nodules import GROUND_GLASS, PART_SOLID, Lesion


@dataclass(frozen=True)
class Characteristics:
    """Ratings in the order of LIDC's files; whole numbers from 1 to 5, calcification to 6 (absent).

    The scales are those of McNitt-Gray et al. 2007: 5 is the most obvious, the roundest, the sharpest, marked
    lobulation and spiculation, solid, highly suspicious.
    """

    subtlety: int
    internalStructure: int  # noqa: N815 - the name of the element in the file
    calcification: int
    sphericity: int
    margin: int
    lobulation: int
    spiculation: int
    texture: int
    malignancy: int


def rate(lesion: Lesion, conspicuity: float, rng: np.random.Generator) -> Characteristics:
    """Draw one reader's ratings: the truth on the reader's scale, off by one now and then.

    `conspicuity` is how much the lesion strikes the eye, 0 to 1.
    """
    solidity = {GROUND_GLASS: 1.2, PART_SOLID: 3.0}.get(lesion.texture, 5.0)
    spiky = 0.0 if not len(lesion.spikes) else 1.2 + 0.16 * len(lesion.spikes)
    suspicion = 1.2 + 0.11 * lesion.diameter_mm + 0.55 * spiky + (0.4 if lesion.texture == PART_SOLID else 0)
    truth = {
        "subtlety": 1.3 + 4.2 * conspicuity,
        "sphericity": 5.4 - 9 * float(np.log(lesion.axes).std()),
        "margin": 5 - 0.7 * spiky - 0.5 * (5 - solidity),
        "lobulation": 1 + 32 * lesion.irregularity,
        "spiculation": 1 + spiky,
        "texture": solidity,
        "malignancy": suspicion,
    }
    ratings = {name: int(np.clip(round(value + rng.normal(0, 0.45)), 1, 5)) for name, value in truth.items()}
    return Characteristics(internalStructure=1, calcification=6, **ratings)
