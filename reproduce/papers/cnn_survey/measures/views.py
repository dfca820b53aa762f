"""Two views of one image for contrastive learning: drawn from a stream, then applied by matrices along each axis."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from reproduce.protocol.section import Section


@dataclass(frozen=True)
class Views(Section):
    """How far a view may be from its image (Chen et al. 2021, section 4, after SimCLR and BYOL).

    Attributes:
        least_area: Smallest share of the image that a crop keeps, in (0, 1].
        aspect: Largest ratio of the sides of a crop, at least 1; its inverse is the smallest.
        flip: Share of views that are mirrored left to right, in [0, 1].
        contrast: Values, standardised, are multiplied by 1 - contrast to 1 + contrast.
        brightness: -brightness to +brightness standard deviations are added.
        blur_px: (least, most) standard deviation of the Gaussian blur, in pixels of the view.
        blurred: Share of views that are blurred, in [0, 1].
    """

    least_area: float
    aspect: float
    flip: float
    contrast: float
    brightness: float
    blur_px: tuple[float, float]
    blurred: float


@dataclass(frozen=True, eq=False)
class Drawn:
    """The random numbers of n views, so that a view can be made again.

    Attributes:
        first: (y, x) of the crop's first edge as a share of the image, `[n, 2]`.
        length: (y, x) likewise of its sides, `[n, 2]`, in (0, 1].
        mirrored: bool `[n]`.
        factor, shift: What values are multiplied by, and what is added then, `[n]`.
        blur_px: `[n]`, 0 for none.
    """

    first: np.ndarray
    length: np.ndarray
    mirrored: np.ndarray
    factor: np.ndarray
    shift: np.ndarray
    blur_px: np.ndarray


def draw_views(views: Views, rng: np.random.Generator, n: int) -> Drawn:
    """Draw the random numbers of n views.

    A crop's area is uniform from `least_area` to 1 and its aspect uniform in its logarithm; sides longer than the image
    are cut to it.
    """
    area = rng.uniform(views.least_area, 1.0, n)
    aspect = np.exp(rng.uniform(-1.0, 1.0, n) * np.log(views.aspect))
    length = np.minimum(np.sqrt(area[:, None] * np.stack([1 / aspect, aspect], axis=1)), 1.0)
    first = rng.uniform(0.0, 1.0, (n, 2)) * (1.0 - length)
    mirrored = rng.uniform(size=n) < views.flip
    factor = rng.uniform(1.0 - views.contrast, 1.0 + views.contrast, n)
    shift = rng.uniform(-views.brightness, views.brightness, n)
    blur_px = np.where(rng.uniform(size=n) < views.blurred, rng.uniform(*views.blur_px, n), 0.0)
    return Drawn(first, length, mirrored, factor, shift, blur_px)


def apply_views(images: np.ndarray, drawn: Drawn) -> np.ndarray:
    """Return views of images, cropped and resized to the same grid linearly, mirrored, blurred, rescaled.

    Args:
        images: float32 `[n, y, x, channel]`.
        drawn: Random numbers of as many views.

    Returns:
        float32 of the same shape; `[0, y, x, channel]` for no image.
    """
    rows = _blur(drawn.blur_px, images.shape[1]) @ _crop(drawn.first[:, 0], drawn.length[:, 0], images.shape[1])
    columns = _crop(drawn.first[:, 1], drawn.length[:, 1], images.shape[2])
    columns = np.where(drawn.mirrored[:, None, None], columns[:, ::-1], columns)
    columns = _blur(drawn.blur_px, images.shape[2]) @ columns
    channels = np.moveaxis(images.astype(np.float64), -1, 1)  # [n, channel, y, x]
    seen = rows[:, None] @ channels @ np.swapaxes(columns, 1, 2)[:, None]
    seen = drawn.factor[:, None, None, None] * seen + drawn.shift[:, None, None, None]
    return np.moveaxis(seen, 1, -1).astype(np.float32)


def _crop(first: np.ndarray, length: np.ndarray, side: int) -> np.ndarray:
    """Return weights `[n, side, side]` of a view's pixels (second axis) on the image's (third), edges repeated.

    Pixel i of the view lies at (first + length (i + 1/2) / side) side - 1/2 in the image, both counted from 0.
    """
    places = (first[:, None] + length[:, None] * (np.arange(side) + 0.5) / side) * side - 0.5
    places = np.clip(places, 0, side - 1)
    return np.maximum(1.0 - np.abs(places[:, :, None] - np.arange(side)), 0.0)


def _blur(sigma_px: np.ndarray, side: int) -> np.ndarray:
    """Return weights `[n, side, side]` of a Gaussian, each row with the sum 1; the identity at 0."""
    distance = np.arange(side)[:, None] - np.arange(side)
    # the smallest width still tells a pixel from its neighbour: exp(-5000) is 0
    weights = np.exp(-0.5 * (distance / np.maximum(sigma_px, 1e-2)[:, None, None]) ** 2)
    return weights / weights.sum(axis=2, keepdims=True)
