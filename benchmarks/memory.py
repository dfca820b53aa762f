"""The planner's memory of a training step beside the measured peak: five models at three sizes.

    python benchmarks/memory.py [--only MODEL]

Each step runs in a process of its own, on one thread as a worker's; measured is the peak of its resident memory above
what it holds with the compiled model, before the first step. Images are noise: a step costs the same whatever it shows.
Writes benchmarks/results/memory.csv. Linux alone tells a process its peak.
"""

from __future__ import annotations

import multiprocessing
import re
from pathlib import Path

import tyro
from rich.console import Console
from timing import RESULTS, write_rows

import reproduce  # noqa: F401  (sets the arithmetic before a process imports TensorFlow)

OUTPUT = RESULTS / "memory.csv"
HEAD = ("model", "size", "micro_batch", "weights_mib", "estimate_mib", "measured_mib", "ratio")
FLAT, DEEP = ((128, 128), (256, 256), (512, 512)), ((32, 48, 32), (48, 72, 48), (64, 96, 64))
CASES = {"unoptimised_cnn": FLAT, "optimised_cnn": FLAT, "U-Net": FLAT, "DeepLabV3": FLAT, "lean 3-D U-Net": DEEP}
MICRO_BATCH = {2: 4, 3: 2}


def arm_of(name: str):
    """Return an arm and the number of its regions; models of slices 16 channels wide."""
    from reproduce.papers.decathlon.table import VOLUMES
    from reproduce.papers.xue2025.protocol import OPTIMISED, UNOPTIMISED
    from reproduce.papers.zheng2024.arms import ARMS
    from reproduce.protocol.reduced import narrowed

    if name.startswith("lean"):
        return VOLUMES[1], 3
    arms = {arm.name: arm for arm in (UNOPTIMISED, OPTIMISED, *ARMS)}
    return narrowed(arms[name], "cpu", width=16), 1 if name.endswith("cnn") else 6


def measured(name: str, size: tuple[int, ...]) -> dict:
    """Run one step and return a row of the file."""
    import tensorflow as tf

    from reproduce.papers.xue2025.protocol import OPTIMISATION
    from reproduce.training.determinism import configure
    from reproduce.training.fit import Trainer
    from reproduce.training.memory import step_memory

    configure(worker=0, precision="float32")
    arm, n_regions = arm_of(name)
    n = MICRO_BATCH[len(size)]
    optimisation = OPTIMISATION.changed("silent: as many as are seen at a time", batch_size=n, micro_batch=n)
    model = Trainer(arm, optimisation, build=lambda: arm.build(size, n_channels=1, n_regions=n_regions)).model
    shapes = {output: (n, 1) if kind == "slice" else (n, *size, n_regions) for output, kind in arm.targets.items()}
    specs = {output: tf.TensorSpec(shape) for output, shape in shapes.items()}
    memory = step_memory(model, (tf.TensorSpec((n, *size, 1)), specs))
    before = status("VmRSS")
    Path("/proc/self/clear_refs").write_text("5")  # the peak counts from here
    targets = {output: tf.ones(shape) for output, shape in shapes.items()}
    model.train_on_batch(tf.random.stateless_uniform((n, *size, 1), (1, 2)), targets)
    peak = status("VmHWM") - before
    mib = {"weights_mib": memory.weights, "estimate_mib": memory.step, "measured_mib": peak}
    row = {"model": name, "size": "x".join(map(str, size)), "micro_batch": n}
    return row | {key: round(value / 2**20) for key, value in mib.items()} | {"ratio": f"{memory.step / peak:.2f}"}


def status(field: str) -> int:
    """Return bytes that the kernel says of this process."""
    return 1024 * int(re.search(rf"{field}:\s+(\d+)", Path("/proc/self/status").read_text())[1])


def main(only: str | None = None) -> None:
    """Measure and write the table.

    Args:
        only: One model, whose rows are printed and not written.
    """
    context, rows = multiprocessing.get_context("spawn"), []
    for name in [only] if only else CASES:
        for size in CASES[name]:
            with context.Pool(1) as pool:
                rows.append(pool.apply(measured, (name, size)))
            Console().print(rows[-1])
    if only:
        return
    write_rows(OUTPUT, rows)


if __name__ == "__main__":
    tyro.cli(main)
