"""How far work is: a bar on a terminal, lines with an estimate where there is none."""

import io
import itertools

import pytest
from rich.console import Console

from reproduce import progress
from reproduce.progress import progress_of, tracked


@pytest.fixture
def plain():
    """A console that is no terminal."""
    return Console(file=io.StringIO(), force_terminal=False, width=200)


@pytest.fixture
def clock(monkeypatch):
    """A clock that goes on by ten seconds each time that it is asked."""
    ticks = itertools.count(0.0, 10.0)
    monkeypatch.setattr(progress.time, "monotonic", lambda: next(ticks))


def test_the_bar_says_what_is_counted_and_leaves_no_trace():
    console = Console(file=io.StringIO(), force_terminal=True, width=120)
    with progress_of("train", "epochs", 4, done=1, console=console) as advance:
        advance(1)
    shown = console.file.getvalue()
    assert all(text in shown for text in ("train", "/4", "epochs", "left"))
    assert "finished" not in shown


def test_without_a_terminal_each_finished_part_is_a_line_with_the_time_left(plain, clock):
    with progress_of("train", "epochs", 12, console=plain) as advance:
        advance(3, finished="U-Net, seed 1, fold 0")
        advance(3, finished="U-Net, seed 1, fold 1")
        advance(6, finished="U-Net, seed 1, fold 2")
    first, second, last = plain.file.getvalue().splitlines()
    assert first.startswith("  train: 3 of 12 epochs, U-Net, seed 1, fold 0 finished, 0:00:10 passed, about 0:00:30")
    assert "about 0:00:20 left, until " in second
    assert last == "  train: 12 of 12 epochs, U-Net, seed 1, fold 2 finished, 0:00:30 passed"


def test_without_a_terminal_work_without_parts_says_a_line_a_minute(plain, clock):
    assert list(tracked(range(13), "score", "scans", console=plain)) == list(range(13))
    assert [line.split(",")[0] for line in plain.file.getvalue().splitlines()] == [
        "  score: 6 of 13 scans",
        "  score: 12 of 13 scans",
    ]


def test_work_of_unknown_length_has_no_estimate(plain, clock):
    list(tracked(iter(range(7)), "score", "scans", console=plain))
    assert plain.file.getvalue() == "  score: 6 scans, 0:01:00 passed\n"


def test_what_is_soon_done_leaves_no_line(plain):
    assert list(tracked([1, 2], "score", "scans", console=plain)) == [1, 2]
    assert plain.file.getvalue() == ""
