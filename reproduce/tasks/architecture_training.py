"""One architecture trained and tested under several seeds in one process, compiled once."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import keras
import numpy as np

from reproduce.errors import NonFiniteError
from reproduce.inspection.geometry import cost
from reproduce.provenance import write_json
from reproduce.randomness import seed31, stream
from reproduce.tasks.architectures import ArchitectureStudy, Entry
from reproduce.tasks.x_rays import Data

_TIMED_S = 0.5
_TEST_BATCH = 36  # of 468 test X-rays, so that each batch has one shape and nothing is compiled again


@dataclass(frozen=True)
class Outcomes:
    """The files in which the outcomes of an architecture are kept.

    Attributes:
        folder: Folder of one architecture, budget, data and code.
        key: The architecture's name as a file may have it.
    """

    folder: Path
    key: str

    @property
    def cost(self) -> Path:
        """Return the path of parameters, multiply-adds, activations and times."""
        return self.folder / f"{self.key}.json"

    def of(self, seed: int) -> Path:
        """Return the path of probabilities and losses of one training."""
        return self.folder / f"{self.key}-seed{seed}.json"

    def done(self, seeds: tuple[int, ...]) -> bool:
        """Return whether nothing is left to do."""
        return self.cost.exists() and all(self.of(seed).exists() for seed in seeds)


def run_entry(
    entry: Entry, study: ArchitectureStudy, data: Data, outcomes: Outcomes, *, on_steps: Callable[[int], None]
) -> None:
    """Train and test an architecture under each seed that is not done, and measure what it costs.

    Args:
        entry: The architecture.
        study: The budget.
        data: X-rays of 28x28.
        outcomes: Files that each outcome is written to as soon as it is known; those that are there are kept.
        on_steps: Called with a number of steps that are done.

    Raises:
        NonFiniteError: A loss is not finite.
    """
    if outcomes.done(study.seeds):
        return
    keras.backend.clear_session()
    start = time.perf_counter()
    model = compiled(entry, study)
    spent = {"seconds_to_build": time.perf_counter() - start}
    for seed in study.seeds:
        if outcomes.of(seed).exists():
            continue
        start = time.process_time()
        losses = train(model, entry, study, data, seed=seed, on_steps=on_steps)
        spent["cpu_seconds_of_a_training"] = time.process_time() - start
        predicted = [round(p, 6) for p in probabilities(model, entry, data.test_images).tolist()]
        write_json(outcomes.of(seed), {"losses": losses, "probabilities": predicted})
    spent |= {f"milliseconds_of_{n}": milliseconds_an_image(model, entry, data, n=n) for n in (_TEST_BATCH, 1)}
    trainable = sum(int(np.prod(weight.shape)) for weight in model.trainable_weights)
    write_json(outcomes.cost, {"cost": {**asdict(cost(model)), "trainable": trainable}, "spent": spent})


def compiled(entry: Entry, study: ArchitectureStudy) -> keras.Model:
    """Build the model, compiled with cross-entropy and Adam, whose rate rises and then falls as a cosine."""
    warm = max(1, round(study.warm_up * study.steps))
    rate = keras.optimizers.schedules.CosineDecay(
        0.0, study.steps - warm, warmup_target=study.learning_rate, warmup_steps=warm
    )
    model = entry.build()
    model.compile(keras.optimizers.Adam(rate), loss={"class": "binary_crossentropy"}, jit_compile=False)
    model.optimizer.build(model.trainable_variables)
    return model


def start_afresh(model: keras.Model, entry: Entry, seed: int) -> None:
    """Give a model the weights, and the state of dropout, that a new one has under a seed, and a new optimiser."""
    keras.utils.set_random_seed(seed31(seed, "weights", entry.name))
    for own, new in zip(model.variables, entry.build().variables, strict=True):
        own.assign(new)
    for variable in model.optimizer.variables:
        variable.assign(keras.ops.zeros(variable.shape, variable.dtype))


def train(
    model: keras.Model,
    entry: Entry,
    study: ArchitectureStudy,
    data: Data,
    *,
    seed: int,
    on_steps: Callable[[int], None],
) -> list[float]:
    """Train a compiled model from fresh weights of a seed.

    Args:
        model: A model that `compiled` returns.
        entry: What it was built from.
        study: The budget.
        data: X-rays of 28x28; each pass over them has an order of its own, the same for all architectures.
        seed: Random seed of weights and order.
        on_steps: Called with 1 after each step.

    Returns:
        Cross-entropy of each step's batch in nats, to six decimals.

    Raises:
        NonFiniteError: It is not finite, or a weight is not at the end.
    """
    start_afresh(model, entry, seed)
    losses, rows = [], image_order(len(data.train_images), study.images_seen, seed=seed)
    for step in range(study.steps):
        batch = rows[step * study.batch_size : (step + 1) * study.batch_size]
        images = resized(data.train_images[batch], entry.size)
        # what is returned is the mean over all steps so far, unless the metrics are reset
        model.reset_metrics()
        loss = float(model.train_on_batch(images, {"class": data.train_labels[batch, None]}))
        _require_finite(np.array(loss), "loss", f"{entry.name}, seed {seed}, step {step}")
        losses.append(round(loss, 6))
        on_steps(1)
    # a ReLU and the clipping of probabilities can hide from the loss what is not finite
    for weight in model.weights:
        _require_finite(keras.ops.convert_to_numpy(weight), weight.path, f"{entry.name}, seed {seed}, last step")
    return losses


def _require_finite(values: np.ndarray, what: str, where: str) -> None:
    if not np.isfinite(values).all():
        do = "take a smaller learning rate"
        raise NonFiniteError(expected=f"a finite {what}", got=f"{values.ravel()[:3]}", where=where, do=do)


def image_order(n: int, n_shown: int, *, seed: int) -> np.ndarray:
    """Return `n_shown` numbers below `n`, pass after pass, each pass in an order of its own."""
    passes = [stream(seed, "order", each).permutation(n) for each in range(-(-n_shown // n))]
    return np.concatenate(passes)[:n_shown]


def probabilities(model: keras.Model, entry: Entry, images: np.ndarray) -> np.ndarray:
    """Predict the probability of pneumonia, float64 `[n]`."""
    parts = np.array_split(images, max(1, len(images) // _TEST_BATCH))
    outputs = [np.asarray(model.predict_on_batch(resized(part, entry.size))["class"]) for part in parts]
    return np.concatenate(outputs)[:, 0].astype(np.float64)


def milliseconds_an_image(model: keras.Model, entry: Entry, data: Data, *, n: int) -> float:
    """Measure the median time of a forward pass, an image, in batches of `n`; one thread where there is no GPU."""
    images = resized(np.resize(data.test_images, (n, *data.test_images.shape[1:])), entry.size)
    seconds: list[float] = []
    model.predict_on_batch(images)
    while sum(seconds) < _TIMED_S or len(seconds) < 5:
        start = time.perf_counter()
        model.predict_on_batch(images)
        seconds.append(time.perf_counter() - start)
    return round(1e3 * float(np.median(seconds)) / n, 3)


def resized(images: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Resample images, linearly between pixel centres, edges repeated; those of this size stay as they are.

    Args:
        images: float32 `[n, y, x, 1]`.
        size: (y, x) in pixels, no smaller than they are.

    Returns:
        float32 `[n, *size, 1]`.
    """
    if images.shape[1:3] == tuple(size):
        return images
    by_row, by_column = (_weights(n, m) for n, m in zip(images.shape[1:3], size, strict=True))
    return np.ascontiguousarray(by_row @ images[..., 0] @ by_column.T)[..., None]


def _weights(n: int, m: int) -> np.ndarray:
    """Return the share of each of `n` pixels in each of `m`, `[m, n]`."""
    positions = np.clip((np.arange(m) + 0.5) * n / m - 0.5, 0, n - 1)
    return np.maximum(0, 1 - np.abs(positions[:, None] - np.arange(n))).astype(np.float32)


def read_json(path: Path) -> dict:
    """Read what `run_entry` wrote."""
    return json.loads(path.read_text())
