"""Tiles of a slice: drawn for training, some of them where a region is; laid over a whole slice for its slice head."""

from __future__ import annotations

import itertools

import keras
import numpy as np
import tensorflow as tf

from reproduce.imaging.boxes import box_starts
from reproduce.protocol import Tiles

_EDGE = 0.125  # the pixel that a tile is drawn for lies at least this share of its side from its edge
_OVERLAP = 4  # neighbours share a quarter of their side or more


def draw_corner(tiles: Tiles, mask: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
    """Draw where the tile of a training slice lies.

    Args:
        tiles: Side, and the share that is drawn where a region is.
        mask: float32 `[size, size, region]` in {0, 1}.
        seed: int64 `[2]`; the same seed gives the same tile.

    Returns:
        float32 `[2]`: y and x of its first pixel, whole numbers.
    """
    size = tf.shape(mask)[0]
    free = tf.cast(size - tiles.size, tf.float32)
    u = tf.random.stateless_uniform([7], tf.random.experimental.stateless_fold_in(seed, 1))
    anywhere = tf.floor(u[:2] * (free + 1.0))
    region = _one_of(tf.where(tf.reduce_any(mask > 0.5, axis=(0, 1))), u[6])[0]
    found = tf.where(tf.gather(mask, region, axis=-1) > 0.5)
    pixel = tf.cast(_one_of(found, u[2]), tf.float32)
    before = tf.round((_EDGE + (1.0 - 2.0 * _EDGE) * u[3:5]) * tiles.size)
    near = tf.clip_by_value(pixel - before, 0.0, free)
    return tf.where((tf.shape(found)[0] > 0) & (u[5] < tiles.region_share), near, anywhere)


def _one_of(rows: tf.Tensor, u: tf.Tensor) -> tf.Tensor:
    """Return the row that a number in [0, 1) picks; zeros where there is none."""
    n = tf.shape(rows)[0]
    return tf.pad(rows, [[0, 1], [0, 0]])[tf.minimum(tf.cast(u * tf.cast(n, tf.float32), tf.int32), n)]


def most_probable_tile(model: keras.Model, images: np.ndarray, side: int) -> np.ndarray:
    """Return what the slice head of a model of tiles says of whole slices: of each its most probable tile.

    A head that pools over what it sees knows tiles; over a whole slice a small region would be averaged away.

    Args:
        model: Sees tiles, and has an output "slice".
        images: float32 `[slice, y, x, channel]`.
        side: Side of a tile in pixels, at most that of a slice.

    Returns:
        float32 `[slice, 1]`.
    """
    starts = [box_starts(n, side, overlap=_OVERLAP) for n in images.shape[1:3]]
    places = [(slice(y, y + side), slice(x, x + side)) for y, x in itertools.product(*starts)]
    said = (model.predict_on_batch(np.stack([image[place] for place in places]))["slice"] for image in images)
    return np.stack([keras.ops.convert_to_numpy(of_tiles).max(axis=0) for of_tiles in said])
