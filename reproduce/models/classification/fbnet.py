"""FBNet-C (Wu et al. 2019, "FBNet: Hardware-Aware Efficient ConvNet Design via Differentiable ... Search")."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import keras
from keras import layers

from reproduce.errors import ArgumentError
from reproduce.models.layers.class_head import class_head, in_proportion
from reproduce.models.layers.padded import conv_bn, depthwise_bn, relu


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
    """A 3x3 stem, blocks of 1x1, depthwise and 1x1 convolutions, a last 1x1, pooling and a dense layer (Table 1).

    Args:
        size: (y, x) of the image in pixels; 224 in the paper.
        n_channels: Channels of the image.
        n_classes: Classes that exclude each other; 1 for yes or no.
        blocks: What the search chose, `FBNET_C`.
        width: Share of all channels, 1 in the paper.
        bn_momentum: Share of the old running statistics that one step keeps.
        epsilon: Added to the variance by batch normalisation; frameworks disagree.
        dropout: Share of the pooled features that training drops; the paper does not say.

    Returns:
        Model from float `[batch, y, x, n_channels]` to `{"class": float32 [batch, n_classes]}`: a softmax, or a sigmoid
        where there is one class.

    Raises:
        ArgumentError: No blocks, or a share of channels that is no whole number of them.
    """
    if not blocks:
        raise ArgumentError(expected="a block or more", got="none", where="fbnet", do="take FBNET_C")
    settings = {"bn_momentum": bn_momentum, "epsilon": epsilon}
    image = keras.Input((*size, n_channels), name="image")
    stem = in_proportion(STEM, width, where="fbnet")
    x = conv_bn(image, stem, "stem", kernel=3, stride=2, activation=relu, **settings)
    for i, block in enumerate(blocks, start=1):
        x = _block(x, block, in_proportion(block.channels, width, where="fbnet"), f"block{i}", settings)
    last = in_proportion(LAST, width, where="fbnet")
    x = conv_bn(x, last, "last", kernel=1, activation=relu, **settings)
    x = layers.GlobalAveragePooling2D(name="pool")(x)
    x = layers.Dropout(dropout, name="pool_dropout")(x)
    return keras.Model(image, {"class": class_head(x, n_classes)}, name="fbnet")


def _block(x, block: Block, filters: int, name: str, settings: dict):
    """Figure 3; what it reads is added where the shape stays. The last 1x1 has no ReLU."""
    y = conv_bn(x, block.expansion * x.shape[-1], f"{name}_expand", kernel=1, activation=relu, **settings)
    y = depthwise_bn(y, f"{name}_depthwise", kernel=block.kernel, stride=block.stride, activation=relu, **settings)
    y = conv_bn(y, filters, f"{name}_project", kernel=1, activation=None, **settings)
    same = block.stride == 1 and x.shape[-1] == filters
    return layers.Add(name=f"{name}_add")([x, y]) if same else y
