"""Layers that treat the channels of a pixel: parts, order, groups, scale and neighbours of them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import keras
from keras import ops

from reproduce.errors import ArgumentError
from reproduce.models import Shape, Tensor, register
from reproduce.models.layers.own_layer import OwnLayer


@register
class ChannelSlice(OwnLayer):
    """Channels from `first` up to, not including, `end`."""

    def __init__(self, first: int, end: int, **kwargs: Any):
        super().__init__(**kwargs)
        self.first, self.end, self.n_out = first, end, end - first

    def call(self, inputs: Tensor) -> Tensor:
        """Return `[..., end - first]`."""
        return inputs[..., self.first : self.end]


@register
class ChannelPadding(OwnLayer):
    """Channels of zeros up to `channels`, half before and half behind (He et al. 2016, option A of the shortcuts)."""

    def __init__(self, channels: int, **kwargs: Any):
        super().__init__(**kwargs)
        self.channels = self.n_out = channels

    def call(self, inputs: Tensor) -> Tensor:
        """Return `[batch, y, x, channels]`."""
        more = self.channels - inputs.shape[-1]
        return ops.pad(inputs, [(0, 0)] * (len(inputs.shape) - 1) + [(more // 2, more - more // 2)])


@register
class ChannelShuffle(OwnLayer):
    """The first channel of each group, then the second of each, and so on (ShuffleNet, Zhang et al. 2018, 3.1)."""

    def __init__(self, groups: int, **kwargs: Any):
        super().__init__(**kwargs)
        self.groups = groups

    def build(self, input_shape: Shape) -> None:
        """Refuse channels that do not part into equal groups."""
        require_groups(input_shape[-1], self.groups, where=self.name)

    def call(self, inputs: Tensor) -> Tensor:
        """Return as many channels in another order."""
        _, y, x, channels = inputs.shape
        parts = ops.reshape(inputs, (-1, y, x, self.groups, channels // self.groups))
        return ops.reshape(ops.swapaxes(parts, 3, 4), (-1, y, x, channels))


@register
class GroupedPointwise(OwnLayer):
    """1x1 convolution in groups, without bias: each group of filters reads its own group of channels.

    One product of matrices for all groups. keras.layers.Conv2D does the same; on CPUs under TensorFlow it compiles
    anew on every call that is not part of a compiled function.

    Args:
        filters: Channels out, a multiple of the groups.
        groups: Groups.
    """

    def __init__(self, filters: int, groups: int, **kwargs: Any):
        super().__init__(**kwargs)
        self.filters = self.n_out = filters
        self.groups = groups

    def build(self, input_shape: Shape) -> None:
        """Add `[group, channels of a group, filters of a group]`, by He et al. 2015 for the inputs of one filter."""
        for channels in (input_shape[-1], self.filters):
            require_groups(channels, self.groups, where=self.name)
        n_read = input_shape[-1] // self.groups
        normal = keras.initializers.RandomNormal(stddev=math.sqrt(2 / n_read))
        shape = (self.groups, n_read, self.filters // self.groups)
        self.kernel = self.add_weight(shape=shape, initializer=normal, name="kernel")

    def call(self, inputs: Tensor) -> Tensor:
        """Return `[batch, y, x, filters]`."""
        _, y, x, channels = inputs.shape
        parts = ops.reshape(inputs, (-1, y, x, self.groups, channels // self.groups))
        return ops.reshape(ops.einsum("byxgi,gio->byxgo", parts, self.kernel), (-1, y, x, self.filters))

    def multiply_adds(self, shapes: Sequence[Shape], output: Shape) -> int:
        """Return one for each channel that a filter reads."""
        return math.prod(output) * shapes[0][-1] // self.groups


@register
class ChannelScale(OwnLayer):
    """Each channel times a weight of its own ("LayerScale", Touvron et al. 2021, equation 2).

    Args:
        start: The weights before training; 1e-6 in ConvNeXt.
    """

    def __init__(self, start: float, **kwargs: Any):
        super().__init__(**kwargs)
        self.start = start

    def build(self, input_shape: Shape) -> None:
        """Add one weight a channel."""
        constant = keras.initializers.Constant(self.start)
        self.scale = self.add_weight(shape=(input_shape[-1],), initializer=constant, name="scale")

    def call(self, inputs: Tensor) -> Tensor:
        """Return the same shape."""
        return inputs * self.scale


@register
class ChannelAffine(OwnLayer):
    """Each channel times a weight of its own plus another, 1 and 0 at the start."""

    def build(self, input_shape: Shape) -> None:
        """Add two weights a channel."""
        self.scale = self.add_weight(shape=(input_shape[-1],), initializer="ones", name="scale")
        self.shift = self.add_weight(shape=(input_shape[-1],), initializer="zeros", name="shift")

    def call(self, inputs: Tensor) -> Tensor:
        """Return the same shape."""
        return inputs * self.scale + self.shift


@register
class ResponseNormalisation(OwnLayer):
    """b_i = a_i / (k + alpha sum_j a_j^2) ** beta over n neighbouring channels (Krizhevsky et al. 2012, 3.3).

    With the constants there: k = 2, n = 5, alpha = 1e-4, beta = 0.75.
    """

    def call(self, inputs: Tensor) -> Tensor:
        """Return the same shape."""
        squares = ops.square(inputs)
        n = inputs.shape[-1]
        padded = ops.pad(squares, [(0, 0)] * (len(inputs.shape) - 1) + [(2, 2)])
        near = sum(padded[..., shift : shift + n] for shift in range(5))
        return inputs / ops.power(2.0 + 1e-4 * near, 0.75)


def require_groups(channels: int, groups: int, *, where: str) -> None:
    """Return if channels can be parted into equal groups.

    Raises:
        ArgumentError: `channels` is no positive multiple of `groups`.
    """
    if groups < 1 or channels < 1 or channels % groups:
        got, do = f"{channels} channels", "take the channels that the paper has for these groups"
        raise ArgumentError(expected=f"a positive multiple of {groups} groups", got=got, where=where, do=do)
