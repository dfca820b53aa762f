"""Processor time of a training epoch and of its validation beside plain Keras on the same model.

    python benchmarks/training_step.py [--repeats 9]

Both models of Table 1 as its cpu profile has them, under one thread as its trainings run. `ours` is `Trainer`: Keras'
step with one kernel for Adam, batch normalisation with a written gradient, no reading of the loss after each batch, and
one pass over the validation slices for loss and counts. `keras` is compile, fit with a check of each batch's loss,
evaluate and predict of the same layers with Keras' own batch normalisation and Adam. They take turns in one process, so
that a busy moment meets both; ratios are medians over the rounds. Writes benchmarks/results/training_step.csv.
"""

from __future__ import annotations

import argparse
import csv
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import keras
import numpy as np
import tensorflow as tf
from rich.console import Console
from rich.table import Table

from reproduce.metrics.confusion import Counts, count
from reproduce.models.layers import padded
from reproduce.papers.xue2025.lidc import PROFILES
from reproduce.training.determinism import configure
from reproduce.training.fit import Trainer

OUTPUT = Path(__file__).parent / "results" / "training_step.csv"
HEAD = ("model", "what", "ours_ms", "keras_ms", "keras_over_ours", "lowest", "highest")
N_TRAIN, N_VALIDATION = 8, 8


def drawn(n: int, size: int, batch: int, outputs: tuple[str, ...]) -> tf.data.Dataset:
    """Return batches of noise with discs, and a target for each output."""
    rng = np.random.default_rng(0)
    y, x = np.mgrid[:size, :size]
    mask = np.stack([(y - a) ** 2 + (x - b) ** 2 < 36 for a, b in rng.integers(8, size - 8, (n * batch, 2))])
    images = (rng.random(mask.shape) + mask).astype(np.float32)[..., None]
    targets = {"mask": mask[..., None].astype(np.float32), "slice": np.ones((n * batch, 1), np.float32)}
    shown = tf.data.Dataset.from_tensor_slices((images, {name: targets[name] for name in outputs}))
    return shown.batch(batch, drop_remainder=True).cache()


def counted(targets: dict[str, np.ndarray], outputs: dict[str, np.ndarray]) -> Counts:
    """Return the counts of a batch's pixels."""
    return count(targets["mask"] > 0.5, np.asarray(outputs["mask"]) >= 0.5)


def pairs(arm, optimisation, size: int, batch: int) -> dict[str, tuple[Callable[[], object], Callable[[], object]]]:
    """Return for each kind of work what does it here and what does it in plain Keras."""
    trainer = Trainer(arm, optimisation, build=lambda: arm.build((size, size), n_channels=1, n_regions=1))
    own, padded.BatchNormalization = padded.BatchNormalization, keras.layers.BatchNormalization
    plain = arm.build((size, size), n_channels=1, n_regions=1)
    padded.BatchNormalization = own
    losses = {name: loss() for name, loss in arm.losses.items()}
    plain.compile(keras.optimizers.Adam(1e-3), loss=losses, jit_compile=False)
    train, validation = (drawn(n, size, batch, tuple(arm.losses)) for n in (N_TRAIN, N_VALIDATION))
    epochs = SimpleNamespace(epoch=lambda epoch: train)

    class HostRead(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs):
            float(logs["loss"])

    def fit() -> None:
        plain.fit(train, epochs=1, verbose=0, shuffle=False, callbacks=[HostRead()])

    def validate() -> None:
        plain.evaluate(validation, verbose=0)
        for images, targets in validation:
            counted({name: t.numpy() for name, t in targets.items()}, plain.predict_on_batch(images))

    return {
        "training": (lambda: trainer._train(epochs, 0), fit),
        "validation": (lambda: trainer._validate(validation, counted), validate),
    }


def spent(do: Callable[[], object]) -> float:
    """Return the processor time of a call, in milliseconds."""
    started = time.process_time()
    do()
    return 1e3 * (time.process_time() - started)


def measured(model: str, what: str, ours: Callable, plain: Callable, repeats: int) -> tuple[str, ...]:
    """Return a row of `HEAD`; the first round, in which functions are traced, does not count."""
    rounds = [(spent(ours), spent(plain)) for _ in range(repeats + 1)][1:]
    own, other = (statistics.median(values) for values in zip(*rounds, strict=True))
    ratios = [theirs / here for here, theirs in rounds]
    numbers = (statistics.median(ratios), min(ratios), max(ratios))
    return (model, what, f"{own:.0f}", f"{other:.0f}", *(f"{value:.2f}" for value in numbers))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=9)
    options = parser.parse_args()
    configure(worker=0, precision="float32")
    experiment, rows = PROFILES["cpu"], []
    size, batch = experiment.preparation.size, experiment.optimisation.micro_batch
    for arm in experiment.arms:
        for what, (ours, plain) in pairs(arm, experiment.optimisation, size, batch).items():
            rows.append(measured(arm.name, f"{what}, {size} pixels, batch {batch}", ours, plain, options.repeats))
    with OUTPUT.open("w", newline="", encoding="utf-8") as stream:
        csv.writer(stream, lineterminator="\n").writerows((HEAD, *rows))
    table = Table(*HEAD)
    for row in rows:
        table.add_row(*row)
    Console().print(table)


if __name__ == "__main__":
    main()
