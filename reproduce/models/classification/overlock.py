"""OverLoCK (Lou and Yu 2025): a network that first looks over the image, and then again, guided by what it saw."""

from __future__ import annotations

from dataclasses import dataclass

import keras
from keras import layers

from reproduce.errors import ArgumentError
from reproduce.models import Tensor
from reproduce.models.classification.convnext import drop_images, drop_shares
from reproduce.models.layers.blocks import require_divisible
from reproduce.models.layers.channels import ChannelAffine, ChannelSlice
from reproduce.models.layers.class_head import class_head
from reproduce.models.layers.context_mixing import ContextMixing, GlobalResponse
from reproduce.models.layers.grid import AdaptiveAveragePooling
from reproduce.models.layers.padded import BatchNorm, batch_norm, conv_bn, depthwise, depthwise_bn

NORM_EPSILON, REGIONS = 1e-6, 7
# Kernel and dilation of the convolutions beside a large one (Ding et al. 2024, UniRepLKNet), in the authors' release.
BESIDE = {
    17: ((5, 1), (7, 1), (9, 2), (3, 4), (3, 5), (3, 7)),
    15: ((5, 1), (7, 1), (7, 2), (3, 3), (3, 5), (3, 7)),
    13: ((5, 1), (7, 1), (7, 2), (3, 3), (3, 4), (3, 5)),
    11: ((5, 1), (7, 1), (5, 2), (3, 3), (3, 4), (3, 5)),
    9: ((5, 1), (7, 1), (5, 2), (3, 3), (3, 4)),
    7: ((5, 1), (3, 1), (3, 2), (3, 3)),
    5: ((3, 1), (3, 2)),
}


@dataclass(frozen=True)
class Plan:
    """Sizes of an OverLoCK (Table 1 of the paper, and its release)."""

    widths: tuple[int, int, int, int]  # channels of the four stages
    depths: tuple[int, int, int, int]  # blocks of the base's three stages and of the overview
    focus_depths: tuple[int, int]  # blocks of the two stages of the second look
    kernels: tuple[int, int, int, int]  # side of the large kernels of the four stages in pixels, of `BESIDE`
    small_kernel: int  # side of the other mixed kernel, 5
    heads: tuple[int, int]  # of context mixing in the two stages of the second look
    mlp: int  # how many times wider the perceptrons are inside
    focus_mlp: int  # how many times wider they are inside in the second look
    last_channels: int  # of the 1x1 before pooling, 1024


_SIDES = (17, 15, 13, 7)
OVERLOCK_XT = Plan((56, 112, 256, 336), (2, 2, 3, 2), (6, 2), _SIDES, 5, (8, 12), 4, 3, 1024)
OVERLOCK_T = Plan((64, 128, 256, 512), (4, 4, 6, 2), (12, 2), _SIDES, 5, (8, 16), 4, 3, 1024)
OVERLOCK_S = Plan((64, 128, 320, 512), (6, 6, 8, 3), (16, 3), _SIDES, 5, (16, 32), 4, 3, 1024)


