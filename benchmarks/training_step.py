"""A training step beside PyTorch on the equal U-Net, and a training epoch and its validation beside plain Keras.

Beside PyTorch: `unet` with batch normalisation, 16 channels wide, Adam, cross-entropy, the same weights; torch eager
with both layouts, the faster of them compiled too where a C++ compiler is there, and the fastest counts. oneDNN is held
to AVX2 in both libraries, as `reproduce.arithmetic` sets it for the process.

Beside Keras: both models of Table 1 as its cpu profile has them. `ours` is `Trainer`: Keras' step with one kernel for
Adam, batch normalisation with a written gradient, no reading of the loss after each batch, and one pass over the
validation slices for loss and counts. Theirs is compile, fit with a check of each batch's loss, evaluate and predict of
the same layers with Keras' own batch normalisation and Adam.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import keras
import numpy as np
import tensorflow as tf
from timing import Row, compared, in_turn, not_timed, require_same, version

from reproduce.arithmetic import isa, processor_features
from reproduce.metrics.confusion import Counts, count
from reproduce.models.layers import padded
from reproduce.models.segmentation.unet import unet
from reproduce.papers.xue2025.lidc import PROFILES
from reproduce.papers.zheng2024.arms import ARMS
from reproduce.protocol import Call
from reproduce.training.determinism import configure
from reproduce.training.fit import Trainer
from reproduce.training.precision import computes

GOAL, N_REGIONS, RATE, STEPS = 1.2, 2, 1e-3, 2
PIXELS = 1 << 17  # of a batch, one image at least
LAYERS = {"width": 16, "batch_norm": True, "bn_momentum": 0.9, "dropout": 0.0}
CLOSE = {"float32": 1e-4, "mixed_bfloat16": 2e-2}


def rows(data: Path, *, quick: bool) -> Iterator[Row]:
    """Compare at several sizes in float32 and bfloat16, and the epochs."""
    configure(worker=0, precision="float32")
    sizes = (32,) if quick else (64, 128, 256, 512)
    for precision in ("float32", "mixed_bfloat16"):
        keras.config.set_dtype_policy(precision)
        for size in sizes:
            batch = max(1, PIXELS // size**2) if not quick else 2
            what = f"training step, U-Net, {size}x{size}, batch {batch}, {precision.removeprefix('mixed_')}"
            if computes(precision, gpus=0):
                yield _beside_torch(what, size, batch, precision, quick=quick)
            else:
                reason = (
                    f"oneDNN is held to {isa()}, where TensorFlow's bfloat16 fails or is emulated; the processor has"
                    f" {'' if 'avx512_bf16' in processor_features() else 'no '}instructions for it"
                )
                yield not_timed(what, "torch", reason, goal=GOAL)
    keras.config.set_dtype_policy("float32")
    yield from epoch_rows(quick=quick)


def epoch_rows(*, quick: bool) -> Iterator[Row]:
    """Compare training epoch and validation with plain Keras, both from the same weights."""
    experiment = PROFILES["smoke" if quick else "cpu"]
    size, batch = experiment.preparation.size, experiment.optimisation.micro_batch
    for arm in experiment.arms:
        sides, alike = beside_keras(arm, experiment.optimisation, size, batch)
        for name, (ours, plain) in sides.items():
            alike()
            what = f"{name}, {arm.name}, {size}x{size}, batch {batch}"
            own, theirs = float(ours()), float(plain())
            check = f"mean loss {own:.4f}, to {abs(own - theirs):.0e}"
            require_same(abs(own - theirs) < 1e-3 * own, f"{what}: {check}")
            taken = in_turn({"ours": ours, "plain": plain}, rounds=2 if quick else 5)
            yield compared(what, version("keras"), taken["ours"], taken["plain"], check=check)


def _beside_torch(what: str, size: int, batch: int, precision: str, *, quick: bool) -> Row:
    try:
        import torch
        from torch_unet import UNet, channels_first
    except ImportError as error:
        return not_timed(what, "torch", str(error), goal=GOAL)
    torch.set_num_threads(1)
    images, targets = _batch(size, batch)
    arm = replace(next(arm for arm in ARMS if arm.name == "U-Net"), build=Call(unet, LAYERS), augmentation=None)
    optimisation = replace(
        PROFILES["paper"].optimisation, learning_rate=RATE, batch_size=batch, micro_batch=batch, precision=precision
    )
    keras.utils.set_random_seed(1)
    trainer = Trainer(arm, optimisation, build=lambda: arm.build((size, size), n_channels=1, n_regions=N_REGIONS))
    x, labels = channels_first(images), torch.from_numpy(targets.argmax(axis=-1))
    n_ours = sum(int(np.prod(weight.shape)) for weight in trainer.model.trainable_weights)
    n_theirs = sum(parameter.numel() for parameter in UNet(trainer.model).parameters())
    shown = tf.data.Dataset.from_tensors((images, {"mask": targets})).cache()
    epochs = SimpleNamespace(epoch=lambda epoch: shown.repeat(STEPS))
    first = _loss(trainer, shown)
    losses, variants = {}, {}

    def fastest(*, compiled: bool, layouts: Sequence[torch.memory_format]) -> tuple[str, torch.memory_format]:
        """Add a step of each layout, and return the name and the layout of the fastest of all so far."""
        for layout in layouts:
            name = f"{'compiled' if compiled else 'eager'}, {str(layout).removeprefix('torch.')}"
            module, half = UNet(trainer.model), precision != "float32"
            step = _torch_step(torch, module, x, labels, layout=layout, compiled=compiled, half=half)
            losses[name] = step()
            variants[name] = layout, lambda step=step: [step() for _ in range(STEPS)] and None
        trial = in_turn({name: run for name, (_, run) in variants.items()}, rounds=2)
        best = min(trial, key=lambda name: min(trial[name]))
        return best, variants[best][0]

    best, layout = fastest(compiled=False, layouts=(torch.contiguous_format, torch.channels_last))
    if shutil.which("g++") and not quick:
        best, layout = fastest(compiled=True, layouts=(layout,))
    apart = max(abs(loss - first) for loss in losses.values())
    check = f"{n_ours} parameters in both; first loss {first:.4f}, to {apart:.0e}"
    require_same(n_ours == n_theirs and apart < CLOSE[precision], f"{what}: {n_theirs} parameters in torch; {check}")
    sides = {"ours": lambda: trainer._train(epochs, 0), best: variants[best][1]}
    taken = {name: [ms / STEPS for ms in each] for name, each in in_turn(sides, rounds=2 if quick else 7).items()}
    return compared(what, f"{version('torch')}, {best}", taken["ours"], taken[best], goal=GOAL, check=check)


def _torch_step(torch, module, x, labels, *, layout, compiled: bool, half: bool) -> Callable[[], float]:
    """Return what takes a step of Adam with a torch module and returns its loss before the step."""
    module = module.train().to(memory_format=layout)
    x, forward = x.to(memory_format=layout), torch.compile(module) if compiled else module
    adam = torch.optim.Adam(module.parameters(), RATE, eps=keras.config.epsilon(), fused=True)

    def step() -> float:
        adam.zero_grad(set_to_none=True)
        with torch.autocast("cpu", torch.bfloat16, enabled=half):
            logits = forward(x)
        loss = torch.nn.functional.cross_entropy(logits.float(), labels)
        loss.backward()
        adam.step()
        return loss.item()

    return step


def _loss(trainer: Trainer, shown: tf.data.Dataset) -> float:
    """Return the loss of a batch as training sees it, with the batch's own statistics; running ones stay."""
    images, targets = next(iter(shown))
    before = trainer.model.get_weights()
    loss = float(trainer.model.compute_loss(images, targets, trainer.model(images, training=True), training=True))
    trainer.model.set_weights(before)
    return loss


