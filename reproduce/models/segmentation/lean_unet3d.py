"""Our own model of volumes for two cores: a U-Net that is narrow where voxels are many and wide where they are few."""

from __future__ import annotations

from collections.abc import Sequence

import keras
from keras import layers

from reproduce.models import Tensor
from reproduce.models.layers.blocks import conv_bn_relu, exclusive_mask_head, require_divisible


def lean_unet3d(
    box: tuple[int, int, int],
    *,
    n_channels: int,
    n_regions: int,
    widths: Sequence[int],
    residual: bool,
    bn_momentum: float,
) -> keras.Model:
    """Return a 3-D U-Net with one convolution on each side of the full grid and two on each side of the grids below.

    At the full grid of a box lie eight times the voxels of the next, and a U-Net of constant doubling spends most of
    its time there. Here the full grid has a convolution before, whose features join, and one after; grids below are
    reached by convolutions of kernel and stride 2 and left by transposed ones, and hold most of the channels. Ours, of
    no paper; ingredients: U-Net (Ronneberger 2015, Cicek 2016), identity shortcuts (He 2016), strided convolutions
    instead of pooling (Milletari 2016).

    Args:
        box: Multiples of 2 to the number of grids below the full one.
        widths: Channels of the full grid and of each below it, at least two.
        residual: Whether each convolution that keeps its channels is added to what it came from.
    """
    depth = len(widths) - 1
    require_divisible(box, depth=depth, where="lean_unet3d")

    def step(x: Tensor, filters: int, name: str) -> Tensor:
        y = conv_bn_relu(x, filters, name, bn_momentum=bn_momentum)
        keeps = residual and x.shape[-1] == filters
        return layers.Add(name=f"{name}_add")([x, y]) if keeps else y

    image = keras.Input((*box, n_channels), name="image")
    x = step(image, widths[0], "full_before")
    skips = [x]
    for i, width in enumerate(widths[1:], start=1):
        x = conv_bn_relu(x, width, f"encoder{i}_down", kernel=2, stride=2, bn_momentum=bn_momentum)
        for k in (1, 2):
            x = step(x, width, f"encoder{i}_conv{k}")
        skips.append(x)
    for i in range(depth - 1, -1, -1):
        x = layers.Conv3DTranspose(widths[i], 2, 2, name=f"decoder{i}_up")(x)
        x = layers.Concatenate(name=f"decoder{i}_skip")([x, skips[i]])
        for k in (1, 2) if i else (1,):
            x = step(x, widths[i], f"decoder{i}_conv{k}" if i else "full_after")
    return keras.Model(image, {"mask": exclusive_mask_head(x, n_regions)}, name="lean_unet3d")
