"""A statement on images is tested by its own metric, or refused: never by another one under its name."""

import numpy as np
import pandas as pd
import pytest

from reproduce.errors import ProtocolError
from reproduce.protocol import Statement
from reproduce.results.class_results import _compare

REFERENCE = (1, 1, 0, 0)
PROBABILITIES = {"a": (0.9, 0.8, 0.7, 0.1), "b": (0.9, 0.2, 0.3, 0.1)}


@pytest.fixture
def cases():
    rows = [
        {"case": f"image_{i}", "model": model, "seed": 0, "reference": REFERENCE[i], "probability": p}
        for model, probabilities in PROBABILITIES.items()
        for i, p in enumerate(probabilities)
    ]
    return pd.DataFrame(rows)


@pytest.mark.parametrize(
    ("metric", "expected"),
    [("accuracy", (4, 0.75, 0.75)), ("sensitivity", (2, 1.0, 0.5)), ("specificity", (2, 0.5, 1.0))],
)
def test_each_share_is_taken_over_its_own_images(cases, metric, expected):
    n, better, worse, test, p_value = _compare(Statement("a", "b", metric, "by hand"), cases, 0.5)
    assert (n, better, worse) == expected
    assert test == "sign flips"
    assert np.isfinite(p_value)


@pytest.mark.parametrize("metric", ["f1", "precision", "dice"])
def test_a_metric_without_a_paired_test_is_refused(cases, metric):
    with pytest.raises(ProtocolError, match=metric):
        _compare(Statement("a", "b", metric, "by hand"), cases, 0.5)
