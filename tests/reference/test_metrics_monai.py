"""Beside MONAI 1.6 (`monai.metrics`), which computes in float32: agreement to 1e-6 of the value.

Its surfaces are "voxels" but for `compute_surface_dice(use_subvoxels=True)`.
"""

import math

import numpy as np
import pytest
from scipy import ndimage

from reproduce.metrics import confusion, overlap
from reproduce.metrics.froc import ScanHits, competition_performance_metric, froc_curve
from reproduce.metrics.ranking import average_precision, roc_auc
from reproduce.metrics.surface import (
    assd_mm,
    average_surface_distance_mm,
    hausdorff_mm,
    hausdorff_percentile_by_direction_mm,
    surface_dice,
    surface_distances,
)

pytestmark = [pytest.mark.bench, pytest.mark.filterwarnings("ignore")]
torch = pytest.importorskip("torch", reason="torch of the extra `bench` is not installed")
peer = pytest.importorskip("monai.metrics", reason="monai of the extra `bench` is not installed")

EMPTY = {"both_empty": math.nan, "one_empty": math.inf}
SPACINGS_MM = [(1.0, 1.0, 1.0), (2.5, 0.7, 0.7), (0.6, 1.9, 1.1)]


def _blobs(seed, shape=(12, 17, 15)):
    noise = np.random.default_rng(seed).normal(size=(2, *shape))
    smooth = [ndimage.gaussian_filter(n, 1.5) for n in noise]
    return smooth[0] > 0.03, smooth[0] + 0.4 * smooth[1] > 0.03


def _one_hot(mask):
    return torch.from_numpy(mask[None, None])


def _both(reference, prediction):
    return {"y_pred": _one_hot(prediction), "y": _one_hot(reference), "include_background": True}


@pytest.mark.parametrize("spacing_mm", SPACINGS_MM)
@pytest.mark.parametrize("seed", range(3))
def test_surfaces(spacing_mm, seed):
    reference, prediction = _blobs(seed)
    ours = surface_distances(reference, prediction, spacing_mm=spacing_mm, elements="voxels")
    masks = _both(reference, prediction)
    theirs = peer.compute_hausdorff_distance(**masks, spacing=spacing_mm)
    assert hausdorff_mm(ours, **EMPTY) == pytest.approx(theirs.item(), rel=1e-6)
    theirs = peer.compute_hausdorff_distance(**masks, spacing=spacing_mm, percentile=95)
    assert hausdorff_percentile_by_direction_mm(ours, percent=95, **EMPTY) == pytest.approx(theirs.item(), rel=1e-6)
    theirs = peer.compute_average_surface_distance(**masks, spacing=spacing_mm, symmetric=True)
    assert assd_mm(ours, **EMPTY) == pytest.approx(theirs.item(), rel=1e-6)
    # Without `symmetric` it is the direction from the prediction to the reference.
    theirs = peer.compute_average_surface_distance(**masks, spacing=spacing_mm)
    assert average_surface_distance_mm(ours, **EMPTY)[1] == pytest.approx(theirs.item(), rel=1e-6)
    for tolerance_mm in (0.5, 1.0, 2.6):
        theirs = peer.compute_surface_dice(**masks, class_thresholds=[tolerance_mm], spacing=spacing_mm)
        assert surface_dice(ours, tolerance_mm=tolerance_mm, both_empty=math.nan) == pytest.approx(
            theirs.item(), rel=1e-6
        )


@pytest.mark.parametrize("spacing_mm", SPACINGS_MM)
def test_subvoxel_surface_dice(spacing_mm):
    reference, prediction = _blobs(0)
    ours = surface_distances(reference, prediction, spacing_mm=spacing_mm, elements="subvoxel")
    theirs = peer.compute_surface_dice(
        **_both(reference, prediction), class_thresholds=[1.0], spacing=spacing_mm, use_subvoxels=True
    )
    assert surface_dice(ours, tolerance_mm=1.0, both_empty=math.nan) == pytest.approx(theirs.item(), rel=1e-6)


