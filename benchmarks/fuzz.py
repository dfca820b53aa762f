"""Gives every reader broken files, and counts what comes: read, refused by an error of ours, or anything else.

    python benchmarks/fuzz.py [--minutes 60] [--seed 0] [--reader NAME ...] [--save FOLDER]

Inputs are small synthetic files of each format with one to three changes (see fuzz_mutations), the same ones for the
same seed. Each is read in a process that may have 2 GiB of address space beyond that of the libraries, and 5 seconds of
a processor. What is read
must agree with itself (see fuzz_readers): a slice for every file that the account does not name, a remark for every
contour that is not drawn. Anything but a reading or a `ReproduceError` is foreign: another exception, a warning of
arithmetic, the death of the process. Foreign ones are listed on stderr, one line for each kind with the smallest input
in the folder of --save. One row a reader goes to benchmarks/results/fuzz.csv, where all readers are run. Exit code 1
where anything is foreign, hangs, takes more than its memory or disagrees.
"""

from __future__ import annotations

import argparse
import contextlib
import csv
import io
import logging
import math
import multiprocessing
import os
import random
import resource
import sys
import tempfile
import time
import traceback
import warnings
from dataclasses import asdict, dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path

from fuzz_mutations import Files, mutated
from fuzz_readers import READERS, Disagreement, digest

PROJECT = Path(__file__).parents[1]
OUTPUT = Path(__file__).parent / "results" / "fuzz.csv"
LIMIT_BYTES, LIMIT_S = 2 * 2**30, 5.0
STALL_S, START_S = 60.0, 120.0  # of the clock, on a machine that others use too
WRONG = ("disagree", "foreign", "hangs", "memory")


@dataclass(frozen=True)
class Outcome:
    """What a reader did with one input."""

    kind: str  # "read", "refused", or one of WRONG
    detail: str = ""  # digest of what was read; else exception and the last line of our code
    seconds: float = 0.0  # of a processor
    mib: float = 0.0  # most memory that the process had meanwhile, some 80 MiB of libraries included


@dataclass
class Row:
    """What happened to one reader."""

    reader: str
    inputs: int = 0
    read: int = 0
    read_unlike: int = 0  # of those read: with another result than the whole file
    refused: int = 0
    disagree: int = 0
    foreign: int = 0
    hangs: int = 0
    memory: int = 0
    worst_s: float = 0.0
    worst_mib: float = 0.0


@dataclass
class Findings:
    """The smallest input of each kind of wrong outcome."""

    by_detail: dict[tuple[str, str], tuple[int, Files]] = field(default_factory=dict)
    counts: dict[tuple[str, str], int] = field(default_factory=dict)

    def add(self, outcome: Outcome, files: Files) -> None:
        """Count an outcome, and keep its input where it is the smallest of its kind."""
        key, size = (outcome.kind, outcome.detail), sum(map(len, files.values()))
        self.counts[key] = self.counts.get(key, 0) + 1
        if key not in self.by_detail or size < self.by_detail[key][0]:
            self.by_detail[key] = size, files


class Worker:
    """A process that reads one input after the other until it dies."""

    def __init__(self, reader: str) -> None:
        self.reader = reader
        self._start()

    def _start(self) -> None:
        context = multiprocessing.get_context("spawn")
        self.pipe, theirs = context.Pipe()
        self.process = context.Process(target=_serve, args=(theirs, self.reader), daemon=True)
        self.process.start()
        theirs.close()
        if not self.pipe.poll(START_S) or self.pipe.recv() != "ready":
            sys.exit(f"the process of {self.reader} did not start")

    def outcome(self, folder: Path) -> Outcome:
        """Read the input in a folder."""
        self.pipe.send(folder)
        begun, spent_s = time.monotonic(), _processor_s(self.process.pid)
        try:
            while not self.pipe.poll(LIMIT_S / 10):
                used_s = _processor_s(self.process.pid) - spent_s
                if used_s > LIMIT_S or time.monotonic() - begun > STALL_S:
                    found = Outcome("hangs", "no answer", used_s)
                    break
            else:
                return self.pipe.recv()
        except EOFError:
            self.process.join()
            found = Outcome("foreign", f"the process ended with {self.process.exitcode}")
        self.end()
        self._start()
        return found

    def end(self) -> None:
        """End the process."""
        self.process.kill()
        self.process.join()
        self.pipe.close()


def _serve(pipe: Connection, reader: str) -> None:
    """Read whatever folder comes, once the imports are done and the limit is set."""
    logging.disable(logging.CRITICAL)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)  # decoders write there on their own
    with warnings.catch_warnings(), tempfile.TemporaryDirectory() as name:
        warnings.simplefilter("ignore")
        os.environ["REPRODUCE_CACHE"] = name  # of the names that errors hide
        with contextlib.suppress(Exception):
            READERS[reader](Path(name))
        limit = LIMIT_BYTES + 1024 * _kib("VmSize")
        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
        warnings.simplefilter("error", RuntimeWarning)  # arithmetic that is not what was meant
        pipe.send("ready")
        while True:
            pipe.send(_outcome(reader, pipe.recv()))
            Path(name, "private", "case_ids.csv").unlink(missing_ok=True)


