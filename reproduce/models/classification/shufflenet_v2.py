"""ShuffleNet V2 (Ma, Zhang, Zheng and Sun 2018, "Practical Guidelines for Efficient CNN Architecture Design")."""

from __future__ import annotations

from collections.abc import Sequence

import keras
from keras import layers

from reproduce.models.classification.resnet import EPSILON
from reproduce.models.classification.shufflenet_v1 import require_stages
from reproduce.models.layers.channels import ChannelShuffle, ChannelSlice, require_groups
from reproduce.models.layers.class_head import class_head
from reproduce.models.layers.padded import conv_bn, depthwise_bn, max_pool, relu

# Table 5 there: channels of stages 2 to 4.
CHANNELS_0_5 = (48, 96, 192)
CHANNELS_1_0 = (116, 232, 464)
CHANNELS_1_5 = (176, 352, 704)
CHANNELS_2_0 = (244, 488, 976)
UNITS = (4, 8, 4)


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
    """Units that convolve one half of the channels, keep the other, and shuffle both (Figure 3c and d).

    Args:
        size: (y, x) of the image in pixels.
        n_channels: Channels of the image.
        n_classes: Classes that exclude each other; 1 for yes or no.
        channels: Of each stage, even; `CHANNELS_1_0` for 1x.
        last_channels: Of the 1x1 before pooling: 1024, of 2x 2048.
        units: Of each stage, `UNITS` in the paper.
        bn_momentum: Share of the old running statistics that one step keeps.

    Returns:
        Model from float `[batch, y, x, n_channels]` to `{"class": float32 [batch, n_classes]}`: a softmax, or a sigmoid
        where there is one class.

    Raises:
        ArgumentError: Other numbers of stages than of units, or odd channels.
    """
    require_stages(channels, units, where="shufflenet_v2")
    for n in channels:
        require_groups(n, 2, where="shufflenet_v2")
    image = keras.Input((*size, n_channels), name="image")
    settings = {"bn_momentum": bn_momentum, "epsilon": EPSILON}
    x = conv_bn(image, 24, "stem", kernel=3, stride=2, activation=relu, **settings)
    x = max_pool(x, "stem_pool")
    for stage, (n_out, n_units) in enumerate(zip(channels, units, strict=True), start=2):
        for i in range(1, n_units + 1):
            unit = _striding_unit if i == 1 else _unit
            x = unit(x, n_out // 2, f"stage{stage}_unit{i}", settings)
    x = conv_bn(x, last_channels, "conv5", kernel=1, activation=relu, **settings)
    x = layers.GlobalAveragePooling2D(name="pool")(x)
    return keras.Model(image, {"class": class_head(x, n_classes)}, name="shufflenet_v2")


def _unit(x, half: int, name: str, settings: dict):
    """Figure 3c."""
    kept = ChannelSlice(0, half, name=f"{name}_keep")(x)
    y = ChannelSlice(half, 2 * half, name=f"{name}_read")(x)
    return _joined(kept, _branch(y, half, name, 1, settings), name)


def _striding_unit(x, half: int, name: str, settings: dict):
    """Figure 3d: both branches read all channels."""
    y = depthwise_bn(x, f"{name}_shortcut_depthwise", kernel=3, stride=2, activation=None, **settings)
    y = conv_bn(y, half, f"{name}_shortcut", kernel=1, activation=relu, **settings)
    return _joined(y, _branch(x, half, name, 2, settings), name)


def _branch(x, half: int, name: str, stride: int, settings: dict):
    x = conv_bn(x, half, f"{name}_conv1", kernel=1, activation=relu, **settings)
    x = depthwise_bn(x, f"{name}_depthwise", kernel=3, stride=stride, activation=None, **settings)
    return conv_bn(x, half, f"{name}_conv2", kernel=1, activation=relu, **settings)


def _joined(a, b, name: str):
    return ChannelShuffle(2, name=f"{name}_shuffle")(layers.Concatenate(name=f"{name}_join")([a, b]))
