"""Beside medpy 0.5 (`medpy.metric.binary`), elements "voxels"; its arguments run (result, reference)."""

import math

import numpy as np
import pytest
from scipy import ndimage

from reproduce.metrics import confusion, overlap
from reproduce.metrics.surface import (
    assd_mm,
    average_surface_distance_mm,
    hausdorff_mm,
    hausdorff_percentile_by_direction_mm,
    hausdorff_percentile_pooled_mm,
    surface_distances,
)

pytestmark = pytest.mark.bench
peer = pytest.importorskip("medpy.metric.binary", reason="medpy of the extra `bench` is not installed")

EMPTY = {"both_empty": math.nan, "one_empty": math.inf}
SPACINGS_MM = [(1.0, 1.0, 1.0), (2.5, 0.7, 0.7), (0.6, 1.9, 1.1)]


def _blobs(seed, shape=(12, 17, 15)):
    noise = np.random.default_rng(seed).normal(size=(2, *shape))
    smooth = [ndimage.gaussian_filter(n, 1.5) for n in noise]
    return smooth[0] > 0.03, smooth[0] + 0.4 * smooth[1] > 0.03


@pytest.mark.parametrize("spacing_mm", SPACINGS_MM)
@pytest.mark.parametrize("seed", range(4))
def test_surfaces(spacing_mm, seed):
    reference, prediction = _blobs(seed)
    ours = surface_distances(reference, prediction, spacing_mm=spacing_mm, elements="voxels")
    assert hausdorff_mm(ours, **EMPTY) == pytest.approx(peer.hd(prediction, reference, spacing_mm), abs=1e-9)
    assert hausdorff_percentile_pooled_mm(ours, percent=95, **EMPTY) == pytest.approx(
        peer.hd95(prediction, reference, spacing_mm), abs=1e-9
    )
    assert assd_mm(ours, **EMPTY) == pytest.approx(peer.assd(prediction, reference, spacing_mm), abs=1e-9)
    there, back = average_surface_distance_mm(ours, **EMPTY)
    assert back == pytest.approx(peer.asd(prediction, reference, spacing_mm), abs=1e-9)
    assert there == pytest.approx(peer.asd(reference, prediction, spacing_mm), abs=1e-9)


@pytest.mark.parametrize("seed", range(4))
def test_overlap_and_confusion(seed):
    reference, prediction = _blobs(seed)
    counts = confusion.count(reference, prediction)
    for ours, theirs in (
        (overlap.dice(reference, prediction, both_empty=math.nan), peer.dc),
        (overlap.iou(reference, prediction, both_empty=math.nan), peer.jc),
        (confusion.sensitivity(counts), peer.sensitivity),
        (confusion.specificity(counts), peer.specificity),
        (confusion.precision(counts), peer.precision),
    ):
        assert ours == pytest.approx(theirs(prediction, reference), abs=1e-12)


def test_disagreement_hd95_pools_both_directions():
    # Reference: columns 0 to 9 and 39; prediction: 0 to 9. Of 21 distances one is 30: medpy's 95th percentile is 0.
    # By direction it is between the 10th and 11th of the reference's eleven: at 0.95 x 10 = 9.5, 15.
    reference, prediction = np.zeros((1, 1, 40), bool), np.zeros((1, 1, 40), bool)
    reference[..., :10] = prediction[..., :10] = True
    reference[..., 39] = True
    ours = surface_distances(reference, prediction, spacing_mm=(1, 1, 1), elements="voxels")
    assert peer.hd95(prediction, reference) == 0
    assert hausdorff_percentile_pooled_mm(ours, percent=95, **EMPTY) == 0
    assert hausdorff_percentile_by_direction_mm(ours, percent=95, **EMPTY) == pytest.approx(15)


def test_disagreement_empty_masks():
    # There both empty is Dice 0 by its docstring and nan under this NumPy, whose counts divide without an error, and
    # a surface without a counterpart is an exception; here the caller names both.
    nothing, some = np.zeros((3, 3, 3), bool), np.ones((3, 3, 3), bool)
    with np.errstate(invalid="ignore"):
        assert math.isnan(peer.dc(nothing, nothing))
    assert overlap.dice(nothing, nothing, both_empty=1.0) == 1
    with pytest.raises(RuntimeError):
        peer.hd95(nothing, some)
    ours = surface_distances(some, nothing, spacing_mm=(1, 1, 1), elements="voxels")
    assert hausdorff_percentile_pooled_mm(ours, percent=95, both_empty=math.nan, one_empty=12.5) == 12.5
    assert math.isnan(confusion.sensitivity(confusion.count(nothing, nothing)))
