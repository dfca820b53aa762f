"""Architectures are trained in parts, each part in processes of its own, the longest first; what is done is left."""

import io
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from types import SimpleNamespace

import pytest
from rich.console import Console

from reproduce.tasks import architecture_pool
from reproduce.tasks.architecture_pool import run_entries

EFFORTS = {"a": 1.0, "b": 5.0, "c": 3.0, "d": 4.0, "e": 2.0}
ENTRIES = tuple(SimpleNamespace(name=name, effort=effort) for name, effort in EFFORTS.items())
STUDY = SimpleNamespace(entries=ENTRIES, seeds=(1,))


class Place:
    """Where outcomes of one seed lie, or do not."""

    def __init__(self, folder, name, *, done=False):
        self.file = folder / name
        if done:
            self.file.touch()

    def done(self, seeds):
        return self.file.exists()

    def outcome(self, seed):
        return self.file


@pytest.fixture
def parts(monkeypatch):
    """The architectures that were trained, a list for each pool, in threads instead of processes."""
    found = []

    @contextmanager
    def threads(n, **_):
        found.append([])
        with ThreadPoolExecutor(n) as pool:
            yield pool

    def run(entry, place):
        if entry.name == "broken":
            raise OSError("no room")
        found[-1].append(entry.name)
        place.file.touch()

    monkeypatch.setattr(architecture_pool, "processes", threads)
    monkeypatch.setattr(architecture_pool, "_run", run)
    monkeypatch.setattr(architecture_pool, "_ARCHITECTURES_A_PROCESS", 2)
    return found


def told(study, places, tmp_path):
    console = Console(file=io.StringIO())
    run_entries(study, places, tmp_path, workers=1, console=console)
    return console.file.getvalue().split("\n")


def test_the_longest_come_first_in_parts_of_fresh_processes(parts, tmp_path):
    lines = told(STUDY, {name: Place(tmp_path, name) for name in EFFORTS}, tmp_path)
    assert parts == [["b", "d"], ["c", "e"], ["a"]]
    assert [line for line in lines if "a: done" in line] == ["a: done, 5 of 5"]


def test_what_is_done_is_left_and_not_counted(parts, tmp_path):
    lines = told(STUDY, {name: Place(tmp_path, name, done=name in "bde") for name in EFFORTS}, tmp_path)
    assert parts == [["c", "a"]]
    assert "a: done, 2 of 2" in lines


def test_nothing_left_starts_nothing(parts, tmp_path):
    told(STUDY, {name: Place(tmp_path, name, done=True) for name in EFFORTS}, tmp_path)
    assert parts == []


def test_what_one_raises_ends_all(parts, tmp_path):
    broken = SimpleNamespace(entries=(*ENTRIES, SimpleNamespace(name="broken", effort=3.5)), seeds=(1,))
    places = {each.name: Place(tmp_path, each.name) for each in broken.entries}
    with pytest.raises(OSError, match="no room"):
        told(broken, places, tmp_path)
    assert {name for name, place in places.items() if place.file.exists()} >= {"b", "d"}
    assert len(parts) == 2
