"""ShuffleNet (Zhang, Zhou, Lin and Sun 2018, "ShuffleNet: An Extremely Efficient Convolutional Neural Network")."""

from __future__ import annotations

from collections.abc import Sequence

import keras
from keras import layers

from reproduce.errors import ArgumentError
from reproduce.models.classification.resnet import EPSILON
from reproduce.models.layers.channels import ChannelShuffle, GroupedPointwise
from reproduce.models.layers.class_head import class_head
from reproduce.models.layers.padded import average_pool, conv_bn, depthwise_bn, max_pool, relu

# Table 1 there: channels of stages 2 to 4 of ShuffleNet 1x for each number of groups.
CHANNELS = {
    1: (144, 288, 576),
    2: (200, 400, 800),
    3: (240, 480, 960),
    4: (272, 544, 1088),
    8: (384, 768, 1536),
}
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
    """Units of a grouped 1x1, a shuffle, a depthwise 3x3 and a grouped 1x1 (Figure 2), global pooling, a dense layer.

    The first 1x1 of stage 2 is not grouped, since it reads 24 channels alone (3.2); the bottleneck has a quarter of the
    unit's channels (3.2), those of a striding unit included that its pooled shortcut brings.

    Args:
        size: (y, x) of the image in pixels.
        n_channels: Channels of the image.
        n_classes: Classes that exclude each other; 1 for yes or no.
        groups: Of the 1x1 convolutions.
        channels: Of each stage, `CHANNELS[groups]` or a share of it (ShuffleNet 0.5x); of all but the stem.
        units: Of each stage, `UNITS` in the paper.
        bn_momentum: Share of the old running statistics that one step keeps.

    Returns:
        Model from float `[batch, y, x, n_channels]` to `{"class": float32 [batch, n_classes]}`: a softmax, or a sigmoid
        where there is one class.

    Raises:
        ArgumentError: Other numbers of stages than of units, or channels of which a quarter cannot be grouped.
    """
    require_stages(channels, units, where="shufflenet_v1")
    for n in channels:
        if n % (4 * groups) or n <= 24:
            do = "take the channels that Table 1 has for these groups"
            expected = f"channels beyond 24, multiples of 4 x {groups} groups"
            raise ArgumentError(expected=expected, got=str(n), where="shufflenet_v1", do=do)
    image = keras.Input((*size, n_channels), name="image")
    settings = {"bn_momentum": bn_momentum, "epsilon": EPSILON}
    x = conv_bn(image, 24, "stem", kernel=3, stride=2, activation=relu, **settings)
    x = max_pool(x, "stem_pool")
    for stage, (n_out, n_units) in enumerate(zip(channels, units, strict=True), start=2):
        for i in range(1, n_units + 1):
            first = 1 if (stage, i) == (2, 1) else groups
            name = f"stage{stage}_unit{i}"
            x = _unit(x, n_out, name, first_groups=first, groups=groups, strides=i == 1, settings=settings)
    x = layers.GlobalAveragePooling2D(name="pool")(x)
    return keras.Model(image, {"class": class_head(x, n_classes)}, name="shufflenet_v1")


def _unit(x, n_out: int, name: str, *, first_groups: int, groups: int, strides: bool, settings: dict):
    """Figure 2b, or 2c where it strides: then the pooled input is concatenated, not added."""
    narrow, wide = n_out // 4, n_out - x.shape[-1] if strides else n_out
    y = _grouped_bn(x, narrow, f"{name}_reduce", first_groups, settings)
    y = relu(f"{name}_reduce")(y)
    y = ChannelShuffle(groups, name=f"{name}_shuffle")(y)
    y = depthwise_bn(y, f"{name}_depthwise", kernel=3, stride=2 if strides else 1, activation=None, **settings)
    y = _grouped_bn(y, wide, f"{name}_expand", groups, settings)
    if strides:
        y = layers.Concatenate(name=f"{name}_join")([average_pool(x, f"{name}_shortcut"), y])
    else:
        y = layers.Add(name=f"{name}_add")([x, y])
    return relu(name)(y)


def _grouped_bn(x, filters: int, name: str, groups: int, settings: dict):
    if groups == 1:
        return conv_bn(x, filters, name, kernel=1, activation=None, **settings)
    x = GroupedPointwise(filters, groups, name=name)(x)
    return layers.BatchNormalization(momentum=settings["bn_momentum"], epsilon=settings["epsilon"], name=f"{name}_bn")(
        x
    )


def require_stages(channels: Sequence[int], units: Sequence[int], *, where: str) -> None:
    """Return if each stage has channels and units.

    Args:
        channels: Of each stage.
        units: Of each stage.
        where: Name of the model.

    Raises:
        ArgumentError: Numbers differ, or there is no stage, or a stage without unit.
    """
    if len(channels) != len(units) or not units or min(units) < 1:
        got = f"channels {tuple(channels)}, units {tuple(units)}"
        do = "give one number of each for every stage"
        raise ArgumentError(expected="channels and a unit or more for each stage", got=got, where=where, do=do)
