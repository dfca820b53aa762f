"""How well a straight line through frozen features tells two classes: penalised logistic regression, solved."""

from __future__ import annotations

import numpy as np
from scipy import optimize, special

from reproduce.errors import ArgumentError


def probe_accuracy(
    train: np.ndarray, train_labels: np.ndarray, test: np.ndarray, test_labels: np.ndarray, *, penalty: float
) -> float:
    """Return share of test images on the right side of the plane that fits the training features best.

    Minimises sum log(1 + exp(-s (w z + b))) + penalty/2 |w|^2 over w and b, s = +-1 the label and z the features with
    mean 0 and standard deviation 1 over the training images; a feature that is the same in all of them is left out. The
    minimum is one, so that no rate and no number of steps is to be chosen, as Chen et al. 2021 have to.

    Args:
        train: float `[n, feature]`.
        train_labels: `[n]` of 0 and 1, both there.
        test: float `[m, feature]`, m at least 1.
        test_labels: `[m]`.
        penalty: > 0.

    Raises:
        ArgumentError: Only one label is there, no test image, or a feature is not finite.
    """
    n_labels = np.unique(train_labels).size
    if n_labels != 2 or len(test) == 0 or not (np.isfinite(train).all() and np.isfinite(test).all()):
        got = f"{n_labels} labels, {len(test)} test images, or features that are not finite"
        do = "take images of both labels, and look at what made the features"
        raise ArgumentError(expected="finite features of two labels", got=got, where="probe_accuracy", do=do)
    train, test = train.astype(np.float64), test.astype(np.float64)
    centre, spread = train.mean(axis=0), train.std(axis=0)
    told = spread > 1e-7 * np.abs(train).max(axis=0, initial=0.0)
    z, z_test = ((part[:, told] - centre[told]) / spread[told] for part in (train, test))
    sign = np.where(train_labels == 1, 1.0, -1.0)

    def objective(parameters: np.ndarray) -> tuple[float, np.ndarray]:
        w, b = parameters[:-1], parameters[-1]
        margin = sign * (z @ w + b)
        pull = -sign * special.expit(-margin)
        value = np.logaddexp(0.0, -margin).sum() + penalty / 2 * w @ w
        return value, np.append(z.T @ pull + penalty * w, pull.sum())

    found = optimize.minimize(objective, np.zeros(z.shape[1] + 1), jac=True, method="L-BFGS-B")
    said = z_test @ found.x[:-1] + found.x[-1] > 0
    return float((said == (test_labels == 1)).mean())
