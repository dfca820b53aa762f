"""One writer at a time for what several runs may want to make in one cache; whoever only reads takes no lock."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import ThreadError

import fasteners

from reproduce.errors import NotWritableError

_TELL_AGAIN_S = 60.0


@contextmanager
def one_writer(folder: Path) -> Iterator[None]:
    """Hold the right to write a folder, and wait for it while another process holds it.

    The lock is a hidden file beside the folder, which stays. The system frees it when its holder ends, killed or not.
    A process that waits says on standard error whom it waits for, at once and then every minute. Look again inside the
    block for what is to be made: the holder before may have made it.

    Args:
        folder: It need not exist yet.

    Raises:
        NotWritableError: The lock cannot be made or held there.
    """
    path = folder.with_name(f".{folder.name}.lock")
    lock, holder = fasteners.InterProcessLock(path), path.with_suffix(".holder")
    try:
        held = lock.acquire(blocking=False)
        while not held:
            text = f"waiting for {_holder(holder)}, which writes {folder}"
            print(text, file=sys.stderr, flush=True)
            held = lock.acquire(timeout=_TELL_AGAIN_S)
        mine = {"process": os.getpid(), "command": " ".join(sys.argv), "since": time.strftime("%H:%M:%S")}
        holder.write_text(json.dumps(mine) + "\n")
    except (OSError, ThreadError) as error:
        lock.lockfile = None
        do = "free the disk or allow writing there, or name another folder"
        raise NotWritableError(expected="a folder that can be locked", got=str(error), where=folder, do=do) from error
    try:
        yield
    finally:
        holder.unlink(missing_ok=True)
        lock.release()


def _holder(path: Path) -> str:
    """Return who holds a lock, as far as its holder has written it yet."""
    try:
        return "process {process} ({command}, since {since})".format(**json.loads(path.read_text()))
    except (OSError, ValueError, KeyError):
        return "another process"
