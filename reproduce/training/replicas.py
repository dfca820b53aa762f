"""One training over several devices: each sees its share of every batch, and all move their weights by the same step.

The devices are the GPUs of a machine, or the workers that TF_CONFIG names, each running the same command. Keras 3
cannot feed `model.fit` under `MultiWorkerMirroredStrategy` (keras-team/keras#20585), so batches are divided here, and
Keras takes the step: it sums the gradients of all replicas, each of the mean loss of its share divided by their number.

The step is that of one device with the whole batch, to rounding, but for batch normalisation: each replica normalises
by mean and variance of its own share, and the running statistics are the mean over the replicas.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import keras
import tensorflow as tf

from reproduce.errors import ProtocolError
from reproduce.protocol import Optimisation

WORKERS_VARIABLE = "TF_CONFIG"


def strategy_of_machine() -> tf.distribute.Strategy:
    """Return the strategy over the workers that TF_CONFIG names, or else over all GPUs that this process sees.

    Call it before the first operation runs; with workers it waits until all of them have started.
    """
    if os.environ.get(WORKERS_VARIABLE):
        return tf.distribute.MultiWorkerMirroredStrategy()
    return tf.distribute.MirroredStrategy()


class Replicas:
    """A model on every device of a strategy, which trains in the place of a model on one.

    Args:
        strategy: Its replicas share every batch.
        compiled: Builds and compiles the model with its optimiser built; called once, under the strategy.
        optimisation: Its batch is divided; gradients are not accumulated beside that.

    Raises:
        ProtocolError: The batch cannot be divided evenly, or is to be fed in micro-batches too.
    """

    def __init__(
        self, strategy: tf.distribute.Strategy, compiled: Callable[[], keras.Model], optimisation: Optimisation
    ):
        n, o = strategy.num_replicas_in_sync, optimisation
        if o.batch_size % n or o.micro_batch != o.batch_size:
            raise ProtocolError(
                expected=f"a whole batch that {n} replicas share evenly",
                got=f"batch_size {o.batch_size} with micro_batch {o.micro_batch}",
                where="data-parallel training",
                do=f"give --micro-batch {o.batch_size}, and as many devices as divide it",
            )
        self._strategy = strategy
        with strategy.scope():
            self._model = compiled()
        self._step = tf.function(self._run)

    def epoch(self, model: keras.Model, batches: tf.data.Dataset, *, on_batch: Callable[[int, float], None]) -> float:
        """Train for an epoch from the weights and the optimiser of a model, and set it to those after.

        Args:
            model: On one device, as `compiled` builds it.
            batches: The whole epoch; every worker draws the same and takes its share.
            on_batch: Called with the number of the batch, from 0, and the mean loss so far.

        Returns:
            The mean loss of the epoch, over all replicas.
        """
        self._copy(model, self._model)
        self._model.optimizer.learning_rate = float(model.optimizer.learning_rate)
        self._model.reset_metrics()
        loss = float("nan")
        for i, batch in enumerate(batches):
            loss = float(self._step(self._divided(batch)))
            on_batch(i, loss)
        self._copy(self._model, model)
        return loss

    def _divided(self, batch: Any) -> Any:
        n = self._strategy.num_replicas_in_sync

        def share(context: Any) -> Any:
            each = context.replica_id_in_sync_group
            return tf.nest.map_structure(lambda tensor: tf.split(tensor, n)[each], batch)

        return self._strategy.experimental_distribute_values_from_function(share)

    def _run(self, shares: Any) -> tf.Tensor:
        logs = self._strategy.run(self._model.train_step, args=(shares,))
        return self._strategy.reduce(tf.distribute.ReduceOp.MEAN, logs["loss"], axis=None)

    @staticmethod
    def _copy(source: keras.Model, target: keras.Model) -> None:
        pairs = ((source.variables, target.variables), (source.optimizer.variables, target.optimizer.variables))
        for old, new in pairs:
            for variable, own in zip(old, new, strict=True):
                own.assign(keras.ops.convert_to_numpy(variable))
