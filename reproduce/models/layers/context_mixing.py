"""Kernels that each pixel mixes for itself from the image's context (ContMix of OverLoCK, Lou and Yu 2025, 3.3)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from keras import layers, ops

from reproduce.errors import ArgumentError
from reproduce.models import Shape, Tensor, register
from reproduce.models.layers.footprint import Everywhere
from reproduce.models.layers.own_layer import OwnLayer


def window_starts(n: int, kernel: int) -> np.ndarray:
    """Return where the window of each position begins: around it, but within the grid, so at edges it is off centre.

    Int64 `[n]`, of n positions along an axis, `kernel`, which is odd, at least.
    """
    return np.clip(np.arange(n) - kernel // 2, 0, n - kernel)


def window_places(n: int, kernel: int) -> tuple[np.ndarray, np.ndarray]:
    """Return for each position and tap the position that is read, and the offset to it counted from 0.

    Zeros and ones, float32 `[n, kernel, n]`, and int64 `[n, kernel]` in [0, 2 kernel - 2]; see `window_starts`.
    """
    read = window_starts(n, kernel)[:, None] + np.arange(kernel)
    return (read[:, :, None] == np.arange(n)).astype(np.float32), read - np.arange(n)[:, None] + kernel - 1


@register
class ContextMixing(OwnLayer):
    """A small and a large convolution whose kernels differ from pixel to pixel.

    A pixel's likeness to each of the 7 x 7 regions of the context becomes, through a dense layer that all heads share,
    the taps of both kernels; a bias for each offset is added, and softmax makes them sum to 1. The first half of the
    channels goes through the small kernel, the second through the large one, head by head. Windows stay within the
    image, as in neighbourhood attention.

    Args:
        heads: Groups of channels with kernels of their own.
        large: Side of the large kernel in pixels, odd.
        small: Side of the small one, odd.
        regions: Regions of the context, 49.
    """

    reading = Everywhere()  # the windows are smaller, but the kernels come from all of the image

    def __init__(self, heads: int, large: int, small: int, regions: int, **kwargs: Any):
        super().__init__(**kwargs)
        self.heads, self.large, self.small, self.regions = heads, large, small, regions

    def build(self, values_shape: Shape, queries_shape: Shape, keys_shape: Shape) -> None:
        """Add a dense layer from regions to taps, and a table of biases for each kernel and head."""
        _, y, x, channels = values_shape
        if min(y, x) < max(self.large, self.small) or channels % (2 * self.heads) or queries_shape[-1] % self.heads:
            expected = f"a grid of {max(self.large, self.small)} or more, channels in halves of {self.heads} heads"
            got = f"{y} x {x} positions of {channels} channels, queries of {queries_shape[-1]}"
            do = "give a larger image, or smaller kernels"
            raise ArgumentError(expected=expected, got=got, where=self.name, do=do)
        self.taps = layers.Dense(self.small**2 + self.large**2, dtype=self.dtype_policy, name="taps")
        self.taps.build((None, self.regions))
        self.biases = [
            self.add_weight(shape=(self.heads, 2 * side - 1, 2 * side - 1), initializer="zeros", name=f"bias_{name}")
            for name, side in (("small", self.small), ("large", self.large))
        ]

    def call(self, values: Tensor, queries: Tensor, keys: Tensor) -> Tensor:
        """Return values mixed, `[batch, y, x, channel]`.

        Args:
            values: `[batch, y, x, channel]`.
            queries: `[batch, y, x, channel']`, scaled.
            keys: `[batch, regions * channel']`, what the regions look like.
        """
        _, y, x, channels = values.shape
        width, heads = queries.shape[-1] // self.heads, self.heads
        queries = ops.reshape(queries, (-1, y, x, heads, width))
        keys = ops.reshape(keys, (-1, self.regions, heads, width))
        taps = self.taps(ops.einsum("byxgc,blgc->bgyxl", queries, keys))
        halves = ops.reshape(values, (-1, y, x, 2, heads, channels // (2 * heads)))
        split = self.small**2
        mixed = [
            self._mixed(halves[:, :, :, 0], taps[..., :split], self.biases[0], self.small),
            self._mixed(halves[:, :, :, 1], taps[..., split:], self.biases[1], self.large),
        ]
        return ops.reshape(ops.stack(mixed, axis=3), (-1, y, x, channels))

    def _mixed(self, values: Tensor, taps: Tensor, bias: Tensor, side: int) -> Tensor:
        """Return each head's values through its kernels: `[batch, y, x, head, channel]`.

        The taps are laid out over the whole grid first, as zeros beyond their window, so that mixing is one product.
        """
        _, y, x, _, _ = values.shape
        (rows, row_offsets), (columns, column_offsets) = window_places(y, side), window_places(x, side)
        places = row_offsets[:, None, :, None] * (2 * side - 1) + column_offsets[None, :, None, :]  # [y, x, tap, tap]
        flat = ops.reshape(ops.cast(bias, taps.dtype), (self.heads, -1))
        taps = taps + ops.reshape(ops.take(flat, places.ravel(), axis=1), (self.heads, y, x, side**2))
        taps = ops.reshape(ops.softmax(taps), (-1, self.heads, y, x, side, side))
        rows, columns = (ops.convert_to_tensor(each, taps.dtype) for each in (rows, columns))
        whole = ops.einsum("bgyxkn,xnw->bgyxkw", taps, columns)
        whole = ops.einsum("bgyxkw,ykh->bgyxhw", whole, rows)
        return ops.einsum("bgyxhw,bhwgc->byxgc", whole, values)

    def compute_output_shape(self, input_shape: Shape, *others: Shape) -> Shape:
        """See `call`."""
        return input_shape

    def multiply_adds(self, shapes: Sequence[Shape], output: Shape) -> int:
        """Return those of likeness, taps of each head, and both kernels on half of the channels, in windows alone."""
        n, channels, n_taps = math.prod(output[:-1]), output[-1], self.small**2 + self.large**2
        return n * self.regions * (shapes[1][-1] + self.heads * n_taps) + n * n_taps * channels // 2


@register
class GlobalResponse(OwnLayer):
    """x (1 + gamma n) + beta, n the norm over the grid of a channel beside the mean of all (ConvNeXt V2, 2023)."""

    reading = Everywhere()

    def build(self, input_shape: Shape) -> None:
        """Add two weights a channel, at the start 0: nothing changes."""
        self.gamma = self.add_weight(shape=(input_shape[-1],), initializer="zeros", name="gamma")
        self.beta = self.add_weight(shape=(input_shape[-1],), initializer="zeros", name="beta")

    def call(self, inputs: Tensor) -> Tensor:
        """Return the same shape."""
        norm = ops.sqrt(ops.sum(ops.square(inputs), axis=(1, 2), keepdims=True) + 1e-12)
        share = norm / (ops.mean(norm, axis=-1, keepdims=True) + 1e-6)
        return inputs * (1 + self.gamma * share) + self.beta