def overlock(
    size: tuple[int, int],
    *,
    n_channels: int,
    n_classes: int,
    plan: Plan,
    merged: bool,
    auxiliary: bool,
    drop_path: float,
    bn_momentum: float,
) -> keras.Model:
    """Return base, overview and focus networks (Figure 2).

    The paper's numbers of parameters, 16, 33 and 56 million, are those of the merged form without the overview's
    classifier.

    Args:
        size: Multiples of 32; at 1/16 and 1/32 no less than the plan's kernels.
        plan: Sizes, `OVERLOCK_XT`, `OVERLOCK_T` or `OVERLOCK_S`.
        merged: Whether a large kernel is one convolution with a bias, as when training is over; else the sum of several
            of several dilations, each with batch normalisation.
        auxiliary: Whether the overview has a classifier of its own, which training adds.
        drop_path: See `convnext.drop_shares`; 0.1 for T.

    Returns:
        With `auxiliary` there is "aux" of the same kind beside "class".

    Raises:
        ArgumentError: A side is no multiple of 32, a kernel is none of `BESIDE`, or larger than the grid that it mixes.
    """
    require_divisible(size, depth=5, where="overlock")
    if unknown := set(plan.kernels) - set(BESIDE):
        got, do = str(sorted(unknown)), "take one of these"
        raise ArgumentError(expected=f"kernels of {sorted(BESIDE)}", got=got, where="overlock", do=do)
    drops = drop_shares(drop_path, sum(plan.depths) + sum(plan.focus_depths))
    norm = BatchNorm(bn_momentum)
    image = keras.Input((*size, n_channels), name="image")
    x = _stem(image, plan.widths[0], norm)
    for k in range(4):
        if k:
            x = conv_bn(x, plan.widths[k], f"down{k + 1}", kernel=3, stride=2, activation=None, norm=norm)
        for i in range(plan.depths[k]):
            name, kernel = f"stage{k + 1}_block{i + 1}", plan.kernels[k]
            x = _block(x, name, kernel, plan.mlp, scaled=k > 1, merged=merged, drop=next(drops), norm=norm)
        if k == 2:
            base = x
    overview = x
    context = layers.Dense(plan.widths[3] // 4, name="context")(overview)
    x, guide = base, layers.UpSampling2D(2, interpolation="bilinear", name="context_up")(context)
    seen = guide
    for stage in (0, 1):
        if stage:
            x = conv_bn(x, plan.widths[3], "focus_down", kernel=3, stride=2, activation=None, norm=norm)
            seen = conv_bn(seen, seen.shape[-1], "context_down", kernel=3, stride=2, activation=None, norm=norm)
            guide = context
        for i in range(plan.focus_depths[stage]):
            name, width = f"focus{stage + 1}_block{i + 1}", x.shape[-1]
            if (stage, i) != (0, 0):
                seen = ChannelAffine(name=f"{name}_seen_scale")(seen)
                first = ChannelAffine(name=f"{name}_first_scale")(guide)
                seen = layers.Add(name=f"{name}_remember")([seen, first])
            both = _focus(x, seen, name, plan, stage, merged=merged, drop=next(drops), norm=norm)
            x = ChannelSlice(0, width, name=f"{name}_features")(both)
            seen = ChannelSlice(width, both.shape[-1], name=f"{name}_context")(both)
    x = conv_bn(both, plan.last_channels, "last", kernel=1, activation=_silu, norm=norm)
    outputs = {"class": class_head(layers.GlobalAveragePooling2D(name="pool")(x), n_classes)}
    if auxiliary:
        y = layers.GlobalAveragePooling2D(name="aux_pool")(batch_norm(overview, "aux", norm))
        outputs["aux"] = class_head(y, n_classes, name="aux")
    return keras.Model(image, outputs, name="overlock")


def _stem(image: Tensor, width: int, norm: BatchNorm) -> Tensor:
    x = conv_bn(image, width // 2, "stem1", kernel=3, stride=2, activation=_gelu, norm=norm)
    x = conv_bn(x, width // 2, "stem2", kernel=3, activation=_gelu, norm=norm)
    x = conv_bn(x, width, "stem3", kernel=3, stride=2, activation=_gelu, norm=norm)
    return conv_bn(x, width, "stem4", kernel=3, activation=None, norm=norm)


def _block(
    x: Tensor, name: str, kernel: int, mlp: int, *, scaled: bool, merged: bool, drop: float, norm: BatchNorm
) -> Tensor:
    """Return a block of the base and the overview: a large depthwise convolution, excitation, a perceptron."""
    width = x.shape[-1]
    x = _residual_depthwise(x, f"{name}_position")
    y = layers.LayerNormalization(epsilon=NORM_EPSILON, name=f"{name}_norm")(x)
    y = _large(y, f"{name}_large", kernel, norm, merged=merged)
    y = _perceptron(_excited(y, f"{name}_excite"), f"{name}_mlp", mlp * width, width)
    x = ChannelAffine(name=f"{name}_scale")(x) if scaled else x
    return layers.Add(name=f"{name}_add")([x, drop_images(y, drop, name)])


def _focus(
    x: Tensor, seen: Tensor, name: str, plan: Plan, stage: int, *, merged: bool, drop: float, norm: BatchNorm
) -> Tensor:
    """Return a block of the second look (Figure 3): features beside context, and kernels that the context mixes."""
    width, heads, kernel = x.shape[-1], plan.heads[stage], plan.kernels[stage + 2]
    both = layers.Concatenate(name=f"{name}_both")([x, seen])
    out = both.shape[-1]
    both = _residual_depthwise(both, f"{name}_position1")
    normed = layers.LayerNormalization(epsilon=NORM_EPSILON, name=f"{name}_norm1")(both)
    fused = layers.DepthwiseConv2D(3, padding="same", name=f"{name}_fuse1")(normed)
    fused = batch_norm(fused, f"{name}_fuse1", norm, activation=_gelu)
    fused = GlobalResponse(name=f"{name}_fuse_response")(layers.Dense(width, name=f"{name}_fuse2")(fused))
    gate = conv_bn(fused, width, f"{name}_gate", kernel=1, activation=_silu, norm=norm)
    local = _large(fused, f"{name}_large", kernel, norm, merged=merged)
    query = ChannelSlice(0, width, name=f"{name}_query_read")(normed)
    query = conv_bn(query, width // 2, f"{name}_query", kernel=1, activation=None, norm=norm)
    query = layers.Rescaling((width // heads) ** -0.5, name=f"{name}_query_scale")(query)
    key = ChannelSlice(width, out, name=f"{name}_key_read")(normed)
    key = AdaptiveAveragePooling(REGIONS, name=f"{name}_regions")(key)
    key = conv_bn(key, width // 2, f"{name}_key", kernel=1, activation=None, norm=norm)
    mixing = ContextMixing(heads, kernel, plan.small_kernel, REGIONS**2, name=f"{name}_mixing")
    y = mixing(fused, query, layers.Flatten(name=f"{name}_key_flat")(key))
    y = conv_bn(y, width, f"{name}_mixed", kernel=1, activation=None, norm=norm)
    y = _excited(layers.Add(name=f"{name}_local_add")([y, local]), f"{name}_excite")
    y = batch_norm(layers.Multiply(name=f"{name}_gated")([gate, y]), f"{name}_gated", norm)
    y = drop_images(layers.Dense(out, name=f"{name}_project")(y), drop, f"{name}_mixing")
    x = layers.Add(name=f"{name}_add1")([ChannelAffine(name=f"{name}_scale1")(both), y])
    x = _residual_depthwise(x, f"{name}_position2")
    y = layers.LayerNormalization(epsilon=NORM_EPSILON, name=f"{name}_norm2")(x)
    y = drop_images(_perceptron(y, f"{name}_mlp", plan.focus_mlp * width, out), drop, f"{name}_mlp")
    return layers.Add(name=f"{name}_add2")([ChannelAffine(name=f"{name}_scale2")(x), y])


def _large(x: Tensor, name: str, kernel: int, norm: BatchNorm, *, merged: bool) -> Tensor:
    """Return the sum of a large depthwise convolution and smaller, dilated ones, each and all of them normalised."""
    if merged:
        return batch_norm(depthwise(x, name, kernel=kernel, bias=True), f"{name}_sum", norm)
    parts = [depthwise_bn(x, name, kernel=kernel, norm=norm)]
    for side, dilation in BESIDE[kernel]:
        beside = f"{name}_{side}x{side}_{dilation}"
        parts.append(depthwise_bn(x, beside, kernel=side, dilation=dilation, norm=norm))
    return batch_norm(layers.Add(name=f"{name}_add")(parts), f"{name}_sum", norm)


def _perceptron(x: Tensor, name: str, inner: int, out: int) -> Tensor:
    x = _gelu(f"{name}1")(layers.Dense(inner, name=f"{name}1")(x))
    x = GlobalResponse(name=f"{name}_response")(_residual_depthwise(x, f"{name}_position"))
    return layers.Dense(out, name=f"{name}2")(x)


def _residual_depthwise(x: Tensor, name: str) -> Tensor:
    return layers.Add(name=f"{name}_add")([x, layers.DepthwiseConv2D(3, padding="same", name=name)(x)])


def _excited(x: Tensor, name: str) -> Tensor:
    """Return channels weighted by a perceptron on their means (Hu et al. 2018), an eighth as wide, 16 at least."""
    width = x.shape[-1]
    y = layers.GlobalAveragePooling2D(name=f"{name}_pool")(x)
    y = layers.Dense(max(16, width // 8), activation="gelu", name=f"{name}_fc1")(y)
    y = layers.Dense(width, activation="sigmoid", name=f"{name}_fc2")(y)
    return layers.Multiply(name=f"{name}_weigh")([x, layers.Reshape((1, 1, width), name=f"{name}_weights")(y)])


def _gelu(name: str) -> layers.Layer:
    return layers.Activation("gelu", name=f"{name}_gelu")


def _silu(name: str) -> layers.Layer:
    return layers.Activation("silu", name=f"{name}_silu")
