"""Deep residual shrinkage networks (Zhao et al. 2020, "Deep Residual Shrinkage Networks for Fault Diagnosis")."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import keras
from keras import layers, ops

from reproduce.errors import ArgumentError
from reproduce.models import Shape, Tensor, register
from reproduce.models.layers.channels import ChannelPadding
from reproduce.models.layers.class_head import pooled_classifier
from reproduce.models.layers.footprint import WHOLE
from reproduce.models.layers.own_layer import OwnLayer
from reproduce.models.layers.padded import BatchNorm, batch_norm, relu


@register
class MeanMagnitude(OwnLayer):
    """The mean over the grid of |x|, for each channel (Figure 5 there: absolute value and global average pooling)."""

    reading = WHOLE

    def call(self, inputs: Tensor) -> Tensor:
        """Return `[batch, channel]`."""
        return ops.mean(ops.abs(inputs), axis=(1, 2))

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """See `call`."""
        return input_shape[0], input_shape[-1]


@register
class Shrink(OwnLayer):
    """Soft thresholding: sign(x) max(|x| - tau, 0), tau a learned share of the mean magnitude (equations 5, 8 and 10).

    Args:
        shared: Whether one threshold serves all channels: tau = alpha mean over all of |x|. Else each has its own,
            tau_c = alpha_c mean over its grid of |x|.
    """

    def __init__(self, shared: bool, **kwargs: Any):
        super().__init__(**kwargs)
        self.shared = shared

    def call(self, inputs: Tensor, magnitude: Tensor, share: Tensor) -> Tensor:
        """Return features shrunk towards zero, `[batch, y, x, channel]`.

        Args:
            inputs: `[batch, y, x, channel]`.
            magnitude: `[batch, channel]`, see `MeanMagnitude`.
            share: alpha in (0, 1), `[batch, 1]` where it is shared, else `[batch, channel]`.
        """
        mean = ops.mean(magnitude, axis=-1, keepdims=True) if self.shared else magnitude
        threshold = (mean * share)[:, None, None, :]
        return ops.sign(inputs) * ops.relu(ops.abs(inputs) - threshold)

    def compute_output_shape(self, input_shape: Shape, *others: Shape) -> Shape:
        """See `call`."""
        return input_shape


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
    """Return pre-activated residual blocks that shrink what they add: DRSN-CS ("shared") or -CW ("by channel").

    The paper classifies vibrations of one dimension and prints no number of parameters; on images we take its blocks
    with 3x3 kernels, as its authors' code does. Each stage but for the first doubles the channels; the first block of
    each stage strides by 2, like the stem, as in Table I. A stage's shortcut takes every second pixel and pads channels
    with zeros. Convolutions have biases, as in the authors' code.

    Args:
        width: Channels of the stem, 4 in the paper.
        blocks: Blocks of each stage, (4, 4, 4) in the paper.
        thresholds: One for all channels, or one for each.

    Raises:
        ArgumentError: `thresholds` is neither, or a stage has no block.
    """
    if thresholds not in ("shared", "by channel") or not blocks or min(blocks) < 1:
        expected = 'thresholds "shared" or "by channel", and a block or more for each stage'
        got, do = f"{thresholds!r}, blocks {tuple(blocks)}", "take shared for DRSN-CS, by channel for DRSN-CW"
        raise ArgumentError(expected=expected, got=got, where="drsn", do=do)
    norm = BatchNorm(bn_momentum)
    image = keras.Input((*size, n_channels), name="image")
    x = _conv(image, width, "stem", stride=2)
    for k, n_blocks in enumerate(blocks):
        for i in range(n_blocks):
            name, stride = f"stage{k + 1}_block{i + 1}", 2 if i == 0 else 1
            x = _block(x, width * 2**k, name, stride=stride, shared=thresholds == "shared", norm=norm)
    return pooled_classifier(image, batch_norm(x, "end", norm, activation=relu), n_classes, "drsn")


def _block(x: Tensor, filters: int, name: str, *, stride: int, shared: bool, norm: BatchNorm) -> Tensor:
    """Return a residual shrinkage building unit, Figure 6 (shared) and Figure 8 (by channel)."""
    y = _conv(batch_norm(x, f"{name}_conv1", norm, activation=relu), filters, f"{name}_conv1", stride=stride)
    y = _conv(batch_norm(y, f"{name}_conv2", norm, activation=relu), filters, f"{name}_conv2", stride=1)
    magnitude = MeanMagnitude(name=f"{name}_magnitude")(y)
    share = layers.Dense(filters, kernel_initializer="he_normal", name=f"{name}_fc1")(magnitude)
    share = batch_norm(share, f"{name}_fc1", norm, activation=relu)
    share = layers.Dense(1 if shared else filters, activation="sigmoid", name=f"{name}_fc2")(share)
    y = Shrink(shared, name=f"{name}_shrink")(y, magnitude, share)
    if stride > 1:
        x = layers.MaxPooling2D(1, stride, name=f"{name}_subsample")(x)
    if x.shape[-1] != filters:
        x = ChannelPadding(filters, name=f"{name}_widen")(x)
    return layers.Add(name=f"{name}_add")([x, y])


def _conv(x: Tensor, filters: int, name: str, *, stride: int) -> Tensor:
    x = layers.ZeroPadding2D(1, name=f"{name}_pad")(x)
    return layers.Conv2D(filters, 3, stride, kernel_initializer="he_normal", name=name)(x)
