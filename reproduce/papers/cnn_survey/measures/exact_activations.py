"""Table 2 calculated: formulas, ranges, derivatives, parameters and exponentials of the activations."""

from __future__ import annotations

from collections.abc import Sequence

import keras
import numpy as np
from keras import layers
from scipy import special

from reproduce.inspection.activation_formulas import SELU_ALPHA, SELU_SCALE, sigmoid, tanh
from reproduce.inspection.formulas import softmax
from reproduce.protocol.section import Call
from reproduce.results.properties import Finding

GRID = np.linspace(-20, 20, 4001)
CLOSE = 1e-6
# float64 keeps the outputs of sigmoid and tanh off the ends of their ranges up to these arguments
_SIGMOID_UNTIL, _TANH_UNTIL = 36.0, 18.0


def agrees_with_keras(layer: Call, formula: Call, rtol: float = CLOSE) -> Finding:
    """Check whether Keras' layer has the printed formula on -20 to 20, and by how much it differs at the most."""
    ours, theirs = formula().value(GRID.astype(np.float32)), _keras(layer(name="layer"), GRID)
    apart = float((np.abs(ours - theirs) / np.maximum(1, np.abs(ours))).max())
    return Finding(apart <= rtol, f"largest relative difference from the formula {apart:.0e} on 4001 values, -20 to 20")


def rectifies() -> Finding:
    """Check whether ReLU gives back what is above 0 and 0 for the rest, to the bit."""
    x = GRID.astype(np.float32)
    out = _keras(layers.ReLU(), x)
    return Finding(bool((out[x > 0] == x[x > 0]).all() and (out[x <= 0] == 0).all()), "equal to the bit on 4001 values")


def sigmoid_range() -> Finding:
    """Check whether sigmoid stays inside (0, 1); where float32 rounds it to an end."""
    x = np.linspace(-_SIGMOID_UNTIL, _SIGMOID_UNTIL, 4001)
    inside = _inside(sigmoid().value(x), 0, 1)
    ends = _keras(layers.Activation("sigmoid"), np.array([-200.0, 20.0]))
    return Finding(
        inside, f"inside for |x| up to {_SIGMOID_UNTIL:g}; float32 rounds to {ends[0]:g} at -200, {ends[1]:g} at 20"
    )


def tanh_range() -> Finding:
    """Check whether tanh stays inside (-1, 1); where float32 rounds it to an end."""
    x = np.linspace(-_TANH_UNTIL, _TANH_UNTIL, 4001)
    inside = _inside(tanh().value(x), -1, 1)
    end = _keras(layers.Activation("tanh"), np.array([20.0]))[0]
    return Finding(inside, f"inside for |x| up to {_TANH_UNTIL:g}; float32 rounds to {end:g} at 20")


def sigmoid_is_softmax_of_two() -> Finding:
    """Check whether sigmoid(z) is the probability that a softmax of (z, 0) gives to the first of two classes."""
    pairs = np.stack([GRID, np.zeros_like(GRID)], axis=1)
    apart = float(np.abs(sigmoid().value(GRID) - softmax(pairs)[:, 0]).max())
    return Finding(apart <= 1e-12, f"sigmoid(z) = softmax(z, 0) to {apart:.0e}: a probability of one of two classes")


def saturates(formula: Call, *, bound: float) -> Finding:
    """Check whether the derivative goes to 0 on both sides and is nowhere above a bound."""
    derivative = formula().derivative
    peak, far = float(derivative(GRID).max()), float(derivative(np.array([-10.0, 10.0])).max())
    text = f"largest derivative {peak:g}, at most {far:.0e} beyond |x| = 10; sixteen layers multiply to {peak**16:.0e}"
    return Finding(abs(peak - bound) < CLOSE and far < 1e-3, text)


def tanh_is_a_sigmoid() -> Finding:
    """Check whether tanh(x) = 2 sigmoid(2 x) - 1."""
    apart = float(np.abs(tanh().value(GRID) - (2 * sigmoid().value(2 * GRID) - 1)).max())
    return Finding(apart <= 1e-12, f"tanh(x) = 2 sigmoid(2x) - 1 to {apart:.0e}")


def tanh_is_symmetric() -> Finding:
    """Check whether tanh is odd about 0 and sigmoid is not."""
    ours, other = (np.abs(f.value(GRID) + f.value(-GRID)).max() for f in (tanh(), sigmoid()))
    text = f"|f(x) + f(-x)| is {ours:.0e} for tanh and {other:g} for sigmoid, which is symmetric about 1/2"
    return Finding(bool(ours < CLOSE < other), text)