def _outcome(reader: str, folder: Path) -> Outcome:
    from reproduce.errors import ReproduceError

    Path("/proc/self/clear_refs").write_text("5")  # the peak starts again
    begun, kind, detail = time.process_time(), "read", ""
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            detail = digest(READERS[reader](folder))
    except Disagreement as error:
        kind, detail = "disagree", str(error).partition(":")[0]
    except BaseException as error:
        kind, detail = _kind_of(error, ReproduceError)
    return Outcome(kind, detail, time.process_time() - begun, _peak_mib())


def _kind_of(error: BaseException, ours: type[Exception]) -> tuple[str, str]:
    """Return the kind of an outcome with an exception, and where in our code it came from."""
    chain: list[BaseException] = [error]
    while (cause := chain[-1].__cause__ or chain[-1].__context__) is not None and len(chain) < 20:
        chain.append(cause)
    lines = [frame for each in chain for frame in traceback.extract_tb(each.__traceback__)]
    own = [f for f in lines if "/reproduce/" in f.filename and "site-packages" not in f.filename]
    where = f"{Path(own[-1].filename).name}:{own[-1].lineno}" if own else "?"
    if any(isinstance(each, MemoryError) for each in chain):
        return "memory", where
    if isinstance(error, ours):
        return "refused", type(error).__name__
    return "foreign", f"{type(error).__name__} {where}"


def _processor_s(pid: int) -> float:
    """Return the seconds of a processor that a process has used; infinite where it has ended."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return math.inf
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _peak_mib() -> float:
    return _kib("VmHWM") / 1024


def _kib(field: str) -> int:
    """Return what the system says of this process's memory."""
    return int(Path("/proc/self/status").read_text().partition(f"{field}:")[2].split()[0])


def write_input(files: Files, folder: Path) -> None:
    """Write an input into a new folder."""
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def fuzzed(reader: str, seeds: list[Files], *, seconds: float, chance: random.Random, findings: Findings) -> Row:
    """Give a reader broken files for some seconds; a whole one that is not read is an error of the fuzzer."""
    row, worker, whole, until = Row(reader), Worker(reader), [], time.monotonic() + seconds
    for files in seeds:
        with tempfile.TemporaryDirectory() as name:
            write_input(files, Path(name))
            found = worker.outcome(Path(name))
        if found.kind != "read":
            sys.exit(f"{reader}: a whole input is {found.kind}, {found.detail}")
        whole.append(found.detail)
    while time.monotonic() < until:
        i = chance.randrange(len(seeds))
        files = mutated(seeds[i], chance)
        with tempfile.TemporaryDirectory() as name:
            write_input(files, Path(name))
            found = worker.outcome(Path(name))
        row.inputs += 1
        setattr(row, found.kind, getattr(row, found.kind) + 1)
        row.read_unlike += found.kind == "read" and found.detail != whole[i]
        row.worst_s, row.worst_mib = max(row.worst_s, found.seconds), max(row.worst_mib, found.mib)
        if found.kind in WRONG:
            findings.add(found, files)
    worker.end()
    row.worst_s, row.worst_mib = round(row.worst_s, 2), round(row.worst_mib)
    return row


def show(reader: str, findings: Findings, save: Path | None) -> None:
    """List what went wrong on stderr, and save the smallest input of each kind."""
    for (kind, detail), (_, files) in sorted(findings.by_detail.items()):
        place = ""
        if save is not None:
            name = "".join(c if c.isalnum() else "_" for c in f"{reader}-{kind}-{detail}")[:100]
            place = f"  {save / name}"
            write_input(files, save / name)
        n = findings.counts[kind, detail]
        print(f"{reader}: {kind} {n} x {detail}{place}", file=sys.stderr, flush=True)


def main() -> None:
    from fuzz_seeds import SEEDS

    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=60.0, help="of all readers together")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--reader", action="append", choices=sorted(READERS), help="again for several; else all")
    parser.add_argument("--save", type=Path, help="folder for the smallest input of each kind")
    options = parser.parse_args()
    names, rows = options.reader or list(READERS), []
    for name in names:
        chance, findings = random.Random(f"{options.seed} {name}"), Findings()
        seconds = 60 * options.minutes / len(names)
        rows.append(asdict(fuzzed(name, SEEDS[name](), seconds=seconds, chance=chance, findings=findings)))
        print(rows[-1], flush=True)
        show(name, findings, options.save)
    if names == list(READERS):
        OUTPUT.parent.mkdir(exist_ok=True)
        with OUTPUT.open("w", newline="") as stream:
            writer = csv.DictWriter(stream, rows[0], lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows)
    sys.exit(any(row[kind] for row in rows for kind in WRONG))


if __name__ == "__main__":
    main()
