"""Joint augmentation of image and mask by one affine resampling, stateless in (seed, epoch, index)."""

from __future__ import annotations

import math
from collections.abc import Sequence

import tensorflow as tf

from reproduce.protocol.augmentation import Augmentation


def draw_transform(
    augmentation: Augmentation | None, seed: tf.Tensor, size: int, *, corner: tf.Tensor | None = None
) -> tf.Tensor:
    """Draw the affine map of one sample: flip, scale, rotation about the centre, then translation.

    Drawing is apart from applying, so that a sample can be replayed from its seed alone.

    Args:
        augmentation: Ranges; None for none, which leaves the pixels as they are.
        seed: int64 `[2]`; the same seed gives the same map.
        size: Side of the result in pixels.
        corner: float32 `[2]`, y and x in the source of the first pixel of a tile that is the result before it is
            augmented; None where source and result have one size.

    Returns:
        float32 `[8]`: a0 a1 a2 b0 b1 b2 0 0, which maps the pixel (x, y) of the result to the place
        (a0 x + a1 y + a2, b0 x + b1 y + b2) in the source.
    """
    first_y, first_x = (0.0, 0.0) if corner is None else (corner[0], corner[1])
    if augmentation is None:
        return tf.stack([1.0, 0.0, first_x, 0.0, 1.0, first_y, 0.0, 0.0])
    u = tf.random.stateless_uniform([5], seed, -1.0, 1.0)
    angle = u[0] * (augmentation.rotation_deg * math.pi / 180)
    low, high = augmentation.scale
    scale = (low + high) / 2 + u[1] * (high - low) / 2
    shift_x, shift_y = u[2] * augmentation.translation * size, u[3] * augmentation.translation * size
    mirror = tf.where((u[4] < 0) & augmentation.flip, -1.0, 1.0)
    cos, sin = tf.cos(angle) / scale, tf.sin(angle) / scale
    centre = (size - 1) / 2
    from_x, from_y = centre + shift_x, centre + shift_y
    return tf.stack(
        [
            mirror * cos,
            mirror * sin,
            centre + first_x - mirror * (cos * from_x + sin * from_y),
            -sin,
            cos,
            centre + first_y - (-sin * from_x + cos * from_y),
            0.0,
            0.0,
        ]
    )


def apply_transforms(
    images: tf.Tensor, masks: tf.Tensor, transforms: tf.Tensor, *, mirrored: Sequence[int], size: int
) -> tuple[tf.Tensor, tf.Tensor]:
    """Resample images and masks once, together, by bilinear interpolation.

    What comes from outside is 0: the bottom of a window or the mean of z-scores in the image, background in the mask. A
    mask is 1 where at least half of the interpolated value is, so that it stays a mask.

    Args:
        images: float32 `[batch, y, x, channel]`.
        masks: float32 `[batch, y, x, region]` in {0, 1}.
        transforms: float32 `[batch, 8]` of `draw_transform`.
        mirrored: For each region the one whose mask it takes where the map mirrors: itself, or its other side.
        size: Side of the result in pixels.

    Returns:
        Images and masks of that size, else of the same shapes and dtypes.
    """
    n_channels = images.shape[-1]
    both = tf.raw_ops.ImageProjectiveTransformV3(
        images=tf.concat([images, masks], axis=-1),
        transforms=transforms,
        output_shape=(size, size),
        fill_value=0.0,
        interpolation="BILINEAR",
        fill_mode="CONSTANT",
    )
    found = tf.cast(both[..., n_channels:] >= 0.5, masks.dtype)
    turns = transforms[:, 0] * transforms[:, 4] - transforms[:, 1] * transforms[:, 3]
    sided = tf.where((turns < 0)[:, None, None, None], tf.gather(found, mirrored, axis=-1), found)
    return both[..., :n_channels], sided


def other_sides(regions: Sequence[str], sides: Sequence[tuple[str, str]]) -> tuple[int, ...]:
    """Return for each region the position of the one that it becomes in a mirror; its own if it has no other side."""
    other = {a: b for pair in sides for a, b in (pair, pair[::-1])}
    return tuple(tuple(regions).index(other.get(region, region)) for region in regions)
