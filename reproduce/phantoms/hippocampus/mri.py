"""A hippocampus as a phantom: a bent tube with a thick head, in the crop of a T1 image of the Decathlon's grid."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from reproduce.imaging.volume import Volume
from reproduce.phantoms.shapes import Ellipsoid, Tube
from reproduce.randomness import stream

ANTERIOR, POSTERIOR = 1, 2
_GREY, _WHITE, _FLUID = 110.0, 165.0, 45.0
_BLUR_MM, _NOISE = 0.6, 7.0


def draw_hippocampus(seed: int, number: int) -> tuple[Volume, Volume]:
    """Draw image and reference of one phantom: grey in white matter, beside a ventricle and a second grey structure.

    Length, bend, thickness, place, size of the crop, brightness across it and scale of the greys vary; left and right
    occur alike. The border of the two labels lies at a share of the length that varies too: as in the data set, no grey
    shows it.

    Returns:
        Image float32 and labels uint8 (1 anterior, 2 posterior), both `[z, y, x]` of 1 mm.
    """
    rng = stream(seed, "hippocampus", number)
    shape = tuple(int(rng.integers(low, high)) for low, high in ((30, 42), (44, 56), (31, 39)))
    z, y, x = (np.arange(n, dtype=np.float32) - np.float32((n - 1) / 2) for n in shape)
    x, y, z = x[None, None, :], y[None, :, None], z[:, None, None]
    side = rng.choice([-1.0, 1.0])
    t = np.linspace(-1.0, 1.0, 9)
    half, bend, rise = rng.uniform(15, 18), rng.uniform(1.5, 4.0), rng.uniform(2.0, 5.0)
    shift = rng.uniform(-1.5, 1.5, 3)
    middle = np.stack([side * bend * t**2, -half * t, rise * t**2 - rise / 2], axis=1) + shift
    radii = 3.0 + rng.uniform(0.5, 1.5) * np.clip(t, 0, 1) + rng.uniform(-0.3, 0.3)
    tube = Tube(middle.astype(np.float32), radii.astype(np.float32)).distance_mm(x, y, z)
    border = -half * rng.uniform(0.1, 0.3) + shift[1]
    inside = tube < 0
    labels = np.where(inside, np.where(np.broadcast_to(y, shape) < border, ANTERIOR, POSTERIOR), 0).astype(np.uint8)
    ventricle = Ellipsoid((side * 7.0 + shift[0], 4.0, 5.0), (2.5, half, 3.0), rng.uniform(-0.1, 0.1))
    amygdala = Ellipsoid((shift[0], -half - 5.0, 3.0), (6.0, 4.0, 5.0), 0.0)
    image = np.full(shape, _WHITE, np.float32)
    image[amygdala.distance_mm(x, y, z) < 0] = _GREY
    image[ventricle.distance_mm(x, y, z) < 0] = _FLUID
    image[inside] = _GREY
    uneven = 1 + 0.004 * sum(rng.uniform(-1, 1) * axis for axis in (x, y, z))
    image = ndimage.gaussian_filter(image, _BLUR_MM) * uneven + rng.normal(0, _NOISE, shape)
    image = (image * rng.uniform(0.5, 4.0)).astype(np.float32)
    return Volume(image, np.eye(4), "arbitrary"), Volume(labels, np.eye(4), "label")
