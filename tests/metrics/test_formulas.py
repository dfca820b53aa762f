"""The metrics that tables print: one formula each, and a new one is one object in one place."""

import numpy as np
import pandas as pd
import pytest

from reproduce.metrics import confusion, formulas, overlap
from reproduce.metrics.confusion import Counts
from reproduce.metrics.formulas import Metric
from reproduce.metrics.seed_scores import seed_scores
from reproduce.results import cases, summary

COUNTS = Counts(tp=3, fp=1, fn=2, tn=14)


@pytest.mark.parametrize(
    ("metric", "by_hand"),
    [
        (formulas.ACCURACY, 17 / 20),
        (formulas.SENSITIVITY, 3 / 5),
        (formulas.SPECIFICITY, 14 / 15),
        (formulas.PRECISION, 3 / 4),
        (formulas.DICE, 6 / 9),
        (formulas.F1, 6 / 9),
        (formulas.IOU, 3 / 6),
        (formulas.MIOU, (3 / 6 + 14 / 17) / 2),
    ],
    ids=lambda value: getattr(value, "name", ""),
)
def test_a_formula_by_hand_of_one_set_of_counts_and_of_columns(metric, by_hand):
    assert metric.of(COUNTS) == pytest.approx(by_hand)
    columns = pd.DataFrame([{"tp": 3, "fp": 1, "fn": 2, "tn": 14}, {"tp": 0, "fp": 0, "fn": 0, "tn": 0}])
    found = metric.of(columns)
    assert found[0] == pytest.approx(by_hand)
    assert np.isnan(found[1])


def test_the_printed_formula_is_the_verified_one(monkeypatch):
    changed = Metric("dice", "ratio", ("pixel",), ((("tp",), ("tp", "fp", "fn", "tn")),))
    monkeypatch.setattr(overlap, "DICE", changed)
    assert overlap.dice_from_counts(COUNTS, both_empty=np.nan) == 3 / 20
    monkeypatch.setattr(formulas, "ACCURACY", changed)
    assert confusion.accuracy(COUNTS) == 3 / 20


def test_a_new_metric_is_one_object_in_one_list(monkeypatch):
    made_up = Metric("false_share", "%", ("pixel",), ((("fp",), ("tp", "fp")),))
    more = (*formulas.OF_COUNTS, made_up)
    for module in (formulas, cases, summary):
        monkeypatch.setattr(module, "OF_COUNTS", more)
    scores = [cases.CaseScore("m", 1, 0, f"P{i}", f"S{i}", "r", "pixel", Counts(3, i, 2, 14), {}) for i in range(1, 4)]
    frame = cases.case_frame(scores)
    assert frame["false_share"].tolist() == [1 / 4, 2 / 5, 3 / 6]
    found = {s.metric: s for s in summary.summarise(frame, {}) if s.average == "pooled"}
    assert found["false_share"].value == pytest.approx(6 / 15)
    assert formulas.unit_of("false_share") == "%"


def volume_similarity(counts):
    """1 - |FN - FP| / (2 TP + FP + FN), Taha and Hanbury 2015, equation 23; nan where both masks are empty."""
    size = np.asarray(2 * counts.tp + counts.fp + counts.fn)
    return 1 - np.divide(abs(counts.fn - counts.fp), size, out=np.full(size.shape, np.nan), where=size > 0)


def test_a_new_metric_that_is_no_ratio_is_averaged_over_cases_and_never_pooled(monkeypatch):
    made_up = Metric("similarity", "ratio", ("pixel",), formula=volume_similarity)
    more = (*formulas.OF_COUNTS, made_up)
    for module in (formulas, cases, summary):
        monkeypatch.setattr(module, "OF_COUNTS", more)
    assert made_up.of(COUNTS) == pytest.approx(1 - 1 / 9)
    counts = (Counts(3, 1, 2, 14), Counts(0, 4, 0, 16), Counts(0, 0, 0, 20))
    scores = [cases.CaseScore("m", 1, 0, f"P{i}", "S", "r", "pixel", each, {}) for i, each in enumerate(counts)]
    frame = cases.case_frame(scores)
    np.testing.assert_allclose(frame["similarity"], [8 / 9, 0, np.nan])
    found = {s.average: s for s in summary.summarise(frame, {}) if s.metric == "similarity"}
    assert set(found) == {"per_case"}
    assert (found["per_case"].n, found["per_case"].value) == (2, pytest.approx(4 / 9))


def test_a_new_metric_of_images_that_is_no_ratio_is_no_ranking():
    made_up = Metric("similarity", "ratio", ("image",), formula=volume_similarity)
    reference, probabilities = np.array([1, 1, 0, 0], bool), np.array([[0.9, 0.4, 0.2, 0.1]])  # TP 1, FN 1: 1 - 1 / 3
    settings = {"n_resamples": 10, "confidence": 0.95, "seed": 0, "threshold": 0.5, "metrics": (made_up,)}
    found = seed_scores(reference, probabilities, **settings)
    assert found["similarity"].values.tolist() == pytest.approx([2 / 3])
