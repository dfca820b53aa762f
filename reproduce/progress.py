"""How far long work is, and when it will end: a bar on a terminal, plain lines where there is none."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sized
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Protocol, TypeVar

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

_LINE_EVERY_S = 60.0
_T = TypeVar("_T")


class Advance(Protocol):
    """Says that more is done."""

    def __call__(self, more: float = 1.0, /, *, finished: str | None = None) -> None:
        """Count `more` of the unit; `finished` names a whole part of the work that has come to its end."""


@contextmanager
def progress_of(
    what: str, unit: str, total: float | None, *, done: int = 0, console: Console | None = None
) -> Iterator[Advance]:
    """Yield what counts work that is done, and show how far it is, with an estimate of its end.

    On a terminal that is a bar, which leaves no trace. Elsewhere it is a line for each finished part that has a name,
    and one a minute for work without such parts; what takes less leaves no line.

    Args:
        what: Name of the work, e.g. "train".
        unit: Unit that is counted, e.g. "epochs".
        total: All of it; None where nobody knows.
        done: How much was done before.
        console: Console for the bar or the lines; None is standard error.
    """
    console = console or Console(stderr=True, highlight=False)
    if not console.is_terminal:
        yield _lines(what, unit, total, done, console)
        return
    counted = (TextColumn(what), BarColumn(), MofNCompleteColumn(), TextColumn(unit))
    times = (TimeElapsedColumn(), TextColumn("left"), TimeRemainingColumn())
    with Progress(*counted, *times, transient=True, console=console) as bar:
        task = bar.add_task(what, total=total, completed=done)

        def advance(more: float = 1.0, /, *, finished: str | None = None) -> None:
            bar.advance(task, more)

        yield advance


def _lines(what: str, unit: str, total: float | None, n_done: int, console: Console) -> Advance:
    """Return what prints a line for each finished part, or for each minute."""
    began = told = time.monotonic()
    done = before = float(n_done)

    def advance(more: float = 1.0, /, *, finished: str | None = None) -> None:
        nonlocal done, told
        done += more
        now = time.monotonic()
        if finished is None and now - told < _LINE_EVERY_S:
            return
        told = now
        parts = [f"{what}: {done:g}{'' if total is None else f' of {total:g}'} {unit}"]
        if finished is not None:
            parts.append(f"{finished} finished")
        parts.append(f"{_clock(now - began)} passed")
        if total is not None and before < done < total:
            left = (now - began) / (done - before) * (total - done)
            end = datetime.now() + timedelta(seconds=left)
            parts.append(f"about {_clock(left)} left, until {end:%H:%M}")
        console.print("  " + ", ".join(parts), soft_wrap=True, markup=False)

    return advance


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes // 60}:{minutes % 60:02d}:{rest:02d}"


def tracked(
    items: Iterable[_T], what: str, unit: str, *, total: float | None = None, console: Console | None = None
) -> Iterator[_T]:
    """Yield items one by one, and show how many of them are done; see `progress_of`.

    Args:
        items: Any; those with a length need no `total`.
        what: Name of the work.
        unit: Unit that is counted, in the plural.
        total: Number of items, where they have no length.
        console: Console for the bar or the lines; None is standard error.
    """
    if total is None and isinstance(items, Sized):
        total = len(items)
    with progress_of(what, unit, total, console=console) as advance:
        for item in items:
            yield item
            advance()
