"""Kills runs of tables at random moments, starts them again, and compares what comes out with runs that nobody killed.

    python benchmarks/chaos.py [--kills 100] [--minutes 60] [--seed 0]

Each table runs under `smoke` on its phantom in a cache of its own, once undisturbed, which says how long it takes. Then
it is started again and again in a new cache and ended at a random moment of that time, by SIGKILL, SIGTERM or Ctrl-C in
turn, until it comes to its end; its results must be the same bytes, as must those of two runs started together on one
cache. Nothing may be left behind but results and cache: no temporary file, no unfinished preparation. After Ctrl-C the
exit code is 130 and there is no traceback. One row a table goes to benchmarks/results/chaos.csv.
"""

from __future__ import annotations

import argparse
import csv
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path

PROJECT = Path(__file__).parents[1]
OUTPUT = Path(__file__).parent / "results" / "chaos.csv"
TABLES = ("table1_lidc", "table2_brats", "table1_thoracic", "ablation")
SIGNALS = (signal.SIGKILL, signal.SIGTERM, signal.SIGINT)
LEFT_BEHIND = (".*.tmp", "incomplete.*", ".*.unfinished", "*.holder")


@dataclass
class Row:
    """What happened to one table."""

    table: str
    seconds: float  # of the undisturbed run
    kills: int = 0
    finished: int = 0  # runs that came to their end after kills
    together: int = 0  # pairs started together on one cache
    other_bytes: int = 0
    failures: int = 0  # a run that ended by itself with another code than 0
    tracebacks: int = 0  # after Ctrl-C
    survivors: int = 0  # runs of which a process was still there a minute after the signal
    left_behind: int = 0


def start(table: str, folder: Path, out: Path) -> subprocess.Popen:
    """Start a table in a process group of its own."""
    command = [sys.executable, str(PROJECT / "experiments" / f"{table}.py"), "--profile", "smoke", "--out", str(out)]
    environment = {**os.environ, "REPRODUCE_CACHE": str(folder / "cache"), "PYTHONPATH": str(PROJECT)}
    with (folder / "stderr").open("ab") as stderr:
        return subprocess.Popen(
            command, env=environment, stdout=subprocess.DEVNULL, stderr=stderr, start_new_session=True
        )


def written(out: Path) -> dict[str, bytes]:
    """Results by their name, provenance aside, the only file with volatile facts."""
    files = (path for path in (out / "results").rglob("*") if path.is_file() and path.name != "provenance.json")
    return {path.relative_to(out).as_posix(): path.read_bytes() for path in files}


def remains(folder: Path) -> int:
    """Files and folders that only an unfinished run may have."""
    return sum(1 for pattern in LEFT_BEHIND for _ in folder.rglob(pattern))


def end(process: subprocess.Popen, by: signal.Signals) -> bool:
    """Send a signal to a run and its workers; return whether all of them have ended within a minute."""
    os.killpg(process.pid, by)
    until = time.monotonic() + 60
    while time.monotonic() < until:  # workers end with their parent, a moment later
        process.poll()
        try:
            os.killpg(process.pid, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.2)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    return False


def killed_until_done(row: Row, expected: dict[str, bytes], folder: Path, chance: random.Random, most: int) -> None:
    """Kill and restart one table until it is done; the last start is left alone where `most` kills are used up."""
    out = folder / "out"
    while True:
        process, delay = start(row.table, folder, out), chance.uniform(0.5, row.seconds)
        if row.kills >= most:
            code = process.wait()
        else:
            try:
                code = process.wait(timeout=delay)
            except subprocess.TimeoutExpired:
                by = SIGNALS[row.kills % len(SIGNALS)]
                before = (folder / "stderr").stat().st_size
                row.survivors += not end(process, by)
                row.kills += 1
                said = (folder / "stderr").read_bytes()[before:]
                row.tracebacks += by == signal.SIGINT and (process.returncode not in (0, 130) or b"Traceback" in said)
                continue
        row.finished += 1
        row.failures += code != 0
        if code != 0:
            sys.stderr.write((folder / "stderr").read_text(errors="replace"))
        row.other_bytes += written(out) != expected
        row.left_behind += remains(folder)
        return


def together(row: Row, expected: dict[str, bytes], folder: Path) -> None:
    """Start one table twice on one cache."""
    outs = folder / "a", folder / "b"
    both = [start(row.table, folder, out) for out in outs]
    failures = sum(process.wait() != 0 for process in both)
    if failures:
        sys.stderr.write((folder / "stderr").read_text(errors="replace"))
    row.failures += failures
    row.other_bytes += sum(written(out) != expected for out in outs)
    row.left_behind += remains(folder)
    row.together += 1


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=100, help="of all tables together")
    parser.add_argument("--minutes", type=float, default=60.0, help="after which no run is killed any more")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    chance, until, rows = random.Random(options.seed), time.monotonic() + 60 * options.minutes, []
    for i, table in enumerate(TABLES):
        with tempfile.TemporaryDirectory() as name:
            folder, begun = Path(name), time.monotonic()
            if start(table, folder, folder / "out").wait() != 0:
                sys.exit(f"{table} fails without any kill:\n{(folder / 'stderr').read_text()}")
            row, expected = Row(table, round(time.monotonic() - begun, 1)), written(folder / "out")
        most, share = options.kills * (i + 1) // len(TABLES) - options.kills * i // len(TABLES), len(TABLES) - i
        last = time.monotonic() + (until - time.monotonic()) / share
        while row.kills < most and time.monotonic() < last:
            with tempfile.TemporaryDirectory() as name:
                killed_until_done(row, expected, Path(name), chance, most)
        with tempfile.TemporaryDirectory() as name:
            together(row, expected, Path(name))
        rows.append(asdict(row))
        print(rows[-1], flush=True)
    OUTPUT.parent.mkdir(exist_ok=True)
    with OUTPUT.open("w", newline="") as stream:
        writer = csv.DictWriter(stream, rows[0], lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    wrong = ("other_bytes", "failures", "tracebacks", "survivors", "left_behind")
    if (killed := sum(row["kills"] for row in rows)) < options.kills:
        sys.exit(f"{killed} of {options.kills} kills in {options.minutes:g} minutes: give more --minutes")
    sys.exit(any(row[name] for row in rows for name in wrong))


if __name__ == "__main__":
    main()
