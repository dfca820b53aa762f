"""Layers that take features to a grid of another size, by torch's rules."""

from __future__ import annotations

from typing import Any

import numpy as np
from keras import ops

from reproduce.errors import ArgumentError
from reproduce.models import Shape, Tensor, register
from reproduce.models.layers.footprint import Bins, Reading, Resample
from reproduce.models.layers.own_layer import OwnLayer


def adaptive_bins(side: int, n_bins: int) -> np.ndarray:
    """Return which pixels each bin of adaptive average pooling covers, along one axis.

    Bin i covers the pixels from floor(i side / n) up to, not including, ceil((i + 1) side / n), as
    torch.nn.AdaptiveAvgPool2d has it: bins overlap by a pixel where `side` is no multiple of n, and repeat pixels
    where there are more bins than pixels. He et al. 2015 (spatial pyramid pooling, 3.2) round likewise.

    Returns:
        float32 `[n_bins, side]` of zeros and ones.

    Raises:
        ArgumentError: No pixels or no bins.
    """
    if side < 1 or n_bins < 1:
        got, do = f"{side} pixels and {n_bins} bins", "give a larger image, or leave the bin out"
        raise ArgumentError(expected="at least 1 pixel and 1 bin", got=got, where="adaptive_bins", do=do)
    bins, pixels = np.arange(n_bins)[:, None], np.arange(side)[None, :]
    first, end = bins * side // n_bins, -(-(bins + 1) * side // n_bins)
    return ((first <= pixels) & (pixels < end)).astype(np.float32)


@register
class AdaptiveAveragePooling(OwnLayer):
    """Mean over each bin of an n x n grid of bins; see `adaptive_bins`.

    A rectangle's mean is the mean over its columns of the mean over its rows, so this is a product with a constant
    matrix along each axis, whose gradient is a product too. keras.layers.AdaptiveAveragePooling2D (Keras 3.13
    and later) gives the same in about three times the time.

    Args:
        n_bins: Bins along y and along x.
    """

    def __init__(self, n_bins: int, **kwargs: Any):
        super().__init__(**kwargs)
        self.n_bins, self.reading = n_bins, Bins(n_bins)

    def call(self, inputs: Tensor) -> Tensor:
        """Return `[batch, n_bins, n_bins, channel]` of features `[batch, y, x, channel]`."""
        _, y, x, channels = inputs.shape
        rows, columns = adaptive_bins(y, self.n_bins), adaptive_bins(x, self.n_bins)
        by_row = self._means(rows, ops.reshape(inputs, (-1, y, x * channels)))  # [batch, bin, x * channel]
        both = self._means(columns, ops.reshape(by_row, (-1, x, channels)))  # [batch * bin, bin, channel]
        return ops.reshape(both, (-1, self.n_bins, self.n_bins, channels))

    def _means(self, members: np.ndarray, features: Tensor) -> Tensor:
        # Zeros and ones are exact in half precision, a share such as 1/11 is not: sum first, then divide.
        n_members = ops.convert_to_tensor(members.sum(axis=1)[:, None], self.compute_dtype)
        return ops.matmul(ops.convert_to_tensor(members, self.compute_dtype), features) / n_members


@register
class BilinearResize(OwnLayer):
    """Features on another grid by bilinear interpolation between pixel centres, edges repeated.

    As torch's `interpolate(mode="bilinear", align_corners=False)`, without smoothing where the grid shrinks.
    keras.layers.UpSampling2D does the same for whole factors alone.

    Args:
        size: (y, x) of the new grid in pixels.
    """

    def __init__(self, size: tuple[int, int], **kwargs: Any):
        super().__init__(**kwargs)
        self.size = tuple(size)

    def call(self, inputs: Tensor) -> Tensor:
        """Return `[batch, *size, channel]` of features `[batch, y, x, channel]`."""
        return ops.image.resize(inputs, self.size, interpolation="bilinear", antialias=False)

    def readings(self, grid: Shape) -> tuple[Reading, ...]:
        """Return interpolation to each side."""
        return tuple(Resample(n, linear=True) for n in self.size)
