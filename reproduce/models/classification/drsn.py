"""Deep residual shrinkage networks (Zhao et al. 2020, "Deep Residual Shrinkage Networks for Fault Diagnosis")."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import keras
from keras import layers, ops

from reproduce.errors import ArgumentError
from reproduce.models.layers.class_head import class_head
from reproduce.models.layers.footprint import POINT, WHOLE

PACKAGE = "reproduce"
EPSILON = 1e-5


@keras.saving.register_keras_serializable(PACKAGE)
class MeanMagnitude(layers.Layer):
    """The mean over the grid of |x|, for each channel (Figure 5 there: absolute value and global average pooling)."""

    def call(self, inputs):
        """`[batch, channel]`."""
        return ops.mean(ops.abs(inputs), axis=(1, 2))

    def readings(self, grid):
        """See `layer_readings.layer_readings`."""
        return (WHOLE,) * len(grid)

    def compute_output_shape(self, input_shape):
        """See `call`."""
        return input_shape[0], input_shape[-1]


@keras.saving.register_keras_serializable(PACKAGE)
class Shrink(layers.Layer):
    """Soft thresholding: sign(x) max(|x| - tau, 0), tau a learned share of the mean magnitude (equations 5, 8 and 10).

    Args:
        shared: Whether one threshold serves all channels: tau = alpha mean over all of |x|. Else each has its own,
            tau_c = alpha_c mean over its grid of |x|.
    """

    def __init__(self, shared: bool, **settings):
        super().__init__(**settings)
        self.shared = shared

    def call(self, inputs, magnitude, share):
        """Features shrunk towards zero.

        Args:
            inputs: `[batch, y, x, channel]`.
            magnitude: `[batch, channel]`, see `MeanMagnitude`.
            share: alpha in (0, 1), `[batch, 1]` where it is shared, else `[batch, channel]`.

        Returns:
            The shape of `inputs`.
        """
        mean = ops.mean(magnitude, axis=-1, keepdims=True) if self.shared else magnitude
        threshold = (mean * share)[:, None, None, :]
        return ops.sign(inputs) * ops.relu(ops.abs(inputs) - threshold)

    def readings(self, grid):
        """See `layer_readings.layer_readings`."""
        return (POINT,) * len(grid)

    def compute_output_shape(self, inputs_shape, magnitude_shape, share_shape):
        """That of the features."""
        return inputs_shape

    def get_config(self):
        """The arguments that make this layer again."""
        return {**super().get_config(), "shared": self.shared}


@keras.saving.register_keras_serializable(PACKAGE)
class ChannelPadding(layers.Layer):
    """Channels of zeros, half of them before and half behind (He et al. 2016, option A of the shortcuts).

    Args:
        channels: How many there are afterwards.
    """

    def __init__(self, channels: int, **settings):
        super().__init__(**settings)
        self.channels = channels

    def call(self, inputs):
        """`[batch, y, x, channels]`."""
        more = self.channels - inputs.shape[-1]
        return ops.pad(inputs, [(0, 0)] * (len(inputs.shape) - 1) + [(more // 2, more - more // 2)])

    def readings(self, grid):
        """See `layer_readings.layer_readings`."""
        return (POINT,) * len(grid)

    def compute_output_shape(self, input_shape):
        """See `call`."""
        return *input_shape[:-1], self.channels

    def get_config(self):
        """The arguments that make this layer again."""
        return {**super().get_config(), "channels": self.channels}


def drsn(
    size: tuple[int, int],
    *,
    n_channels: int,
    n_classes: int,
    width: int,
    blocks: Sequence[int],
    thresholds: Literal["shared", "by channel"],
    bn_momentum: float,
) -> keras.Model:
    """Pre-activated residual blocks that shrink what their branch adds: DRSN-CS ("shared") or -CW ("by channel").

    The paper classifies vibrations of one dimension and prints no number of parameters; on images we take its blocks
    with 3x3 kernels, as its authors' code does. Each stage but for the first doubles the channels; the first block of
    each stage strides by 2, like the stem, as in Table I. A stage's shortcut takes every second pixel and pads channels
    with zeros. Convolutions have biases, as in the authors' code.

    Args:
        size: (y, x) of the image in pixels.
        n_channels: Channels of the image.
        n_classes: Classes that exclude each other; 1 for yes or no.
        width: Channels of the stem, 4 in the paper.
        blocks: Blocks of each stage, (4, 4, 4) in the paper.
        thresholds: One for all channels, or one for each.
        bn_momentum: Share of the old running statistics that one step keeps.

    Returns:
        Model from float `[batch, y, x, n_channels]` to `{"class": float32 [batch, n_classes]}`: a softmax, or a sigmoid
        where there is one class.

    Raises:
        ArgumentError: `thresholds` is neither, or a stage has no block.
    """
    if thresholds not in ("shared", "by channel") or not blocks or min(blocks) < 1:
        raise ArgumentError(
            expected='thresholds "shared" or "by channel", and a block or more for each stage',
            got=f"{thresholds!r}, blocks {tuple(blocks)}",
            where="drsn",
            do="take shared for DRSN-CS, by channel for DRSN-CW",
        )
    image = keras.Input((*size, n_channels), name="image")
    x = _conv(image, width, "stem", stride=2)
    for k, n_blocks in enumerate(blocks):
        for i in range(n_blocks):
            name, stride = f"stage{k + 1}_block{i + 1}", 2 if i == 0 else 1
            x = _block(x, width * 2**k, name, stride=stride, shared=thresholds == "shared", bn_momentum=bn_momentum)
    x = _bn_relu(x, "end", bn_momentum)
    x = layers.GlobalAveragePooling2D(name="pool")(x)
    return keras.Model(image, {"class": class_head(x, n_classes)}, name="drsn")


def _block(x, filters: int, name: str, *, stride: int, shared: bool, bn_momentum: float):
    """Residual shrinkage building unit, Figure 6 (shared) and Figure 8 (by channel)."""
    y = _conv(_bn_relu(x, f"{name}_conv1", bn_momentum), filters, f"{name}_conv1", stride=stride)
    y = _conv(_bn_relu(y, f"{name}_conv2", bn_momentum), filters, f"{name}_conv2", stride=1)
    magnitude = MeanMagnitude(name=f"{name}_magnitude")(y)
    share = layers.Dense(filters, kernel_initializer="he_normal", name=f"{name}_fc1")(magnitude)
    share = _bn_relu(share, f"{name}_fc1", bn_momentum)
    share = layers.Dense(1 if shared else filters, activation="sigmoid", name=f"{name}_fc2")(share)
    y = Shrink(shared, name=f"{name}_shrink")(y, magnitude, share)
    if stride > 1:
        x = layers.MaxPooling2D(1, stride, name=f"{name}_subsample")(x)
    if x.shape[-1] != filters:
        x = ChannelPadding(filters, name=f"{name}_widen")(x)
    return layers.Add(name=f"{name}_add")([x, y])


def _bn_relu(x, name: str, bn_momentum: float):
    x = layers.BatchNormalization(momentum=bn_momentum, epsilon=EPSILON, name=f"{name}_bn")(x)
    return layers.ReLU(name=f"{name}_relu")(x)


def _conv(x, filters: int, name: str, *, stride: int):
    x = layers.ZeroPadding2D(1, name=f"{name}_pad")(x)
    return layers.Conv2D(filters, 3, stride, kernel_initializer="he_normal", name=name)(x)