def distribution() -> Finding:
    """Check whether softmax gives numbers in (0, 1) of sum 1 for two classes to ten, by the formula and in Keras."""
    rng = np.random.default_rng(1)
    drawn = [rng.normal(scale=3, size=(500, k)) for k in range(2, 11)]
    exact, found = [softmax(each) for each in drawn], [_keras(layers.Softmax(), each) for each in drawn]
    inside = all(_inside(p, 0, 1) for p in exact)
    sums = max(float(np.abs(p.sum(axis=1) - 1).max()) for p in found)
    apart = max(float(np.abs(a - b).max()) for a, b in zip(exact, found, strict=True))
    ends = sum(not _inside(p, 0, 1) for p in found)
    text = f"4500 vectors of 2 to 10 logits, sums 1 to {sums:.0e}, {apart:.0e} from the formula"
    where = "inside" if inside else "not inside"
    rounded = f"; float32 rounds to an end in {ends} of {len(found)} sets" if ends else ""
    return Finding(inside and max(sums, apart) < CLOSE, f"{text}, {where} (0, 1) in float64{rounded}")


def never_flat(formula: Call, other: Call) -> Finding:
    """Check whether a derivative is nowhere 0 while that of another, whose units can die, is on half of the line."""
    least, flat = float(formula().derivative(GRID).min()), float((other().derivative(GRID) == 0).mean())
    return Finding(
        least > 0 and flat > 0, f"least derivative {least:g}; that of ReLU is 0 on {100 * flat:.0f} % of -20 to 20"
    )


def unit_without_gradient() -> Finding:
    """Check whether a ReLU unit can have a derivative of 0 for every image: one bias suffices."""
    images = np.random.default_rng(2).normal(size=(1000, 9))
    flat = (images @ np.full(9, 0.1) - 10 <= 0).mean()
    return Finding(
        bool(flat == 1), f"a bias of -10: derivative 0 on {100 * flat:.0f} % of 1000 inputs, so no step moves it"
    )


def has_more_parameters(layer: Call, *, than: Call, channels: int) -> Finding:
    """Check whether a layer has more parameters than another, on features of some channels."""
    ours, other = (_parameters(each(name="layer"), channels) for each in (layer, than))
    return Finding(ours > other, f"{ours} learnt parameters on {channels} channels, against {other}")


def contains(formula: Call, others: Sequence[tuple[float, Call]]) -> Finding:
    """Check whether a family with a slope has each of other functions at some slope."""
    apart = [float(np.abs(formula(slope).value(GRID) - other().value(GRID)).max()) for slope, other in others]
    text = ", ".join(f"slope {slope:g}: {distance:g} apart" for (slope, _), distance in zip(others, apart, strict=True))
    return Finding(max(apart) == 0, f"{text}; and every other slope besides")


def exponentials(formula: Call, *, than: Call) -> Finding:
    """Check whether a function takes more exponentials than another."""
    ours, other = formula().exponentials, than().exponentials
    return Finding(ours > other, f"{ours} exponential a value against {other}; times in provenance.json")


def no_exponential(formula: Call) -> Finding:
    """Check whether a function takes none."""
    ours = formula().exponentials
    return Finding(ours == 0, f"{ours} exponentials a value: one comparison; times in provenance.json")


def fixed_point() -> Finding:
    """Check whether SELU keeps mean 0 and variance 1 and draws near variances to 1 (Klambauer et al. 2017).

    Of normal inputs, as wide layers have them; their mean is 0 whatever the layer before gave, since the weights have
    that mean, so that what is passed on is the variance (equations 4 and 5 with omega = 0, tau = 1).
    """
    first, second = moments_of_selu(1.0)
    step = 1e-4
    factor = (moments_of_selu(1 + step)[1] - moments_of_selu(1 - step)[1]) / (2 * step)
    apart = max(abs(first), abs(second - 1))
    text = (
        f"(0, 1) goes to ({first:.0e}, 1{second - 1:+.0e}); a deviation of the variance shrinks to {factor:.3f} of it"
    )
    return Finding(apart < 1e-4 and abs(factor) < 1, text)


def moments_of_selu(variance: float) -> tuple[float, float]:
    """Return mean and variance of SELU of a normal of mean 0 (Klambauer et al. 2017, equations 4 and 5)."""
    sd = np.sqrt(variance)
    shrunk = np.exp(variance / 2) * special.ndtr(-sd)
    twice = np.exp(2 * variance) * special.ndtr(-2 * sd)
    first = SELU_SCALE * (sd / np.sqrt(2 * np.pi) + SELU_ALPHA * (shrunk - 0.5))
    second = SELU_SCALE**2 * (variance / 2 + SELU_ALPHA**2 * (twice - 2 * shrunk + 0.5))
    return float(first), float(second - first**2)


def _keras(layer: layers.Layer, x: np.ndarray) -> np.ndarray:
    """Return a layer's output for values as the channels of one position each."""
    values = x.astype(np.float32)
    rows = values if values.ndim == 2 else values[:, None]
    return keras.ops.convert_to_numpy(layer(rows[:, None, None, :])).reshape(values.shape)


def _parameters(layer: layers.Layer, channels: int) -> int:
    layer.build((None, 28, 28, channels))
    return layer.count_params()


def _inside(values: np.ndarray, low: float, high: float) -> bool:
    return bool((values > low).all() and (values < high).all())
