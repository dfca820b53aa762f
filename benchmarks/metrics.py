"""Speed, memory and agreement of reproduce.metrics beside MONAI, medpy, surface-distance, scikit-learn and SciPy.

    pip install -e .[bench]
    REPRODUCE_REAL_DATA=<unpacked samples> python benchmarks/metrics.py [PART ...]

Writes benchmarks/results/metrics_*.csv and metrics.md. All libraries run in one process, in turns, so that what else
the machine does falls on each alike; times are medians and only their ratios are meant to carry over. Peak memory is
what one call adds to a fresh process that holds the masks already (Linux only).
"""

from __future__ import annotations

import argparse
import csv
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
from metrics_memory import added_mib
from metrics_peers import COUNTS, SURFACES, Pair, Peer, attempt
from scipy import stats
from sklearn.metrics import roc_auc_score
from timing import RESULTS, markdown, write_rows

from reproduce.metrics import ranking, statistics

VOLUMES = {
    "one nodule": volumes.one_nodule,
    "nodules": volumes.nodules,
    "lungs, Dice 0.98": partial(volumes.organs, roughness=0.02),
    "lungs, Dice 0.94": partial(volumes.organs, roughness=0.08),
    "empty prediction": volumes.empty_prediction,
}
# Volumes on which memory is measured too: one small box, one large.
_WEIGHED = ("nodules", "lungs, Dice 0.98")
Row = dict[str, str]


def main() -> None:
    """Run the named parts, or all, and write their tables; the page is made of the tables that lie there."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="*", choices=[*PARTS, []], help="tables to make again; all where none is named")
    for part in parser.parse_args().parts or PARTS:
        write_rows(RESULTS / f"metrics_{part}.csv", PARTS[part]())
    (RESULTS / "metrics.md").write_text(_page(), encoding="utf-8")


def _surface() -> list[Row]:
    rows = [row for name, make in VOLUMES.items() for row in _volume(name, make)]
    return rows + _compare("200 hippocampi", volumes.hippocampi(_samples(), axis=2), SURFACES, rounds=3, slow_s=5.0)


def _counts() -> list[Row]:
    compare = partial(_compare, peers=COUNTS, rounds=61, slow_s=0.5)
    return [row for name, make in VOLUMES.items() for row in compare(name, [make()])]


def _hippocampus() -> list[Row]:
    return [row for i, axis in enumerate("zyx") for row in _moved(axis, volumes.hippocampi(_samples(), axis=i))]


def _agreement() -> list[Row]:
    return [
        {
            "function": a.ours,
            "library": f"{a.library} {a.version}",
            "call": a.theirs,
            "values": str(a.n),
            "largest difference": f"{a.difference:.1e}",
        }
        for a in agreements()
    ]


def _samples() -> Path:
    named = os.environ.get("REPRODUCE_REAL_DATA")
    if not named:
        sys.exit(
            "REPRODUCE_REAL_DATA must name the folder of the unpacked samples: the hippocampi are part of the table"
        )
    return Path(named)


def _volume(name: str, make: Callable[[], Pair]) -> list[Row]:
    pair = make()
    memory = {peer.call: added_mib(pair, i) for i, peer in enumerate(SURFACES)} if name in _WEIGHED else {}
    return _compare(name, [pair], SURFACES, rounds=5, slow_s=5.0, memory=memory)


def _compare(
    name: str,
    pairs: Sequence[Pair],
    peers: Sequence[Peer],
    *,
    rounds: int,
    slow_s: float,
    memory: dict[str, float] | None = None,
) -> list[Row]:
    """One row per library: median seconds, and how many times ours of the same definition they are.

    A library whose first run takes longer than `slow_s` runs once: its ratio needs no median. Each round is shuffled,
    so that no library always finds the caches as the same other one leaves them.
    """
    seconds: dict[str, list[float]] = {peer.call: [] for peer in peers}
    raised = set()
    for i in range(rounds):
        for peer in np.random.default_rng(i).permutation(np.array(peers, dtype=object)):
            if seconds[peer.call] and seconds[peer.call][0] > slow_s:
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


PARTS: dict[str, Callable[[], list[Row]]] = {
    "surface": _surface,
    "counts": _counts,
    "hippocampus": _hippocampus,
    "statistics": _statistics,
    "agreement": _agreement,
}


def _page() -> str:
    cpu = next(
        (line.split(":")[1].strip() for line in Path("/proc/cpuinfo").read_text().splitlines() if "model name" in line),
        platform.machine(),
    )
    titles = {
        "surface": "HD95, ASSD and surface Dice together, 512 x 512 x 133 at 0.7 x 0.7 x 2.5 mm",
        "counts": "Counts and Dice, beside what NumPy needs to read both masks once",
        "hippocampus": "Real masks: each hippocampus against itself moved by one voxel",
        "statistics": "Statistics",
        "agreement": "Agreement on seeded samples",
    }
    lines = [
        "# Metrics beside other libraries",
        "",
        f"Written by `python benchmarks/metrics.py`. {cpu}, Python "
        f'{platform.python_version()}, NumPy {np.__version__}. "times ours" is the time of the library over that of'
        " ours for the same definition of a surface (voxels or subvoxel); MONAI computes in float32.",
        "",
    ]
    for name, title in titles.items():
        with (RESULTS / f"metrics_{name}.csv").open(newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
        lines += [f"## {title}", "", markdown(rows)]
    return "\n".join(lines)


if __name__ == "__main__":
    main()
