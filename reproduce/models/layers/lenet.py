"""Layers of LeNet-5 that later networks do without (LeCun, Bottou, Bengio and Haffner 1998, II.B)."""

from __future__ import annotations

from collections.abc import Sequence

import keras
import numpy as np
from keras import ops

from reproduce.models import register
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
def scaled_tanh(x):
    """Return A tanh(S x) with A = 1.7159 and S = 2/3: f(1) = 1 and f(-1) = -1 (equation 6 and appendix A there)."""
    return 1.7159 * ops.tanh(x * (2 / 3))


@register
class SparseConvolution(OwnLayer):
    """Valid convolution of which each filter reads some of the channels; only the kernels that exist are weights.

    Args:
        reads: For each filter the channels that it reads.
        kernel: Side of the kernels in pixels.
    """

    def __init__(self, reads: Sequence[Sequence[int]], kernel: int, **kwargs):
        super().__init__(**kwargs)
        self.reads, self.side = tuple(tuple(each) for each in reads), kernel
        self.reading = Window(kernel, 1, 1, 0, 0)

    def build(self, input_shape):
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

    def call(self, inputs):
        """Return `[batch, y - kernel + 1, x - kernel + 1, filter]`."""
        dense = ops.matmul(self.kernels, ops.convert_to_tensor(self.places, self.compute_dtype))
        shape = (self.side, self.side, inputs.shape[-1], len(self.reads))
        return ops.conv(inputs, ops.reshape(dense, shape), 1, "valid", "channels_last") + self.bias

    def multiply_adds(self, shapes, output):
        """Return only those of the connections that exist."""
        return self.side**2 * sum(map(len, self.reads)) * output[0] * output[1]

    def compute_output_shape(self, input_shape):
        """See `call`."""
        batch, y, x, _ = input_shape
        return batch, y - self.side + 1, x - self.side + 1, len(self.reads)


@register
class TrainableSubsampling(OwnLayer):
    """The sum over each 2x2 pixels, times a coefficient of the channel, plus a bias of the channel (S2 and S4)."""

    reading = HALVING

    def build(self, input_shape):
        """Add two weights a channel; the coefficients start where the sum becomes the mean."""
        quarter = keras.initializers.Constant(0.25)
        self.coefficient = self.add_weight(shape=(input_shape[-1],), initializer=quarter, name="coefficient")
        self.bias = self.add_weight(shape=(input_shape[-1],), initializer="zeros", name="bias")

    def call(self, inputs):
        """Return `[batch, y // 2, x // 2, channel]`."""
        mean = ops.average_pool(inputs, 2, 2, "valid", "channels_last")
        return 4 * mean * self.coefficient + self.bias

    def multiply_adds(self, shapes, output):
        """Return one for each output."""
        return int(np.prod(output))

    def compute_output_shape(self, input_shape):
        """See `call`."""
        batch, y, x, channels = input_shape
        return batch, y // 2, x // 2, channels


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

    def __init__(self, n_classes: int, **kwargs):
        super().__init__(**kwargs)
        self.n_classes = n_classes

    def call(self, inputs):
        """Return `[batch, n_classes]` of features `[batch, unit]`."""
        codes = ops.convert_to_tensor(class_codes(self.n_classes, inputs.shape[-1]), self.compute_dtype)
        distance = ops.sum(ops.square(inputs[:, None, :] - codes), axis=-1)
        return distance[:, :1] - distance[:, 1:] if self.n_classes == 1 else -distance

    def multiply_adds(self, shapes, output):
        """Return one square for each component of each code."""
        return max(self.n_classes, 2) * shapes[0][-1]

    def compute_output_shape(self, input_shape):
        """See `call`."""
        return input_shape[0], self.n_classes
