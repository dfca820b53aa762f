"""AlexNet: of 2012 on two devices (Krizhevsky, Sutskever and Hinton), in one tower, and of 2014 (Krizhevsky)."""

from __future__ import annotations

from collections.abc import Sequence

import keras
from keras import layers

from reproduce.errors import ArgumentError
from reproduce.models import Tensor
from reproduce.models.layers.channels import ChannelSlice, ResponseNormalisation, require_groups
from reproduce.models.layers.class_head import class_head, require_large
from reproduce.models.layers.padded import HE

# Channels of the five convolutions.
FILTERS_2012 = (96, 256, 384, 384, 256)
FILTERS_2014 = (64, 192, 384, 256, 256)  # "One weird trick for parallelizing CNNs", 2014; torchvision


def alexnet(
    size: tuple[int, int],
    *,
    n_channels: int,
    n_classes: int,
    filters: Sequence[int],
    units: int,
    towers: int,
    stem_padding: int,
    response_normalisation: bool,
    dropout: float,
) -> keras.Model:
    """Return five convolutions, three of them followed by overlapping max-poolings, and three dense layers (2012, 3.5).

    In two towers the second, fourth and fifth convolution read the maps of their own device alone. The paper says 224
    pixels and 55x55 maps after a kernel of 11 and a stride of 4 without padding, which takes 227; torchvision pads 224
    by 2. Normalisation of responses (3.3) runs over neighbours of both devices; silent: whether it does in the paper.
    Weights start as in He et al. 2015, biases at 0, where the paper has a normal distribution of 0.01 and some ones.

    Args:
        filters: Channels of the five convolutions, `FILTERS_2012` or `FILTERS_2014` or shares of them.
        units: Units of each of the two hidden dense layers, 4096 there.
        towers: 2 in 2012; 1 for what is mostly built.
        stem_padding: Zeros around the image: 0 in 2012, 2 in torchvision.
        response_normalisation: Whether it follows the first two convolutions, as in 2012; torchvision has none.
        dropout: 0.5 there.

    Raises:
        ArgumentError: Not five convolutions, channels that the towers cannot share, or an image below 67 pixels.
    """
    if len(filters) != 5:
        do = "give one number for each convolution"
        raise ArgumentError(expected="channels of five convolutions", got=repr(filters), where="alexnet", do=do)
    for channels in filters:
        require_groups(channels, towers, where="alexnet")
    require_large(size, 67, padding=stem_padding, where="alexnet")
    image = keras.Input((*size, n_channels), name="image")
    x = layers.ZeroPadding2D(stem_padding, name="stem_pad")(image)
    for i, n_filters in enumerate(filters, start=1):
        name = f"conv{i}"
        if i == 1:
            x = layers.Conv2D(n_filters, 11, 4, **HE, name=name)(x)
        else:
            x = _towers(x, n_filters, 5 if i == 2 else 3, name, 1 if i == 3 else towers)
        x = layers.ReLU(name=f"{name}_relu")(x)
        if response_normalisation and i in (1, 2):
            x = ResponseNormalisation(name=f"{name}_norm")(x)
        if i in (1, 2, 5):  # then [batch, 27, 27, 96], [batch, 13, 13, 256] and [batch, 6, 6, 256] of 227x227 pixels
            x = layers.MaxPooling2D(3, 2, name=f"{name}_pool")(x)
    x = layers.Flatten(name="flat")(x)
    for name in ("fc6", "fc7"):
        x = layers.Dropout(dropout, name=f"{name}_dropout")(x)
        x = layers.Dense(units, activation="relu", **HE, name=name)(x)
    return keras.Model(image, {"class": class_head(x, n_classes)}, name="alexnet")


def _towers(x: Tensor, filters: int, kernel: int, name: str, towers: int) -> Tensor:
    """Return a convolution in as many parts as there are towers, each of which reads its share of the channels."""
    if towers == 1:
        return layers.Conv2D(filters, kernel, padding="same", **HE, name=name)(x)
    share = x.shape[-1] // towers
    convolved = []
    for i in range(towers):
        part = ChannelSlice(i * share, (i + 1) * share, name=f"{name}_read{i + 1}")(x)
        conv = layers.Conv2D(filters // towers, kernel, padding="same", **HE, name=f"{name}_tower{i + 1}")
        convolved.append(conv(part))
    return layers.Concatenate(name=f"{name}_join")(convolved)
