"""FCN-8s, FCN-16s and FCN-32s (Long, Shelhamer and Darrell 2015, "Fully Convolutional Networks").

The network of the "FCNN" of Zheng et al. 2024, whose text (3) describes convolution in place of the dense layers,
deconvolution up to the grid of the image, batch normalisation and dropout, and names no backbone.
"""

from __future__ import annotations

from typing import Any, Literal

import keras
import numpy as np
from keras import layers, ops

from reproduce.errors import ArgumentError
from reproduce.models import Shape, Tensor, register
from reproduce.models.classification.vgg import VGG16, vgg_stage
from reproduce.models.layers.blocks import conv_bn_relu, probabilities, require_divisible
from reproduce.models.layers.padded import HE


@register
class BilinearUpsampling(keras.initializers.Initializer):
    """The kernel of a transposed convolution that interpolates linearly along y and x, each channel by itself.

    For a factor f it is 2 f pixels wide and falls linearly from its middle: 1 - |i - (f - 1/2)| / f for i = 0..2f-1
    (section 3.3 there; f even). With stride f and padding "same" pixel j of the output lies at (j + 1/2) / f - 1/2 of
    the input, as torch's `align_corners=False` has it; beyond the border the input counts as zero.
    """

    def __call__(self, shape: Shape, dtype: Any = None) -> Tensor:
        """Return the kernel.

        Args:
            shape: (2 f, 2 f, channels, channels).
            dtype: Precision of the kernel; None takes Keras' own.

        Raises:
            ArgumentError: f is odd, or the shape is not of this form.
        """
        if len(shape) != 4 or shape[0] != shape[1] or shape[0] % 4 or shape[2] != shape[3]:
            expected = "a square kernel of side 2 f with f even, and as many channels out as in"
            do = "upsample by an even factor f with a kernel of 2 f pixels, and keep the channels"
            got = f"a kernel of shape {tuple(shape)}"
            raise ArgumentError(expected=expected, got=got, where="BilinearUpsampling", do=do)
        factor = shape[0] // 2
        fall = 1 - np.abs(np.arange(2 * factor) - (factor - 0.5)) / factor
        kernel = np.outer(fall, fall)[:, :, None, None] * np.eye(shape[2])
        return ops.convert_to_tensor(kernel, dtype=dtype or keras.config.floatx())


def fcn8s(size: tuple[int, int], **settings: Any) -> keras.Model:
    """Return FCN-8s: `fcn` of stride 8, with its other arguments, its result and its errors."""
    return fcn(size, stride=8, **settings)


def fcn(
    size: tuple[int, int],
    *,
    stride: Literal[8, 16, 32],
    n_channels: int,
    n_regions: int,
    width: int,
    batch_norm: bool,
    bn_momentum: float,
    dropout: float,
) -> keras.Model:
    """Return VGG-16 with dense layers as convolutions, whose scores are brought up and joined with those of poolings.

    Where the authors' Caffe network pads the image by 100 pixels and crops every deconvolution, we keep the grid by
    zeros at the border of each layer: nothing is cropped, and sides are multiples of 32. Their scores start at zero on
    a trained VGG-16; ours start as He et al. (2015) since nothing is trained before. Every deconvolution starts as
    linear interpolation, as theirs, and all are learned, as in the counts of the literature; they have no bias.

    Args:
        size: Multiples of 32.
        stride: Stride of the last deconvolution: 8 joins pool3 and pool4, 16 joins pool4, 32 joins none.
        width: Channels of the first stage (the paper: 64); fc6 and fc7 have 64 times as many.
        batch_norm: Whether batch normalisation follows every convolution but the scores; the paper has none, that
            of Zheng et al. 2024 has.
        dropout: Share of the features that is dropped in training after fc6 and after fc7, in [0, 1).
    """
    require_divisible(size, depth=len(VGG16), where=f"fcn{stride}s")
    momentum = bn_momentum if batch_norm else None
    image = x = keras.Input((*size, n_channels), name="image")
    pooled = {}
    for stage, n_convs in enumerate(VGG16, start=1):
        x = vgg_stage(x, stage, n_convs, width=width, bn_momentum=momentum)
        x = pooled[2**stage] = layers.MaxPooling2D(2, name=f"pool{stage}")(x)
    for name, kernel in (("fc6", 7), ("fc7", 1)):
        x = conv_bn_relu(x, 64 * width, name, kernel=kernel, bias=True, bn_momentum=momentum)
        x = layers.Dropout(dropout, name=f"{name}_dropout")(x)
    x = _score(x, n_regions, "score_fc7")  # [batch, y / 32, x / 32, n_regions]
    at = 32
    while at > stride:
        at //= 2
        name = f"pool{at.bit_length() - 1}"
        x = _up(x, 2, f"up_{name}")
        x = layers.Add(dtype="float32", name=f"fuse_{name}")([x, _score(pooled[at], n_regions, f"score_{name}")])
    return keras.Model(image, {"mask": probabilities(_up(x, stride, "up_image"), "mask")}, name=f"fcn{stride}s")


def _score(x: Tensor, n_regions: int, name: str) -> Tensor:
    return layers.Conv2D(n_regions, 1, **HE, dtype="float32", name=name)(x)


def _up(x: Tensor, factor: int, name: str) -> Tensor:
    linear = BilinearUpsampling()
    return layers.Conv2DTranspose(
        x.shape[-1], 2 * factor, factor, "same", use_bias=False, kernel_initializer=linear, dtype="float32", name=name
    )(x)
