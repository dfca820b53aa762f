"""LeNet-5 (LeCun, Bottou, Bengio and Haffner 1998), as printed, with layers of its own (II.B), and as built today."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import keras
import numpy as np
from keras import layers, ops

from reproduce.errors import ArgumentError
from reproduce.models import Shape, Tensor, register
from reproduce.models.layers.blocks import probabilities
from reproduce.models.layers.class_head import class_head, require_large
from reproduce.models.layers.footprint import HALVING, Window
from reproduce.models.layers.own_layer import OwnLayer
from reproduce.randomness import stream

# Table I there: for each of the 16 maps of C3 the maps of S2 that it reads. 6 x 3 + 9 x 4 + 6 = 60 connections.
C3_READS = (
    *((0, 1, 2), (1, 2, 3), (2, 3, 4), (3, 4, 5), (0, 4, 5), (0, 1, 5)),
    *((0, 1, 2, 3), (1, 2, 3, 4), (2, 3, 4, 5), (0, 3, 4, 5), (0, 1, 4, 5), (0, 1, 2, 5)),
    *((0, 1, 3, 4), (1, 2, 4, 5), (0, 2, 3, 5)),
    (0, 1, 2, 3, 4, 5),
)


@register
def scaled_tanh(x: Tensor) -> Tensor:
    """Return A tanh(S x) with A = 1.7159 and S = 2/3: f(1) = 1 and f(-1) = -1 (equation 6 and appendix A there)."""
    return 1.7159 * ops.tanh(x * (2 / 3))


@register
class SparseConvolution(OwnLayer):
    """Valid convolution of which each filter reads some of the channels; only the kernels that exist are weights.

    Args:
        reads: For each filter the channels that it reads.
        kernel: Side of the kernels in pixels.
    """

    def __init__(self, reads: Sequence[Sequence[int]], kernel: int, **kwargs: Any):
        super().__init__(**kwargs)
        self.reads, self.side = tuple(tuple(each) for each in reads), kernel
        self.reading, self.n_out = Window(kernel, 1, 1, 0, 0), len(self.reads)

    def build(self, input_shape: Shape) -> None:
        """Add one kernel for each connection, one bias for each filter."""
        n_connections, n_filters = sum(map(len, self.reads)), len(self.reads)
        # Connection k lies between a channel and a filter: its kernel goes to this place of a dense kernel, rest is 0.
        places = np.zeros((n_connections, input_shape[-1], n_filters), np.float32)
        pairs = [(channel, f) for f, each in enumerate(self.reads) for channel in each]
        places[np.arange(n_connections), *np.transpose(pairs)] = 1
        self.places = places.reshape(n_connections, -1)
        # Glorot's limit for a filter of 4 channels, the usual number.
        limit = np.sqrt(6 / (self.side**2 * (4 + n_filters)))
        uniform = keras.initializers.RandomUniform(-limit, limit)
        self.kernels = self.add_weight(shape=(self.side**2, n_connections), initializer=uniform, name="kernels")
        self.bias = self.add_weight(shape=(n_filters,), initializer="zeros", name="bias")

    def call(self, inputs: Tensor) -> Tensor:
        """Return `[batch, y - kernel + 1, x - kernel + 1, filter]`."""
        dense = ops.matmul(self.kernels, ops.convert_to_tensor(self.places, self.compute_dtype))
        shape = (self.side, self.side, inputs.shape[-1], len(self.reads))
        return ops.conv(inputs, ops.reshape(dense, shape), 1, "valid", "channels_last") + self.bias

    def multiply_adds(self, shapes: Sequence[Shape], output: Shape) -> int:
        """Return only those of the connections that exist."""
        return self.side**2 * sum(map(len, self.reads)) * output[0] * output[1]


@register
class TrainableSubsampling(OwnLayer):
    """The sum over each 2x2 pixels, times a coefficient of the channel, plus a bias of the channel (S2 and S4)."""

    reading = HALVING

    def build(self, input_shape: Shape) -> None:
        """Add two weights a channel; the coefficients start where the sum becomes the mean."""
        quarter = keras.initializers.Constant(0.25)
        self.coefficient = self.add_weight(shape=(input_shape[-1],), initializer=quarter, name="coefficient")
        self.bias = self.add_weight(shape=(input_shape[-1],), initializer="zeros", name="bias")

    def call(self, inputs: Tensor) -> Tensor:
        """Return `[batch, y // 2, x // 2, channel]`."""
        mean = ops.average_pool(inputs, 2, 2, "valid", "channels_last")
        return 4 * mean * self.coefficient + self.bias

    def multiply_adds(self, shapes: Sequence[Shape], output: Shape) -> int:
        """Return one for each output."""
        return int(np.prod(output))


def class_codes(n_classes: int, n_units: int) -> np.ndarray:
    """Return the fixed parameter vector of each class, of components -1 and +1.

    LeCun et al. draw the ten digits on 7 x 12 pixels and say that the components could as well be chosen at random with
    equal probabilities. Their drawings mean nothing for other classes, so we draw at random, once for all. One class
    has two codes, for no and for yes.

    Args:
        n_classes: Classes.
        n_units: Components, 84 there.

    Returns:
        float32 `[max(n_classes, 2), n_units]`.
    """
    bits = stream("lenet5", "class codes", n_classes, n_units).integers(0, 2, (max(n_classes, 2), n_units))
    return (2 * bits - 1).astype(np.float32)


@register
class RadialBasis(OwnLayer):
    """Minus the squared distance of the features to the code of each class (equation 7), which are the logits.

    The paper takes the distance for minus the logarithm of a Gaussian's likelihood, so that the softmax of what comes
    from here is the posterior of its equation 9 without the rubbish class. Codes are constants, no weights.

    Args:
        n_classes: Classes; of one the logit is how much nearer the features are to yes than to no.
    """

    def __init__(self, n_classes: int, **kwargs: Any):
        super().__init__(**kwargs)
        self.n_classes = self.n_out = n_classes

    def call(self, inputs: Tensor) -> Tensor:
        """Return `[batch, n_classes]` of features `[batch, unit]`."""
        codes = ops.convert_to_tensor(class_codes(self.n_classes, inputs.shape[-1]), self.compute_dtype)
        distance = ops.sum(ops.square(inputs[:, None, :] - codes), axis=-1)
        return distance[:, :1] - distance[:, 1:] if self.n_classes == 1 else -distance

    def multiply_adds(self, shapes: Sequence[Shape], output: Shape) -> int:
        """Return one square for each component of each code."""
        return max(self.n_classes, 2) * shapes[0][-1]


def lenet5(size: tuple[int, int], *, n_channels: int, n_classes: int, padding: int) -> keras.Model:
    """Return the network of 1998: sparse C3 (Table I), trainable subsampling, scaled tanh, distances to fixed codes.

    C1 156, S2 12, C3 1,516, S4 32, C5 48,120 and F6 10,164 weights: 60,000 on grey images of 32x32 pixels. On larger
    ones C5 has more than one pixel, and F6 reads all of them.

    Args:
        size: With the padding at least 32, as the paper has it for digits of 28.
        padding: Zeros put around the image; 2 for 28x28 pixels.
    """
    require_large(size, 32, padding=padding, where="lenet5")
    image = keras.Input((*size, n_channels), name="image")
    x = layers.ZeroPadding2D(padding, name="pad")(image)
    x = _squash(layers.Conv2D(6, 5, name="c1")(x), "c1")  # [batch, 28, 28, 6] of 32x32 pixels
    x = _squash(TrainableSubsampling(name="s2")(x), "s2")
    x = _squash(SparseConvolution(C3_READS, 5, name="c3")(x), "c3")  # [batch, 10, 10, 16]
    x = _squash(TrainableSubsampling(name="s4")(x), "s4")
    x = _squash(layers.Conv2D(120, 5, name="c5")(x), "c5")  # [batch, 1, 1, 120]
    x = _squash(layers.Dense(84, name="f6")(layers.Flatten(name="flat")(x)), "f6")
    logits = RadialBasis(n_classes, dtype="float32", name="class_logits")(x)
    return keras.Model(image, {"class": probabilities(logits, "class")}, name="lenet5")


def lenet5_dense(
    size: tuple[int, int],
    *,
    n_channels: int,
    n_classes: int,
    padding: int,
    activation: Literal["tanh", "relu"],
    pooling: Literal["average", "max"],
) -> keras.Model:
    """Return the network as it is built today: C3 reads all maps, pooling has no weights, the last layer is dense.

    156 + 2,416 + 48,120 + 10,164 + 850 = 61,706 weights on grey images of 32x32 pixels with ten classes.

    Args:
        size: See `lenet5`.
        padding: See `lenet5`.
        activation: After each layer; both are met.
        pooling: Over 2x2 pixels; both are met.

    Raises:
        ArgumentError: An activation or pooling is none of these.
    """
    require_large(size, 32, padding=padding, where="lenet5_dense")
    for got, known in ((activation, ("tanh", "relu")), (pooling, ("average", "max"))):
        if got not in known:
            raise ArgumentError(expected=" or ".join(known), got=repr(got), where="lenet5_dense", do="take one")
    pool = layers.AveragePooling2D if pooling == "average" else layers.MaxPooling2D
    image = keras.Input((*size, n_channels), name="image")
    x = layers.ZeroPadding2D(padding, name="pad")(image)
    x = layers.Conv2D(6, 5, activation=activation, name="c1")(x)
    x = pool(2, name="s2")(x)
    x = layers.Conv2D(16, 5, activation=activation, name="c3")(x)
    x = pool(2, name="s4")(x)
    x = layers.Conv2D(120, 5, activation=activation, name="c5")(x)
    x = layers.Dense(84, activation=activation, name="f6")(layers.Flatten(name="flat")(x))
    return keras.Model(image, {"class": class_head(x, n_classes)}, name="lenet5_dense")


def _squash(x: Tensor, name: str) -> Tensor:
    return layers.Activation(scaled_tanh, name=f"{name}_squash")(x)
