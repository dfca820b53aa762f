"""The columns of document 000 as shares of 1."""

from fractions import Fraction

import pytest

from reproduce.audit.interval import Interval, rounded
from reproduce.audit.prevalence import Rates

_PRINTED = {
    "LIDC before": ("89.6", "85.7", "91", "0.812"),
    "LIDC after": ("95.2", "93.5", "96.8", "0.894"),
    "BraTS before": ("87.3", "81.4", "90.2", "0.768"),
    "BraTS after": ("94.1", "91.2", "95.6", "0.885"),
}


def _share(value: str, decimals: int = 1) -> Interval:
    return rounded(value, decimals).scaled(Fraction(1, 100))


@pytest.fixture
def share():
    """Turns a printed percentage into a share of 1; one decimal unless told."""
    return _share


@pytest.fixture
def rates() -> dict[str, Rates]:
    return {name: Rates(*map(_share, row[:3])) for name, row in _PRINTED.items()}


@pytest.fixture
def dice() -> dict[str, Interval]:
    return {name: rounded(row[3], 3) for name, row in _PRINTED.items()}
