"""Data-parallel training: two workers with half a batch each against one with the whole."""

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

WORKER = """
import sys
from pathlib import Path

import tensorflow as tf

from reproduce.training.replicas import strategy_of_machine

strategy = strategy_of_machine() if sys.argv[2] == "shared" else None

import keras
import numpy as np

from reproduce.models.losses import BinaryCrossEntropy
from reproduce.papers.xue2025.protocol import OPTIMISATION, UNOPTIMISED
from reproduce.protocol import Call
from reproduce.training.fit import Trainer


class Noise:
    seed, fold = 1, 0

    def epoch(self, epoch):
        rng = np.random.default_rng(epoch)
        images = rng.random((24, 8, 8, 1), dtype=np.float32)
        return tf.data.Dataset.from_tensor_slices((images, {"mask": np.round(images)})).batch(8)

    def names(self, epoch, batch):
        return []


def build():
    image = keras.Input((8, 8, 1))
    features = keras.layers.Conv2D(4, 3, padding="same", activation="relu", name="conv")(image)
    mask = keras.layers.Conv2D(1, 1, activation="sigmoid", name="mask")(features)
    return keras.Model(image, {"mask": mask})


losses = {"mask": Call(BinaryCrossEntropy, {})}
arm = UNOPTIMISED.changed("silent: a small model", losses=losses)
optimisation = OPTIMISATION.changed("silent: few steps", batch_size=8, micro_batch=8, max_epochs=2, patience=None)
trainer = Trainer(arm, optimisation, build=build, strategy=strategy)
history = trainer.fit(Noise(), None, count=None, folder=Path(sys.argv[1]), on_epoch=lambda *_: None)
np.savez(Path(sys.argv[1]) / "found.npz", *trainer.model.get_weights(), loss=[row.train_loss for row in history])
"""


def start(folder, *, kind, cluster=None, index=0):
    folder.mkdir()
    environment = {key: value for key, value in os.environ.items() if key != "TF_CONFIG"}
    if cluster:
        task = {"type": "worker", "index": index}
        environment["TF_CONFIG"] = json.dumps({"cluster": {"worker": cluster}, "task": task})
    command = [sys.executable, "-c", WORKER, str(folder), kind]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
    return subprocess.Popen(command, env=environment, cwd=Path(__file__).parents[2], **pipes)


def free_port():
    with socket.socket() as bound:
        bound.bind(("localhost", 0))
        return bound.getsockname()[1]


@pytest.mark.slow
def test_two_workers_with_half_a_batch_each_equal_one_with_the_whole(tmp_path):
    """No batch normalisation, which sees half a batch on each worker and so computes something else."""
    cluster = [f"localhost:{free_port()}" for _ in range(2)]
    pair = [start(tmp_path / f"worker{i}", kind="shared", cluster=cluster, index=i) for i in range(2)]
    alone = start(tmp_path / "alone", kind="alone")
    for process in (*pair, alone):
        text, _ = process.communicate(timeout=300)
        assert process.returncode == 0, text[-3000:]
    expected = np.load(tmp_path / "alone" / "found.npz")
    for i in range(2):
        found = np.load(tmp_path / f"worker{i}" / "found.npz")
        assert set(found) == set(expected)
        for name in expected:
            np.testing.assert_allclose(found[name], expected[name], rtol=0, atol=1e-5, err_msg=name)
