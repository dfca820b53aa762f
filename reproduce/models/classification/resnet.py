"""Residual networks (He et al. 2016), as classifiers and as backbones whose last stages dilate instead of striding."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import keras
from keras import layers

from reproduce.errors import ArgumentError
from reproduce.models import Tensor
from reproduce.models.layers.class_head import pooled_classifier
from reproduce.models.layers.padded import BatchNorm, conv_bn, max_pool

# Blocks of each stage (He et al. 2016, Table 1).
RESNET18 = (2, 2, 2, 2)
RESNET34 = RESNET50 = (3, 4, 6, 3)
RESNET101 = (3, 4, 23, 3)
RESNET152 = (3, 8, 36, 3)


BlockKind = Literal["basic", "bottleneck_1x1", "bottleneck_3x3"]
Stem = Literal["7x7", "3x3"]
FirstDilation = Literal["own", "previous"]


@dataclass(frozen=True)
class Stage:
    """Residual blocks of one width.

    Attributes:
        stride: Step of the first block in pixels.
        dilations: For each block the distance in pixels between neighbouring taps of its 3x3 convolutions.

    Raises:
        ArgumentError: No block, a number below 1, or a first block that both strides and dilates.
    """

    stride: int
    dilations: tuple[int, ...]

    def __post_init__(self) -> None:
        if not self.dilations or min(self.stride, *self.dilations) < 1 or (self.stride > 1 and self.dilations[0] > 1):
            expected = "one block or more, numbers from 1, and a first block that strides or dilates, not both"
            do = "let a stage stride, or give it stride 1 and dilate it"
            raise ArgumentError(expected=expected, got=repr(self), where="Stage", do=do)


@dataclass(frozen=True)
class Variant:
    """What papers and frameworks do differently under the name of one ResNet.

    Attributes:
        block: "basic" (two 3x3), or a bottleneck (1x1, 3x3, 1x1) that strides in its first 1x1 ("bottleneck_1x1": He
            et al. 2016, keras.applications) or in its 3x3 ("bottleneck_3x3": torchvision, "v1.5").
        stem: "7x7" (the paper), or "3x3": three 3x3 convolutions, the last of twice the width (PSPNet's release).
        conv_bias: Whether convolutions that batch normalisation follows have biases, as those of keras.applications do.
        bn_momentum: See the package.
        frozen_bn: Whether batch normalisation is a constant scale and shift that training leaves alone.

    Raises:
        ArgumentError: `block` or `stem` is none of these.
    """

    block: BlockKind
    stem: Stem
    conv_bias: bool
    bn_momentum: float
    frozen_bn: bool

    def __post_init__(self) -> None:
        choices = {"block": ("basic", "bottleneck_1x1", "bottleneck_3x3"), "stem": ("7x7", "3x3")}
        for field, known in choices.items():
            if (got := getattr(self, field)) not in known:
                where = f"Variant.{field}"
                raise ArgumentError(expected=" or ".join(known), got=repr(got), where=where, do="take one")

    def conv(self, x: Tensor, filters: int, kernel: int, name: str, **settings: Any) -> Tensor:
        """Return `padded.conv_bn` with the biases and the batch normalisation of this variant."""
        norm = BatchNorm(self.bn_momentum, frozen=self.frozen_bn)
        return conv_bn(x, filters, name, kernel=kernel, bias=self.conv_bias, norm=norm, **settings)


def dilated_stages(
    blocks: Sequence[int], *, output_stride: int, first_dilation: FirstDilation, multi_grid: Sequence[int] | None
) -> tuple[Stage, ...]:
    """Return stages that stride down to `output_stride` and dilate from there on (Chen et al. 2017, 3.1 and 3.2).

    A stage that would go below the output stride keeps its grid, and twice as much dilation stands for each halving.

    Args:
        blocks: Blocks of the four stages.
        output_stride: Pixels of the image for one of the last features, along an axis: 8, 16 or 32.
        first_dilation: Dilation of the first block of a stage that dilates: the stage's "own" (the papers), or that of
            the stage before, the "previous" one (torchvision).
        multi_grid: For each block of the last stage, what its dilation is multiplied by (3.2.1); None for no
            factors.

    Raises:
        ArgumentError: Another number of stages or of factors, another output stride, or a first block of the last stage
            that both strides and dilates.
    """
    checks = (
        (len(blocks) == 4 and min(blocks) > 0, "four stages of a block or more", f"blocks {tuple(blocks)}"),
        (output_stride in (8, 16, 32), "an output stride of 8, 16 or 32", str(output_stride)),
        (first_dilation in ("own", "previous"), 'a first dilation "own" or "previous"', repr(first_dilation)),
        (
            multi_grid is None or len(multi_grid) == sum(blocks[3:]),
            "a factor of multi_grid for each block of the last stage",
            f"{multi_grid} for blocks {tuple(blocks)}",
        ),
    )
    for holds, expected, got in checks:
        if not holds:
            do = "take what the paper or torchvision has; the docstring of deeplabv3 lists both"
            raise ArgumentError(expected=expected, got=got, where="dilated_stages", do=do)
    stages, stride, dilation = [Stage(1, (1,) * blocks[0])], 4, 1
    for n_blocks in blocks[1:]:
        if stride < output_stride:
            stride *= 2
            stages.append(Stage(2, (1,) * n_blocks))
        else:
            first = dilation if first_dilation == "previous" else 2 * dilation
            dilation *= 2
            stages.append(Stage(1, (first,) + (dilation,) * (n_blocks - 1)))
    last = stages.pop()
    factors = (1,) * blocks[3] if multi_grid is None else multi_grid
    return (*stages, Stage(last.stride, tuple(d * f for d, f in zip(last.dilations, factors, strict=True))))


def resnet_features(image: Tensor, stages: Sequence[Stage], variant: Variant, *, width: int) -> tuple[Tensor, ...]:
    """Return the features after each stage of a residual network.

    Convolutions that stride are padded by half their kernel on all sides, as He et al.'s and torch's are; Keras' "same"
    would pad more below and to the right. The max-pooling is padded with zeros where torch pads with -infinity: after a
    ReLU the maximum is the same.

    Each stage gives `[batch, y', x', filters]`: filters are width * 2^k in stage k from 0, four times as many from
    bottlenecks; the stem and its pooling halve the grid twice (rounded up), then come the strides. The paper's width,
    that of the stem, is 64.
    """
    if variant.stem == "7x7":
        x = variant.conv(image, width, 7, "stem_conv1", stride=2)
    else:
        x = variant.conv(image, width, 3, "stem_conv1", stride=2)
        x = variant.conv(x, width, 3, "stem_conv2")
        x = variant.conv(x, 2 * width, 3, "stem_conv3")
    x = max_pool(x, "stem_pool")
    outputs = []
    for k, stage in enumerate(stages):
        for i, dilation in enumerate(stage.dilations):
            name, stride = f"stage{k + 1}_block{i + 1}", stage.stride if i == 0 else 1
            x = _residual(x, width * 2**k, name, variant, stride=stride, dilation=dilation)
        outputs.append(x)
    return tuple(outputs)


def _residual(x: Tensor, filters: int, name: str, variant: Variant, *, stride: int, dilation: int) -> Tensor:
    """Return relu(F(x) + shortcut(x)) (He et al. 2016, equations 1 and 2, Figure 5; shortcuts of option B)."""
    if variant.block == "basic":
        wide = filters
        y = variant.conv(x, filters, 3, f"{name}_conv1", stride=stride, dilation=dilation)
        y = variant.conv(y, wide, 3, f"{name}_conv2", dilation=dilation, activation=None)
    else:
        wide = 4 * filters
        first, middle = (stride, 1) if variant.block == "bottleneck_1x1" else (1, stride)
        y = variant.conv(x, filters, 1, f"{name}_conv1", stride=first)
        y = variant.conv(y, filters, 3, f"{name}_conv2", stride=middle, dilation=dilation)
        y = variant.conv(y, wide, 1, f"{name}_conv3", activation=None)
    if stride != 1 or x.shape[-1] != wide:
        x = variant.conv(x, wide, 1, f"{name}_shortcut", stride=stride, activation=None)
    return layers.ReLU(name=f"{name}_relu")(layers.Add(name=f"{name}_add")([y, x]))


def resnet(
    size: tuple[int, int],
    *,
    n_channels: int,
    n_classes: int,
    width: int,
    blocks: Sequence[int],
    block: BlockKind,
    conv_bias: bool,
    bn_momentum: float,
) -> keras.Model:
    """Return a residual network as classifier (He et al. 2016, Table 1): global average pooling and one dense layer.

    ResNet-18 and -34 have basic blocks, the others bottlenecks. torchvision's have no `conv_bias` and stride in the 3x3
    ("bottleneck_3x3"); those of keras.applications have biases and stride in the first 1x1.

    Args:
        size: Any, since pooling takes what grid is left.
        width: Channels of the stem, 64 in the paper.
        blocks: Blocks of each stage, e.g. `RESNET50`.
        block: See `Variant`.
        conv_bias: See `Variant`.

    Raises:
        ArgumentError: `block` is none of these, or a stage has no block.
    """
    variant = Variant(block=block, stem="7x7", conv_bias=conv_bias, bn_momentum=bn_momentum, frozen_bn=False)
    stages = [Stage(1 if k == 0 else 2, (1,) * n) for k, n in enumerate(blocks)]
    image = keras.Input((*size, n_channels), name="image")
    x = resnet_features(image, stages, variant, width=width)[-1]
    return pooled_classifier(image, x, n_classes, "resnet")
