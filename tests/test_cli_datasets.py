"""`reproduce datasets`: its arguments, its exit codes, and that it answers at once."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from reproduce import cli
from reproduce.papers.cells import rooms_by_number

PROJECT = Path(__file__).parents[1]


@pytest.fixture
def run(capsys, monkeypatch):
    """Runs the command line in this process, in a terminal of 100 columns: exit code, stdout, stderr."""
    monkeypatch.setenv("COLUMNS", "100")

    def command(*arguments):
        with pytest.raises(SystemExit) as stopped:
            cli.main(["datasets", *arguments])
        return (stopped.value.code or 0, *capsys.readouterr())

    return command


def test_without_arguments_it_lists_all(run):
    code, out, err = run()
    assert (code, err) == (0, "")
    assert {"LIDC-IDRI", "BraTS", "LCTSC"} <= set(out.split())
    assert max(map(len, out.splitlines())) <= 100
    assert out.splitlines()[-1].startswith("48 data sets, ")


def test_document_and_task_narrow(run):
    assert run("--document", "002")[1].splitlines()[-1].startswith("1 data set, ")
    out = run("--document", "001", "--task", "segmentation")[1]
    assert "MSCMRseg" in out
    assert "Messidor" not in out
    assert "no data set" in run("--document", "004")[1]


def test_a_document_is_called_by_its_number_or_its_room(run):
    for number, room in rooms_by_number().items():
        assert run("--document", room.name) == run("--document", number)


def test_names_are_shown_in_full(run):
    code, out, err = run("Brain 3", "lits")
    assert (code, err) == (0, "")
    assert out.splitlines()[0] == "ABIDE"
    assert "\n\nLiTS\n" in out
    assert "https://competitions.codalab.org/competitions/17094" in out


def test_an_unknown_name_is_2_with_close_matches(run):
    code, out, err = run("LIDC-IDRY")
    assert (code, out) == (2, "")
    assert err.startswith("ArgumentError: expected the name of a listed data set, got 'LIDC-IDRY'\n")
    assert "use one of: LIDC-IDRI" in err


def test_a_name_outside_of_the_document_is_2(run):
    assert run("LCTSC", "--document", "001")[0] == 2


@pytest.mark.parametrize("arguments", [("--document", "no paper"), ("--task", "diagnosis"), ("--format", "xml")])
def test_an_unknown_choice_is_2(run, arguments):
    assert run(*arguments)[0] == 2


def test_json_and_markdown(run):
    assert json.loads(run("OASIS", "--format", "json")[1])[0]["year"] == "2007"
    assert len(json.loads(run("--format", "json")[1])) == 48
    assert run("--task", "archive", "--format", "md")[1].startswith("| data set | named in |")


def test_it_loads_no_slow_library():
    slow = "{'tensorflow', 'keras', 'pandas', 'matplotlib', 'scipy', 'numpy', 'jinja2'}"
    script = f"""
import sys
from reproduce import cli
try:
    cli.main(["datasets", "--document", "002"])
except SystemExit:
    print("loaded:", *sorted({slow} & set(sys.modules)))
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=PROJECT)
    assert done.stdout.splitlines()[-1] == "loaded:"
