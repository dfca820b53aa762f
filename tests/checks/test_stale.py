"""`reproduce stale`: which results folders the code beside them would not give any more."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from reproduce.cache_key import code_closure
from reproduce.rerun import CODE, code_record, write_code

EXPERIMENTS = Path(__file__).parents[2] / "experiments"


@pytest.fixture
def recorded(project, command):
    """The project as a run and `--record` leave it."""
    write_code(project.run, code_record(project.script))
    code, out, _ = command("stale", "--record")
    assert (code, out) == (0, "toy/phantom-cpu: fresh (smoke run recorded)\n")
    return project


def test_a_folder_from_before_digests_is_unknown_and_no_release(command):
    assert command("stale")[:2] == (0, "toy/phantom-cpu: unknown (written before digests: run the table again)\n")
    assert command("stale", "--release")[0] == 1


def test_the_same_code_is_fresh_and_so_is_another_comment(command, recorded):
    assert command("stale", "--release")[:2] == (0, "toy/phantom-cpu: fresh\n")
    recorded.edit("def main():\n", 'def main():\n    """Write a table."""\n    # a comment\n')
    assert command("stale", "--release")[:2] == (0, "toy/phantom-cpu: fresh\n")


def test_code_that_gives_the_same_smoke_run_is_told_from_code_that_does_not(command, recorded):
    recorded.edit("return DICE + moves", "return moves + DICE")
    expected = "toy/phantom-cpu: code moved, smoke equal (the code has moved)\n"
    assert command("stale", "--release")[:2] == (0, expected)
    recorded.edit("return moves + DICE", "return moves + 2 * DICE")
    code, out, _ = command("stale")
    assert code == 1
    assert out == "toy/phantom-cpu: stale (the code has moved; its smoke run gives another cases.csv, table.csv)\n"


def test_another_protocol_is_stale_though_the_smoke_run_is_equal(command, recorded):
    recorded.edit('Toy("cpu", 5)', 'Toy("cpu", 6)')
    assert command("stale")[:2] == (1, "toy/phantom-cpu: stale (the code has moved; its protocol is another: epochs)\n")


def test_another_smoke_run_on_another_arithmetic_cannot_be_told(command, recorded, monkeypatch):
    recorded.edit("return DICE + moves", "return moves + DICE")
    monkeypatch.setenv("ONEDNN_MAX_CPU_ISA", "SSE41")
    code, out, _ = command("stale")
    assert code == 0
    assert "cannot be told" in out
    assert "but on another arithmetic" in out
    assert command("stale", "--release")[0] == 1


def test_another_library_is_named(command, recorded):
    before = json.loads((recorded.run / CODE).read_text())
    before["libraries"]["keras"] = "2.0"
    (recorded.run / CODE).write_text(json.dumps(before))
    assert "code moved, smoke equal (keras 2.0 -> unused)" in command("stale")[1]


def test_a_table_without_a_phantom_needs_its_data(command, recorded):
    recorded.edit('phantom: str = "written at once"', "phantom: str | None = None")
    path = recorded.run / "protocol.json"
    plan = json.loads(path.read_text()) | {"source": "x_rays"}
    plan["protocol"]["phantom"] = None
    code = (
        "from toy import PROFILES; from reproduce.protocol.text import protocol_id; print(protocol_id(PROFILES['cpu']))"
    )
    plan["protocol_id"] = _printed(code, recorded.script.parent)
    path.write_text(json.dumps(plan))
    out = command("stale")[1]
    assert "cannot be told (the code has moved; its smoke run needs x_rays: name its folder with $REPRODUCE_REAL" in out


def _printed(code, folder):
    paths = os.pathsep.join([str(folder), *sys.path])
    environment = {**os.environ, "PYTHONPATH": paths}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    return done.stdout.strip()


def test_a_smoke_run_is_recorded_of_the_code_that_made_the_table_alone(command, project):
    write_code(project.run, code_record(project.script))
    project.edit("DICE = 0.5", "DICE = 0.75")
    out = command("stale", "--record")[1]
    assert "unknown (the code has moved, and no smoke run was recorded" in out
    assert "smoke" not in json.loads((project.run / CODE).read_text())


def test_a_run_again_with_the_same_code_keeps_the_recorded_smoke_run(recorded):
    before = (recorded.run / CODE).read_bytes()
    write_code(recorded.run, code_record(recorded.script))
    assert (recorded.run / CODE).read_bytes() == before
    recorded.edit("DICE = 0.5", "DICE = 0.75")
    write_code(recorded.run, code_record(recorded.script))
    assert "smoke" not in json.loads((recorded.run / CODE).read_text())


def test_a_script_reaches_what_it_imports_but_not_what_drives_it(tmp_path, project):
    text = project.script.read_text()
    before = code_record(project.script)["code"]
    project.script.write_text("from reproduce import run\n" + text.replace("def main():\n", "def main():\n    run\n"))
    project.forget()
    named = code_record(project.script)["code"]
    project.edit("    run\n", "    run.main\n")
    assert named != before
    from reproduce import cache_key

    assert not any(module == "reproduce.run" for module, _ in cache_key._followed("reproduce", "run"))
    assert cache_key._followed("reproduce.run", "main") == set()


def test_a_table_hangs_on_what_computes_it_and_not_on_the_driver_of_all(edit):
    script = EXPERIMENTS / "table1_lidc.py"
    before = code_closure(script)
    assert {"keras", "numpy", "python", "tensorflow"} <= before[1].keys()
    edit("reproduce.run", 'f"verdict: {page.line}', 'f"the verdict: {page.line}')
    assert code_closure(script) == before
    edit("reproduce.results.summary", "N_RESAMPLES = 2000", "N_RESAMPLES = 2001")
    assert code_closure(script)[0] != before[0]
    edit("reproduce.results.summary", "N_RESAMPLES = 2001", "N_RESAMPLES = 2000  # as many as ever")
    assert code_closure(script) == before
