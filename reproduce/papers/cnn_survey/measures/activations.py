"""Table 2 measured: gradients and variances over depth, dead units, slopes that are learnt, and accuracies."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import keras
import numpy as np

from reproduce.papers.cnn_survey.measures.small_cnns import Unit, plain_cnn
from reproduce.papers.cnn_survey.measures.trainings import accuracy, compiled, start_afresh, train
from reproduce.papers.cnn_survey.protocol import Study
from reproduce.randomness import stream
from reproduce.tasks.x_rays import Data, Row
from reproduce.training.gradients import weight_gradients


@dataclass(frozen=True)
class ActivationStudy(Study):
    """What Table 2 is measured by.

    Attributes:
        units: The activations that are compared.
        gradient_depths: Convolutions of the networks whose gradients are measured, before any training.
        depth: Convolutions of the networks whose accuracy is measured.
        dying: Names of the units whose dead channels are counted.
        dying_depths: Convolutions of the networks in which they are.
        dying_rates: Learning rates under which.
        dying_epochs: Epochs after which.
        dense_layers: Layers of the stack whose variance is measured, before any training.
        dense_width: Units of each.
        dense_starts: (name, unit, c): weights of variance c over the number of inputs.
    """

    units: tuple[Unit, ...]
    gradient_depths: tuple[int, ...]
    depth: int
    dying: tuple[str, ...]
    dying_depths: tuple[int, ...]
    dying_rates: tuple[float, ...]
    dying_epochs: int
    dense_layers: int
    dense_width: int
    dense_starts: tuple[tuple[str, str, float], ...]


def gradients_over_depth(data: Data, study: ActivationStudy) -> Iterator[Row]:
    """Yield `log10_gradient_ratio`: root mean square of the second to the last convolution's weights; x is the depth.

    The second, since the first has another number of inputs. At a depth of 2 the two are one, and the ratio is 1. On
    the first batch of X-rays with their labels, from starting weights.
    """
    size, loss = study.training.batch_size, keras.losses.BinaryCrossentropy(from_logits=True)
    images, labels = _mixed(data, size)
    for unit in study.units:
        for depth in study.gradient_depths:
            model = plain_cnn(unit, depth, width=study.training.width, n_outputs=1)
            for seed in study.training.seeds:
                start_afresh(model, seed)
                found = weight_gradients(model, images, labels[:, None], loss)
                second, last = (np.sqrt(np.mean(found[f"conv{i}/kernel"].astype(np.float64) ** 2)) for i in (2, depth))
                # 1e-45 is the smallest number that float32 has: a gradient below it is 0, and counts as that
                ratio = np.log10(max(second, 1e-45) / max(last, 1e-45))
                yield "log10_gradient_ratio", unit.name, depth, seed, float(ratio)


def accuracies(data: Data, study: ActivationStudy) -> Iterator[Row]:
    """Yield `test_accuracy` of each activation after training, x the depth; of PReLU also `slope_change`."""
    t = study.training
    for unit in study.units:
        model = compiled(plain_cnn(unit, study.depth, width=t.width, n_outputs=1))
        slopes = [(layer, layer.alpha) for layer in model.layers if isinstance(layer, keras.layers.PReLU)]
        for seed in t.seeds:
            train(model, data.train_images, data.train_labels, t, seed=seed)
            score = accuracy(model, data.test_images, data.test_labels)
            yield "test_accuracy", unit.name, study.depth, seed, score
            if slopes:
                changes = [np.abs(alpha.numpy() - layer.alpha_initializer.value).mean() for layer, alpha in slopes]
                yield "slope_change", unit.name, study.depth, seed, float(np.mean(changes))


def four_classes(data: Data, study: ActivationStudy) -> Iterator[Row]:
    """Yield `four_classes_accuracy`: by which of four quarter turns an X-ray is turned; x counts convolutions."""
    t = study.training
    (images, turns), test = (turned_by_quarters(part) for part in (data.train_images, data.test_images))
    for unit in study.units:
        model = compiled(plain_cnn(unit, 2, width=t.width, n_outputs=4))
        for seed in t.seeds:
            train(model, images, turns, t, seed=seed)
            yield "four_classes_accuracy", unit.name, 2, seed, accuracy(model, *test)


def dead_units(data: Data, study: ActivationStudy) -> Iterator[Row]:
    """Yield `dead_share`: channels of derivative 0 in all training X-rays; x is the learning rate, 0 before any.

    Such a channel has no gradient on any of these images, so that no step on them brings it back.
    """
    t = study.training
    for unit in (unit for unit in study.units if unit.name in study.dying):
        for depth in study.dying_depths:
            model = compiled(plain_cnn(unit, depth, width=t.width, n_outputs=1))
            outputs = [model.get_layer(f"conv{i}").output for i in range(1, depth + 1)]
            probe, condition = keras.Model(model.input, outputs), f"{unit.name}, {depth} layers"
            for seed in t.seeds:
                start_afresh(model, seed)
                yield "dead_share", condition, 0.0, seed, dead_share(probe, unit, data.train_images)
                for rate in study.dying_rates:
                    images, labels, epochs = data.train_images, data.train_labels, study.dying_epochs
                    train(model, images, labels, t, seed=seed, learning_rate=rate, epochs=epochs)
                    yield "dead_share", condition, rate, seed, dead_share(probe, unit, data.train_images)


def dead_share(probe: keras.Model, unit: Unit, images: np.ndarray) -> float:
    """Return the share of channels whose derivative is 0 at every pixel of every image.

    Args:
        probe: Gives what stands before each activation, `[n, y, x, channel]` each.
        unit: Whose derivative.
        images: float32 `[n, y, x, 1]`.
    """
    before = [keras.ops.convert_to_numpy(each) for each in probe(images, training=False)]
    dead = [(unit.activation.derivative(each) == 0).all(axis=(0, 1, 2)) for each in before]
    return float(np.mean(np.concatenate(dead)))


def variance_over_layers(data: Data, study: ActivationStudy) -> Iterator[Row]:
    """Yield `abs_log10_variance` and `abs_mean` of a stack of dense layers on X-rays, untrained; x is the layer."""
    formulas = {unit.name: unit.activation for unit in study.units}
    # every fourth X-ray is enough for moments over 256 units, and quick
    pixels = data.train_images[::4].reshape(-1, np.prod(data.train_images.shape[1:])).astype(np.float64)
    for condition, name, c in study.dense_starts:
        for seed in study.training.seeds:
            values, rng = pixels, stream(seed, "dense")
            for layer in range(1, study.dense_layers + 1):
                fan_in = values.shape[1]
                weights = rng.normal(size=(fan_in, study.dense_width)) * np.sqrt(c / fan_in)
                values = formulas[name].value(values @ weights)
                yield "abs_log10_variance", condition, layer, seed, float(abs(np.log10(values.var())))
                yield "abs_mean", condition, layer, seed, float(abs(values.mean()))


def _mixed(data: Data, size: int) -> tuple[np.ndarray, np.ndarray]:
    """Return as many X-rays as a batch has, of both labels."""
    rows = stream("gradients").permutation(len(data.train_images))[:size]
    return data.train_images[rows], data.train_labels[rows]


def turned_by_quarters(images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return square images `[n, y, x, 1]` turned by 0, 1, 2, 3, 0, ... quarters, and by how many: float32 `[n]`."""
    turns = np.arange(len(images)) % 4
    turned = np.stack([np.rot90(image, turn) for image, turn in zip(images, turns.tolist(), strict=True)])
    return turned, turns.astype(np.float32)
