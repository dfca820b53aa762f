"""Work in several processes that end with their parent and are silent on Ctrl-C; an error where one was ended."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from typing import TYPE_CHECKING

from reproduce.errors import WorkerDiedError

if TYPE_CHECKING:
    from multiprocessing.sharedctypes import Synchronized

# Not forked: TensorFlow's threads, if the parent has any, do not survive a fork.
SPAWN = multiprocessing.get_context("spawn")


@contextmanager
def processes(
    n: int,
    *,
    where: str,
    do: str,
    begin: Callable[..., None] | None = None,
    arguments: tuple = (),
) -> Iterator[ProcessPoolExecutor]:
    """Yield a pool of processes; where the block raises, stop them and give up what was not begun.

    Args:
        n: Processes, at least 1.
        where: Work of the processes, for the error.
        do: Next step of the user where one was ended, for the error.
        begin: Called in each process before its first task, with the number of the process, from 0, and `arguments`.
        arguments: Anything that another process can be given; queues of `SPAWN` too.

    Raises:
        WorkerDiedError: A process was ended from outside, or `begin` raised.
    """
    begun = SPAWN.Value("i", 0)
    pool = ProcessPoolExecutor(n, SPAWN, _begin, (begun, begin, arguments))
    try:
        yield pool
    except BrokenProcessPool as error:
        raise WorkerDiedError(
            expected="processes that end by themselves",
            got="one that was ended, most likely for want of memory; if it could not start, its error stands above",
            where=where,
            do=do,
        ) from error
    except BaseException:
        for process in list((pool._processes or {}).values()):
            process.terminate()
        raise
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _begin(begun: Synchronized[int], begin: Callable[..., None] | None, arguments: tuple) -> None:
    # Ctrl-C reaches the whole group: the parent ends its workers, and they say nothing.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    with begun.get_lock():
        number = begun.value
        begun.value += 1
    if begin is not None:
        begin(number, *arguments)


def _end_with_parent() -> None:
    """End this worker with its parent: one that outlives a killed parent computes what nobody wants."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
