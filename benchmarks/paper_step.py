"""One real training step of Table 1 under the paper profile: 512x512, batch 32, width 64; its seconds and memory.

    python benchmarks/paper_step.py --micro-batch 2

Images are noise and masks are discs: a step costs the same whatever it shows. The batch is fed as micro-batches whose
gradients are accumulated. Each arm runs in a process of its own, so that its peak memory is its own. Writes
benchmarks/results/paper_step.csv.
"""

import importlib.util
import multiprocessing
import resource
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import tyro
from timing import RESULTS, write_rows

HERE = Path(__file__).resolve().parent
COLUMNS = ("arm", "parameters", "batch", "micro_batch", "size", "seconds", "peak_mib", "loss", "weights_moved")


def one_step(arm_index: int, micro_batch: int, batch: int | None) -> dict:
    """Run one optimiser step of one arm and measure it."""
    from reproduce.training.fit import Trainer

    experiment = _experiment()
    optimisation = replace(experiment.optimisation, micro_batch=micro_batch)
    if batch is not None:
        optimisation = replace(optimisation, batch_size=batch)
    arm, size = experiment.arms[arm_index], experiment.preparation.size
    model = Trainer(arm, optimisation, build=lambda: arm.build((size, size), n_channels=1, n_regions=1)).model
    before = [variable.numpy() for variable in model.trainable_variables]
    rng = np.random.default_rng(0)
    yy, xx = np.mgrid[:size, :size]
    started = time.monotonic()
    losses = []
    for _ in range(optimisation.batch_size // micro_batch):
        image = rng.random((micro_batch, size, size, 1), dtype=np.float32)
        centres = rng.integers(50, size - 50, (micro_batch, 2))
        disc = [((yy - y) ** 2 + (xx - x) ** 2 < 20**2)[..., None] for y, x in centres]
        targets = {"mask": np.stack(disc).astype(np.float32), "slice": np.ones((micro_batch, 1), np.float32)}
        logs = model.train_on_batch(image, {name: targets[name] for name in arm.losses}, return_dict=True)
        losses.append(float(logs["loss"]))
    moved = sum(not np.array_equal(a, b.numpy()) for a, b in zip(before, model.trainable_variables, strict=True))
    peak_mib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    values = (arm.name, model.count_params(), optimisation.batch_size, micro_batch, size)
    measured = (round(time.monotonic() - started, 1), round(peak_mib), f"{losses[-1]:.4f}", f"{moved} of {len(before)}")
    return dict(zip(COLUMNS, (*values, *measured), strict=True))


def main(micro_batch: int, batch: int | None = None) -> None:
    """Measure both arms.

    Args:
        micro_batch: Images at a time; as large as memory allows.
        batch: Another number of images than the paper's 32, for a try.
    """
    context = multiprocessing.get_context("spawn")
    rows = []
    for arm_index in range(len(_experiment().arms)):
        with context.Pool(1) as pool:
            rows.append(pool.apply(one_step, (arm_index, micro_batch, batch)))
        print(rows[-1], flush=True)
    write_rows(RESULTS / "paper_step.csv", rows)


def _experiment():
    scripts = HERE.parent / "experiments"
    sys.path.insert(0, str(scripts))
    spec = importlib.util.spec_from_file_location("table1_lidc", scripts / "table1_lidc.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.PAPER


if __name__ == "__main__":
    tyro.cli(main)
