"""SegNet (Badrinarayanan, Kendall and Cipolla 2017, "SegNet: A Deep Convolutional Encoder-Decoder Architecture")."""

from __future__ import annotations

import keras
from keras import layers

from reproduce.models.classification.vgg import VGG16, stage_filters, vgg_stage
from reproduce.models.layers.blocks import conv_bn_relu, probabilities, require_divisible
from reproduce.models.layers.unpooling import MaxPoolingWithIndices, Unpooling


def segnet(size: tuple[int, int], *, n_channels: int, n_regions: int, width: int, bn_momentum: float) -> keras.Model:
    """Return the convolutions of VGG-16, and their mirror image, which unpools by where the encoder's maxima stood.

    Each convolution is followed by batch normalisation and ReLU but for the last, whose channels are the regions
    (section 3). The first convolution of a decoder's stage but the last keeps its channels, and the last of a stage
    brings them down to those of the next. The paper's width is 64.

    Args:
        size: Multiples of 32.
        width: Channels of the first stage; the next ones have 2, 4, 8 and 8 times as many.
    """
    require_divisible(size, depth=len(VGG16), where="segnet")
    image = x = keras.Input((*size, n_channels), name="image")
    indices = []
    for stage in range(1, len(VGG16) + 1):
        x = vgg_stage(x, stage, VGG16[stage - 1], width=width, bn_momentum=bn_momentum)
        x, index = MaxPoolingWithIndices(name=f"pool{stage}")(x)
        indices.append(index)
    filters = stage_filters(width)  # now [batch, y / 32, x / 32, 8 width]
    for stage in range(len(VGG16), 0, -1):
        x = Unpooling(name=f"unpool{stage}")(x, indices[stage - 1])
        for i in range(VGG16[stage - 1], 0, -1):
            if (stage, i) == (1, 1):
                break
            out = filters[stage - 1] if i > 1 else filters[stage - 2]
            x = conv_bn_relu(x, out, f"deconv{stage}_{i}", bias=True, bn_momentum=bn_momentum)
    logits = layers.Conv2D(n_regions, 3, padding="same", dtype="float32", name="mask_logits")(x)
    return keras.Model(image, {"mask": probabilities(logits, "mask")}, name="segnet")
