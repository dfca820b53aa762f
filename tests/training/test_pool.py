"""Training processes: what they raise, what ends them, and that one thread each gives one result."""

import json
import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import time
from functools import partial
from types import SimpleNamespace

import numpy as np
import pytest

from reproduce.cohorts.splits import Fold
from reproduce.errors import ArgumentError, WorkerDiedError
from reproduce.models.losses import BinaryCrossEntropy
from reproduce.models.segmentation.optimised_cnn import unoptimised_cnn
from reproduce.protocol import Arm, Call, Optimisation, Preparation
from reproduce.protocol.intensities import Window
from reproduce.tasks.segmentation import segmentation_inputs
from reproduce.training import pool
from reproduce.training.job import Job
from reproduce.training.pipeline import resized_slices
from reproduce.training.pool import run_jobs


def placed(kind, **values):
    return kind(**values, because=dict.fromkeys(values, "silent: it is a test"))


def arm(depth):
    settings = {"width": 2, "depth": depth, "bn_momentum": 0.9}
    losses = {"mask": Call(BinaryCrossEntropy, {})}
    return placed(Arm, name="plain", build=Call(unoptimised_cnn, settings), losses=losses, augmentation=None)


class OneOptimisation(SimpleNamespace):
    """What a pool needs to know of an experiment whose arms are all trained alike."""

    def optimisation_of(self, _):
        return self.optimisation


@pytest.fixture(scope="module")
def cohort(prepared, tmp_path_factory):
    """An experiment of one epoch on the phantom patients, resized to 32 pixels already."""
    preparation = placed(
        Preparation,
        size=32,
        intensity=Window(low_hu=-1000.0, high_hu=400.0),
        cohort=Call(print, {}),
        regions={"nodule": ()},
    )
    optimisation = placed(
        Optimisation,
        learning_rate=1e-3,
        decay_power=None,
        batch_size=4,
        micro_batch=4,
        max_epochs=1,
        patience=1,
        precision="float32",
    )
    cache = tmp_path_factory.mktemp("cache")
    resized_slices(prepared, preparation, cache=cache)
    decision = SimpleNamespace(threshold=0.5, measured={"nodule": ("nodule",)}, means={})
    experiment = OneOptimisation(
        preparation=preparation,
        optimisation=optimisation,
        decision=decision,
        readings=(SimpleNamespace(region="nodule"),),
        arms=(arm(1),),
    )
    return experiment, prepared, cache


def jobs(folder, depth=1):
    patients = [f"PHANTOM-000{i}" for i in (1, 2, 3)]
    folds = [Fold(i, patients[:i] + patients[i + 1 :], (), (patients[i],)) for i in range(3)]
    return [Job(arm(depth), 1, fold, folder / str(fold.index)) for fold in folds]


def go(cohort, folder, *, workers, depth=1):
    experiment, prepared, cache = cohort
    make_inputs = partial(segmentation_inputs, experiment, prepared, cache)
    run_jobs(jobs(folder, depth), experiment, make_inputs, workers=workers)


def test_nothing_to_do_starts_no_process(cohort, tmp_path, monkeypatch):
    for job in jobs(tmp_path):
        job.folder.mkdir()
        (job.folder / "done").touch()
    monkeypatch.setattr(pool, "processes", None)
    go(cohort, tmp_path, workers=2)


def left_in(folder):
    """Every file's bytes, without the seconds, which no protocol decides."""
    return {path.relative_to(folder): timeless(path) for path in sorted(folder.rglob("*")) if path.is_file()}


def timeless(path):
    if path.name == "history.json":
        return [{k: v for k, v in epoch.items() if k != "cpu_s"} for epoch in json.loads(path.read_text())]
    if path.name == "spent.json":
        return {k: v for k, v in json.loads(path.read_text()).items() if "seconds" not in k}
    return path.read_bytes()


@pytest.mark.slow
def test_one_process_and_two_leave_the_same_bytes(cohort, tmp_path):
    for workers in (1, 2):
        go(cohort, tmp_path / str(workers), workers=workers)
    assert left_in(tmp_path / "1") == left_in(tmp_path / "2")
    assert len(list(tmp_path.glob("1/*/predictions/*.npz"))) == 3


@pytest.mark.slow
def test_what_a_job_raises_arrives_as_it_was_raised(cohort, tmp_path):
    with pytest.raises(ArgumentError, match="multiples of 64") as caught:
        go(cohort, tmp_path, workers=2, depth=6)
    assert caught.value.where == "unoptimised_cnn"
    assert multiprocessing.active_children() == []


@pytest.mark.slow
def test_a_process_that_is_killed_is_an_error_that_says_what_to_do(cohort, tmp_path):
    def kill_one():
        deadline = time.monotonic() + 120
        while not multiprocessing.active_children() and time.monotonic() < deadline:
            time.sleep(0.05)
        os.kill(multiprocessing.active_children()[0].pid, signal.SIGKILL)

    killer = threading.Thread(target=kill_one)
    killer.start()
    with pytest.raises(WorkerDiedError, match="fewer --workers"):
        go(cohort, tmp_path, workers=1)
    killer.join()


CONFIGURED = """
import json
import keras
import tensorflow as tf
from reproduce.training.determinism import configure, n_gpus

configure(worker=0, precision="mixed_bfloat16")
threads = tf.config.threading
found = [threads.get_intra_op_parallelism_threads(), threads.get_inter_op_parallelism_threads()]
print(json.dumps([found, keras.config.dtype_policy().name, n_gpus()]))
tf.random.uniform([1])
"""


@pytest.mark.slow
def test_the_switch_sets_threads_precision_and_refuses_draws_without_a_seed():
    # Under determinism TensorFlow raises where a random operation has no seed: nothing random can slip past a name.
    done = subprocess.run([sys.executable, "-c", CONFIGURED], capture_output=True, text=True, check=False)
    threads, policy, n_gpus = json.loads(done.stdout.splitlines()[-1])
    assert threads == [1, 1]
    assert policy == "mixed_bfloat16"
    assert n_gpus >= 0
    assert done.returncode != 0
    assert "determinism is enabled" in done.stderr


@pytest.mark.slow
def test_predictions_of_a_job_are_finite_probabilities(cohort, tmp_path):
    go(cohort, tmp_path, workers=1)
    for path in tmp_path.glob("*/predictions/*.npz"):
        with np.load(path) as stored:
            assert stored["mask"].shape == (6, 32, 32, 1)
            assert ((stored["mask"] >= 0) & (stored["mask"] <= 1)).all()
