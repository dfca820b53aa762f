"""Fitting one model to one fold: epochs, early stopping, and a stop at the first value that is not finite."""

from __future__ import annotations

import functools
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
from reproduce.training.adam import OneKernelAdam
from reproduce.training.replicas import Replicas
from reproduce.training.state import Epoch, best_epoch, read_best, read_state, write_state

_BATCHES_BETWEEN_READINGS = 64
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
        self._validation_loss = keras.metrics.Mean()
        self.model = self._compiled(OneKernelAdam)
        several = functools.partial(self._compiled, keras.optimizers.Adam)
        self._replicas = Replicas(strategy, several, optimisation) if strategy else None
        self._fresh_optimiser = [variable.numpy() for variable in self.model.optimizer.variables]

    def _compiled(self, adam: type[keras.optimizers.Adam]) -> keras.Model:
        model, o = self._build(), self._optimisation
        steps = o.batch_size // o.micro_batch
        losses = {output: loss() for output, loss in self._arm.losses.items()}
        accumulated = steps if steps > 1 else None
        optimiser = adam(o.learning_rate, gradient_accumulation_steps=accumulated)
        model.compile(optimiser, loss=losses or None, jit_compile=False)
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
            train_loss = self._train(train, epoch)
            cpu_s = time.process_time() - started
            loss = counts = None
            if validation is not None:
                loss, counts = self._validate(validation, count)
                if not math.isfinite(loss):
                    raise _non_finite("validation loss", loss, epoch, [])
            history.append(Epoch(epoch, train_loss, loss, counts, cpu_s))
            write_state(folder, self.model, history)
            on_epoch(len(history), history[-1])
        read_best(folder, self.model)
        return history

    def _start_afresh(self, seed: int) -> None:
        keras.utils.set_random_seed(seed)
        for variable, fresh in zip(self.model.variables, self._build().variables, strict=True):
            variable.assign(fresh)
        for variable, fresh in zip(self.model.optimizer.variables, self._fresh_optimiser, strict=True):
            variable.assign(fresh)

    def _rate(self, epoch: int) -> float:
        o = self._optimisation
        return o.learning_rate * (1 - epoch / o.max_epochs) ** (o.decay_power or 0)

    def _train(self, train: EpochsOf, epoch: int) -> float:
        """Train on all batches of an epoch by the step of Keras, and return the mean of their losses.

        The mean so far stays not finite once it is, so it is read now and then: a GPU waits at each reading.
        """
        if self._replicas is not None:

            def require_finite(batch: int, mean: float) -> None:
                if not math.isfinite(mean):
                    raise _non_finite(f"loss of batch {batch}", mean, epoch, train.names(epoch, batch))

            return self._replicas.epoch(self.model, train.epoch(epoch), on_batch=require_finite)
        self.model.reset_metrics()
        self.model.make_train_function()
        means: list[tf.Tensor] = []
        for batch in train.epoch(epoch):
            means.append(self.model.train_function([batch])["loss"])
            if len(means) % _BATCHES_BETWEEN_READINGS == 0 and not math.isfinite(means[-1]):
                break
        if not math.isfinite(means[-1]):
            first = next(i for i, mean in enumerate(means) if not math.isfinite(mean))
            raise _non_finite(f"loss of batch {first}", float(means[first]), epoch, train.names(epoch, first))
        return float(means[-1])

    def _validate(self, validation: tf.data.Dataset, count: Count | None) -> tuple[float, Counts | None]:
        """Return the mean loss of all validation batches, and their counts, None where none are asked for."""
        self._validation_loss.reset_state()
        judge = self._judge.get_concrete_function(*validation.element_spec)
        counts = []
        for images, targets in validation:
            outputs = judge(images, targets)
            if count is not None:
                counts.append(count(*({name: v.numpy() for name, v in of.items()} for of in (targets, outputs))))
        loss = float(self._validation_loss.result())
        return loss, None if count is None else sum(counts, Counts(0, 0, 0, 0))

    @tf.function
    def _judge(self, images: tf.Tensor, targets: Mapping[str, tf.Tensor]) -> Mapping[str, tf.Tensor]:
        """Return the outputs for a batch, and add their loss to the mean; the model says itself what its loss is."""
        outputs = self.model(images, training=False)
        loss = self.model.compute_loss(x=images, y=targets, y_pred=outputs, training=False)
        self._validation_loss.update_state(loss, sample_weight=tf.shape(images)[0])
        return outputs

    def _finished(self, history: list[Epoch]) -> bool:
        if len(history) >= self._optimisation.max_epochs:
            return True
        patience = self._optimisation.patience
        return patience is not None and bool(history) and len(history) - 1 - best_epoch(history) >= patience


def _non_finite(what: str, value: float, epoch: int, names: Sequence[object]) -> NonFiniteError:
    listed = "; ".join(map(str, names))
    return NonFiniteError(
        expected=f"a finite {what}",
        got=f"{value} in epoch {epoch}" + (f" on {listed}" if listed else ""),
        where="training",
        do="check these slices, lower the learning rate or use float32; earlier epochs are kept",
    )
