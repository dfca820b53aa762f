"""VoxelMorph (Balakrishnan et al. 2019): where each voxel of one scan lies in another, learned without references."""

from __future__ import annotations

from collections.abc import Sequence

import keras
import numpy as np
from keras import layers, ops

from reproduce.errors import ArgumentError
from reproduce.models import Shape, Tensor, register
from reproduce.models.layers.blocks import require_divisible

_SLOPE = 0.2


@register
class Warp(layers.Layer):
    """A volume seen where a flow points to: trilinear between voxels, and at its edge beyond it (section 3.2).

    Called with the volume, float `[batch, z, y, x, channel]`, and the flow, `[batch, z, y, x, 3]` in voxels along z, y
    and x; gives float `[batch, z, y, x, channel]`. Differentiable in both.
    """

    def call(self, inputs: Tensor) -> Tensor:
        """Return the volume, moved."""
        volume, flow = inputs
        sides, n_channels = volume.shape[1:4], volume.shape[4]
        axes = ops.meshgrid(*(ops.arange(side, dtype=flow.dtype) for side in sides), indexing="ij")
        last = ops.convert_to_tensor([side - 1 for side in sides], flow.dtype)
        place = ops.clip(ops.stack(axes, axis=-1) + flow, 0.0, last)
        low = ops.minimum(ops.floor(place), ops.maximum(last - 1, 0.0))
        share = place - low
        flat = ops.reshape(volume, (-1, sides[0] * sides[1] * sides[2], n_channels))
        strides = ops.convert_to_tensor([sides[1] * sides[2], sides[2], 1], "int32")
        moved = 0.0
        for corner in np.ndindex(2, 2, 2):
            upper = ops.convert_to_tensor(corner, flow.dtype)
            weight = ops.prod(upper * share + (1 - upper) * (1 - share), axis=-1, keepdims=True)
            index = ops.sum(ops.cast(ops.minimum(low + upper, last), "int32") * strides, axis=-1)
            index = ops.repeat(ops.reshape(index, (-1, flat.shape[1], 1)), n_channels, axis=-1)
            values = ops.reshape(ops.take_along_axis(flat, index, axis=1), (-1, *sides, n_channels))
            moved = moved + ops.cast(weight, values.dtype) * values
        return moved

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """Return the shape of the volume."""
        return input_shape[0]


def voxelmorph(
    size: tuple[int, int, int], *, n_channels: int, encoder: Sequence[int], decoder: Sequence[int], last: Sequence[int]
) -> keras.Model:
    """Return a U-Net that looks at two volumes and moves the one onto the other.

    Convolutions 3x3x3 with bias and leaky ReLU of slope 0.2; max-pooling down, nearest neighbours up. The layers of its
    authors' release, which has one convolution a level and three at the full grid; the flow starts near zero. silent:
    the release integrates the flow to a diffeomorphism by default, the paper's section 3 does not, nor do we.

    Args:
        size: (z, y, x) in voxels, multiples of 2 to the number of levels.
        n_channels: Channels of each volume.
        encoder: Channels of each level, the full grid first; (16, 32, 32, 32) in the release.
        decoder: Channels of each level on the way up, as many; (32, 32, 32, 32).
        last: Channels of the convolutions at the full grid; (32, 16, 16).

    Returns:
        Model from `{"moving", "fixed"}`, float `[batch, z, y, x, n_channels]` each, to float32 `{"moved", "flow"}`:
        the moving volume where the fixed one is, and the flow in voxels, `[batch, z, y, x, 3]`.

    Raises:
        ArgumentError: A side is no positive multiple, or the two ways have not as many levels.
    """
    if len(encoder) != len(decoder):
        got, do = f"{len(encoder)} down and {len(decoder)} up", "give both one number of channels a level"
        raise ArgumentError(expected="as many levels up as down", got=got, where="voxelmorph", do=do)
    require_divisible(size, depth=len(encoder), where="voxelmorph")

    def conv(x: Tensor, filters: int, name: str) -> Tensor:
        x = layers.Conv3D(filters, 3, padding="same", kernel_initializer="he_normal", name=name)(x)
        return layers.LeakyReLU(_SLOPE, name=f"{name}_relu")(x)

    moving, fixed = (keras.Input((*size, n_channels), name=name) for name in ("moving", "fixed"))
    x = layers.Concatenate(name="both")([moving, fixed])
    skips = []
    for i, filters in enumerate(encoder, start=1):
        x = conv(x, filters, f"encoder{i}")
        skips.append(x)
        x = layers.MaxPooling3D(2, name=f"encoder{i}_pool")(x)
    for i, filters in zip(range(len(decoder), 0, -1), decoder, strict=True):
        x = conv(x, filters, f"decoder{i}")
        x = layers.UpSampling3D(2, name=f"decoder{i}_up")(x)
        x = layers.Concatenate(name=f"decoder{i}_skip")([x, skips.pop()])
    for i, filters in enumerate(last, start=1):
        x = conv(x, filters, f"last{i}")
    small = keras.initializers.RandomNormal(stddev=1e-5)
    flow = layers.Conv3D(3, 3, padding="same", kernel_initializer=small, dtype="float32", name="flow")(x)
    moved = Warp(dtype="float32", name="moved")([moving, flow])
    return keras.Model({"moving": moving, "fixed": fixed}, {"moved": moved, "flow": flow}, name="voxelmorph")
