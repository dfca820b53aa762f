"""Tiles of a slice: drawn for training, some of them where a region is; laid over a whole slice for prediction."""

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


def predict_tiles(model: keras.Model, images: np.ndarray, side: int) -> dict[str, np.ndarray]:
    """Return what a model of tiles says of whole slices.

    A mask is the mean over the tiles that a pixel lies in; a slice is as probable as its most probable tile.

    Args:
        model: Sees tiles.
        images: float32 `[slice, y, x, channel]`.
        side: Side of a tile in pixels, at most that of a slice.

    Returns:
        "mask" float32 `[slice, y, x, region]`; "slice" float32 `[slice, 1]` where the model has a slice head.
    """
    starts = [box_starts(n, side, overlap=_OVERLAP) for n in images.shape[1:3]]
    places = [(slice(y, y + side), slice(x, x + side)) for y, x in itertools.product(*starts)]
    times = np.zeros((*images.shape[1:3], 1), np.float32)
    for place in places:
        times[place] += 1
    masks, scores = [], []
    for image in images:
        said = model.predict_on_batch(np.stack([image[place] for place in places]))
        of_tiles = keras.ops.convert_to_numpy(said["mask"])
        total = np.zeros((*image.shape[:2], of_tiles.shape[-1]), np.float32)
        for place, of_tile in zip(places, of_tiles, strict=True):
            total[place] += of_tile
        masks.append(total / times)
        if "slice" in said:
            scores.append(keras.ops.convert_to_numpy(said["slice"]).max(axis=0))
    return {"mask": np.stack(masks), **({"slice": np.stack(scores)} if scores else {})}
