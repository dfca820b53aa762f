"""ESPNetv2 (Mehta et al. 2019, "A Light-weight, Power Efficient, and General Purpose Convolutional Neural Network")."""

from __future__ import annotations

import math
from collections.abc import Sequence

import keras
from keras import layers

from reproduce.errors import ArgumentError
from reproduce.models import Tensor
from reproduce.models.layers.channels import GroupedPointwise
from reproduce.models.layers.class_head import pooled_classifier
from reproduce.models.layers.padded import (
    BatchNorm,
    average_pool,
    batch_norm,
    conv_bn,
    depthwise,
    depthwise_bn,
)

BRANCHES = 4
UNITS = (0, 3, 7, 3)
"""EESP units after the strided one, at levels 2 to 5 (Table 1 there)."""
# Largest kernel of a branch, in pixels with its dilation, as in the authors' release: for the strided unit of levels 2
# to 5, and for the units after it. Larger branches fall back to 3x3.
STRIDED_LIMITS = (13, 11, 9, 7)
LIMITS = (11, 9, 7, 5)
"""Of the units after the strided one; those of level 2 are none."""


def level_channels(scale: float) -> tuple[int, ...]:
    """Return the channels of levels 1 to 5 and of the last 1x1 (Table 1): 32, 64, 128, 256, 512 and 1024 at 1.

    Args:
        scale: Width of the network, 0.5 to 2 in the paper.
    """
    base = math.ceil(int(32 * scale) / BRANCHES) * BRANCHES
    return min(base, 32), 2 * base, 4 * base, 8 * base, 16 * base, 1024 if scale <= 1.5 else 1280


def espnetv2(
    size: tuple[int, int],
    *,
    n_channels: int,
    n_classes: int,
    channels: Sequence[int],
    units: Sequence[int],
    bn_momentum: float,
    dropout: float,
) -> keras.Model:
    """Return EESP units: a grouped 1x1, depthwise convolutions of several dilations, their sums joined, a grouped 1x1.

    The strided units of levels 2 to 4 also see the image itself, pooled to their grid (Figure 3c). The last level's has
    a branch for it in the authors' release that is never called; it is left out here.

    Args:
        size: (y, x) of the image in pixels; 224 in the paper.
        channels: Of levels 1 to 5 and of the last 1x1, see `level_channels`; multiples of 16, the last of 4.
        units: After the strided one of each level, `UNITS` in the paper.
        dropout: Share of the pooled features that training drops; 0.2 in the authors' release.

    Raises:
        ArgumentError: Other numbers of channels or units, or channels that four branches cannot share.
    """
    # A level's branches have a quarter of what it adds, and reduce to it in four groups.
    whole = all(n > 0 and n % BRANCHES**2 == 0 for n in channels[:5]) and channels[-1] % BRANCHES == 0
    if len(channels) != 6 or len(units) != 4 or not whole:
        expected = "units of four levels, channels of five levels, multiples of 16, and of the last 1x1, of 4"
        got, do = f"channels {tuple(channels)}, units {tuple(units)}", "take level_channels(scale) and UNITS"
        raise ArgumentError(expected=expected, got=got, where="espnetv2", do=do)
    norm = BatchNorm(bn_momentum)
    image = keras.Input((*size, n_channels), name="image")
    x = conv_bn(image, channels[0], "level1", kernel=3, stride=2, norm=norm, activation=prelu)
    pooled = average_pool(image, "image_pool1")
    for k, (n_out, n_units) in enumerate(zip(channels[1:5], units, strict=True)):
        name = f"level{k + 2}"
        pooled = average_pool(pooled, f"image_pool{k + 2}") if k < 3 else None
        x = _strided(x, pooled, n_out, name, limit=STRIDED_LIMITS[k], norm=norm)
        for i in range(1, n_units + 1):
            y = _eesp(x, n_out, f"{name}_unit{i}", stride=1, limit=LIMITS[k], norm=norm)
            x = prelu(f"{name}_unit{i}")(layers.Add(name=f"{name}_unit{i}_add")([x, y]))
    x = depthwise_bn(x, "last_depthwise", kernel=3, norm=norm, activation=prelu)
    return pooled_classifier(image, _grouped(x, channels[5], "last", norm), n_classes, "espnetv2", dropout=dropout)


def dilations(limit: int) -> list[int]:
    """Return the dilation of each branch, ascending: kernels of 3, 5, 7 and 9 pixels, those beyond the limit of 3."""
    return sorted(i + 1 if 3 + 2 * i <= limit else 1 for i in range(BRANCHES))


def _eesp(x: Tensor, n_out: int, name: str, *, stride: int, limit: int, norm: BatchNorm) -> Tensor:
    """Return Figure 1c without the end: reduce, split, transform, merge with sums of neighbouring branches."""
    narrow = _grouped(x, n_out // BRANCHES, f"{name}_reduce", norm)
    branches: list[Tensor] = []
    for i, dilation in enumerate(dilations(limit), start=1):
        y = depthwise(narrow, f"{name}_branch{i}", kernel=3, stride=stride, dilation=dilation)
        if branches:
            y = layers.Add(name=f"{name}_sum{i}")([branches[-1], y])
        branches.append(y)
    y = batch_norm(layers.Concatenate(name=f"{name}_join")(branches), f"{name}_join", norm, activation=prelu)
    return batch_norm(GroupedPointwise(n_out, BRANCHES, name=f"{name}_merge")(y), f"{name}_merge", norm)


def _strided(x: Tensor, pooled: Tensor | None, n_out: int, name: str, *, limit: int, norm: BatchNorm) -> Tensor:
    """Return Figure 3c: the pooled input beside an EESP unit, and features of the image itself added to both."""
    y = _eesp(x, n_out - x.shape[-1], f"{name}_strided", stride=2, limit=limit, norm=norm)
    y = layers.Concatenate(name=f"{name}_strided_both")([average_pool(x, f"{name}_strided_pool"), y])
    if pooled is not None:
        seen = conv_bn(pooled, pooled.shape[-1], f"{name}_image_conv1", kernel=3, norm=norm, activation=prelu)
        seen = conv_bn(seen, n_out, f"{name}_image_conv2", kernel=1, norm=norm, activation=None)
        y = layers.Add(name=f"{name}_image_add")([y, seen])
    return prelu(f"{name}_strided")(y)


def prelu(name: str) -> layers.Layer:
    """Return the activation of a name: a slope for each channel, 0.25 at the start as in torch."""
    quarter = keras.initializers.Constant(0.25)
    return layers.PReLU(quarter, shared_axes=(1, 2), name=f"{name}_prelu")


def _grouped(x: Tensor, filters: int, name: str, norm: BatchNorm) -> Tensor:
    return batch_norm(GroupedPointwise(filters, BRANCHES, name=name)(x), name, norm, activation=prelu)
