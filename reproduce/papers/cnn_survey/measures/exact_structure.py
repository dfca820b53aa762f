"""Table 3 calculated: what convolution, pooling, activation, loss and optimiser do, on noise and by counting."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import keras
import numpy as np
from keras import layers

from reproduce.inspection.formulas import output_size, receptive_field, same_padding
from reproduce.inspection.geometry import cost, layer_geometry
from reproduce.results.properties import Finding
from reproduce.training.gradients import weight_gradients

_SEED = 4


def image_axes() -> Finding:
    """Check whether a network takes height, width and channels, for grey and colour; a volume needs one axis more."""
    shapes = [(28, 28, 1), (28, 20, 3)]
    found = [tuple(_output(layers.Conv2D(2, 3, padding="same"), _noise(*shape)).shape) for shape in shapes]
    holds = [each == (*shape[:2], 2) for each, shape in zip(found, shapes, strict=True)]
    return Finding(all(holds), "28x28x1 and 28x20x3 taken; CT and MR volumes have a depth too, which it leaves out")


def convolution_is_local(kernel: int) -> Finding:
    """Check whether an output of a convolution reads its window and nothing else."""
    layer, image = layers.Conv2D(1, kernel, padding="same"), _noise(15, 15, 1)
    before, reads = _output(layer, image), np.zeros((15, 15), bool)
    for at in np.ndindex(15, 15):
        changed = image.copy()
        changed[at] += 1
        reads[at] = _output(layer, changed)[7, 7, 0] != before[7, 7, 0]
    window = np.zeros_like(reads)
    half = kernel // 2
    window[7 - half : 8 + half, 7 - half : 8 + half] = True
    return Finding(bool((reads == window).all()), f"the middle of 15x15 outputs reads {reads.sum()} of 225 pixels")


def convolution_follows_shifts() -> Finding:
    """Check whether a shifted image gives shifted features: away from the edge, and at stride 1."""
    image = _noise(24, 24, 1)
    moved = np.roll(image, 1, axis=1)
    layer, strided = layers.Conv2D(4, 3, padding="same"), layers.Conv2D(4, 3, 2, "same")
    before, after = _output(layer, image), _output(layer, moved)
    inner = float(np.abs(np.roll(before, 1, axis=1) - after)[:, 2:-2].max())
    edge = float(np.abs(np.roll(before, 1, axis=1) - after)[:, :2].max())
    halved = float(np.abs(_output(strided, image) - _output(strided, moved))[:, 2:-2].max())
    text = (
        f"stride 1: {inner:.0e} apart inside, {edge:.2g} at the zeros of the edge; stride 2 by one pixel: {halved:.2g}"
    )
    return Finding(inner < 1e-6 < edge and halved > 1e-2, text)


def same_padding_keeps_the_size(kernels: Sequence[int]) -> Finding:
    """Check whether p = floor((k - 1) / 2) keeps the size for each kernel."""
    sizes = {k: output_size(28, kernel=k, stride=1, padding=same_padding(k)) for k in kernels}
    lost = [f"k = {k} gives {n}" for k, n in sizes.items() if n != 28]
    return Finding(not lost, f"28 positions: {', '.join(lost) or 'all kept'}; the rest keep 28")


def stride_makes_smaller() -> Finding:
    """Check whether a stride above 1 gives a smaller grid."""
    sizes = {s: output_size(28, kernel=3, stride=s, padding=1) for s in (1, 2, 3)}
    return Finding(
        sizes[1] > sizes[2] > sizes[3], f"28 positions at stride 1, 2, 3: {', '.join(map(str, sizes.values()))}"
    )


def field_grows_exponentially(depth: int) -> Finding:
    """Check whether the receptive field grows by a factor with each layer, whatever the stride."""
    fields = [receptive_field([3] * n, [1] * n) for n in range(1, depth + 1)]
    strided = [receptive_field([3] * n, [2] * n) for n in range(1, 7)]
    chain = [layers.Input((64, 64, 1)), *(layers.Conv2D(1, 3, padding="same") for _ in range(depth))]
    rows = layer_geometry(keras.Sequential(chain))
    grown = ", ".join(str(n) for n in sorted({b - a for a, b in pairwise(fields)}))
    ours = f"{depth} layers of 3x3 at stride 1: {rows[-1].receptive_field[0]} pixels, {grown} more with each"
    ratios = [b / a for a, b in pairwise(fields)]
    exponential = min(ratios) > 1.5 and rows[-1].receptive_field[0] == fields[-1]
    return Finding(exponential, f"{ours}: a straight line; at stride 2 {', '.join(map(str, strided))}: twice with each")


def larger_kernels_cost_more(width: int) -> Finding:
    """Check whether multiply-adds grow with the kernel."""
    costs = {k: cost(_chain(layers.Conv2D(width, k, padding="same"))).multiply_adds for k in (3, 5, 7)}
    values = list(costs.values())
    return Finding(values == sorted(set(values)), ", ".join(f"{k}x{k}: {n} multiply-adds" for k, n in costs.items()))


def pooling_makes_smaller() -> Finding:
    """Check whether pooling of 2x2 leaves a quarter, and what follows costs a quarter."""
    after = layers.Conv2D(8, 3, padding="same")
    small, large = (cost(_chain(*before, after)).multiply_adds for before in ((layers.MaxPooling2D(2),), ()))
    return Finding(
        4 * small == large, f"28x28 to 14x14; the next convolution takes {small} instead of {large} multiply-adds"
    )


def pooling_is_invariant() -> Finding:
    """Check whether pooling of 2x2 gives the same for an image shifted by one pixel, and how far it is off."""
    image = _noise(32, 32, 4)
    moved = np.roll(image, 1, axis=1)
    kinds = {"max": layers.MaxPooling2D(2), "average": layers.AveragePooling2D(2), "stride": layers.MaxPooling2D(1, 2)}
    apart = {}
    for name, layer in kinds.items():
        a, b = _output(layer, image)[:, 1:-1], _output(layer, moved)[:, 1:-1]
        apart[name] = float(np.sqrt(np.mean((a - b) ** 2)) / a.std())
    text = ", ".join(f"{name} {value:.2f}" for name, value in apart.items())
    return Finding(apart["max"] == 0, f"noise shifted by one pixel changes by, in standard deviations: {text}")


def pooling_loses_detail() -> Finding:
    """Check whether two images that differ pool to the same."""
    one = np.zeros((2, 2, 1), np.float32)
    one[0, 0], other = 1, one[::-1, ::-1].copy()
    other[1, 1] = 1
    poolings = layers.MaxPooling2D(2), layers.AveragePooling2D(2)
    same = all((_output(layer, one) == _output(layer, other)).all() for layer in poolings)
    return Finding(same, "a dot in either corner of a 2x2 window: the same maximum, the same mean")


def activation_breaks_linearity() -> Finding:
    """Check whether layers without activation are one linear map, and with ReLU are not."""
    a, b = _noise(12, 12, 1), np.flip(_noise(12, 12, 1), 0)
    apart = {}
    for name in ("linear", "relu"):
        keras.utils.set_random_seed(_SEED)
        stack = [layers.Conv2D(8, 3, activation=name, use_bias=False) for _ in range(3)]
        model = _chain(*stack, size=12)
        sums = _output(model, a) + _output(model, b)
        apart[name] = float(np.abs(_output(model, a + b) - sums).max() / np.abs(sums).max())
    text = f"f(a + b) and f(a) + f(b) differ by {apart['linear']:.0e} without, by {apart['relu']:.2g} with ReLU"
    return Finding(apart["linear"] < 1e-5 < 1e-2 < apart["relu"], text)


def activation_is_elementwise() -> Finding:
    """Check whether an output of each activation of Table 2 hangs on the one input alone."""
    names = ("relu", "sigmoid", "tanh", "softmax", "leaky_relu", "elu", "selu")
    x = np.linspace(-1, 1, 8, dtype=np.float32).reshape(1, 1, 8)
    moved = x.copy()
    moved[..., 0] += 1
    crossing = []
    for name in names:
        change = _output(layers.Activation(name), moved) - _output(layers.Activation(name), x)
        if np.abs(change[..., 1:]).max() > 0:
            crossing.append(name)
    return Finding(not crossing, f"moving one of 8 inputs moves other outputs of: {', '.join(crossing) or 'none'}")


def losses_measure_difference() -> Finding:
    """Check whether cross-entropy and mean squared error are 0 where output and reference agree, and else grow."""
    shares = np.array([1.0, 0.9, 0.5, 0.1])
    entropy = np.log(1 / shares)
    error = (1 - shares) ** 2
    keras_entropy = [_loss(keras.losses.BinaryCrossentropy(), 1.0, share) for share in shares[1:]]
    keras_error = [_loss(keras.losses.MeanSquaredError(), 1.0, share) for share in shares]
    agree = np.allclose(keras_entropy, entropy[1:], atol=1e-5) and np.allclose(keras_error, error, atol=1e-6)
    grows = bool((np.diff(entropy) > 0).all() and (np.diff(error) > 0).all() and entropy[0] == error[0] == 0)
    return Finding(agree and grows, "said 1, 0.9, 0.5, 0.1 of a true 1: " + ", ".join(f"{e:.3g}" for e in entropy))


def backpropagation_is_the_slope() -> Finding:
    """Check whether backpropagated gradients are the slopes of the loss, down to the first layer."""
    keras.utils.set_random_seed(_SEED)
    model = _chain(
        layers.Conv2D(3, 3, activation="tanh", name="conv"), layers.Flatten(), layers.Dense(1, name="out"), size=8
    )
    images, targets, loss = _noise(8, 8, 1)[None], np.ones((1, 1), np.float32), keras.losses.MeanSquaredError()
    found = weight_gradients(model, images, targets, loss)["conv/kernel"]
    kernel, step, slopes = model.get_layer("conv").kernel, 1e-2, np.zeros(9)
    weights = keras.ops.convert_to_numpy(kernel).copy()
    for i in range(9):
        values = []
        for sign in (1, -1):
            changed = weights.copy()
            changed.reshape(9, 3)[i, 0] += sign * step
            kernel.assign(changed)
            values.append(float(loss(targets, model(images))))
        kernel.assign(weights)
        slopes[i] = (values[0] - values[1]) / (2 * step)
    apart = float(np.abs(slopes - found.reshape(9, 3)[:, 0]).max() / np.abs(slopes).max())
    return Finding(apart < 1e-2, f"nine weights of the first layer: {apart:.0e} of the largest slope apart")


def _chain(*parts: layers.Layer, size: int = 28) -> keras.Model:
    return keras.Sequential([layers.Input((size, size, 1)), *parts])


def _noise(*shape: int) -> np.ndarray:
    return np.random.default_rng(_SEED).normal(size=shape).astype(np.float32)


def _output(layer: layers.Layer, image: np.ndarray) -> np.ndarray:
    if not layer.built:
        keras.utils.set_random_seed(_SEED)
    return keras.ops.convert_to_numpy(layer(image[None]))[0]


def _loss(loss: keras.losses.Loss, reference: float, prediction: float) -> float:
    values = (np.array([[value]], np.float32) for value in (reference, prediction))
    return float(keras.ops.convert_to_numpy(loss(*values)))
