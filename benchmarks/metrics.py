"""Speed, memory and agreement of reproduce.metrics beside MONAI, medpy, surface-distance, scikit-learn and SciPy.

    pip install -e .[bench]
    REPRODUCE_REAL_DATA=<unpacked samples> python benchmarks/metrics.py

Writes benchmarks/results/metrics_*.csv and metrics.md. All libraries run in one process, in turns, so that what else
the machine does falls on each alike; times are medians and only their ratios are meant to carry over. Peak memory is
what one call adds to a fresh process that holds the masks already (Linux only).
"""

from __future__ import annotations

import csv
import multiprocessing
import os
import platform
import sys
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import metrics_volumes as volumes
import numpy as np
from metrics_agreement import agreements
from metrics_peers import COUNTS, SURFACES, Pair, Peer, attempt
from scipy import stats
from sklearn.metrics import roc_auc_score

from reproduce.metrics import ranking, statistics

RESULTS = Path(__file__).parent / "results"
VOLUMES = {
    "one nodule": volumes.one_nodule,
    "nodules": volumes.nodules,
    "lungs, Dice 0.98": partial(volumes.organs, roughness=0.02),
    "lungs, Dice 0.94": partial(volumes.organs, roughness=0.08),
    "empty prediction": volumes.empty_prediction,
}
# Volumes on which memory is measured too: one small box, one large.
_WEIGHED = ("nodules", "lungs, Dice 0.98")
# A library that takes longer than this for a volume runs once on it; its ratio needs no median.
_SLOW_S = 5.0
Row = dict[str, str]


def main() -> None:
    """Run everything and write the tables."""
    samples = os.environ.get("REPRODUCE_REAL_DATA")
    if not samples:
        sys.exit(
            "REPRODUCE_REAL_DATA must name the folder of the unpacked samples: the hippocampi are part of the table"
        )
    speed = [row for name, make in VOLUMES.items() for row in _volume(name, make)]
    batch = [volumes.hippocampi(Path(samples), axis=axis) for axis in range(3)]
    speed += _compare("200 hippocampi", batch[2], SURFACES, rounds=3, memory={})
    tables = {
        "metrics_surface": speed,
        "metrics_counts": [row for name, make in VOLUMES.items() for row in _counts(name, make())],
        "metrics_hippocampus": [row for axis, pairs in zip("zyx", batch, strict=True) for row in _moved(axis, pairs)],
        "metrics_statistics": _statistics(),
        "metrics_agreement": [
            {
                "function": a.ours,
                "library": f"{a.library} {a.version}",
                "call": a.theirs,
                "values": str(a.n),
                "largest difference": f"{a.difference:.1e}",
            }
            for a in agreements()
        ],
    }
    RESULTS.mkdir(exist_ok=True)
    for name, rows in tables.items():
        with (RESULTS / f"{name}.csv").open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, rows[0], lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows)
    (RESULTS / "metrics.md").write_text(_page(tables), encoding="utf-8")


def _volume(name: str, make: Callable[[], Pair]) -> list[Row]:
    pair = make()
    memory = {peer.call: _peak_mib(pair, i) for i, peer in enumerate(SURFACES)} if name in _WEIGHED else {}
    return _compare(name, [pair], SURFACES, rounds=5, memory=memory)


def _counts(name: str, pair: Pair) -> list[Row]:
    return _compare(name, [pair], COUNTS, rounds=31, memory={})


def _compare(
    name: str, pairs: Sequence[Pair], peers: Sequence[Peer], *, rounds: int, memory: dict[str, float]
) -> list[Row]:
    """One row per library: median seconds, and how many times ours of the same definition they are."""
    seconds: dict[str, list[float]] = {peer.call: [] for peer in peers}
    raised = set()
    for _ in range(rounds):
        for peer in peers:
            if seconds[peer.call] and seconds[peer.call][0] > _SLOW_S:
                continue
            start = time.perf_counter()
            if [attempt(peer, pair) for pair in pairs].count(None):
                raised.add(peer.call)
            seconds[peer.call].append(time.perf_counter() - start)
    rows = []
    for peer in peers:
        ours = next(p for p in peers if p.library == "reproduce" and (peer.ours or peer.call) in p.call)
        median = float(np.median(seconds[peer.call]))
        row = {
            "volume": name,
            "library": f"{peer.library} {peer.version}",
            "call": peer.call,
            "runs": str(len(seconds[peer.call])),
            "median s": f"{median:.4f}",
            "times ours": "raises" if peer.call in raised else f"{median / np.median(seconds[ours.call]):.2f}",
        }
        if memory:
            row |= {
                "peak MiB": f"{memory[peer.call]:.0f}",
                "peak times ours": f"{memory[peer.call] / max(memory[ours.call], 1):.1f}",
            }
        elif peers is SURFACES:
            row |= {"peak MiB": "", "peak times ours": ""}
        rows.append(row)
        print(*row.values(), sep=" | ", flush=True)
    return rows


