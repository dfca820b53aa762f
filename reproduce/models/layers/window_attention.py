"""Self-attention within windows of an image, which may be shifted by half a window (Swin, Liu et al. 2021, 3.2)."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from keras import initializers, layers, ops

from reproduce.errors import ArgumentError
from reproduce.models import register
from reproduce.models.layers.own_layer import OwnLayer


@dataclass(frozen=True)
class Tiles:
    """Each output reads the tile that it lies in.

    Attributes:
        side: Of a tile.
        shift: How far the tiles begin before the first input; the first and the last are then cut off by the edge.
    """

    side: int
    shift: int

    def size(self, n: int) -> int:
        """As many outputs as inputs."""
        return n

    def steps(self, n: int) -> tuple[int, int]:
        """See `footprint.Window.steps`: everything repeats after a tile."""
        return self.side, self.side

    def reads(self, output: int, n: int) -> range:
        """See `footprint.Window.reads`."""
        first = (output + self.shift) // self.side * self.side - self.shift
        return range(max(first, 0), min(first + self.side, n))


def relative_index(window: int) -> np.ndarray:
    """For each pair of positions in a window the place of its offset in a table of (2 window - 1) ** 2 offsets.

    Args:
        window: Side in positions.

    Returns:
        int64 `[window ** 2, window ** 2]`.
    """
    y, x = (each.ravel() for each in np.mgrid[:window, :window])
    return (y[:, None] - y + window - 1) * (2 * window - 1) + x[:, None] - x + window - 1


def shift_mask(grid: tuple[int, int], window: int, shift: int) -> np.ndarray:
    """Which pairs of positions may see each other once the grid has been rolled by `shift`: those that were neighbours.

    Args:
        grid: (y, x) in positions, multiples of the window.
        window: Side in positions.
        shift: Positions.

    Returns:
        bool `[windows, window ** 2, window ** 2]`.
    """
    # Along an axis the last window joins positions from both edges: the last `shift` of it came from the first edge.
    part = [(np.arange(n) >= n - shift).astype(int) for n in grid]
    label = 2 * part[0][:, None] + part[1][None, :]
    tiles = label.reshape(grid[0] // window, window, grid[1] // window, window).swapaxes(1, 2)
    label = tiles.reshape(-1, window**2)
    return label[:, :, None] == label[:, None, :]


@register
class WindowAttention(OwnLayer):
    """Attention within windows of `window` x `window` positions, with a learned bias for each offset (equation 4).

    Args:
        heads: How many; each has its share of the channels.
        window: Side in positions.
        shift: Positions by which the windows are moved against the grid, 0 or half a window.
    """

    def __init__(self, heads: int, window: int, shift: int, **kwargs):
        super().__init__(**kwargs)
        self.heads, self.window, self.shift = heads, window, shift
        self.reading = Tiles(window, shift)

    def build(self, input_shape):
        """Add a dense layer to queries, keys and values, one to the output, and the table of biases."""
        _, y, x, channels = input_shape
        if channels % self.heads or y % self.window or x % self.window:
            raise ArgumentError(
                expected=f"a grid of whole windows of {self.window} and channels that {self.heads} heads can share",
                got=f"{y} x {x} positions of {channels} channels",
                where=self.name,
                do="resize the image, or take another window",
            )
        flat = (None, self.window**2, channels)
        self.queries = layers.Dense(3 * channels, dtype=self.dtype_policy, name="queries")
        self.queries.build(flat)
        self.output_layer = layers.Dense(channels, dtype=self.dtype_policy, name="output")
        self.output_layer.build(flat)
        shape = ((2 * self.window - 1) ** 2, self.heads)
        normal = initializers.TruncatedNormal(stddev=0.02)
        self.bias = self.add_weight(shape=shape, initializer=normal, name="bias")

    def call(self, inputs):
        """Return the same shape."""
        _, y, x, channels = inputs.shape
        n, side, heads = self.window**2, self.window, self.heads
        rolled = ops.roll(inputs, (-self.shift, -self.shift), axis=(1, 2)) if self.shift else inputs
        tiles = ops.reshape(rolled, (-1, y // side, side, x // side, side, channels))
        tiles = ops.reshape(ops.swapaxes(tiles, 2, 3), (-1, n, channels))  # [batch * windows, n, channel]
        parts = ops.reshape(self.queries(tiles), (-1, n, 3, heads, channels // heads))
        query, key, value = (ops.swapaxes(parts[:, :, k], 1, 2) for k in range(3))
        scores = ops.matmul(query * (channels // heads) ** -0.5, ops.swapaxes(key, 2, 3))
        bias = ops.take(self.bias, relative_index(side).ravel(), axis=0)
        scores = scores + ops.transpose(ops.reshape(ops.cast(bias, scores.dtype), (n, n, heads)), (2, 0, 1))
        mixed = ops.matmul(ops.softmax(self._masked(scores, (y, x))), value)
        mixed = self.output_layer(ops.reshape(ops.swapaxes(mixed, 1, 2), (-1, n, channels)))
        tiles = ops.reshape(mixed, (-1, y // side, x // side, side, side, channels))
        rolled = ops.reshape(ops.swapaxes(tiles, 2, 3), (-1, y, x, channels))
        return ops.roll(rolled, (self.shift, self.shift), axis=(1, 2)) if self.shift else rolled

    def _masked(self, scores, grid: tuple[int, int]):
        if not self.shift:
            return scores
        seen = shift_mask(grid, self.window, self.shift)
        n_windows, n = seen.shape[:2]
        # As in the authors' code: far below any score, and finite in half precision.
        hidden = ops.convert_to_tensor(np.where(seen, 0, -100).astype(np.float32)[:, None], scores.dtype)
        by_image = ops.reshape(scores, (-1, n_windows, self.heads, n, n)) + hidden
        return ops.reshape(by_image, (-1, self.heads, n, n))

    def multiply_adds(self, shapes, output):
        """Return equation 2: four dense layers; queries times keys and weights times values in windows."""
        n, channels = math.prod(output[:-1]), output[-1]
        return 4 * n * channels**2 + 2 * self.window**2 * n * channels
