"""Every table of the folder, whole, under its smoke profile: from files to figures, and again, and after Ctrl-C."""

import csv
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2]
TABLES = sorted(path.stem for path in (PROJECT / "experiments").glob("table*.py"))
RESULTS = {
    "cases.csv",
    "cost.csv",
    "history.csv",
    "ledger.csv",
    "overlays.npz",
    "protocol.json",
    "provenance.json",
    "reproduced.csv",
    "slices.csv",
    "splits.json",
    "statements.csv",
    "table.csv",
    "table.md",
}
pytestmark = pytest.mark.smoke


def _hear_ctrl_c():
    """A job in the background of a shell is born deaf to Ctrl-C, and would hand that on to what it starts."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def start(table, cache):
    command = [sys.executable, str(PROJECT / "experiments" / f"{table}.py"), "--profile", "smoke"]
    environment = {**os.environ, "REPRODUCE_CACHE": str(cache)}
    environment.pop("REPRODUCE_DATA", None)
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    # a group of its own, as a terminal gives each command, so that a signal reaches the workers too
    return subprocess.Popen(
        command, env=environment, text=True, start_new_session=True, preexec_fn=_hear_ctrl_c, **pipes
    )


def run(table, cache):
    process = start(table, cache)
    _, text = process.communicate()
    assert process.returncode == 0, text
    return text


def contents(cache):
    """Every byte that a run leaves for people to read, but for provenance.json."""
    files = [path for path in (cache / "smoke").rglob("*") if path.is_file() and path.name != "provenance.json"]
    return {path.relative_to(cache).as_posix(): path.read_bytes() for path in files}


@pytest.fixture(scope="module", params=TABLES)
def finished(request, tmp_path_factory):
    """A table that ran undisturbed: its name, its cache and what it said."""
    cache = tmp_path_factory.mktemp("cache")
    before = {path: path.stat().st_mtime_ns for path in (PROJECT / "results").rglob("*") if path.is_file()}
    text = run(request.param, cache)
    after = {path: path.stat().st_mtime_ns for path in before if path.exists()}
    changed = {path for path in before if request.param in path.parts and before[path] != after.get(path)}
    return request.param, cache, text, changed


def folder_of(cache, table):
    return cache / "smoke" / "results" / table / "phantom-smoke"


def test_it_writes_every_file_and_says_that_nothing_may_be_compared(finished):
    table, cache, text, _ = finished
    assert {path.name for path in folder_of(cache, table).iterdir()} == RESULTS
    assert "no --data-root: a phantom cohort is written to" in text
    assert "not comparable: phantom, smoke profile" in " ".join(text.split())
    assert "Traceback" not in text
    provenance = json.loads((folder_of(cache, table) / "provenance.json").read_text())
    assert {"versions", "seconds", "peak_memory_mib", "source_key"} <= set(provenance)


def test_it_never_writes_to_results(finished):
    assert finished[3] == set()


def rows(path):
    with path.open() as stream:
        return list(csv.DictReader(stream))


def test_every_printed_cell_has_a_row_in_the_same_order(finished):
    table, cache, _, _ = finished
    published = rows(folder_of(cache, table).parent / "published.csv")
    reproduced = rows(folder_of(cache, table) / "reproduced.csv")
    claims = rows(PROJECT / "reproduce" / "claims" / f"{table}.csv")
    keys = ("model", "metric", "unit")
    cells = [tuple(row[key] for key in keys) for row in claims]
    assert [tuple(row[key] for key in keys) for row in published] == cells
    assert [tuple(row[key] for key in keys) for row in reproduced] == cells
    assert [row["value"] for row in published] == [row["value"] for row in claims]


def test_each_patient_is_tested_once_for_each_model_and_never_trained_on_then(finished):
    table, cache, _, _ = finished
    folder = folder_of(cache, table)
    folds = json.loads((folder / "splits.json").read_text())["folds"]
    cases = [row for row in rows(folder / "cases.csv") if row["level"] == "patient"]
    for row in cases:
        fold = folds[int(row["fold"])]
        assert row["patient"] in fold["test"]
        assert row["patient"] not in fold["train"] + fold["validation"]
    seen = [(row["model"], row["seed"], row["patient"], row["region"]) for row in cases]
    assert len(seen) == len(set(seen))
    assert {row["patient"] for row in cases} == {name for fold in folds for name in fold["test"]}


def test_a_second_run_gives_the_same_bytes(finished):
    table, cache, _, _ = finished
    first = contents(cache)
    run(table, cache)
    assert contents(cache) == first


@pytest.mark.parametrize("finished", ["table1_lidc"], indirect=True)  # one table stands for the machinery of all
def test_a_run_stopped_half_way_goes_on_to_the_same_bytes(finished, tmp_path):
    table, cache, _, _ = finished
    process = start(table, tmp_path)
    deadline = time.monotonic() + 300
    while process.poll() is None and time.monotonic() < deadline and not list(tmp_path.glob("runs/**/history.json")):
        time.sleep(0.02)
    os.killpg(process.pid, signal.SIGINT)
    _, text = process.communicate(timeout=60)
    assert process.returncode == 130, text
    assert "the same command goes on from there" in text
    assert "Traceback" not in text
    begun, done = (len(list(tmp_path.glob(f"runs/**/{name}"))) for name in ("history.json", "done"))
    assert begun > 0
    assert done < 4
    assert not folder_of(tmp_path, table).exists()
    run(table, tmp_path)
    assert contents(tmp_path) == contents(cache)
