"""MoCo v3 under smoke, whole; that its units are the same whatever ran before is tested in tests/tasks."""

import csv
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

PROJECT = Path(__file__).parents[2]
SCRIPT = PROJECT / "experiments" / "moco_v3.py"
FILES = {"measurements.csv", "protocol.json", "provenance.json", "statements.csv", "table.md"}


@pytest.fixture(scope="module")
def x_rays(tmp_path_factory):
    """A folder with X-rays of noise, those with pneumonia brighter."""
    rng, labels = np.random.default_rng(3), np.arange(40, dtype=np.uint8)[:, None] % 2
    images = (rng.integers(0, 100, (40, 28, 28)) + 100 * labels[..., None]).astype(np.uint8)
    folder = tmp_path_factory.mktemp("x_rays")
    parts = {"train_images": images, "train_labels": labels, "test_images": images, "test_labels": labels}
    np.savez(folder / "pneumoniamnist.npz", **parts)
    return folder


def run(cache, x_rays):
    environment = {**os.environ, "REPRODUCE_CACHE": str(cache)}
    command = [sys.executable, str(SCRIPT), "--profile", "smoke", "--data-root", str(x_rays)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return cache / "smoke" / "results" / "moco_v3_of_001" / "pneumoniamnist-smoke"


def test_it_is_short():
    assert len(SCRIPT.read_text().splitlines()) < 80


@pytest.mark.smoke
def test_whole(tmp_path, x_rays):
    folder = run(tmp_path, x_rays)
    assert {path.name for path in folder.iterdir()} == FILES
    with (folder / "measurements.csv").open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    arms = {(row["condition"], float(row["x"])) for row in rows if row["quantity"] == "test_accuracy"}
    names = ("starting weights", "MoCo v3", "labels alone")
    assert arms == {(f"{arm}, {e}", n) for arm in names for e in ("ResNet-18", "ViT") for n in (8.0, 32.0)}
    assert all(0 <= float(row["value"]) <= 1 for row in rows if row["quantity"] == "test_accuracy")
    assert json.loads((folder / "provenance.json").read_text())["source_sha256"]
    drawn = tmp_path / "smoke" / "figures" / "moco_v3_of_001" / "pneumoniamnist-smoke"
    assert {path.name for path in drawn.iterdir()} == {"moco.png", "moco.svg"}
