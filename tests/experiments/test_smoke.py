"""Every script of experiments/ whole, under its smoke profile: from files to figures, and again, and after Ctrl-C."""

import csv
import importlib
import json
import os
import pkgutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from reproduce import tasks
from reproduce.papers.cells import packaged_tables
from reproduce.prediction.model_file import read_recipe
from reproduce.tasks.export import experiment_of
from reproduce.tasks.task import Task

PROJECT = Path(__file__).parents[2]
SCRIPTS = sorted(path.stem for path in (PROJECT / "experiments").glob("*.py"))
TABLES = [name for name in SCRIPTS if name.startswith("table")]
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
KINDS = {
    task.kind
    for module in pkgutil.iter_modules(tasks.__path__, "reproduce.tasks.")
    for task in vars(importlib.import_module(module.name)).values()
    if isinstance(task, Task)
}
pytestmark = pytest.mark.smoke


@pytest.mark.parametrize("name", SCRIPTS)
def test_every_script_ends_well_and_changes_no_file_of_the_project(name, smoke_run):
    finished = smoke_run(name)
    assert finished.code == 0, finished.text
    assert "Traceback" not in finished.text
    assert "not comparable" in " ".join(finished.text.split()) or name not in TABLES
    assert finished.changed == set()
    protocols = sorted((finished.cache / "smoke" / "results").rglob("protocol.json"))
    assert protocols
    for path in protocols:
        protocol = json.loads(path.read_text())
        assert protocol["kind"] in KINDS
        assert protocol["profile"] == "smoke"
        assert all(set(each) == {"field", "paper", "here"} for each in protocol["changed_from_paper"])
        assert (path.parent / "table.md").is_file()


@pytest.fixture(params=TABLES)
def finished_table(request, smoke_run):
    """The smoke run of a table."""
    return smoke_run(request.param)


def test_it_writes_every_file_and_says_that_nothing_may_be_compared(finished_table):
    folder, text = finished_table.folder(finished_table.name), finished_table.text
    assert {path.name for path in folder.iterdir()} == RESULTS
    assert "no --data-root: a phantom cohort is written to" in text
    assert "not comparable: phantom, smoke profile" in " ".join(text.split())
    provenance = json.loads((folder / "provenance.json").read_text())
    assert {"versions", "seconds", "peak_memory_mib", "source_key"} <= set(provenance)


def rows(path):
    with path.open() as stream:
        return list(csv.DictReader(stream))


def test_every_printed_cell_has_a_row_in_the_same_order(finished_table):
    table = finished_table.name
    published = rows(finished_table.folder(table).parent / "published.csv")
    reproduced = rows(finished_table.folder(table) / "reproduced.csv")
    claims = rows(packaged_tables()[table])
    keys = ("model", "metric", "unit")
    cells = [tuple(row[key] for key in keys) for row in claims]
    assert [tuple(row[key] for key in keys) for row in published] == cells
    assert [tuple(row[key] for key in keys) for row in reproduced] == cells
    assert [row["value"] for row in published] == [row["value"] for row in claims]


def test_each_patient_is_tested_once_for_each_model_and_never_trained_on_then(finished_table):
    table = finished_table.name
    folder = finished_table.folder(table)
    folds = json.loads((folder / "splits.json").read_text())["folds"]
    cases = [row for row in rows(folder / "cases.csv") if row["level"] == "patient"]
    for row in cases:
        fold = folds[int(row["fold"])]
        assert row["patient"] in fold["test"]
        assert row["patient"] not in fold["train"] + fold["validation"]
    seen = [(row["model"], row["seed"], row["patient"], row["region"]) for row in cases]
    assert len(seen) == len(set(seen))
    assert {row["patient"] for row in cases} == {name for fold in folds for name in fold["test"]}


def test_a_second_run_gives_the_same_bytes(finished_table, smoke_run):
    first = finished_table.contents()
    assert smoke_run(finished_table.name, again=True).contents() == first


