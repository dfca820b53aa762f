"""Training a small network from named starting weights, again and again without compiling again."""

from __future__ import annotations

import keras
import numpy as np

from reproduce.randomness import seed31, stream
from reproduce.tasks.x_rays import Training

# With networks so small Python between two steps takes as long as a step; the results are the same.
_STEPS_AT_ONCE = 16


def compiled(model: keras.Model) -> keras.Model:
    """Return the model with Adam and the loss of its outputs: binary for one logit, over classes for several."""
    losses = keras.losses
    loss = losses.BinaryCrossentropy if model.output_shape[-1] == 1 else losses.SparseCategoricalCrossentropy
    settings = {"jit_compile": False, "steps_per_execution": _STEPS_AT_ONCE}
    model.compile(keras.optimizers.Adam(), loss=loss(from_logits=True), **settings)
    model.optimizer.build(model.trainable_variables)
    return model


def start_afresh(model: keras.Model, seed: int) -> None:
    """Draw all weights again by each layer's own initialiser, from a stream named by the seed and the layer.

    Two networks with a layer of one name and shape start from the same weights under one seed: that is what pairs them.
    """
    for layer in model.layers:
        for weight in layer.weights:
            drawn = getattr(layer, f"{weight.name}_initializer")
            settings = dict(drawn.get_config())
            if "seed" in settings:
                settings["seed"] = seed31(seed, "weights", layer.name)
            weight.assign(type(drawn).from_config(settings)(weight.shape, dtype="float32"))
    for layer in model.layers:
        if isinstance(layer, keras.layers.Dropout):
            state = layer.seed_generator.state
            state.assign(np.array([seed31(seed, "dropout", layer.name), 0], dtype=state.dtype))
    if model.compiled:
        for variable in model.optimizer.variables:
            variable.assign(keras.ops.zeros(variable.shape, variable.dtype))


def train(
    model: keras.Model,
    images: np.ndarray,
    targets: np.ndarray,
    training: Training,
    *,
    seed: int,
    learning_rate: float | None = None,
    epochs: int | None = None,
) -> None:
    """Train a compiled model from fresh weights of a seed.

    All epochs are laid end to end and handed over at once, since each call of Keras' `fit` costs more than an epoch of
    so few images takes.

    Args:
        model: Model as `compiled` returns it.
        images: float32 `[n, y, x, 1]`.
        targets: `[n]`, labels 0 and 1 or classes.
        training: Batch size, learning rate and epochs.
        seed: Seed of the weights and of the order.
        learning_rate: Another learning rate than that of `training`; None takes it.
        epochs: Other epochs than those of `training`; None takes them.
    """
    start_afresh(model, seed)
    model.optimizer.learning_rate = learning_rate or training.learning_rate
    order = [stream(seed, "order", epoch).permutation(len(images)) for epoch in range(epochs or training.epochs)]
    rows = np.concatenate(order)
    model.fit(images[rows], targets[rows], training.batch_size, epochs=1, shuffle=False, verbose=0)


def logits(model: keras.Model, images: np.ndarray) -> np.ndarray:
    """Return the outputs of a model on images, float64 `[n, outputs]`, computed at once."""
    return np.asarray(keras.ops.convert_to_numpy(model(images, training=False)), np.float64)


def accuracy(model: keras.Model, images: np.ndarray, targets: np.ndarray) -> float:
    """Return the share of images whose label or class a model predicts."""
    found = logits(model, images)
    said = found[:, 0] > 0 if found.shape[1] == 1 else found.argmax(axis=1)
    return float((said == targets).mean())


def cross_entropy(model: keras.Model, images: np.ndarray, labels: np.ndarray) -> float:
    """Return the mean of -log of the probability that a model of one logit gives to the label, in nats."""
    found = logits(model, images)[:, 0]
    return float((np.logaddexp(0.0, found) - labels * found).mean())
