"""SegNet (Badrinarayanan, Kendall and Cipolla 2017, "SegNet: A Deep Convolutional Encoder-Decoder Architecture")."""

from __future__ import annotations

import keras
from keras import layers

from reproduce.models.layers.blocks import biased_conv_relu, region_probabilities, require_divisible
from reproduce.models.layers.unpooling import MaxPoolingWithIndices, Unpooling
from reproduce.models.layers.vgg import N_CONVS, stage_filters, vgg16_stage


def segnet(size: tuple[int, int], *, n_channels: int, n_regions: int, width: int, bn_momentum: float) -> keras.Model:
    """The convolutions of VGG-16, and their mirror image, which unpools by where the encoder's maxima stood.

    Each convolution is followed by batch normalisation and ReLU but for the last, whose channels are the regions
    (section 3). The first convolution of a decoder's stage but the last keeps its channels, and the last of a stage
    brings them down to those of the next. The paper's width is 64.

    Args:
        size: (y, x) of the image in pixels, multiples of 32.
        n_channels: Channels of the image.
        n_regions: Regions of the mask; where there are several, the background is the first.
        width: Channels of the first stage; the next ones have 2, 4, 8 and 8 times as many.
        bn_momentum: See `blocks.conv_bn_relu`.

    Returns:
        Model from float `[batch, y, x, n_channels]` to `{"mask": float32 [batch, y, x, n_regions]}`: the softmax over
        regions, or the sigmoid of one.

    Raises:
        ArgumentError: A side is no positive multiple of 32.
    """
    require_divisible(size, depth=len(N_CONVS), where="segnet")
    image = keras.Input((*size, n_channels), name="image")
    x, indices = image, []
    for stage in range(1, len(N_CONVS) + 1):
        x = vgg16_stage(x, stage, width=width, batch_norm=True, bn_momentum=bn_momentum)
        x, index = MaxPoolingWithIndices(name=f"pool{stage}")(x)
        indices.append(index)
    filters = stage_filters(width)  # now [batch, y / 32, x / 32, 8 width]
    for stage in range(len(N_CONVS), 0, -1):
        x = Unpooling(name=f"unpool{stage}")(x, indices[stage - 1])
        for i in range(N_CONVS[stage - 1], 0, -1):
            if (stage, i) == (1, 1):
                break
            out = filters[stage - 1] if i > 1 else filters[stage - 2]
            x = biased_conv_relu(x, out, f"deconv{stage}_{i}", batch_norm=True, bn_momentum=bn_momentum)
    logits = layers.Conv2D(n_regions, 3, padding="same", dtype="float32", name="mask_logits")(x)
    return keras.Model(image, {"mask": region_probabilities(logits)}, name="segnet")
