"""Fitting one model to one fold: epochs, early stopping, and a stop at the first value that is not finite."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Protocol

import keras
import numpy as np
import tensorflow as tf

from reproduce.errors import NonFiniteError
from reproduce.metrics.confusion import Counts
from reproduce.protocol import AnyArm, Optimisation
from reproduce.randomness import seed31
from reproduce.training.replicas import Replicas
from reproduce.training.state import Epoch, best_epoch, read_best, read_state, write_state

Count = Callable[[Mapping[str, np.ndarray], Mapping[str, np.ndarray]], Counts]


class EpochsOf(Protocol):
    """What a fold trains on; each epoch is a dataset of its own, drawn from (seed, fold, epoch) alone."""

    @property
    def seed(self) -> int:
        """Return the random seed of the training."""

    @property
    def fold(self) -> int:
        """Return the index of the fold."""

    def epoch(self, epoch: int) -> tf.data.Dataset:
        """Return micro-batches of an epoch: the image, and the target of each output."""

    def names(self, epoch: int, batch: int) -> Sequence[object]:
        """Return what the micro-batch of an epoch holds, for an error text."""


class Trainer:
    """A compiled model that is trained fold after fold from fresh weights; compiling costs seconds, so it is done once.

    Attributes:
        model: The compiled model; after `fit` with the weights of the best epoch.
    """

    def __init__(
        self,
        arm: AnyArm,
        optimisation: Optimisation,
        *,
        build: Callable[[], keras.Model],
        strategy: tf.distribute.Strategy | None = None,
    ):
        self._arm, self._optimisation, self._build = arm, optimisation, build
        self.model = self._compiled()
        self._replicas = Replicas(strategy, self._compiled, optimisation) if strategy else None
        self._fresh_optimiser = [variable.numpy() for variable in self.model.optimizer.variables]

    def _compiled(self) -> keras.Model:
        model, o = self._build(), self._optimisation
        steps = o.batch_size // o.micro_batch
        adam = keras.optimizers.Adam(o.learning_rate, gradient_accumulation_steps=steps if steps > 1 else None)
        losses = {output: loss() for output, loss in self._arm.losses.items()}
        model.compile(adam, loss=losses or None, jit_compile=False)
        # In float16 Keras wraps Adam into one that scales the loss.
        model.optimizer.build(model.trainable_variables)
        return model

    def fit(
        self,
        train: EpochsOf,
        validation: tf.data.Dataset | None,
        *,
        count: Count | None,
        folder: Path,
        on_epoch: Callable[[int, Epoch], None],
    ) -> list[Epoch]:
        """Train until the validation loss has not fallen for `patience` epochs, or `max_epochs` are over.

        After each epoch all that is needed to go on lies in `folder`; a run that was killed goes on from there, and
        comes to the same weights as one that was not.

        Args:
            train: Training set of one fold.
            validation: Batches of (image, targets), or None: then all epochs are trained and the last weights stay.
            count: Counts of a validation batch, called with its targets and the model's outputs, by name; None for a
                task without counts, whose history has losses alone.
            folder: Folder of this model, seed and fold alone.
            on_epoch: Called after each epoch with the number of epochs done and its row.

        Returns:
            The history, one row an epoch.

        Raises:
            NonFiniteError: A loss is not finite; the slices of the batch are named, and earlier epochs stay on disk.
        """
        folder.mkdir(parents=True, exist_ok=True)
        self._start_afresh(seed31(train.seed, "weights", self._arm.name, train.fold))
        history = read_state(folder, self.model)
        while not self._finished(history):
            epoch = len(history)
            self.model.optimizer.learning_rate = self._rate(epoch)
            started = time.process_time()
            train_loss = self._train_epoch(train, epoch)
            cpu_s = time.process_time() - started
            loss = counts = None
            if validation is not None:
                loss = float(self.model.evaluate(validation, verbose=0, return_dict=True)["loss"])
                if not math.isfinite(loss):
                    raise _non_finite("validation loss", loss, epoch, [])
                counts = None if count is None else self._counts(validation, count)
            history.append(Epoch(epoch, train_loss, loss, counts, cpu_s))
            write_state(folder, self.model, history)
            on_epoch(len(history), history[-1])
        read_best(folder, self.model)
        return history

    def _train_epoch(self, train: EpochsOf, epoch: int) -> float:
        """Train for an epoch, on one device or on replicas, and return its mean loss."""
        stop, batches = _StopAtNonFinite(train, epoch), train.epoch(epoch)
        if self._replicas is not None:
            return self._replicas.epoch(
                self.model, batches, on_batch=lambda i, loss: stop.on_train_batch_end(i, {"loss": loss})
            )
        logs = self.model.fit(batches, epochs=1, verbose=0, shuffle=False, callbacks=[stop]).history
        return float(logs["loss"][0])

    def _start_afresh(self, seed: int) -> None:
        keras.utils.set_random_seed(seed)
        for variable, fresh in zip(self.model.variables, self._build().variables, strict=True):
            variable.assign(fresh)
        for variable, fresh in zip(self.model.optimizer.variables, self._fresh_optimiser, strict=True):
            variable.assign(fresh)

    def _rate(self, epoch: int) -> float:
        o = self._optimisation
        return o.learning_rate * (1 - epoch / o.max_epochs) ** (o.decay_power or 0)

    def _counts(self, validation: tf.data.Dataset, count: Count) -> Counts:
        """Count all validation batches; in a second pass, since a model with its own loss predicts in another way."""
        batches = (
            count({name: target.numpy() for name, target in targets.items()}, self.model.predict_on_batch(images))
            for images, targets in validation
        )
        return sum(batches, Counts(0, 0, 0, 0))

    def _finished(self, history: list[Epoch]) -> bool:
        if len(history) >= self._optimisation.max_epochs:
            return True
        patience = self._optimisation.patience
        return patience is not None and bool(history) and len(history) - 1 - best_epoch(history) >= patience


class _StopAtNonFinite(keras.callbacks.Callback):
    """Raises at the first batch after which the running loss is not finite."""

    def __init__(self, train: EpochsOf, epoch: int):
        super().__init__()
        self._train, self._epoch = train, epoch

    def on_train_batch_end(self, batch: int, logs: Mapping[str, float]) -> None:
        loss = float(logs["loss"])
        if not math.isfinite(loss):
            raise _non_finite(f"loss of batch {batch}", loss, self._epoch, self._train.names(self._epoch, batch))


def _non_finite(what: str, value: float, epoch: int, names: Sequence[object]) -> NonFiniteError:
    listed = "; ".join(map(str, names))
    return NonFiniteError(
        expected=f"a finite {what}",
        got=f"{value} in epoch {epoch}" + (f" on {listed}" if listed else ""),
        where="training",
        do="check these slices, lower the learning rate or use float32; earlier epochs are kept",
    )
