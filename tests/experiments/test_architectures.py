"""The comparison of architectures: short, whole under smoke, stopped and gone on with, honest without data."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import pytest

PROJECT = Path(__file__).parents[2]
SCRIPT = PROJECT / "experiments" / "architectures.py"
FILES = {"architectures.csv", "probabilities.csv", "protocol.json", "provenance.json", "structure.csv", "table.md"}
FILES |= {"trainings.csv"}


def environment(cache):
    found = {**os.environ, "REPRODUCE_CACHE": str(cache)}
    for name in ("REPRODUCE_DATA", "REPRODUCE_REAL_DATA"):
        found.pop(name, None)
    return found


def run(cache, *options):
    """Exit code and what was said."""
    command = [sys.executable, str(SCRIPT), "--profile", "smoke", *options]
    done = subprocess.run(command, env=environment(cache), capture_output=True, text=True, check=False)
    return done.returncode, done.stderr


def contents(cache):
    paths = [path for path in (cache / "smoke").rglob("*.*") if path.name != "provenance.json"]
    return {path.name: path.read_bytes() for path in paths if path.is_file()}


def test_the_script_is_short_and_every_family_of_the_catalogue_is_in_it():
    assert len(SCRIPT.read_text().splitlines()) < 80
    from reproduce.models.catalog import CATALOG
    from reproduce.papers.cnn_survey.architecture_entries import ENTRIES

    names = [each.name for each in ENTRIES]
    assert len(names) == len(set(names))
    builders = {each.architecture.build.function for each in ENTRIES}
    assert builders == {each.build.function for each in CATALOG}
    assert [each.year for each in ENTRIES] == sorted(each.year for each in ENTRIES)
    for each in ENTRIES:
        assert set(each.changed) <= set(each.architecture.build.arguments), each.name
        assert all(each.architecture.build.arguments[key] != value for key, value in each.changed.items()), each.name


@pytest.mark.slow
def test_every_architecture_can_be_built_at_its_size_and_is_no_larger_than_in_its_paper():
    from reproduce.papers.cnn_survey.architecture_entries import ENTRIES

    for each in ENTRIES:
        model = each.build()
        assert model.input_shape == (None, *each.size, 1)
        assert model.count_params() <= each.architecture.total, each.name


@pytest.mark.smoke
def test_whole_with_every_file_and_both_figures(smoke_run):
    finished = smoke_run("architectures")
    folder = finished.folder("architectures_of_001", "pneumoniamnist")
    assert {path.name for path in folder.iterdir()} == FILES
    assert {"figure1.png", "figure1.svg", "figure2.png", "figure2.svg"} <= set(contents(finished.cache))
    rows = pd.read_csv(folder / "architectures.csv")
    assert len(rows) == 3
    assert (rows["accuracy_low"] <= rows["accuracy"]).all()
    decisions = json.loads((folder / "protocol.json").read_text())["decisions"]
    assert all(each["place"].startswith(("silent: we ", "smoke: ", "000 ")) for each in decisions)
    assert "seconds" not in (folder / "architectures.csv").read_text()


@pytest.mark.slow
def test_with_one_worker_and_with_two_the_same_bytes(tmp_path, x_rays):
    found = []
    for workers in ("1", "2"):
        code, said = run(tmp_path / workers, "--data-root", str(x_rays), "--workers", workers)
        assert code == 0, said
        found.append(contents(tmp_path / workers))
    assert found[0] == found[1]


@pytest.mark.slow
def test_stopped_by_ctrl_c_it_keeps_what_is_done_and_goes_on(tmp_path, x_rays):
    command = [sys.executable, str(SCRIPT), "--profile", "smoke", "--data-root", str(x_rays), "--workers", "1"]
    settings = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True, "start_new_session": True}
    # a shell that starts the tests behind it has its children ignore Ctrl-C
    settings["preexec_fn"] = lambda: signal.signal(signal.SIGINT, signal.default_int_handler)
    process = subprocess.Popen(command, env=environment(tmp_path), **settings)
    done = []
    while process.poll() is None and not done:
        time.sleep(0.1)
        done = sorted((tmp_path / "architectures").rglob("*-seed*.json"))
    os.killpg(process.pid, signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 130, said
    assert "rerun the command to resume" in said
    assert "Traceback" not in said
    before = {path: path.stat().st_mtime_ns for path in done}
    assert before
    code, said = run(tmp_path, "--data-root", str(x_rays))
    assert code == 0, said
    assert {path: path.stat().st_mtime_ns for path in before} == before


@pytest.mark.slow
def test_without_data_it_ends_with_one_clear_error(tmp_path):
    code, said = run(tmp_path)
    assert code == 2
    assert "pneumoniamnist.npz" in said
    assert "--data-root" in said
    assert "Traceback" not in said