def _peak_mib(pair: Pair, which: int) -> float:
    """What one call of SURFACES[which] adds to the memory of a fresh process that holds the masks, in MiB."""
    context = multiprocessing.get_context("spawn")
    with context.Pool(1) as pool:
        return pool.apply(_added_mib, (pair, which))


def _added_mib(pair: Pair, which: int) -> float:
    small = Pair(*[np.pad(np.ones((3, 3, 3), dtype=np.bool_), 2)] * 2, pair.spacing_mm)
    attempt(SURFACES[which], small)
    Path("/proc/self/clear_refs").write_text("5")
    before = _status_kib("VmRSS")
    attempt(SURFACES[which], pair)
    return (_status_kib("VmHWM") - before) / 1024


def _status_kib(field: str) -> int:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(field))


def _moved(axis: str, pairs: Sequence[Pair]) -> list[Row]:
    """Every surface metric of the moved masks, ours beside theirs: largest difference and ratio of times."""
    rows = []
    for peer in SURFACES[2:]:
        ours = next(p for p in SURFACES[:2] if peer.ours in p.call)
        start = time.perf_counter()
        theirs = [attempt(peer, pair) for pair in pairs]
        middle = time.perf_counter()
        own = [attempt(ours, pair) for pair in pairs]
        ratio = (middle - start) / (time.perf_counter() - middle)
        for side, library in ((theirs, peer), (own, ours)):
            for values, pair in zip(side, pairs, strict=True):
                values["HD"] = library.hausdorff_mm(pair)
        for metric in theirs[0]:
            a, b = (np.array([values[metric] for values in side]) for side in (own, theirs))
            rows.append(
                {
                    "moved along": axis,
                    "masks": str(len(pairs)),
                    "metric": f"{metric} ({peer.ours})",
                    "library": f"{peer.library} {peer.version}",
                    "our mean": f"{a.mean():.6f}",
                    "largest difference": f"{np.abs(a - b).max():.1e}",
                    "time of all but HD, times ours": f"{ratio:.1f}",
                }
            )
    return rows


def _statistics() -> list[Row]:
    rng = np.random.default_rng(0)
    dice, counts = rng.random(1000), rng.poisson(20, (1000, 4))
    reference, scores = rng.random(1_000_000) < 0.1, rng.random(1_000_000)
    interval = partial(statistics.bootstrap_interval, n_resamples=10_000, confidence=0.95, seed=[1], method="bca")
    calls = {
        "bootstrap_interval (BCa), mean": lambda: interval(dice, statistics.mean),
        "bootstrap_interval (BCa), pooled sensitivity": lambda: interval(
            counts, lambda row: row[..., 0] / (row[..., 0] + row[..., 2])
        ),
        "scipy.stats.bootstrap (BCa), mean": lambda: stats.bootstrap((dice,), np.mean, n_resamples=10_000, rng=rng),
        "roc_auc of 1,000,000 scores": lambda: ranking.roc_auc(reference, scores),
        "sklearn roc_auc_score of 1,000,000 scores": lambda: roc_auc_score(reference, scores),
    }
    rows = []
    for name, call in calls.items():
        seconds = []
        for _ in range(5):
            start = time.perf_counter()
            call()
            seconds.append(time.perf_counter() - start)
        size = "10,000 resamples of 1,000 patients" if "bootstrap" in name else "one call"
        rows.append({"call": name, "size": size, "median s": f"{np.median(seconds):.3f}"})
        print(*rows[-1].values(), sep=" | ", flush=True)
    return rows


def _page(tables: dict[str, list[Row]]) -> str:
    cpu = next(
        (line.split(":")[1].strip() for line in Path("/proc/cpuinfo").read_text().splitlines() if "model name" in line),
        platform.machine(),
    )
    titles = {
        "metrics_surface": "HD95, ASSD and surface Dice together, 512 x 512 x 133 at 0.7 x 0.7 x 2.5 mm",
        "metrics_counts": "Counts and Dice, beside what NumPy needs to read both masks once",
        "metrics_hippocampus": "Real masks: each hippocampus against itself moved by one voxel",
        "metrics_statistics": "Statistics",
        "metrics_agreement": "Agreement on seeded samples",
    }
    lines = [
        "# Metrics beside other libraries",
        "",
        f"Written by `python benchmarks/metrics.py`. {cpu}, Python "
        f'{platform.python_version()}, NumPy {np.__version__}. "times ours" is the time of the library over that of'
        " ours for the same definition of a surface (voxels or subvoxel); MONAI computes in float32.",
        "",
    ]
    for name, rows in tables.items():
        lines += [f"## {titles[name]}", "", "| " + " | ".join(rows[0]) + " |", "|" + " --- |" * len(rows[0])]
        lines += ["| " + " | ".join(row.values()) + " |" for row in rows] + [""]
    return "\n".join(lines)


if __name__ == "__main__":
    main()
