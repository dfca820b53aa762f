"""How far each metric is from the same one of another library: the largest difference over seeded samples."""

from __future__ import annotations

import dataclasses
import math
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import metadata

import numpy as np
from metrics_peers import SURFACES, Pair, attempt
from monai import metrics as monai_metrics
from scipy import ndimage, stats
from sklearn import calibration as sklearn_calibration
from sklearn import metrics as sklearn_metrics

from reproduce.metrics import calibration, confusion, labels, overlap, ranking, statistics
from reproduce.metrics.froc import ScanHits, froc_curve, sensitivity_at

_SAMPLES = 20


@dataclass(frozen=True)
class Agreement:
    """The largest difference between two calls, absolute, over `n` values."""

    ours: str
    library: str
    theirs: str
    n: int
    difference: float

    @property
    def version(self) -> str:
        """Of the library, as installed."""
        return metadata.version(self.library)


def agreements() -> list[Agreement]:
    """Every comparison, values of one call and library gathered over the samples, in the order of the modules."""
    gathered: dict[tuple[str, str, str], list[float]] = {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for seed in range(_SAMPLES):
            for ours, library, theirs, a, b in [*_masks(seed), *_surfaces(seed), *_scores(seed), *_tests(seed)]:
                apart = np.abs(np.asarray(a, dtype=np.float64) - np.asarray(b, dtype=np.float64))
                gathered.setdefault((ours, library, theirs), []).extend(np.atleast_1d(apart).ravel())
    return [Agreement(*names, len(values), float(max(values))) for names, values in gathered.items()]


def _blobs(seed: int) -> Pair:
    rng = np.random.default_rng(seed)
    smooth = [ndimage.gaussian_filter(rng.normal(size=(14, 24, 22)), 1.7) for _ in range(2)]
    spacing_mm = ((1.0, 1.0, 1.0), (2.5, 0.7, 0.7), (0.6, 1.9, 1.1))[seed % 3]
    return Pair(smooth[0] > 0.02, smooth[0] + 0.4 * smooth[1] > 0.02, spacing_mm)


def _surfaces(seed: int) -> Iterator[tuple]:
    pair = _blobs(seed)
    ours = {"voxels": attempt(SURFACES[0], pair), "subvoxel": attempt(SURFACES[1], pair)}
    for peer in SURFACES[2:]:
        for metric, value in attempt(peer, pair).items():
            yield f"surface: {metric} ({peer.ours})", peer.library, peer.call, ours[peer.ours][metric], value


def _masks(seed: int) -> Iterator[tuple]:
    pair = _blobs(seed)
    a, b = pair.reference.ravel(), pair.prediction.ravel()
    counts = confusion.count(a, b)
    for ours, theirs in (
        (confusion.accuracy, sklearn_metrics.accuracy_score),
        (confusion.sensitivity, sklearn_metrics.recall_score),
        (confusion.precision, sklearn_metrics.precision_score),
        (confusion.f1, sklearn_metrics.f1_score),
        (confusion.balanced_accuracy, sklearn_metrics.balanced_accuracy_score),
        (confusion.mcc, sklearn_metrics.matthews_corrcoef),
    ):
        yield f"confusion: {ours.__name__}", "scikit-learn", theirs.__name__, ours(counts), theirs(a, b)
    iou = overlap.iou(a, b, both_empty=math.nan)
    yield "overlap: iou", "scikit-learn", "jaccard_score", iou, sklearn_metrics.jaccard_score(a, b)
    dice = overlap.dice(a, b, both_empty=math.nan)
    yield "overlap: dice", "scikit-learn", "f1_score", dice, sklearn_metrics.f1_score(a, b)
    rng = np.random.default_rng(seed)
    reference, prediction = rng.integers(0, 4, 500), rng.integers(0, 4, 500)
    matrix = labels.confusion_matrix(reference, prediction, n_classes=4)
    theirs = sklearn_metrics.jaccard_score(reference, prediction, average=None)
    yield "labels: class_iou", "scikit-learn", "jaccard_score", labels.class_iou(matrix, both_empty=math.nan), theirs


def _scores(seed: int) -> Iterator[tuple]:
    rng = np.random.default_rng(seed)
    reference = rng.random(500) < 0.3
    scores = np.clip(0.4 * reference + 0.6 * rng.random(500), 0, 1).round(2)
    for name, ours, theirs in (
        ("ranking: roc_auc", ranking.roc_auc, sklearn_metrics.roc_auc_score),
        ("ranking: average_precision", ranking.average_precision, sklearn_metrics.average_precision_score),
        ("calibration: brier_score", calibration.brier_score, sklearn_metrics.brier_score_loss),
    ):
        yield name, "scikit-learn", theirs.__name__, ours(reference, scores), theirs(reference, scores)
    for bins, strategy in (("equal_width", "uniform"), ("equal_mass", "quantile")):
        curve = calibration.reliability_curve(reference, scores, n_bins=10, bins=bins)
        observed, _ = sklearn_calibration.calibration_curve(reference, scores, n_bins=10, strategy=strategy)
        yield f"calibration: reliability_curve ({bins})", "scikit-learn", "calibration_curve", curve.observed, observed
    tensors = [monai_metrics.utils.torch.from_numpy(values) for values in (scores, reference.astype(int))]
    yield (
        "ranking: roc_auc",
        "monai",
        "compute_roc_auc",
        ranking.roc_auc(reference, scores),
        (monai_metrics.compute_roc_auc(*tensors)),
    )
    rates = [0.125, 0.25, 0.5, 1, 2, 4, 8]
    fpr, tpr, _ = sklearn_metrics.roc_curve(reference, scores)
    n_false, n_scans = np.count_nonzero(~reference), 40
    curve = froc_curve([ScanHits(scores[reference], scores[~reference]), *[ScanHits(np.empty(0), np.empty(0))] * 39])
    theirs = np.interp(rates, fpr * n_false / n_scans, tpr)
    yield "froc: sensitivity_at", "scikit-learn", "roc_curve, scaled as LUNA16", sensitivity_at(curve, rates), theirs


def _tests(seed: int) -> Iterator[tuple]:
    rng = np.random.default_rng(seed)
    a, b = rng.random(12), rng.random(12)
    exact = stats.wilcoxon(a, b, method="exact").pvalue
    yield "statistics: wilcoxon p", "scipy", "stats.wilcoxon (exact)", statistics.wilcoxon(a, b).p_value, exact
    flips = stats.permutation_test((a, b), lambda x, y: np.mean(x - y), permutation_type="samples", n_resamples=np.inf)
    ours = statistics.permutation(a, b, n_resamples=2**12, seed=[seed]).p_value
    yield "statistics: permutation p", "scipy", "stats.permutation_test (all)", ours, flips.pvalue
    values = rng.gamma(1.5, size=60)
    draws = np.random.default_rng([seed]).integers(0, 60, (999, 60), dtype=np.int32)
    for method, name in (("percentile", "percentile"), ("bca", "BCa")):
        interval = statistics.bootstrap_interval(
            values, statistics.mean, n_resamples=999, confidence=0.95, seed=[seed], method=method
        )
        some = stats.bootstrap((values,), np.mean, n_resamples=2, method=name)
        same = dataclasses.replace(some, bootstrap_distribution=values[draws].mean(axis=1))
        theirs = stats.bootstrap((values,), np.mean, n_resamples=0, bootstrap_result=same, method=name)
        yield (
            f"statistics: bootstrap_interval ({method})",
            "scipy",
            "stats.bootstrap, same resamples",
            ((interval.low, interval.high)),
            theirs.confidence_interval,
        )
