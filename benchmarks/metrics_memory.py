"""What one call adds to the memory of a fresh process that holds the masks already (Linux only)."""

from __future__ import annotations

import multiprocessing
from pathlib import Path

import numpy as np
from metrics_peers import SURFACES, Pair, attempt


def added_mib(pair: Pair, which: int) -> float:
    """Peak of SURFACES[which] over the resident memory before it, in MiB."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(_in_fresh_process, (pair, which))


def _in_fresh_process(pair: Pair, which: int) -> float:
    # What a library sets up once is no part of the call.
    attempt(SURFACES[which], Pair(*[np.pad(np.ones((3, 3, 3), dtype=np.bool_), 2)] * 2, pair.spacing_mm))
    # 5 resets the high-water mark (proc_pid_clear_refs(5)).
    Path("/proc/self/clear_refs").write_text("5")
    before = _status_kib("VmRSS")
    attempt(SURFACES[which], pair)
    return (_status_kib("VmHWM") - before) / 1024


def _status_kib(field: str) -> int:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(field))