def test_pages_are_written_again_from_the_cases_without_training(smoke_run, start_smoke):
    finished = smoke_run("table1_lidc")
    first, folder = finished.contents(), finished.folder("table1_lidc")
    runs = {path: path.stat().st_mtime_ns for path in (finished.cache / "runs").rglob("*") if path.is_file()}
    for name in ("table.md", "table.csv", "statements.csv", "reproduced.csv", "protocol.json"):
        (folder / name).unlink()
    _, text = (process := start_smoke("table1_lidc", finished.cache, "--pages")).communicate()
    assert process.returncode == 0, text
    assert finished.contents() == first
    assert {path: path.stat().st_mtime_ns for path in runs} == runs
    assert "pages_written_by" in json.loads((folder / "provenance.json").read_text())


def test_a_fold_alone_is_read_back_and_is_no_table(smoke_run, start_smoke):
    finished = smoke_run("table1_lidc")
    before, whole = finished.contents(), rows(finished.folder("table1_lidc") / "cases.csv")
    runs = {path: path.stat().st_mtime_ns for path in (finished.cache / "runs").rglob("*") if path.is_file()}
    _, text = (process := start_smoke("table1_lidc", finished.cache, "--fold", "1")).communicate()
    assert process.returncode == 0, text
    assert finished.contents() == before
    assert {path: path.stat().st_mtime_ns for path in runs} == runs
    folder = finished.cache / "parts" / "fold-1" / "results" / "table1_lidc" / "phantom-smoke"
    assert rows(folder / "cases.csv") == [row for row in whole if row["fold"] == "1"]
    assert [fold["index"] for fold in json.loads((folder / "splits.json").read_text())["folds"]] == [1]
    assert "[a part of it: fold 1]" in (folder / "table.md").read_text().splitlines()[0]


EXPORTED = {name: name for name in (*TABLES, "hippocampus_decathlon")}
EXPORTED |= {"ablation_lidc": "ablation", "ablation_brats": "ablation"}


@pytest.mark.parametrize("table", EXPORTED)
def test_a_finished_training_is_exported_with_the_recipe_of_its_protocol(table, smoke_run, tmp_path):
    cache, path = smoke_run(EXPORTED[table]).cache, tmp_path / "model.keras"
    command = [sys.executable, "-m", "reproduce", "export", table, str(path), "--profile", "smoke"]
    environment = {**os.environ, "REPRODUCE_CACHE": str(cache)}
    environment.pop("REPRODUCE_DATA", None)
    done = subprocess.run(command, cwd=PROJECT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    regions = list(experiment_of(table, "smoke", scripts=PROJECT / "experiments").preparation.regions)
    assert [region.name for region in read_recipe(path).regions] == regions


def test_a_run_stopped_half_way_goes_on_to_the_same_bytes(smoke_run, start_smoke, tmp_path):
    table = "table1_lidc"  # one table stands for the machinery of all
    process = start_smoke(table, tmp_path)
    deadline = time.monotonic() + 300
    while process.poll() is None and time.monotonic() < deadline and not list(tmp_path.glob("runs/**/history.json")):
        time.sleep(0.02)
    os.killpg(process.pid, signal.SIGINT)
    _, text = process.communicate(timeout=60)
    assert process.returncode == 130, text
    assert "rerun the command to resume" in text
    assert "Traceback" not in text
    begun, done = (len(list(tmp_path.glob(f"runs/**/{name}"))) for name in ("history.json", "done"))
    assert begun > 0
    assert done < 4
    assert not (tmp_path / "smoke" / "results").exists()
    _, text = (process := start_smoke(table, tmp_path)).communicate()
    assert process.returncode == 0, text
    files = [path for path in (tmp_path / "smoke").rglob("*") if path.is_file() and path.name != "provenance.json"]
    found = {path.relative_to(tmp_path).as_posix(): path.read_bytes() for path in files}
    assert found == smoke_run(table).contents()
