"""Swin Transformer (Liu et al. 2021, "Hierarchical Vision Transformer using Shifted Windows")."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from keras import initializers, layers, ops

from reproduce.errors import ArgumentError
from reproduce.models import Shape, Tensor, register
from reproduce.models.classification.convnext import drop_images, drop_shares, mlp
from reproduce.models.classification.vit import NORMAL
from reproduce.models.layers.class_head import pooled_classifier
from reproduce.models.layers.footprint import HALVING, Tiles
from reproduce.models.layers.own_layer import OwnLayer

# Swin-T (3.3 there): blocks and heads of each stage.
DEPTHS_T = (2, 2, 6, 2)
HEADS_T = (3, 6, 12, 24)
EPSILON = 1e-5


def relative_index(window: int) -> np.ndarray:
    """Return for each pair of positions in a window the place of its offset in a table of (2 window - 1) ** 2.

    Int64 `[window ** 2, window ** 2]`, for a window of `window` positions a side.
    """
    y, x = (each.ravel() for each in np.mgrid[:window, :window])
    return (y[:, None] - y + window - 1) * (2 * window - 1) + x[:, None] - x + window - 1


def shift_mask(grid: tuple[int, int], window: int, shift: int) -> np.ndarray:
    """Return which pairs of positions may see each other once the grid is rolled by `shift`: former neighbours.

    Bool `[windows, window ** 2, window ** 2]`, of a grid of (y, x) positions, multiples of the window.
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

    def __init__(self, heads: int, window: int, shift: int, **kwargs: Any):
        super().__init__(**kwargs)
        self.heads, self.window, self.shift = heads, window, shift
        self.reading = Tiles(window, shift)

    def build(self, input_shape: Shape) -> None:
        """Add a dense layer to queries, keys and values, one to the output, and the table of biases."""
        _, y, x, channels = input_shape
        if channels % self.heads or y % self.window or x % self.window:
            expected = f"a grid of whole windows of {self.window} and channels that {self.heads} heads can share"
            got, do = f"{y} x {x} positions of {channels} channels", "resize the image, or take another window"
            raise ArgumentError(expected=expected, got=got, where=self.name, do=do)
        flat = (None, self.window**2, channels)
        self.queries = layers.Dense(3 * channels, dtype=self.dtype_policy, name="queries")
        self.queries.build(flat)
        self.output_layer = layers.Dense(channels, dtype=self.dtype_policy, name="output")
        self.output_layer.build(flat)
        shape = ((2 * self.window - 1) ** 2, self.heads)
        normal = initializers.TruncatedNormal(stddev=0.02)
        self.bias = self.add_weight(shape=shape, initializer=normal, name="bias")

    def call(self, inputs: Tensor) -> Tensor:
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

    def _masked(self, scores: Tensor, grid: tuple[int, int]) -> Tensor:
        if not self.shift:
            return scores
        seen = shift_mask(grid, self.window, self.shift)
        n_windows, n = seen.shape[:2]
        # As in the authors' code: far below any score, and finite in half precision.
        hidden = ops.convert_to_tensor(np.where(seen, 0, -100).astype(np.float32)[:, None], scores.dtype)
        by_image = ops.reshape(scores, (-1, n_windows, self.heads, n, n)) + hidden
        return ops.reshape(by_image, (-1, self.heads, n, n))

    def multiply_adds(self, shapes: Sequence[Shape], output: Shape) -> int:
        """Return equation 2: four dense layers; queries times keys and weights times values in windows."""
        n, channels = math.prod(output[:-1]), output[-1]
        return 4 * n * channels**2 + 2 * self.window**2 * n * channels


@register
class PatchMerging(OwnLayer):
    """The channels of 2x2 pixels side by side: both rows of the left column, then of the right one."""

    reading = HALVING

    def call(self, inputs: Tensor) -> Tensor:
        """Return `[batch, y // 2, x // 2, 4 * channel]`."""
        _, y, x, channels = inputs.shape
        pairs = ops.reshape(inputs, (-1, y // 2, 2, x // 2, 2, channels))
        return ops.reshape(ops.transpose(pairs, (0, 1, 3, 4, 2, 5)), (-1, y // 2, x // 2, 4 * channels))

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """See `call`."""
        return (*super().compute_output_shape(input_shape)[:-1], 4 * input_shape[-1])


def swin(
    size: tuple[int, int],
    *,
    n_channels: int,
    n_classes: int,
    width: int,
    depths: Sequence[int],
    heads: Sequence[int],
    window: int,
    drop_path: float,
) -> keras.Model:
    """Return stages of attention within windows, every second one shifted, and mergings of 2x2 patches between them.

    A stage whose grid is no larger than a window has one window, which is not shifted. The paper pads other grids to
    whole windows; here they are refused, and 224 pixels with windows of 7 need none.

    Args:
        width: Channels of the first stage, 96 in Swin-T; each stage doubles them.
        depths: Blocks of each stage, `DEPTHS_T` for Swin-T.
        heads: Heads of each stage, `HEADS_T` for Swin-T.
        window: Side of a window in patches of 4x4 pixels, 7 in the paper.
        drop_path: See `convnext.drop_shares`; 0.2 for Swin-T.

    Raises:
        ArgumentError: Other numbers of depths than of heads, or a grid that is no whole number of windows.
    """
    step = 4 * 2 ** (len(depths) - 1)
    if len(depths) != len(heads) or not depths or any(side < step or side % step for side in size):
        got = f"{size[0]} x {size[1]} pixels, depths {tuple(depths)}, heads {tuple(heads)}"
        do = "resize, and give a depth and heads for each stage"
        raise ArgumentError(expected=f"sides that are multiples of {step} pixels", got=got, where="swin", do=do)
    image = keras.Input((*size, n_channels), name="image")
    x = layers.Conv2D(width, 4, 4, name="patches", kernel_initializer=NORMAL)(image)
    x = layers.LayerNormalization(epsilon=EPSILON, name="patches_norm")(x)
    drops = drop_shares(drop_path, sum(depths))
    for stage, (depth, n_heads) in enumerate(zip(depths, heads, strict=True), start=1):
        if stage > 1:
            x = PatchMerging(name=f"merge{stage}_patches")(x)
            x = layers.LayerNormalization(epsilon=EPSILON, name=f"merge{stage}_norm")(x)
            x = layers.Dense(width * 2 ** (stage - 1), use_bias=False, name=f"merge{stage}", kernel_initializer=NORMAL)(
                x
            )
        side = min(window, *x.shape[1:3])
        for i in range(1, depth + 1):
            shift = side // 2 if i % 2 == 0 and min(x.shape[1:3]) > side else 0
            attention = WindowAttention(n_heads, side, shift, name=f"stage{stage}_block{i}_attention")
            x = _block(x, attention, f"stage{stage}_block{i}", next(drops))
    x = layers.LayerNormalization(epsilon=EPSILON, name="norm")(x)
    return pooled_classifier(image, x, n_classes, "swin")


def _block(x: Tensor, attention: WindowAttention, name: str, drop: float) -> Tensor:
    """Return a block of attention and perceptron (equation 3)."""
    y = attention(layers.LayerNormalization(epsilon=EPSILON, name=f"{name}_norm1")(x))
    x = layers.Add(name=f"{name}_add1")([x, drop_images(y, drop, f"{name}_attention")])
    y = mlp(layers.LayerNormalization(epsilon=EPSILON, name=f"{name}_norm2")(x), name)
    return layers.Add(name=f"{name}_add2")([x, drop_images(y, drop, f"{name}_mlp")])
