"""Vision Transformer (Dosovitskiy et al. 2021, "An Image is Worth 16x16 Words")."""

from __future__ import annotations

import keras
from keras import layers

from reproduce.errors import ArgumentError
from reproduce.models.layers.attention import SelfAttention, Tokens
from reproduce.models.layers.class_head import class_head

# Of layer normalisation: that of the authors' release and torchvision's.
EPSILON = 1e-6


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
        heads: Of the attention.
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