@pytest.mark.parametrize("seed", range(3))
def test_overlap_and_confusion(seed):
    reference, prediction = _blobs(seed)
    masks = _both(reference, prediction)
    counts = confusion.count(reference, prediction)
    assert overlap.dice(reference, prediction, both_empty=math.nan) == pytest.approx(
        peer.compute_dice(**masks).item(), rel=1e-6
    )
    assert overlap.iou(reference, prediction, both_empty=math.nan) == pytest.approx(
        peer.compute_iou(**masks).item(), rel=1e-6
    )
    matrix = peer.get_confusion_matrix(_one_hot(prediction).float(), _one_hot(reference).float())
    assert matrix[0, 0].tolist() == [counts.tp, counts.fp, counts.tn, counts.fn]
    for ours, name in (
        (confusion.accuracy, "accuracy"),
        (confusion.sensitivity, "sensitivity"),
        (confusion.specificity, "specificity"),
        (confusion.precision, "precision"),
        (confusion.f1, "f1 score"),
        (confusion.balanced_accuracy, "balanced accuracy"),
        (confusion.mcc, "matthews correlation coefficient"),
    ):
        theirs = peer.compute_confusion_matrix_metric(name, matrix).item()
        assert ours(counts) == pytest.approx(theirs, rel=1e-6), name


def test_disagreement_confusion_of_boolean_tensors():
    # There the sum of reference and prediction is compared with 2, which the sum of two booleans never is.
    reference, prediction = _blobs(0)
    matrix = peer.get_confusion_matrix(_one_hot(prediction), _one_hot(reference))
    assert matrix[0, 0, 0] == 0
    assert confusion.count(reference, prediction).tp == 794


def test_both_empty_is_nan_there_and_named_here():
    nothing = np.zeros((4, 5, 6), bool)
    masks = _both(nothing, nothing)
    assert math.isnan(peer.compute_dice(**masks).item())
    assert peer.compute_dice(**masks, ignore_empty=False).item() == 1
    assert overlap.dice(nothing, nothing, both_empty=math.nan) != overlap.dice(nothing, nothing, both_empty=math.nan)
    assert overlap.dice(nothing, nothing, both_empty=1.0) == 1
    assert math.isnan(peer.compute_hausdorff_distance(**masks).item())
    assert math.isnan(peer.compute_surface_dice(**masks, class_thresholds=[1.0]).item())


def test_disagreement_dice_of_an_empty_reference():
    # There a case without a reference is nan, so a prediction of nothing but false voxels is left out of the mean; here
    # it is 0.
    reference, prediction = np.zeros((4, 5, 6), bool), np.ones((4, 5, 6), bool)
    assert math.isnan(peer.compute_dice(**_both(reference, prediction)).item())
    assert overlap.dice(reference, prediction, both_empty=math.nan) == 0


def test_ranking():
    rng = np.random.default_rng(0)
    reference = rng.random(300) < 0.3
    scores = np.round(reference + rng.normal(size=300), 1)
    tensors = torch.from_numpy(scores), torch.from_numpy(reference.astype(int))
    assert roc_auc(reference, scores) == pytest.approx(peer.compute_roc_auc(*tensors), rel=1e-6)
    distinct = scores + np.arange(300) * 1e-6
    tensors = torch.from_numpy(distinct), torch.from_numpy(reference.astype(int))
    theirs = peer.compute_average_precision(*tensors)
    assert average_precision(reference, distinct) == pytest.approx(theirs, rel=1e-6)


def _froc_sample():
    rng = np.random.default_rng(0)
    nodules, false = rng.random(30).round(3), rng.random(60).round(3)
    nodules[:5] = 0
    return nodules, false


def test_froc_where_the_curve_goes_on():
    # There a missed nodule has probability 0. With a seldom rate, far from the end of the curve, both agree.
    nodules, false = _froc_sample()
    fps, sensitivity = peer.compute_froc_curve_data(false, nodules, num_targets=30, num_images=20)
    rates = (0.125, 0.25, 0.5, 1, 2)
    scan = ScanHits(np.where(nodules > 0, nodules, -np.inf), false)
    nothing = ScanHits(np.empty(0), np.empty(0))
    curve = froc_curve([scan] + [nothing] * 19)
    ours = np.interp(rates, curve.false_per_scan, curve.sensitivity).mean()
    assert ours == pytest.approx(peer.compute_froc_score(fps, sensitivity, rates), abs=1e-9)


def test_disagreement_froc_drops_the_last_threshold():
    # There the lowest score is never a threshold, so a detector's last candidates do not count: with one nodule, found
    # by the only candidate, sensitivity is 0.
    fps, sensitivity = peer.compute_froc_curve_data(np.empty(0), np.array([0.9]), num_targets=1, num_images=1)
    assert peer.compute_froc_score(fps, sensitivity) == 0
    assert competition_performance_metric(froc_curve([ScanHits(np.array([0.9]), np.empty(0))])) == 1
