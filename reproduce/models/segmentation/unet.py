"""U-Net (Ronneberger, Fischer and Brox 2015, "U-Net: Convolutional Networks for Biomedical Image Segmentation")."""

from __future__ import annotations

import keras
from keras import layers

from reproduce.models.layers.blocks import biased_conv_relu, region_probabilities, require_divisible

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
    """Two convolutions a level, four poolings, and a decoder that joins the encoder's features of each level.

    The paper's layers (section 2, Figure 1; width 64) but for the padding: its convolutions are "valid", so 572x572
    pixels give 388x388 and features are cropped before they are joined. Ours keep the grid by zeros at the border, so
    that each pixel of the image has its probability and nothing is cropped; parameters are the same.

    "Drop-out layers at the end of the contracting path" (section 3.1) are two in the network that the authors released:
    after the fourth level, before both its pooling and its way to the decoder, and after the lowest level, at a rate
    of 0.5, which the paper does not print.

    Args:
        size: (y, x) of the image in pixels, multiples of 16.
        n_channels: Channels of the image.
        n_regions: Regions of the mask; where there are several, the background is the first.
        width: Channels of the first level (the paper: 64); each of the four next doubles them.
        batch_norm: Whether each 3x3 convolution is followed by batch normalisation; the paper has none.
        bn_momentum: See `blocks.conv_bn_relu`; without effect where there is no batch normalisation.
        dropout: Share of the features that each of the two layers drops in training, in [0, 1).

    Returns:
        Model from float `[batch, y, x, n_channels]` to `{"mask": float32 [batch, y, x, n_regions]}`: the softmax over
        regions, or the sigmoid of one.

    Raises:
        ArgumentError: A side is no positive multiple of 16.
    """
    require_divisible(size, depth=_POOLINGS, where="unet")

    def level(x, filters: int, name: str):
        for i in (1, 2):
            x = biased_conv_relu(x, filters, f"{name}_conv{i}", batch_norm=batch_norm, bn_momentum=bn_momentum)
        return x

    image = keras.Input((*size, n_channels), name="image")
    x, skips = image, []
    for i in range(1, _POOLINGS + 1):
        x = level(x, width * 2 ** (i - 1), f"encoder{i}")
        if i == _POOLINGS:
            x = layers.Dropout(dropout, name=f"encoder{i}_dropout")(x)
        skips.append(x)
        x = layers.MaxPooling2D(2, name=f"encoder{i}_pool")(x)
    x = level(x, width * 2**_POOLINGS, "bottleneck")  # [batch, y / 16, x / 16, 16 width]
    x = layers.Dropout(dropout, name="bottleneck_dropout")(x)
    for i in range(_POOLINGS, 0, -1):
        filters = width * 2 ** (i - 1)
        x = layers.Conv2DTranspose(filters, 2, 2, kernel_initializer="he_normal", name=f"decoder{i}_up")(x)
        x = layers.Concatenate(name=f"decoder{i}_skip")([skips[i - 1], x])
        x = level(x, filters, f"decoder{i}")
    logits = layers.Conv2D(n_regions, 1, dtype="float32", name="mask_logits")(x)
    return keras.Model(image, {"mask": region_probabilities(logits)}, name="unet")
