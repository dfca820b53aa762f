"""The conventions beside the libraries that they are of: MONAI 1.6.1, medpy 0.5.2 and surface-distance 0.1."""

import math

import numpy as np
import pytest

from reproduce.imaging import Volume, write_nifti
from reproduce.scoring.conventions import conventions_named
from reproduce.scoring.score import score
from tests.scoring.conftest import labels

pytestmark = [pytest.mark.bench, pytest.mark.filterwarnings("ignore")]
torch = pytest.importorskip("torch", reason="torch of the extra `bench` is not installed")
monai = pytest.importorskip("monai.metrics", reason="monai of the extra `bench` is not installed")
medpy = pytest.importorskip("medpy.metric.binary", reason="medpy of the extra `bench` is not installed")
surface_distance = pytest.importorskip("surface_distance", reason="surface-distance of the extra `bench` is missing")

A, B = np.s_[0:3, 1:4, 1:6], np.s_[1:4, 2:5, 2:8]
CASES = [
    (labels(_1=A), labels(_1=B)),
    (labels(_1=A, _2=np.s_[3, 5, :]), labels(_2=np.s_[3, 4:6, :])),  # label 1 is all false
    (labels(_2=A), labels(_1=np.s_[3, 5, :], _2=B)),  # label 1 is missed
    (labels(), labels()),
]


@pytest.fixture
def scored(tmp_path):
    folders = tmp_path / "pred", tmp_path / "ref"
    for k, folder in enumerate(folders):
        folder.mkdir()
        for i, case in enumerate(CASES):
            write_nifti(Volume(case[k], np.eye(4), "label"), folder / f"lung_00{i}.nii.gz", like=None)
    return score(*folders, conventions=conventions_named(()), regions="labels")


def mean(scored, convention, metric):
    return next(each for each in scored.means if (each.convention, each.metric) == (convention, metric))


def one_hot(voxels):
    return torch.from_numpy(np.stack([voxels == label for label in range(3)])[None])


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("monai", {}),
        ("monai-foreground", {"include_background": False}),
        ("monai-keep-empty", {"include_background": False, "ignore_empty": False}),
    ],
)
def test_dice_is_that_of_monai(scored, name, options):
    for reduction in ("mean", "mean_batch"):
        metric = monai.DiceMetric(reduction=reduction, **options)
        for prediction, reference in CASES:
            metric(y_pred=one_hot(prediction), y=one_hot(reference))
        ours = mean(scored, name, "dice")
        values = [ours.overall] if reduction == "mean" else list(ours.by_region.values())
        np.testing.assert_allclose(values, metric.aggregate().numpy().ravel(), rtol=1e-6)


def test_hd95_is_that_of_monai_which_leaves_out_a_miss(scored):
    metric = monai.HausdorffDistanceMetric(percentile=95)
    for prediction, reference in CASES:
        metric(y_pred=one_hot(prediction), y=one_hot(reference))
    assert mean(scored, "monai", "hd95").overall == pytest.approx(float(metric.aggregate()), rel=1e-6)


def test_hd95_of_brats_and_transunet_is_that_of_medpy(scored):
    prediction, reference = CASES[0]
    expected = medpy.hd95(prediction == 1, reference == 1)
    for convention in conventions_named(("brats", "transunet")):
        assert scored.cases[0].hd95((1,), convention) == pytest.approx(expected)
    with pytest.raises(RuntimeError):  # so that each of the two has to say what a miss is
        medpy.hd95(prediction == 2, reference == 1)


def test_hd95_of_learn2reg_is_that_of_surface_distance_and_so_is_its_miss(scored, monkeypatch):
    monkeypatch.setattr(np, "Inf", np.inf, raising=False)  # it was written for NumPy 1
    (l2r,) = conventions_named(("l2r",))
    for i, ours in ((0, scored.cases[0].hd95((1,), l2r)), (2, scored.cases[2].hd95((1,), l2r))):
        prediction, reference = CASES[i]
        distances = surface_distance.compute_surface_distances(reference == 1, prediction == 1, np.ones(3))
        assert ours == pytest.approx(surface_distance.compute_robust_hausdorff(distances, 95.0))
    assert math.isinf(mean(scored, "l2r", "hd95").by_region["1"])
