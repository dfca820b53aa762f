"""The three tables of statements of document 001: short, complete, without data honest, and whole under smoke."""

import csv
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2]
SCRIPTS = {f"layers_table{n}": PROJECT / "experiments" / f"layers_table{n}.py" for n in (1, 2, 3)}
FILES = {"measurements.csv", "protocol.json", "provenance.json", "statements.csv", "table.md"}
# Every row of the printed tables has to have a statement.
ROWS = {
    "layers_table1": [
        f"{layer}: {row}" for layer in ("dense", "output") for row in ("function", "activations", "parameters", "task")
    ],
    "layers_table2": ("ReLU", "Sigmoid", "Tanh", "Softmax", "Leaky ReLU", "ELU", "SELU", "PReLU"),
    "layers_table3": ("input", "convolution", "pooling", "activation", "dense", "output", "loss", "optimiser"),
}


def run(table, cache, *options):
    environment = {**os.environ, "REPRODUCE_CACHE": str(cache)}
    for name in ("REPRODUCE_DATA", "REPRODUCE_REAL_DATA"):
        environment.pop(name, None)
    command = [sys.executable, str(SCRIPTS[table]), "--profile", "smoke", *options]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    return done, cache / "smoke" / "results" / f"table{table[-1]}_of_001"


def statements(folder):
    with (folder / "statements.csv").open(newline="") as stream:
        return list(csv.DictReader(stream))


@pytest.mark.slow
@pytest.mark.parametrize("table", SCRIPTS)
def test_without_data_what_is_measured_is_not_run_and_what_is_calculated_is(table, tmp_path):
    done, results = run(table, tmp_path)
    assert done.returncode == 0, done.stderr
    assert "are not run; there is no phantom of them" in " ".join(done.stderr.split())
    found = statements(results / "none-smoke")
    for row in found:
        assert (row["verdict"] == "not run: no data") == ("paired by seed" in row["rule"])
    keys = [row["key"] for row in found]
    assert len(keys) == len(set(keys))
    rows = {row["place"].partition(f"Table {table[-1]}, ")[2] for row in found}
    assert set(ROWS[table]) <= rows


@pytest.mark.smoke
@pytest.mark.parametrize("table", SCRIPTS)
def test_whole_and_the_same_bytes_twice(table, smoke_run):
    finished = smoke_run(table)
    folder = finished.folder(f"table{table[-1]}_of_001", "pneumoniamnist")
    assert {path.name for path in folder.iterdir()} == FILES
    first = finished.contents()
    if table == "layers_table1":  # dropout has the most to repeat
        assert smoke_run(table, again=True).contents() == first
    assert any(name.endswith(".svg") for name in first)
    assert {row["verdict"] for row in statements(folder)} <= {"supported", "contradicted", "undecided"}
    decisions = json.loads((folder / "protocol.json").read_text())["decisions"]
    assert all(
        each["place"].startswith(("silent: we ", "silent: see", "silent: 001", "smoke: ", "000 ", "001 "))
        for each in decisions
    )


def test_a_folder_without_the_file_is_named(tmp_path):
    (tmp_path / "other.txt").write_text("")
    done, _ = run("layers_table3", tmp_path / "cache", "--data-root", str(tmp_path))
    assert done.returncode == 2
    assert "pneumoniamnist.npz" in done.stderr
    assert "Traceback" not in done.stderr
