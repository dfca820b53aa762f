"""Vision Transformer (Dosovitskiy et al. 2021, "An Image is Worth 16x16 Words"): patches as tokens, self-attention."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import keras
from keras import layers, ops

from reproduce.errors import ArgumentError
from reproduce.models import Shape, Tensor, register
from reproduce.models.layers.class_head import class_head
from reproduce.models.layers.footprint import Bins, Everywhere, Reading
from reproduce.models.layers.own_layer import OwnLayer

# Of layer normalisation: that of the authors' release and torchvision's.
EPSILON = 1e-6
NORMAL = {"class_name": "TruncatedNormal", "config": {"stddev": 0.02}}
"""How weights of transformers start. By its configuration, so that each layer draws from a seed of its own: an instance
has one from when it was imported, and gives all weights of one shape the same values."""


@register
class Tokens(OwnLayer):
    """A learned class token before the patches in rows, plus a learned position each (Dosovitskiy et al. 2021, eq. 1).

    The tokens keep an axis of length 1 before them, so that a tensor still has as many axes as the image.
    """

    def build(self, input_shape: Shape) -> None:
        """Add `[channel]` for the class, `[1 + y * x, channel]` for the positions."""
        _, y, x, channels = input_shape
        self.class_token = self.add_weight(shape=(channels,), initializer="zeros", name="class_token")
        self.positions = self.add_weight(shape=(1 + y * x, channels), initializer=NORMAL, name="positions")

    def call(self, inputs: Tensor) -> Tensor:
        """Return `[batch, 1, 1 + y * x, channel]` of patches `[batch, y, x, channel]`."""
        _, y, x, channels = inputs.shape
        patches = ops.reshape(inputs, (-1, 1, y * x, channels))
        shape = (ops.shape(inputs)[0], 1, 1, channels)
        token = ops.broadcast_to(ops.cast(self.class_token, self.compute_dtype), shape)
        return ops.concatenate([token, patches], axis=2) + self.positions

    def readings(self, grid: Shape) -> tuple[Reading, ...]:
        """Return a bound, as if each token read all patches, as the next layer does."""
        return Bins(1), Everywhere(1 + math.prod(grid))


@register
class SelfAttention(OwnLayer):
    """Each position as a mean of all, weighted by heads (Vaswani et al. 2017, 3.2), with biases.

    Args:
        heads: Number of heads; each has its share of the channels.
        dropout: Share of the weights that training drops.
    """

    reading = Everywhere()

    def __init__(self, heads: int, dropout: float, **kwargs: Any):
        super().__init__(**kwargs)
        self.heads, self.dropout = heads, dropout

    def build(self, input_shape: Shape) -> None:
        """Add query, key, value and output, each of as many channels as come in."""
        channels = input_shape[-1]
        if channels % self.heads:
            expected, do = f"a multiple of {self.heads} heads", "take a width that the heads can share"
            raise ArgumentError(expected=expected, got=f"{channels} channels", where=self.name, do=do)
        self.attention = layers.MultiHeadAttention(
            self.heads, channels // self.heads, dropout=self.dropout, dtype=self.dtype_policy, name="attention"
        )
        flat = (input_shape[0], math.prod(input_shape[1:-1]), channels)
        self.attention.build(flat, flat)

    def call(self, inputs: Tensor, training: bool | None = None) -> Tensor:
        """Return the same shape."""
        flat = ops.reshape(inputs, (-1, math.prod(inputs.shape[1:-1]), inputs.shape[-1]))
        return ops.reshape(self.attention(flat, flat, training=training), (-1, *inputs.shape[1:]))

    def multiply_adds(self, shapes: Sequence[Shape], output: Shape) -> int:
        """Return those of four dense layers, of queries times keys, and of weights times values."""
        n, channels = math.prod(output[:-1]), output[-1]
        return 4 * n * channels**2 + 2 * n**2 * channels


def vit(
    size: tuple[int, int],
    *,
    n_channels: int,
    n_classes: int,
    patch: int,
    width: int,
    depth: int,
    heads: int,
    mlp_width: int,
    dropout: float,
) -> keras.Model:
    """Return patches as tokens through a transformer's encoder, and a dense layer on the class token (3.1, Figure 1).

    ViT-B/16 has patches of 16, width 768, depth 12, 12 heads and 3072 units (Table 1). The head is that of fine-tuning;
    in pre-training there is a hidden layer of tanh before it. silent: how weights start; we take the normal
    distribution of 0.02 for positions and Glorot's for the rest, as the release does.

    Args:
        size: Multiples of the patch; positions are learned for this size.
        patch: Side of a patch in pixels.
        width: Channels of a token, a multiple of the heads.
        depth: Blocks of attention and perceptron.
        heads: Heads of the attention.
        mlp_width: Hidden units of the perceptrons.
        dropout: Share that training drops of the tokens, after each dense layer but those of attention: 0.1 where the
            release trains on ImageNet, 0 in torchvision.

    Raises:
        ArgumentError: The image is no whole number of patches, or the heads cannot share the width.
    """
    if any(side < patch or side % patch for side in size):
        do = "resize, or take another patch"
        got = f"{size[0]} x {size[1]} pixels"
        raise ArgumentError(expected=f"multiples of the patch, {patch} pixels", got=got, where="vit", do=do)
    image = keras.Input((*size, n_channels), name="image")
    x = layers.Conv2D(width, patch, patch, name="patches")(image)
    x = layers.Dropout(dropout, name="tokens_dropout")(Tokens(name="all_tokens")(x))  # [batch, 1, 1 + patches, width]
    for i in range(1, depth + 1):
        name = f"block{i}"
        y = layers.LayerNormalization(epsilon=EPSILON, name=f"{name}_norm1")(x)
        y = SelfAttention(heads, 0.0, name=f"{name}_attention")(y)
        y = layers.Dropout(dropout, name=f"{name}_dropout1")(y)
        x = layers.Add(name=f"{name}_add1")([x, y])
        y = layers.LayerNormalization(epsilon=EPSILON, name=f"{name}_norm2")(x)
        y = layers.Dense(mlp_width, name=f"{name}_mlp1")(y)
        y = layers.Activation("gelu", name=f"{name}_gelu")(y)
        y = layers.Dropout(dropout, name=f"{name}_dropout2")(y)
        y = layers.Dense(width, name=f"{name}_mlp2")(y)
        y = layers.Dropout(dropout, name=f"{name}_dropout3")(y)
        x = layers.Add(name=f"{name}_add2")([x, y])
    x = layers.LayerNormalization(epsilon=EPSILON, name="norm")(x)
    x = layers.Cropping2D(((0, 0), (0, x.shape[2] - 1)), name="class_token")(x)
    return keras.Model(image, {"class": class_head(layers.Flatten(name="flat")(x), n_classes)}, name="vit")
