"""SegNet (Badrinarayanan, Kendall and Cipolla 2017, "SegNet: A Deep Convolutional Encoder-Decoder Architecture").

Max-pooling keeps where each maximum stood, and unpooling puts values back there. Windows are 2x2 pixels and do not
overlap, so two bits say where in its window a maximum stood (section 3); nothing is scattered over the plane. The four
places are taken by splitting rows and columns, whose gradients are concatenations: strided slices compute the same, but
their gradients cost TensorFlow ten times as much on a CPU.
"""

from __future__ import annotations

from typing import Any

import keras
from keras import layers, ops

from reproduce.errors import ArgumentError
from reproduce.models import Shape, Tensor, register
from reproduce.models.classification.vgg import VGG16, stage_filters, vgg_stage
from reproduce.models.layers.blocks import conv_bn_relu, probabilities, require_divisible
from reproduce.models.layers.footprint import HALVING, Reading, Resample


def max_pool_with_indices(x: Tensor) -> tuple[Tensor, Tensor]:
    """Return the largest value of each window of 2x2 pixels, and its place in the window.

    The value is the sum over the four places of x times one where the maximum stands and zero elsewhere, so that the
    whole gradient goes to that place on every backend, and a window with a value that is not finite gives one that is
    not finite.

    Args:
        x: float `[batch, y, x, channel]`; y and x even and known when the model is built.

    Returns:
        The values, `[batch, y / 2, x / 2, channel]`, and the places, uint8 of the same shape: 0 upper left, 1 upper
        right, 2 lower left, 3 lower right. Of equal maxima the first in this order counts, as in torch.

    Raises:
        ArgumentError: y or x is odd or not known.
    """
    _require_even(x.shape)
    places = _split(x)
    upper_left, upper_right, lower_left, lower_right = (ops.stop_gradient(place) for place in places)
    index_upper = ops.cast(upper_right > upper_left, "uint8")
    index_lower = ops.cast(lower_right > lower_left, "uint8") + ops.cast(2, "uint8")
    lower = ops.maximum(lower_left, lower_right) > ops.maximum(upper_left, upper_right)
    index = ops.where(lower, index_lower, index_upper)
    values = sum(place * _one_where(index, k, place.dtype) for k, place in enumerate(places))
    return values, index


def unpool(x: Tensor, index: Tensor) -> Tensor:
    """Return each value at its place in a window of 2x2 pixels, zero at the three others.

    Args:
        x: float `[batch, y, x, channel]`.
        index: Places as `max_pool_with_indices` gives them, of the same shape.

    Returns:
        `[batch, 2 y, 2 x, channel]`, of the type of `x`.

    Raises:
        ArgumentError: The shapes differ.
    """
    _require_same_grid(x.shape, index.shape)
    return _join([x * _one_where(index, k, x.dtype) for k in range(4)])


def _require_even(shape: Shape) -> None:
    _, y, width, _ = shape
    if None in (y, width) or y % 2 or width % 2:
        expected, do = "an even number of rows and columns, known beforehand", "resize to an even size, or pad"
        raise ArgumentError(expected=expected, got=f"{y} x {width} pixels", where="max_pool_with_indices", do=do)


def _require_same_grid(shape: Shape, index_shape: Shape) -> None:
    if tuple(shape[1:]) != tuple(index_shape[1:]):
        expected, got = f"an index for each value, {tuple(shape[1:])}", f"{tuple(index_shape[1:])}"
        do = "take the index of the pooling whose grid and channels the values have"
        raise ArgumentError(expected=expected, got=got, where="unpool", do=do)


def _one_where(index: Tensor, place: int, dtype: Any) -> Tensor:
    return ops.cast(ops.equal(index, ops.cast(place, "uint8")), dtype)


def _split(x: Tensor) -> list:
    """Return the four pixels of each window in the order of their places, each `[batch, y / 2, x / 2, channel]`."""
    _, y, width, channels = x.shape
    half = (-1, y // 2, width // 2, 2 * channels)  # a row's neighbours side by side
    rows = ops.split(ops.reshape(x, (-1, y // 2, 2 * width * channels)), 2, axis=-1)
    return [place for row in rows for place in ops.split(ops.reshape(row, half), 2, axis=-1)]


def _join(places: list) -> Tensor:
    """Return the inverse of `_split`."""
    _, y, width, channels = places[0].shape
    row = (-1, y, 2 * width * channels)
    rows = [ops.reshape(ops.concatenate(pair, axis=-1), row) for pair in (places[:2], places[2:])]
    return ops.reshape(ops.concatenate(rows, axis=-1), (-1, 2 * y, 2 * width, channels))


@register
class MaxPoolingWithIndices(layers.Layer):
    """`max_pool_with_indices` as a Keras layer: `[batch, y, x, channel]` to values and places."""

    def build(self, x_shape: Shape) -> None:
        """Refuse a grid that does not divide into windows."""
        _require_even(x_shape)

    def readings(self, grid: Shape) -> tuple[Reading, ...]:
        """See `layer_readings.layer_readings`."""
        return (HALVING,) * len(grid)

    def call(self, x: Tensor) -> Tensor:
        """See `max_pool_with_indices`."""
        return max_pool_with_indices(x)


@register
class Unpooling(layers.Layer):
    """`unpool` as a Keras layer: values and places to `[batch, 2 y, 2 x, channel]`."""

    def build(self, x_shape: Shape, index_shape: Shape) -> None:
        """Refuse an index of another grid."""
        _require_same_grid(x_shape, index_shape)

    def readings(self, grid: Shape) -> tuple[Reading, ...]:
        """See `layer_readings.layer_readings`."""
        return tuple(Resample(2 * n, linear=False) for n in grid)

    def call(self, x: Tensor, index: Tensor) -> Tensor:
        """See `unpool`."""
        return unpool(x, index)


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