def _batch(size: int, batch: int) -> tuple[np.ndarray, np.ndarray]:
    """Return noise with discs, and the one-hot mask of ground and discs."""
    rng = np.random.default_rng(0)
    y, x = np.mgrid[:size, :size]
    mask = np.stack([(y - a) ** 2 + (x - b) ** 2 < 36 for a, b in rng.integers(8, size - 8, (batch, 2))])
    images = (rng.random(mask.shape) + mask).astype(np.float32)[..., None]
    return images, np.stack([~mask, mask], axis=-1).astype(np.float32)


def beside_keras(arm, optimisation, size: int, batch: int) -> tuple[dict[str, tuple[Callable, Callable]], Callable]:
    """Return for each kind of work what does it here and in plain Keras, both with the loss, and what evens weights."""
    n_batches = 8
    trainer = Trainer(arm, optimisation, build=lambda: arm.build((size, size), n_channels=1, n_regions=1))
    own, padded.BatchNormalization = padded.BatchNormalization, keras.layers.BatchNormalization
    plain = arm.build((size, size), n_channels=1, n_regions=1)
    padded.BatchNormalization = own
    losses = {name: loss() for name, loss in arm.losses.items()}
    plain.compile(keras.optimizers.Adam(RATE), loss=losses, jit_compile=False)
    images, masks = _batch(size, n_batches * batch)
    targets = {"mask": masks[..., 1:], "slice": np.ones((len(images), 1), np.float32)}
    shown = tf.data.Dataset.from_tensor_slices((images, {name: targets[name] for name in arm.losses}))
    shown = shown.batch(batch, drop_remainder=True).cache()
    epochs = SimpleNamespace(epoch=lambda epoch: shown)

    class HostRead(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs):
            float(logs["loss"])

    def fit() -> float:
        return plain.fit(shown, epochs=1, verbose=0, shuffle=False, callbacks=[HostRead()]).history["loss"][0]

    def validate() -> float:
        loss = plain.evaluate(shown, verbose=0, return_dict=True)["loss"]
        for images, targets in shown:
            counted({name: t.numpy() for name, t in targets.items()}, plain.predict_on_batch(images))
        return loss

    sides = {
        "training epoch": (lambda: trainer._train(epochs, 0), fit),
        "validation": (lambda: trainer._validate(shown, counted)[0], validate),
    }
    return sides, lambda: plain.set_weights(trainer.model.get_weights())


def counted(targets: dict[str, np.ndarray], outputs: dict[str, np.ndarray]) -> Counts:
    """Return the counts of a batch's pixels."""
    return count(targets["mask"] > 0.5, np.asarray(outputs["mask"]) >= 0.5)
