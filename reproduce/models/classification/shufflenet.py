"""ShuffleNet (Zhang, Zhou, Lin and Sun 2018) and ShuffleNet V2 (Ma, Zhang, Zheng and Sun 2018)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import keras
from keras import layers

from reproduce.errors import ArgumentError
from reproduce.models import Tensor
from reproduce.models.layers.channels import ChannelShuffle, ChannelSlice, GroupedPointwise, require_groups
from reproduce.models.layers.class_head import pooled_classifier
from reproduce.models.layers.padded import BatchNorm, average_pool, batch_norm, conv_bn, depthwise_bn, max_pool, relu

# Channels of stages 2 to 4: of the first for each number of groups (Table 1 of 2018), of V2 for each width (Table 5).
CHANNELS_V1 = {1: (144, 288, 576), 2: (200, 400, 800), 3: (240, 480, 960), 4: (272, 544, 1088), 8: (384, 768, 1536)}
CHANNELS_V2 = {0.5: (48, 96, 192), 1.0: (116, 232, 464), 1.5: (176, 352, 704), 2.0: (244, 488, 976)}
UNITS = (4, 8, 4)


def shufflenet_v1(
    size: tuple[int, int],
    *,
    n_channels: int,
    n_classes: int,
    groups: int,
    channels: Sequence[int],
    units: Sequence[int],
    bn_momentum: float,
) -> keras.Model:
    """Return units of a grouped 1x1, a shuffle, a depthwise 3x3 and a grouped 1x1 (Figure 2), and a dense layer.

    The first 1x1 of stage 2 is not grouped, since it reads 24 channels alone (3.2); the bottleneck has a quarter of the
    unit's channels (3.2), those of a striding unit included that its pooled shortcut brings.

    Args:
        groups: Groups of the 1x1 convolutions.
        channels: Channels of each stage, `CHANNELS_V1[groups]` or a share of it (ShuffleNet 0.5x); of all but the stem.
        units: Units of each stage, `UNITS` in the paper.

    Raises:
        ArgumentError: Other numbers of stages than of units, or channels of which a quarter cannot be grouped.
    """
    _require_stages(channels, units, where="shufflenet_v1")
    for n in channels:
        if n % (4 * groups) or n <= 24:
            do = "take the channels that Table 1 has for these groups"
            expected = f"channels beyond 24, multiples of 4 x {groups} groups"
            raise ArgumentError(expected=expected, got=str(n), where="shufflenet_v1", do=do)
    norm = BatchNorm(bn_momentum)
    image = keras.Input((*size, n_channels), name="image")
    x = _stages(image, channels, units, partial(_unit_v1, groups=groups, norm=norm), norm)
    return pooled_classifier(image, x, n_classes, "shufflenet_v1")


def _unit_v1(x: Tensor, n_out: int, name: str, *, groups: int, strides: bool, norm: BatchNorm) -> Tensor:
    """Return Figure 2b, or 2c where it strides: then the pooled input is concatenated, not added."""
    narrow, wide = n_out // 4, n_out - x.shape[-1] if strides else n_out
    y = _grouped_bn(x, narrow, f"{name}_reduce", 1 if x.shape[-1] == 24 else groups, norm)
    y = relu(f"{name}_reduce")(y)
    y = ChannelShuffle(groups, name=f"{name}_shuffle")(y)
    stride = 2 if strides else 1
    y = depthwise_bn(y, f"{name}_depthwise", kernel=3, stride=stride, norm=norm)
    y = _grouped_bn(y, wide, f"{name}_expand", groups, norm)
    if strides:
        y = layers.Concatenate(name=f"{name}_join")([average_pool(x, f"{name}_shortcut"), y])
    else:
        y = layers.Add(name=f"{name}_add")([x, y])
    return relu(name)(y)


def _grouped_bn(x: Tensor, filters: int, name: str, groups: int, norm: BatchNorm) -> Tensor:
    if groups == 1:
        return conv_bn(x, filters, name, kernel=1, activation=None, norm=norm)
    return batch_norm(GroupedPointwise(filters, groups, name=name)(x), name, norm)


def shufflenet_v2(
    size: tuple[int, int],
    *,
    n_channels: int,
    n_classes: int,
    channels: Sequence[int],
    last_channels: int,
    units: Sequence[int],
    bn_momentum: float,
) -> keras.Model:
    """Return units that convolve one half of the channels, keep the other, and shuffle both (2018, Figure 3c and d).

    Args:
        channels: Channels of each stage, even; `CHANNELS_V2`.
        last_channels: Channels of the 1x1 before pooling: 1024, of 2x 2048.
        units: Units of each stage, `UNITS` in the paper.

    Raises:
        ArgumentError: Other numbers of stages than of units, or odd channels.
    """
    _require_stages(channels, units, where="shufflenet_v2")
    for n in channels:
        require_groups(n, 2, where="shufflenet_v2")
    norm = BatchNorm(bn_momentum)
    image = keras.Input((*size, n_channels), name="image")
    x = _stages(image, channels, units, partial(_unit_v2, norm=norm), norm)
    x = conv_bn(x, last_channels, "conv5", kernel=1, norm=norm)
    return pooled_classifier(image, x, n_classes, "shufflenet_v2")


def _unit_v2(x: Tensor, n_out: int, name: str, *, strides: bool, norm: BatchNorm) -> Tensor:
    """Return Figure 3c, or 3d where it strides: then both branches read all channels."""
    half = n_out // 2
    if strides:
        kept = depthwise_bn(x, f"{name}_shortcut_depthwise", kernel=3, stride=2, norm=norm)
        kept = conv_bn(kept, half, f"{name}_shortcut", kernel=1, norm=norm)
    else:
        kept = ChannelSlice(0, half, name=f"{name}_keep")(x)
        x = ChannelSlice(half, 2 * half, name=f"{name}_read")(x)
    y = conv_bn(x, half, f"{name}_conv1", kernel=1, norm=norm)
    y = depthwise_bn(y, f"{name}_depthwise", kernel=3, stride=2 if strides else 1, norm=norm)
    y = conv_bn(y, half, f"{name}_conv2", kernel=1, norm=norm)
    return ChannelShuffle(2, name=f"{name}_shuffle")(layers.Concatenate(name=f"{name}_join")([kept, y]))


def _stages(
    image: Tensor, channels: Sequence[int], units: Sequence[int], unit: Callable[..., Tensor], norm: BatchNorm
) -> Tensor:
    """Return the stem and the stages of both, named from 2; the first unit of each stage strides."""
    x = max_pool(conv_bn(image, 24, "stem", kernel=3, stride=2, norm=norm), "stem_pool")
    for stage, (n_out, n_units) in enumerate(zip(channels, units, strict=True), start=2):
        for i in range(1, n_units + 1):
            x = unit(x, n_out, f"stage{stage}_unit{i}", strides=i == 1)
    return x


def _require_stages(channels: Sequence[int], units: Sequence[int], *, where: str) -> None:
    if len(channels) != len(units) or not units or min(units) < 1:
        got = f"channels {tuple(channels)}, units {tuple(units)}"
        do = "give one number of each for every stage"
        raise ArgumentError(expected="channels and a unit or more for each stage", got=got, where=where, do=do)
