"""The memory that one training step needs at its peak, known before it runs; and how many images fit a card."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import keras
import tensorflow as tf

from reproduce.errors import ProtocolError
from reproduce.training.liveness import peak_bytes, tensor_bytes

GIB = 2**30
# What TensorFlow keeps for an operation of the graph beside its tensors: trace, optimised copy, kernel. The one figure
# here that is measured, on small images; benchmarks/memory.py has what it leaves open.
_BYTES_AN_OPERATION = 22 << 10


@dataclass(frozen=True)
class StepMemory:
    """The bytes of one training step.

    Attributes:
        weights: Weights and running statistics.
        optimiser: Moments of Adam, and gradients that wait for the rest of a batch.
        tensors: Batch, activations that are kept for the backward pass, gradients and workspace, as many as live at a
            time, and what the pool of TensorFlow cannot use between them.
        libraries: The step itself: its trace, optimised graph and kernels.
    """

    weights: int
    optimiser: int
    tensors: int
    libraries: int

    @property
    def peak(self) -> int:
        """Return all of them, with what the libraries take beside them."""
        return self.weights + self.optimiser + self.step

    @property
    def step(self) -> int:
        """Return what a step adds to weights and optimiser, in its tensors and beside them."""
        return self.tensors + self.libraries


def step_memory(model: keras.Model, batch: Any) -> StepMemory:
    """Return the memory of one step of a compiled model; the step is traced, and nothing is computed.

    Args:
        model: Compiled, its optimiser built; in the precision that it is trained in.
        batch: `tf.TensorSpec` of images, and of the target of each output, as a dataset's `element_spec` gives them;
            the first axis has as many images as the model sees at a time.
    """
    function = tf.function(lambda seen: model.train_step(seen)).get_concrete_function(batch)
    return StepMemory(
        weights=_bytes(model.variables),
        optimiser=_bytes(model.optimizer.variables),
        tensors=sum(map(tensor_bytes, tf.nest.flatten(batch))) + peak_bytes(function.graph, function.outputs),
        libraries=_BYTES_AN_OPERATION * len(function.graph.get_operations()),
    )


def of_size(batch: Any, n: int) -> Any:
    """Return the specification of a batch with another number of images."""
    return tf.nest.map_structure(lambda spec: tf.TensorSpec((n, *spec.shape[1:]), spec.dtype), batch)


def largest_micro_batch(memory_of: Callable[[int], StepMemory], batch_size: int, limit: int) -> int:
    """Return the most images at a time whose step fits: a divisor of the batch, whose gradients are then accumulated.

    The peak is the largest of many sums that each grow with a straight line, and so convex: between one image and the
    whole batch it lies below the line through both. That line decides, so that two traces are enough. With fewer images
    at a time batch normalisation sees fewer; see `protocol.Optimisation`.

    Args:
        memory_of: The memory of a step by the number of images at a time.
        batch_size: Images a step.
        limit: Bytes that there are.

    Raises:
        ProtocolError: Not even one image at a time fits.
    """
    one, whole = memory_of(1).peak, memory_of(batch_size).peak
    for n in _divisors(batch_size):
        if one + (whole - one) * (n - 1) / max(1, batch_size - 1) <= limit:
            return n
    raise ProtocolError(
        expected=f"a model that trains in {limit / GIB:.1f} GB",
        got=f"{one / GIB:.1f} GB for one image at a time",
        where="memory of a training step",
        do="take a card with more memory, a smaller image or half precision",
    )


def _divisors(n: int) -> list[int]:
    return [i for i in range(n, 0, -1) if n % i == 0]


def _bytes(variables: Sequence[keras.Variable]) -> int:
    return sum(tensor_bytes(tf.TensorSpec(each.shape, each.dtype)) for each in variables)
