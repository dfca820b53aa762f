"""One writer at a time: who waits is told whom it waits for, and a holder that is killed leaves nothing locked."""

import signal
import subprocess
import sys

import pytest

from reproduce.errors import NotWritableError
from reproduce.locks import one_writer

HOLD = """
import sys, time
from pathlib import Path
from reproduce.locks import one_writer
with one_writer(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.readline()
"""


def holding(folder):
    return subprocess.Popen(
        [sys.executable, "-c", HOLD, str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_a_second_process_waits_and_is_told_for_whom(tmp_path):
    first = holding(tmp_path / "runs")
    assert first.stdout.readline() == "held\n"
    second = holding(tmp_path / "runs")
    told = second.stderr.readline()
    assert told.startswith(f"waiting for process {first.pid} (-c {tmp_path / 'runs'}, since ")
    assert second.poll() is None
    first.communicate("\n", timeout=60)
    assert second.stdout.readline() == "held\n"
    second.communicate("\n", timeout=60)
    assert (first.returncode, second.returncode) == (0, 0)


def test_a_holder_that_is_killed_leaves_nothing_locked(tmp_path):
    first = holding(tmp_path / "runs")
    assert first.stdout.readline() == "held\n"
    first.send_signal(signal.SIGKILL)
    first.communicate(timeout=60)
    with one_writer(tmp_path / "runs"):
        assert not (tmp_path / "runs").exists()


def test_two_folders_are_held_by_two_processes(tmp_path):
    first = holding(tmp_path / "a")
    assert first.stdout.readline() == "held\n"
    with one_writer(tmp_path / "b"):
        pass
    first.communicate("\n", timeout=60)


def test_a_lock_where_none_can_be_made_is_an_error_of_ours(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(NotWritableError, match="a folder that can be locked"), one_writer(tmp_path / "file" / "runs"):
        pass
