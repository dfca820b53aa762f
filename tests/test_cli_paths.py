"""Odd paths on the command line, and Ctrl-C before anything has begun: one text, the right exit code, no traceback."""

import os
import subprocess
import sys

import pytest

from reproduce import cli
from reproduce.provenance import write_json

COMMANDS = {
    "audit": lambda path, folder: ["audit", path],
    "report of": lambda path, folder: ["report", "--papers", path, "--output", folder / "r.html"],
    "predict with": lambda path, folder: ["predict", "--model", path, folder / "a.nii", folder / "out"],
    "predict": lambda path, folder: ["predict", "--model", folder / "m.keras", path, folder / "out"],
    "diff": lambda path, folder: ["diff", "--results", path],
    "figures": lambda path, folder: ["figures", "--results", path],
    "statements": lambda path, folder: ["statements", "001", "--results", path],
}


def started(*arguments):
    """Exit code, stdout and stderr of the command in a process of its own."""
    command = [sys.executable, "-m", "reproduce", *map(os.fsencode, arguments)]
    done = subprocess.run(command, capture_output=True, check=False, timeout=60)
    return done.returncode, done.stdout.decode(errors="replace"), done.stderr.decode(errors="replace")


@pytest.fixture
def run(capsys):
    """The same of the command in this process."""

    def called(*arguments):
        with pytest.raises(SystemExit) as ended:
            cli.main([os.fsdecode(each) for each in arguments])
        return ended.value.code, *capsys.readouterr()

    return called


def pipe(folder):
    os.mkfifo(folder / "pipe")
    return folder / "pipe"


def markup(folder):
    (folder / "x[/b][red]").mkdir(parents=True)
    return folder / "x[/b][red]"


PATHS = {
    "no UTF-8": lambda folder: os.fsdecode(bytes(folder / "a") + b"\xff.csv"),
    "a pipe": pipe,
    "markup": markup,
    "nothing": lambda folder: folder / "none",
}


@pytest.mark.parametrize("kind", ["no UTF-8", "a pipe", "markup", "nothing"])
@pytest.mark.parametrize("name", COMMANDS)
def test_an_odd_path_is_one_text(name, kind, run, tmp_path):
    (tmp_path / "a.nii").write_bytes(b"no image")
    path = PATHS[kind](tmp_path)
    code, out, err = run(*COMMANDS[name](path, tmp_path))
    assert (code, out) == (2, "")
    lines = [line for line in err.splitlines() if line]
    assert [line.partition(":")[0].strip() for line in lines][1:] == ["where", "do"]
    assert lines[0].partition(":")[0].endswith("Error")


def test_an_odd_path_reaches_the_command_as_it_was_typed(run, tmp_path):
    path = PATHS["no UTF-8"](tmp_path)
    assert started("audit", path) == run("audit", path)


def test_a_target_that_cannot_be_written_is_one_text(run, results, tmp_path):
    (tmp_path / "folder.html").mkdir()
    (tmp_path / "file").touch()
    for output in (tmp_path / "folder.html", tmp_path / "file" / "r.html", "/proc/none/r.html"):
        code, out, err = run("report", "--results", results, "--output", output)
        assert (code, out) == (2, ""), output
        assert str(output).rpartition("/")[0] in err


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything: run the tests as another user")
def test_a_file_without_permission_is_one_text(run, tmp_path):
    (tmp_path / "a.csv").touch(mode=0)
    code, _, err = run("audit", tmp_path / "a.csv")
    assert (code, len(err.splitlines())) == (2, 3)


def test_text_in_brackets_is_no_markup(run, tmp_path):
    folder = tmp_path / "table9" / "real-paper"
    folder.mkdir(parents=True)
    whole = {"kind": "statements", "document": "001", "title": "a [/b] title", "source": "real", "profile": "paper"}
    write_json(folder / "protocol.json", whole | {"changed_from_paper": []})
    (folder / "statements.csv").write_text("place,statement,verdict,measured\n[/b],[red]it[/red] is,supported,[x]\n")
    code, out, err = run("diff", "--results", tmp_path)
    assert (code, err) == (0, "")
    assert "[/b]: [red]it[/red] is: supported" in out


STOPPED_AT = """
import sys

module = sys.argv[1]

class Stop:
    def find_spec(self, name, path=None, target=None):
        if name == module:
            raise KeyboardInterrupt

sys.meta_path.insert(0, Stop())
from reproduce.__main__ import main
sys.argv = ["reproduce", *sys.argv[2:]]
main()
"""


@pytest.mark.parametrize("module", ["reproduce.cli", "tyro", "rich.console", "reproduce.prediction.command"])
def test_ctrl_c_during_an_import_is_one_line(module, tmp_path):
    arguments = [module, "predict", "--model", tmp_path / "m.keras", tmp_path, tmp_path / "out"]
    command = [sys.executable, "-c", STOPPED_AT, *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "stopped\n")
