"""Beside scikit-learn 1.9 (`sklearn.metrics`, `sklearn.calibration`)."""

import math
import warnings

import numpy as np
import pytest

from reproduce.metrics import confusion, labels
from reproduce.metrics.calibration import brier_score, expected_calibration_error, reliability_curve
from reproduce.metrics.froc import ScanHits, froc_curve, sensitivity_at
from reproduce.metrics.ranking import average_precision, roc_auc, roc_curve

pytestmark = pytest.mark.bench
peer = pytest.importorskip("sklearn.metrics", reason="scikit-learn of the extra `bench` is not installed")


@pytest.fixture(params=range(4))
def sample(request):
    """A reference, a decision and a probability, with ties."""
    rng = np.random.default_rng(request.param)
    reference = rng.random(400) < 0.3
    probability = np.clip(0.5 * reference + 0.6 * rng.random(400), 0, 1).round(2)
    return reference, probability > 0.5, probability


def test_confusion(sample):
    reference, decision, _ = sample
    counts = confusion.count(reference, decision)
    assert [[counts.tn, counts.fp], [counts.fn, counts.tp]] == peer.confusion_matrix(reference, decision).tolist()
    for ours, theirs in (
        (confusion.accuracy, peer.accuracy_score),
        (confusion.sensitivity, peer.recall_score),
        (confusion.precision, peer.precision_score),
        (confusion.f1, peer.f1_score),
        (confusion.balanced_accuracy, peer.balanced_accuracy_score),
        (confusion.mcc, peer.matthews_corrcoef),
    ):
        assert ours(counts) == pytest.approx(theirs(reference, decision), abs=1e-12)
    assert confusion.specificity(counts) == pytest.approx(peer.recall_score(~reference, ~decision), abs=1e-12)


def test_several_classes():
    rng = np.random.default_rng(0)
    reference, prediction = rng.integers(0, 4, 500), rng.integers(0, 4, 500)
    matrix = labels.confusion_matrix(reference, prediction, n_classes=4)
    assert matrix.tolist() == peer.confusion_matrix(reference, prediction).tolist()
    np.testing.assert_allclose(
        labels.class_iou(matrix, both_empty=math.nan), peer.jaccard_score(reference, prediction, average=None)
    )
    np.testing.assert_allclose(
        labels.class_dice(matrix, both_empty=math.nan), peer.f1_score(reference, prediction, average=None)
    )
    assert labels.mean_iou_pooled(matrix[None], classes=range(4), both_empty=math.nan) == pytest.approx(
        peer.jaccard_score(reference, prediction, average="macro")
    )
    assert labels.frequency_weighted_iou(matrix[None], classes=range(4)) == pytest.approx(
        peer.jaccard_score(reference, prediction, average="weighted")
    )


def test_ranking(sample):
    reference, _, probability = sample
    assert roc_auc(reference, probability) == pytest.approx(peer.roc_auc_score(reference, probability), abs=1e-12)
    assert average_precision(reference, probability) == pytest.approx(
        peer.average_precision_score(reference, probability), abs=1e-12
    )
    theirs = peer.roc_curve(reference, probability, drop_intermediate=False)
    for ours, column in zip(roc_curve(reference, probability), theirs, strict=True):
        np.testing.assert_allclose(ours, column, atol=1e-12)


@pytest.mark.parametrize(("bins", "strategy"), [("equal_width", "uniform"), ("equal_mass", "quantile")])
def test_calibration(sample, bins, strategy):
    calibration = pytest.importorskip("sklearn.calibration")
    reference, _, probability = sample
    observed, predicted = calibration.calibration_curve(reference, probability, n_bins=7, strategy=strategy)
    curve = reliability_curve(reference, probability, n_bins=7, bins=bins)
    np.testing.assert_allclose(curve.observed, observed, atol=1e-12)
    np.testing.assert_allclose(curve.predicted, predicted, atol=1e-12)
    error = expected_calibration_error(reference, probability, n_bins=7, bins=bins)
    assert error == pytest.approx(np.average(np.abs(observed - predicted), weights=curve.n), abs=1e-12)
    assert brier_score(reference, probability) == pytest.approx(
        peer.brier_score_loss(reference, probability), abs=1e-12
    )


def test_froc_from_a_roc_curve():
    # LUNA16's script scales scikit-learn's ROC curve of the hits and false candidates: false positive rate times false
    # candidates per scan, true positive rate times the share of nodules that were hit at all.
    rng = np.random.default_rng(0)
    hits, false, n_missed, n_scans = rng.normal(1, 1, 40).round(2), rng.normal(0, 1, 90).round(2), 12, 9
    fpr, tpr, _ = peer.roc_curve(np.r_[np.ones(40), np.zeros(90)], np.r_[hits, false])
    rates = [0.125, 0.25, 0.5, 1, 2, 4, 8]
    theirs = np.interp(rates, fpr * 90 / n_scans, tpr * 40 / (40 + n_missed))
    scan = ScanHits(np.r_[hits, np.full(n_missed, -np.inf)], false)
    curve = froc_curve([scan] + [ScanHits(np.empty(0), np.empty(0))] * (n_scans - 1))
    np.testing.assert_allclose(sensitivity_at(curve, rates), theirs, atol=1e-12)


def test_disagreement_undefined_ratios():
    # There an undefined ratio is 0, with a warning or without one; here it is nan, so that it cannot enter a mean.
    reference, decision = np.zeros(4, bool), np.array([True, False, False, False])
    counts = confusion.count(reference, decision)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert peer.matthews_corrcoef(reference, decision) == 0
        assert peer.recall_score(reference, decision) == 0
        # There the mean runs over the classes that are present: the specificity alone.
        assert peer.balanced_accuracy_score(reference, decision) == 0.75
    assert math.isnan(confusion.mcc(counts))
    assert math.isnan(confusion.sensitivity(counts))
    assert math.isnan(confusion.balanced_accuracy(counts))
