"""Checks of what goes into a metric: shapes that agree, masks that are boolean, numbers that are finite."""

from __future__ import annotations

import numpy as np

from reproduce.errors import MetricInputError


def masks(reference: np.ndarray, prediction: np.ndarray, *, where: str) -> tuple[np.ndarray, np.ndarray]:
    """Both masks as arrays, once they are known to be boolean and of one shape.

    Args:
        reference: bool, any shape.
        prediction: bool, the same shape.
        where: The metric, for the error.

    Raises:
        MetricInputError: One is not boolean (a probability needs a threshold first, and the metric does not choose
            one), or the shapes differ; nothing is broadcast.
    """
    reference, prediction = np.asarray(reference), np.asarray(prediction)
    same_shape(reference, prediction, where=where)
    for name, mask in (("reference", reference), ("prediction", prediction)):
        if mask.dtype != np.bool_:
            raise MetricInputError(
                expected=f"a boolean {name}",
                got=f"dtype {mask.dtype}",
                where=where,
                do="compare labels with == label, or probabilities with >= threshold, first",
            )
    return reference, prediction


def same_shape(a: np.ndarray, b: np.ndarray, *, where: str) -> None:
    """Return if two arrays have one shape.

    Raises:
        MetricInputError: They do not; nothing is broadcast.
    """
    if a.shape != b.shape:
        raise MetricInputError(
            expected="two arrays of one shape",
            got=f"shapes {a.shape} and {b.shape}",
            where=where,
            do="bring both onto one grid or one order of cases first",
        )


def finite(values: np.ndarray, *, where: str) -> np.ndarray:
    """The values as float64, once none of them is nan or infinite.

    Raises:
        MetricInputError: One is; a case without a value has to be left out by the caller, who then knows how many.
    """
    values = np.asarray(values, dtype=np.float64)
    broken = values.size - int(np.count_nonzero(np.isfinite(values)))
    if broken:
        raise MetricInputError(
            expected="finite values",
            got=f"{broken} of {values.size} nan or infinite",
            where=where,
            do="leave those cases out, in both arms of a comparison, and print how many remain",
        )
    return values


def probabilities(values: np.ndarray, *, where: str) -> np.ndarray:
    """The values as float64, once all lie in [0, 1].

    Raises:
        MetricInputError: One does not, or is nan.
    """
    values = finite(values, where=where)
    if values.size and not (values.min() >= 0 and values.max() <= 1):
        raise MetricInputError(
            expected="probabilities in [0, 1]",
            got=f"values from {values.min()} to {values.max()}",
            where=where,
            do="apply the sigmoid to logits first",
        )
    return values


def resampling(n_resamples: int, confidence: float, *, where: str) -> None:
    """Return if there is a resample or more, and a confidence between 0 and 1.

    Raises:
        MetricInputError: There is not; e.g. a confidence of 95, which is a percentage.
    """
    within(n_resamples, 1, np.inf, where=f"{where}, n_resamples")
    within(confidence, np.nextafter(0, 1), np.nextafter(1, 0), where=f"{where}, confidence")


def one_of(value: str, allowed: tuple[str, ...], *, where: str) -> None:
    """Return if a choice is one that there is.

    Raises:
        MetricInputError: It is not; a misspelt choice must not become the other one.
    """
    if value not in allowed:
        raise MetricInputError(
            expected=" or ".join(repr(choice) for choice in allowed),
            got=repr(value),
            where=where,
            do="name one of them",
        )


def within(value: float, low: float, high: float, *, where: str) -> float:
    """The value, once it lies in [low, high].

    Raises:
        MetricInputError: It does not, or it is nan.
    """
    if not low <= value <= high:
        raise MetricInputError(
            expected=f"a value in [{low}, {high}]",
            got=repr(value),
            where=where,
            do="check the unit: shares, not percent",
        )
    return value
