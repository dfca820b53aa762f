"""What a training step costs under each arithmetic, and how far its weights drift from those of our own choice.

    python benchmarks/arithmetic.py [--repeats 5]

Both CNNs of document 000 take steps on one batch of noise, one thread, each arithmetic in a process of its own, in
turn. Costs are processor seconds, as ratios to what `reproduce.arithmetic` chooses; the drift is the largest difference
of a weight after ten steps. Both go to benchmarks/results/arithmetic.csv; costs hang on the processor that it names.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from timing import RESULTS, write_rows

from reproduce.arithmetic import CHOSEN, ISA, ONEDNN, THREADS
from reproduce.progress import tracked
from reproduce.provenance import processor

OUTPUT = RESULTS / "arithmetic.csv"
HEAD = ("arithmetic", "model", "ms_per_step", "over_chosen", "largest_drift", "same_bytes", "processor")
WAYS = {
    "chosen (oneDNN, AVX2, one thread)": {},
    "SSE4.1": {ISA: "SSE41"},
    "as wide as the processor": {ISA: "DEFAULT"},
    "oneDNN off": {ONEDNN: "0"},
    "two threads": {THREADS: "2"},
}
MODELS = ("unoptimised_cnn", "optimised_cnn")
SIZE, BATCH, WIDTH, DEPTH, STEPS = 96, 8, 8, 3, 10


def measure(repeats: int, output: Path) -> None:
    """Take steps with both models in this process, and write milliseconds a step and the weights after ten."""
    from reproduce.models.losses import BinaryCrossEntropy
    from reproduce.models.segmentation import optimised_cnn
    from reproduce.training.determinism import configure

    configure(worker=0, precision="float32")
    import keras

    costs = {}
    for name in MODELS:
        keras.utils.set_random_seed(1)
        build = getattr(optimised_cnn, name)
        model = build((SIZE, SIZE), n_channels=1, n_regions=1, width=WIDTH, depth=DEPTH, bn_momentum=0.9)
        model.compile(keras.optimizers.Adam(1e-3), loss=dict.fromkeys(model.output, BinaryCrossEntropy()))
        rng = np.random.default_rng(1)
        image = rng.random((BATCH, SIZE, SIZE, 1), np.float32)
        target = {"mask": (image > 0.5).astype(np.float32), "slice": np.ones((BATCH, 1), np.float32)}
        targets = {output: target[output] for output in model.output}
        for _ in range(STEPS):
            model.train_on_batch(image, targets)
        np.savez(output / f"{name}.npz", *(weight.numpy() for weight in model.trainable_variables))
        costs[name] = []
        for _ in range(repeats):
            started = time.process_time()
            for _ in range(STEPS):
                model.train_on_batch(image, targets)
            costs[name].append((time.process_time() - started) / STEPS * 1000)
    (output / "costs.json").write_text(json.dumps(costs))


def drift(chosen: Path, other: Path) -> tuple[float, bool]:
    """Return the largest difference of a weight between two files, and whether all bytes are the same."""
    with np.load(chosen) as a, np.load(other) as b:
        largest = max(float(np.abs(a[name] - b[name]).max()) for name in a.files)
        return largest, all(a[name].tobytes() == b[name].tobytes() for name in a.files)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--measure", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure is not None:
        measure(1, options.measure)
        return
    costs: dict[tuple[str, str], list[float]] = {}
    rows = []
    with tempfile.TemporaryDirectory() as temporary:
        rounds = [(i, way) for i in range(options.repeats) for way in WAYS]  # in turn: a busy moment meets all
        for i, way in tracked(rounds, "measure", "processes"):
            folder = Path(temporary) / f"{i}-{way}"
            folder.mkdir()
            environment = {name: value for name, value in os.environ.items() if name not in (*CHOSEN, THREADS)}
            command = (sys.executable, __file__, "--measure", str(folder))
            subprocess.run(command, check=True, env=environment | WAYS[way])
            for name, each in json.loads((folder / "costs.json").read_text()).items():
                costs.setdefault((way, name), []).extend(each)
        first = next(iter(WAYS))
        for (way, name), each in costs.items():
            ratio = statistics.median(each) / statistics.median(costs[first, name])
            paths = (Path(temporary) / f"0-{one}" / f"{name}.npz" for one in (first, way))
            largest, same = drift(*paths)
            told = (f"{statistics.median(each):.1f}", f"{ratio:.2f}", f"{largest:.1e}", "yes" if same else "no")
            rows.append((way, name, *told, processor()))
    write_rows(OUTPUT, [dict(zip(HEAD, row, strict=True)) for row in rows])


if __name__ == "__main__":
    main()
