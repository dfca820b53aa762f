"""Whether a probability of 0.7 is right seven times in ten: reliability curve, calibration error, Brier score."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from reproduce.metrics import inputs

Bins = Literal["equal_width", "equal_mass"]


@dataclass(frozen=True, eq=False)
class ReliabilityCurve:
    """Predicted against observed, bin by bin; bins without a unit are left out.

    Attributes:
        predicted: float64 `[k]`, mean probability in each bin, rising.
        observed: float64 `[k]`, share of positives in each bin.
        n: int64 `[k]`, number of units in each bin, at least 1.
    """

    predicted: np.ndarray
    observed: np.ndarray
    n: np.ndarray


def reliability_curve(reference: np.ndarray, probability: np.ndarray, *, n_bins: int, bins: Bins) -> ReliabilityCurve:
    """Mean probability and share of positives in each bin (Murphy and Winkler 1977).

    Args:
        reference: bool `[n]`.
        probability: float `[n]`, in [0, 1]; of the positive class.
        n_bins: At least 1.
        bins: "equal_width": [0, 1/n_bins], (1/n_bins, 2/n_bins], ... (Guo et al. 2017). "equal_mass": as many units in
            each bin as can be, units with one probability kept together (Nguyen and O'Connor 2015).

    Returns:
        The curve; without bins for empty input.

    Raises:
        MetricInputError: `reference` is not boolean, the shapes differ, a probability lies outside [0, 1] or is nan,
            `n_bins` is below 1, or `bins` is neither.
    """
    reference, probability = _pairs(reference, probability, where="reliability_curve")
    inputs.within(n_bins, 1, np.inf, where="reliability_curve, n_bins")
    inputs.one_of(bins, ("equal_width", "equal_mass"), where="reliability_curve, bins")
    if bins == "equal_width":
        # Divided, the edge 5/7 is the float nearest to it, as a share of votes is; multiples of 1/7 fall short.
        inner = np.arange(1, n_bins) / n_bins
    else:
        inner = np.quantile(probability, np.linspace(0, 1, n_bins + 1)[1:-1]) if probability.size else np.empty(0)
    number = np.searchsorted(inner, probability, side="left")
    n = np.bincount(number, minlength=n_bins)
    full = n > 0
    predicted = np.bincount(number, weights=probability, minlength=n_bins)[full] / n[full]
    observed = np.bincount(number, weights=reference, minlength=n_bins)[full] / n[full]
    return ReliabilityCurve(predicted, observed, n[full])


def expected_calibration_error(reference: np.ndarray, probability: np.ndarray, *, n_bins: int, bins: Bins) -> float:
    """ECE: sum over bins of n_b / n |observed_b - predicted_b|, in [0, 1] (Naeini et al. 2015), of the positive class.

    For several classes pass `reference` = the predicted class is right and `probability` = its probability: the form of
    Guo et al. (2017). The two differ for two classes too. Depends on the number and kind of bins, so both are named.

    Args:
        reference: bool `[n]`.
        probability: float `[n]`, in [0, 1].
        n_bins: At least 1; papers use 10 or 15.
        bins: As for `reliability_curve`.

    Returns:
        float64; nan for empty input.

    Raises:
        MetricInputError: As for `reliability_curve`.
    """
    curve = reliability_curve(reference, probability, n_bins=n_bins, bins=bins)
    n = curve.n.sum()
    return float((curve.n * np.abs(curve.observed - curve.predicted)).sum() / n) if n else np.nan


def brier_score(reference: np.ndarray, probability: np.ndarray) -> float:
    """Mean of (probability - outcome)², in [0, 1]; 0 is best (Brier 1950, halved for two classes as usual since).

    Args:
        reference: bool `[n]`.
        probability: float `[n]`, in [0, 1]; of the positive class.

    Returns:
        float64; nan for empty input.

    Raises:
        MetricInputError: `reference` is not boolean, the shapes differ, or a probability lies outside [0, 1] or is nan.
    """
    reference, probability = _pairs(reference, probability, where="brier_score")
    return float(((probability - reference) ** 2).mean()) if reference.size else np.nan


def _pairs(reference: np.ndarray, probability: np.ndarray, *, where: str) -> tuple[np.ndarray, np.ndarray]:
    probability = inputs.probabilities(probability, where=where).ravel()
    reference = np.asarray(reference).ravel()
    inputs.masks(reference, reference, where=where)
    inputs.same_shape(reference, probability, where=where)
    return reference, probability
