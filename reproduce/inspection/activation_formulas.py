"""Activation functions and their derivatives as papers print them, in NumPy and float64.

They are the measure of Keras' own, and what is known exactly of them (ranges, zeros of the derivative, what an
operation costs) is told by them without a network.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

# Klambauer et al. 2017, section 1: the two numbers that make mean 0 and variance 1 a fixed point.
SELU_ALPHA, SELU_SCALE = 1.6732632423543772, 1.0507009873554805


@dataclass(frozen=True)
class Activation:
    """One function of one value.

    Attributes:
        value: float array to float64 array of the same shape.
        derivative: Takes and gives the same; at a kink the one from the left, which Keras takes too.
        exponentials: Evaluations of exp for one value. It is what tells the costs apart before any clock: comparing,
            adding and multiplying take a cycle each, an exponential some twenty.
        learnt: Parameters for each channel that training changes.
    """

    value: Callable[[np.ndarray], np.ndarray]
    derivative: Callable[[np.ndarray], np.ndarray]
    exponentials: int
    learnt: int = 0


def leaky(slope: float, *, learnt: int = 0) -> Activation:
    """Return leaky ReLU, x above 0 and slope x elsewhere (Maas et al. 2013).

    It is PReLU where the slope is learnt (He et al. 2015).

    Args:
        slope: Slope of the negative side; papers and libraries differ (0.01, 0.2, 0.3).
        learnt: Parameters for each channel.
    """
    return Activation(
        lambda x: np.where(x > 0, x, slope * np.asarray(x, np.float64)),
        lambda x: np.where(x > 0, 1.0, slope),
        exponentials=0,
        learnt=learnt,
    )


def elu(alpha: float) -> Activation:
    """Return ELU: x above 0, alpha (exp(x) - 1) elsewhere (Clevert et al. 2016, equation 15)."""
    return _scaled_elu(alpha, 1.0)


def relu() -> Activation:
    """Return ReLU: max(0, x)."""
    return leaky(0.0)


def selu() -> Activation:
    """Return ELU with alpha and a scale that keep mean 0 and variance 1 (Klambauer et al. 2017, equation 2)."""
    return _scaled_elu(SELU_ALPHA, SELU_SCALE)


def sigmoid() -> Activation:
    """Return the sigmoid 1 / (1 + exp(-x)), in the form that does not overflow."""
    return Activation(_logistic, lambda x: _logistic(x) * _logistic(-np.asarray(x)), exponentials=1)


def tanh() -> Activation:
    """Return tanh, (exp(x) - exp(-x)) / (exp(x) + exp(-x)) = 2 sigmoid(2 x) - 1, one exponential."""
    # 1 - tanh(x)^2 loses all its digits for large x; 4 sigmoid(2 x) sigmoid(-2 x) is the same and keeps them
    return Activation(
        np.tanh, lambda x: 4 * _logistic(2 * np.asarray(x)) * _logistic(-2 * np.asarray(x)), exponentials=1
    )


def _scaled_elu(alpha: float, scale: float) -> Activation:
    return Activation(
        lambda x: scale * np.where(x > 0, x, alpha * np.expm1(np.minimum(x, 0.0))),
        lambda x: scale * np.where(x > 0, 1.0, alpha * np.exp(np.minimum(x, 0.0))),
        exponentials=1,
    )


def _logistic(x: np.ndarray) -> np.ndarray:
    x = np.asarray(x, np.float64)
    small = np.exp(-np.abs(x))
    return np.where(x >= 0, 1.0, small) / (1.0 + small)
