"""Processes that end with their parent, that are stopped where the block raises, and whose death is an error."""

import multiprocessing
import os
import signal
import subprocess
import sys
import time

import pytest

from reproduce.errors import WorkerDiedError
from reproduce.processes import SPAWN, processes

ABOUT = {"where": "three sums", "do": "sum less"}
_given = None


def _begin(number, told, word):
    global _given
    _given = (number, word)
    told.put(number)


def _what_was_given():
    return _given


def _die():
    os.kill(os.getpid(), signal.SIGKILL)


def test_each_process_begins_with_its_number_and_the_arguments():
    told = SPAWN.Queue()
    with processes(2, **ABOUT, begin=_begin, arguments=(told, "word")) as pool:
        given = {pool.submit(_what_was_given).result() for _ in range(4)}
    assert given <= {(0, "word"), (1, "word")}
    assert told.get(timeout=10) == 0


def _interrupted(pool):
    pool.submit(abs, 1).result()
    pool.submit(time.sleep, 60)
    raise KeyboardInterrupt


def test_without_a_beginning_tasks_are_done_all_the_same():
    with processes(1, **ABOUT) as pool:
        assert pool.submit(abs, -3).result() == 3


def test_a_process_that_dies_is_an_error_that_says_what_to_do():
    with pytest.raises(WorkerDiedError, match="sum less") as caught, processes(1, **ABOUT) as pool:
        pool.submit(_die).result()
    assert caught.value.where == "three sums"


def _cannot_begin(_):
    raise OSError("no room")


def test_one_that_cannot_begin_is_an_error_too(capfd):
    with (
        pytest.raises(WorkerDiedError, match="its error stands above"),
        processes(1, **ABOUT, begin=_cannot_begin) as pool,
    ):
        pool.submit(abs, 1).result()
    assert "no room" in capfd.readouterr().err


def test_where_the_block_raises_its_processes_are_stopped_at_once():
    before = time.monotonic()
    with pytest.raises(KeyboardInterrupt), processes(1, **ABOUT) as pool:
        _interrupted(pool)
    assert time.monotonic() - before < 30
    assert multiprocessing.active_children() == []


def test_what_a_task_raises_arrives_as_it_was_raised():
    with pytest.raises(ZeroDivisionError), processes(1, **ABOUT) as pool:
        pool.submit(divmod, 1, 0).result()


PARENT = """
import os, time
from reproduce.processes import processes
if __name__ == "__main__":
    with processes(1, where="a sleep", do="wake") as pool:
        print(pool.submit(os.getpid).result(), flush=True)
        pool.submit(time.sleep, 60).result()
"""


def _alive(process_id):
    try:
        with open(f"/proc/{process_id}/stat") as stream:
            return stream.read().split()[2] != "Z"
    except FileNotFoundError:
        return False


@pytest.mark.skipif(not os.path.isdir("/proc/self"), reason="no /proc here to see processes in")
@pytest.mark.parametrize(("sign", "silent"), [(signal.SIGKILL, True), (signal.SIGINT, False)])
def test_they_end_with_their_parent(tmp_path, sign, silent):
    script = tmp_path / "parent.py"
    script.write_text(PARENT)
    settings = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True, "start_new_session": True}
    # A shell that starts the tests behind it has its children ignore Ctrl-C.
    settings["preexec_fn"] = lambda: signal.signal(signal.SIGINT, signal.default_int_handler)
    with subprocess.Popen([sys.executable, str(script)], **settings) as parent:
        child = int(parent.stdout.readline())
        # Ctrl-C reaches the whole group.
        os.killpg(parent.pid, sign) if sign == signal.SIGINT else parent.send_signal(sign)
        parent.wait(timeout=30)
        deadline = time.monotonic() + 30
        while _alive(child) and time.monotonic() < deadline:
            time.sleep(0.05)
        said = parent.stderr.read()
    assert not _alive(child)
    assert said.count("Traceback") == (0 if silent else 1)
