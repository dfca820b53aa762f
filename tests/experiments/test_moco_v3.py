"""MoCo v3 under smoke, whole; that its units are the same whatever ran before is tested in tests/tasks."""

import csv
import json
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2]
SCRIPT = PROJECT / "experiments" / "moco_v3.py"
FILES = {"measurements.csv", "protocol.json", "provenance.json", "statements.csv", "table.md"}


def test_it_is_short():
    assert len(SCRIPT.read_text().splitlines()) < 80


@pytest.mark.smoke
def test_whole(smoke_run):
    finished = smoke_run("moco_v3")
    folder = finished.folder("moco_v3_of_001", "pneumoniamnist")
    assert {path.name for path in folder.iterdir()} == FILES
    with (folder / "measurements.csv").open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    arms = {(row["condition"], float(row["x"])) for row in rows if row["quantity"] == "test_accuracy"}
    names = ("starting weights", "MoCo v3", "labels alone")
    assert arms == {(f"{arm}, {e}", n) for arm in names for e in ("ResNet-18", "ViT") for n in (8.0, 32.0)}
    assert all(0 <= float(row["value"]) <= 1 for row in rows if row["quantity"] == "test_accuracy")
    assert json.loads((folder / "provenance.json").read_text())["source_sha256"]
    drawn = finished.cache / "smoke" / "figures" / "moco_v3_of_001" / "pneumoniamnist-smoke"
    assert {path.name for path in drawn.iterdir()} == {"moco.png", "moco.svg"}
