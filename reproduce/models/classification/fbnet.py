"""FBNet-C (Wu et al. 2019, "FBNet: Hardware-Aware Efficient ConvNet Design via Differentiable ... Search")."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import keras
from keras import layers

from reproduce.errors import ArgumentError
from reproduce.models import Tensor
from reproduce.models.layers.class_head import in_proportion, pooled_classifier
from reproduce.models.layers.padded import BatchNorm, conv_bn, depthwise_bn, relu


@dataclass(frozen=True)
class Block:
    """A block that the search may choose (Figure 3 and Table 2 there).

    Attributes:
        kernel: Side of the depthwise convolution in pixels.
        expansion: How many times wider the block is inside than what it reads.
        channels: Out.
        stride: In pixels.
    """

    kernel: int
    expansion: int
    channels: int
    stride: int


# What the search found for a Samsung S8 and iPhone X alike is drawn in Figure 4 there and written in the authors'
# release; a block that was skipped is left out.
FBNET_C = (
    *(Block(3, 1, 16, 1), Block(3, 6, 24, 2), Block(3, 1, 24, 1), Block(3, 1, 24, 1)),
    *(Block(5, 6, 32, 2), Block(5, 3, 32, 1), Block(5, 6, 32, 1), Block(3, 6, 32, 1)),
    *(Block(5, 6, 64, 2), Block(5, 3, 64, 1), Block(5, 6, 64, 1), Block(5, 6, 64, 1)),
    *(Block(5, 6, 112, 1), Block(5, 6, 112, 1), Block(5, 6, 112, 1), Block(5, 3, 112, 1)),
    *(Block(5, 6, 184, 2), Block(5, 6, 184, 1), Block(5, 6, 184, 1), Block(5, 6, 184, 1)),
    Block(3, 6, 352, 1),
)
STEM, LAST = 16, 1984


def fbnet(
    size: tuple[int, int],
    *,
    n_channels: int,
    n_classes: int,
    blocks: Sequence[Block],
    width: float,
    bn_momentum: float,
    epsilon: float,
    dropout: float,
) -> keras.Model:
    """Return a 3x3 stem, blocks of 1x1, depthwise and 1x1 convolutions, a last 1x1 and a dense layer (Table 1).

    Args:
        blocks: What the search chose, `FBNET_C`.
        width: Share of all channels, 1 in the paper.
        epsilon: Added to the variance by batch normalisation; frameworks disagree.
        dropout: The paper does not say.

    Raises:
        ArgumentError: No blocks, or a share of channels that is no whole number of them.
    """
    if not blocks:
        raise ArgumentError(expected="a block or more", got="none", where="fbnet", do="take FBNET_C")
    norm = BatchNorm(bn_momentum, epsilon=epsilon)
    image = keras.Input((*size, n_channels), name="image")
    x = conv_bn(image, in_proportion(STEM, width, where="fbnet"), "stem", kernel=3, stride=2, norm=norm)
    for i, block in enumerate(blocks, start=1):
        x = _block(x, block, in_proportion(block.channels, width, where="fbnet"), f"block{i}", norm)
    x = conv_bn(x, in_proportion(LAST, width, where="fbnet"), "last", kernel=1, norm=norm)
    return pooled_classifier(image, x, n_classes, "fbnet", dropout=dropout)


def _block(x: Tensor, block: Block, filters: int, name: str, norm: BatchNorm) -> Tensor:
    """Return a block (Figure 3); what it reads is added where the shape stays. The last 1x1 has no ReLU."""
    y = conv_bn(x, block.expansion * x.shape[-1], f"{name}_expand", kernel=1, norm=norm)
    y = depthwise_bn(y, f"{name}_depthwise", kernel=block.kernel, stride=block.stride, activation=relu, norm=norm)
    y = conv_bn(y, filters, f"{name}_project", kernel=1, activation=None, norm=norm)
    same = block.stride == 1 and x.shape[-1] == filters
    return layers.Add(name=f"{name}_add")([x, y]) if same else y
