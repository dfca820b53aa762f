"""Jobs: trained, predicted, marked as done, and not done twice."""

from types import SimpleNamespace

import numpy as np
import pytest

from reproduce.cohorts.splits import Fold
from reproduce.tasks.segmentation import SegmentationInputs
from reproduce.training.job import Job, Worker
from reproduce.training.predict import read_prediction


@pytest.fixture(scope="module")
def worker(recipe, slices):
    optimisation = recipe.optimisation(max_epochs=1)
    experiment = SimpleNamespace(
        optimisation=optimisation,
        preparation=SimpleNamespace(regions={"nodule": ()}),
        decision=SimpleNamespace(threshold=0.5, measured={"nodule": ("nodule",)}, means={}),
        readings=(SimpleNamespace(region="nodule"),),
        optimisation_of=lambda arm: optimisation,
        tiles=None,
    )
    return Worker(experiment, SegmentationInputs(experiment, slices, None))


@pytest.fixture
def job(recipe, tmp_path):
    return Job(recipe.arm(), 1, Fold(0, ("A", "B"), ("C",), ("D",)), tmp_path / "job")


def test_a_job_is_done_when_its_predictions_are_whole(worker, job):
    assert not job.done
    seen = []
    worker.run(job, on_epoch=lambda n, row: seen.append((n, row.epoch)))
    assert seen == [(1, 0)]
    assert job.done
    assert [path.name for path in (job.folder / "predictions").iterdir()] == ["scan D.npz"]
    assert read_prediction(job.folder / "predictions" / "scan D.npz").mask.shape == (4, 16, 16, 1)
    # 3 x 3 kernels on 16 x 16 pixels from 1 to 4 to 1 channels, a bias for each channel out
    assert job.spent["multiply_adds"] == 2 * 9 * 4 * 256
    assert job.spent["parameters"] == (9 * 4 + 4) + (9 * 4 + 1)
    assert job.spent["seconds_per_slice"] > 0


def test_a_job_that_is_done_is_left_alone(worker, job):
    worker.run(job, on_epoch=lambda n, row: None)
    stamps = {path: path.stat().st_mtime_ns for path in job.folder.rglob("*")}
    worker.run(job, on_epoch=lambda n, row: pytest.fail("trained again"))
    assert {path: path.stat().st_mtime_ns for path in job.folder.rglob("*")} == stamps


def test_a_job_stopped_before_its_predictions_makes_them_again(worker, job):
    worker.run(job, on_epoch=lambda n, row: None)
    first = (job.folder / "predictions" / "scan D.npz").read_bytes()
    (job.folder / "done").unlink()
    (job.folder / "predictions" / "scan D.npz").unlink()
    worker.run(job, on_epoch=lambda n, row: pytest.fail("trained again"))
    assert (job.folder / "predictions" / "scan D.npz").read_bytes() == first


def test_a_worker_keeps_the_model_of_one_arm_alone(worker, job, recipe, models, tmp_path):
    worker.run(job, on_epoch=lambda n, row: None)
    other = Job(recipe.arm(models["normalised"], name="other"), 1, job.fold, tmp_path / "other")
    worker.run(other, on_epoch=lambda n, row: None)
    assert list(worker._trainers) == ["other"]
    again = Job(recipe.arm(), 1, job.fold, tmp_path / "again")
    worker.run(again, on_epoch=lambda n, row: None)
    first, second = (read_prediction(each.folder / "predictions" / "scan D.npz").mask for each in (job, again))
    assert np.array_equal(first, second)


def test_each_arm_is_compiled_once_for_all_of_its_jobs(worker, job, recipe, tmp_path):
    other = Job(recipe.arm(), 2, Fold(1, ("C", "D"), (), ("A", "B")), tmp_path / "other")
    for each in (job, other):
        worker.run(each, on_epoch=lambda n, row: None)
    assert list(worker._trainers) == ["arm"]
    masks = [read_prediction(other.folder / "predictions" / f"scan {scan}.npz").mask for scan in "AB"]
    assert all(np.isfinite(mask).all() for mask in masks)
