"""Table 1 calculated: what a dense layer reads, what outputs are, how many parameters are where."""

from __future__ import annotations

from collections.abc import Sequence

import keras
import numpy as np
from keras import layers

from reproduce.inspection.formulas import dense, softmax
from reproduce.results.properties import Finding

_RNG_SEED = 3


def reads_every_input(n: int, m: int) -> Finding:
    """Check whether each of m outputs moves with each of n inputs."""
    layer, x = layers.Dense(m), np.random.default_rng(_RNG_SEED).normal(size=(1, n)).astype(np.float32)
    before = _output(layer, x)
    moved = np.stack([_output(layer, x + step)[0] - before[0] for step in np.eye(n, dtype=np.float32)])
    share = float((moved != 0).mean())
    return Finding(share == 1, f"{100 * share:.0f} % of {n} x {m} pairs of input and output move together")


def takes_any_shape(shapes: Sequence[tuple[int, int]]) -> Finding:
    """Check whether a dense layer takes any n numbers to any m."""
    found = [_output(layers.Dense(m), np.zeros((1, n), np.float32)).shape[1] == m for n, m in shapes]
    return Finding(all(found), ", ".join(f"{n} to {m}" for n, m in shapes))


def outputs_suit_tasks() -> Finding:
    """Check whether softmax gives a distribution, sigmoid one probability, and a linear output every number."""
    rng = np.random.default_rng(_RNG_SEED)
    logits, one = rng.normal(scale=5, size=(1000, 4)).astype(np.float32), np.array([[-3.0], [4.0]], np.float32)
    classes, single = _output(layers.Softmax(), logits), _output(layers.Activation("sigmoid"), logits)
    linear = _output(layers.Activation("linear"), one)
    sums = float(np.abs(classes.sum(axis=1) - 1).max())
    holds = sums < 1e-6 and single.min() >= 0 and single.max() <= 1 and bool((linear == one).all())
    joint = float(single.sum(axis=1).max())
    return Finding(
        holds,
        f"softmax sums to 1 to {sums:.0e}; sigmoids stay in [0, 1] each and sum to up to {joint:.2f}; linear is free",
    )


def output_depends_on_task() -> Finding:
    """Check whether the output of one task cannot serve another: no softmax gives -3, no free number is a share."""
    reach = softmax(np.array([[-50.0, 50.0], [50.0, -50.0]]))
    below = dense(np.ones(2), np.array([[-2.0, -1.0]]), np.zeros(1))[0]
    text = f"softmax reaches {reach.min():.0e} to {reach.max():g}, so no regression; linear {below:g}, no probability"
    return Finding(bool(reach.min() >= 0 and reach.max() <= 1 and below < 0), text)


def output_is_small() -> Finding:
    """Check whether the output layer has fewer parameters than the dense layers before it, and where it would not."""
    vgg = (25088 * 4096 + 4096) + (4096 * 4096 + 4096), 4096 * 1000 + 1000
    lenet = (400 * 120 + 120) + (120 * 84 + 84), 84 * 10 + 10
    text = "; ".join(
        f"{name}: {out} behind {hidden} ({100 * out / hidden:.1f} %)"
        for name, (hidden, out) in (("VGG-16", vgg), ("LeNet-5 with dense layers", lenet))
    )
    # one dense layer n to m before it has n m + m, the output m k + k: the output is the larger where k exceeds n
    return Finding(
        all(out < hidden for hidden, out in (vgg, lenet)),
        f"{text}; with more classes than inputs of the dense layer it would be the larger",
    )


def dense_against_convolution(width: int) -> Finding:
    """Check whether a dense layer needs more parameters than a convolution, and more of them for a larger image."""
    counts = {}
    for n in (28, 56):
        counts[n] = (n * n + 1) * n * n * width, 3 * 3 * width + width
    built = layers.Conv2D(width, 3, padding="same")
    built.build((None, 28, 28, 1))
    text = "; ".join(f"{n}x{n}: {a} against {b}" for n, (a, b) in counts.items())
    (dense_28, shared), (dense_56, again) = counts.values()
    return Finding(
        built.count_params() == shared == again and dense_28 > shared and dense_56 > dense_28,
        f"{text} parameters, {dense_28 // shared} times at 28x28",
    )


def _output(layer: layers.Layer, x: np.ndarray) -> np.ndarray:
    if not layer.built:
        keras.utils.set_random_seed(_RNG_SEED)
    return keras.ops.convert_to_numpy(layer(x))
