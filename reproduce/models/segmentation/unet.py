"""U-Net (Ronneberger, Fischer and Brox 2015, "U-Net: Convolutional Networks for Biomedical Image Segmentation")."""

from __future__ import annotations

import keras
from keras import layers

from reproduce.models.layers.blocks import exclusive_mask_head, require_divisible, two_convs
from reproduce.models.layers.padded import HE

_POOLINGS = 4


def unet(
    size: tuple[int, int],
    *,
    n_channels: int,
    n_regions: int,
    width: int,
    batch_norm: bool,
    bn_momentum: float,
    dropout: float,
) -> keras.Model:
    """Return two convolutions a level, four poolings, and a decoder that joins the encoder's features of each level.

    The paper's layers (section 2, Figure 1; width 64) but for the padding: its convolutions are "valid", so 572x572
    pixels give 388x388 and features are cropped before they are joined. Ours keep the grid by zeros at the border, so
    that each pixel of the image has its probability and nothing is cropped; parameters are the same.

    "Drop-out layers at the end of the contracting path" (section 3.1) are two in the network that the authors released:
    after the fourth level, before both its pooling and its way to the decoder, and after the lowest level, at a rate
    of 0.5, which the paper does not print.

    Args:
        size: Multiples of 16.
        width: Channels of the first level (the paper: 64); each of the four next doubles them.
        batch_norm: Whether each 3x3 convolution is followed by batch normalisation; the paper has none.
        dropout: Share of the features that each of the two layers drops in training, in [0, 1).
    """
    require_divisible(size, depth=_POOLINGS, where="unet")
    settings = {"bias": True, "bn_momentum": bn_momentum if batch_norm else None}
    image = x = keras.Input((*size, n_channels), name="image")
    skips = []
    for i in range(1, _POOLINGS + 1):
        x = two_convs(x, width * 2 ** (i - 1), f"encoder{i}", **settings)
        if i == _POOLINGS:
            x = layers.Dropout(dropout, name=f"encoder{i}_dropout")(x)
        skips.append(x)
        x = layers.MaxPooling2D(2, name=f"encoder{i}_pool")(x)
    x = two_convs(x, width * 2**_POOLINGS, "bottleneck", **settings)  # [batch, y / 16, x / 16, 16 width]
    x = layers.Dropout(dropout, name="bottleneck_dropout")(x)
    for i in range(_POOLINGS, 0, -1):
        filters = width * 2 ** (i - 1)
        x = layers.Conv2DTranspose(filters, 2, 2, **HE, name=f"decoder{i}_up")(x)
        x = layers.Concatenate(name=f"decoder{i}_skip")([skips[i - 1], x])
        x = two_convs(x, filters, f"decoder{i}", **settings)
    return keras.Model(image, {"mask": exclusive_mask_head(x, n_regions)}, name="unet")
