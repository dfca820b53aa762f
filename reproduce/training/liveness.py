"""How many bytes the tensors of a traced step hold at a time, by running its graph with sizes instead of numbers.

What TensorFlow keeps follows from its graph and three rules of its executor: an operation runs once its inputs are
there, the last that became ready first, the others in a queue; a tensor is freed after the last operation that reads
it; an operation value by value writes into its input where nothing else reads that. So the inputs of convolutions stay
until their weight gradients are taken, the outputs of ReLU until theirs, and of batch normalisation the input and not
the output.
"""

from __future__ import annotations

from collections import Counter, defaultdict, deque
from collections.abc import Sequence
from dataclasses import dataclass, field

import tensorflow as tf

from reproduce.training.pool_memory import Piece, Pool

# Below it tensors do not go into the pool.
_SMALL = 256 << 10
# Outputs are their input under another name or shape.
_SAME = {"EnsureShape", "ExpandDims", "Identity", "IdentityN", "Reshape", "Snapshot", "Squeeze", "StopGradient"}
# Outputs lie in a variable, in the graph, or with the caller, who is counted apart.
_ELSEWHERE = {"Const", "Placeholder", "ReadVariableOp", "VarHandleOp"}
_QUICK = _SAME | _ELSEWHERE | {"NoOp", "Rank", "Shape", "ShapeN", "Size"}
_VALUE_BY_VALUE = {
    *("Abs", "Add", "AddN", "AddV2", "BiasAdd", "Cast", "DivNoNan", "Elu", "EluGrad", "Exp", "LeakyRelu"),
    *("LeakyReluGrad", "Log", "Log1p", "LogSoftmax", "Maximum", "Minimum", "Mul", "Neg", "Pow", "RealDiv"),
    *("Reciprocal", "Relu", "Relu6", "Relu6Grad", "ReluGrad", "Rsqrt", "RsqrtGrad", "SelectV2", "Sigmoid"),
    *("SigmoidGrad", "Sign", "Softmax", "Softplus", "SoftplusGrad", "Sqrt", "SqrtGrad", "Square"),
    *("SquaredDifference", "Sub", "Tanh", "TanhGrad"),
}


def peak_bytes(graph: tf.Graph, outputs: Sequence[tf.Tensor]) -> int:
    """Return the bytes that a graph takes at its peak, inputs, constants and variables left out.

    They are those of the pool, and of small tensors at their peak.

    Args:
        graph: Of a concrete function, whose shapes are all known; one that is not counts nothing.
        outputs: What is returned; with it go operations that change a variable, and nothing that neither needs.
    """
    run = _Run(graph, outputs)
    return run.pool.touched + run.most_small


def tensor_bytes(tensor: tf.Tensor | tf.TensorSpec) -> int:
    """Return the bytes of a tensor's values; 0 for handles, texts, and shapes that are not known."""
    known = tensor.dtype.size and tensor.shape.is_fully_defined() and tensor.dtype not in (tf.resource, tf.variant)
    return tensor.shape.num_elements() * tensor.dtype.size if known else 0


@dataclass
class _Buffer:
    """Memory that one or several tensors lie in; a piece of the pool where they are large."""

    size: int
    piece: Piece | None
    readers: int = 0


@dataclass
class _Run:
    """One run of a graph."""

    graph: tf.Graph
    outputs: Sequence[tf.Tensor]
    pool: Pool = field(default_factory=Pool)
    small: int = 0
    most_small: int = 0
    buffers: dict[object, _Buffer | None] = field(default_factory=dict)

    def __post_init__(self) -> None:
        needed = self._needed()
        readers = Counter(tensor.ref() for op in needed for tensor in op.inputs)
        readers.update(tensor.ref() for tensor in self.outputs)
        before = {op: {tensor.op for tensor in op.inputs} | set(op.control_inputs) for op in needed}
        after = defaultdict(list)
        for op in needed:
            for earlier in before[op]:
                after[earlier].append(op)
        waits = {op: len(earlier) for op, earlier in before.items()}
        here: deque[tf.Operation] = deque()
        queue = deque(op for op in needed if not waits[op])
        while here or queue:
            op = (here or queue).popleft()
            self._run(op, readers)
            last = None
            for later in after[op]:
                waits[later] -= 1
                if waits[later]:
                    continue
                if later.type in _QUICK:
                    here.append(later)
                    continue
                if last is not None:
                    queue.append(last)
                last = later
            if last is not None:
                (queue if here else here).append(last)

    def _needed(self) -> list[tf.Operation]:
        """Return operations that an output or a change of a variable needs, in the order of the graph."""
        every = self.graph.get_operations()
        asked = [tensor.op for tensor in self.outputs]
        asked += [op for op in every if op.op_def.is_stateful and op.type not in _ELSEWHERE]
        needed: set[tf.Operation] = set()
        while asked:
            op = asked.pop()
            if op not in needed:
                needed.add(op)
                asked += [*(tensor.op for tensor in op.inputs), *op.control_inputs]
        return [op for op in every if op in needed]

    def _run(self, op: tf.Operation, readers: Counter) -> None:
        copy = self._own(_copied_kernel(op))
        read = [self.buffers[tensor.ref()] for tensor in op.inputs]
        made = [self._output(op, i, tensor, read) for i, tensor in enumerate(op.outputs)]
        for tensor, buffer in zip(op.outputs, made, strict=True):
            self.buffers[tensor.ref()] = buffer
            if buffer is not None:
                buffer.readers += readers[tensor.ref()]
        self._free(copy)
        for buffer in read:
            if buffer is not None:
                buffer.readers -= 1
        for buffer in {id(buffer): buffer for buffer in (*read, *made) if buffer is not None}.values():
            if not buffer.readers:
                self._free(buffer)

    def _output(self, op: tf.Operation, i: int, tensor: tf.Tensor, read: list[_Buffer | None]) -> _Buffer | None:
        """Return where an output lies: in an input, elsewhere, or in memory of its own."""
        if op.type in _ELSEWHERE:
            return None
        if op.type in _SAME:
            return read[min(i, len(read) - 1)]
        size = tensor_bytes(tensor)
        if op.type in _VALUE_BY_VALUE:
            for buffer in read:
                if buffer is not None and buffer.size == size and buffer.readers == 1:
                    return buffer
        return self._own(size)

    def _own(self, size: int) -> _Buffer:
        if size >= _SMALL:
            return _Buffer(size, self.pool.take(size))
        self.small += size
        self.most_small = max(self.most_small, self.small)
        return _Buffer(size, None)

    def _free(self, buffer: _Buffer) -> None:
        if buffer.piece is not None:
            self.pool.give_back(buffer.piece)
        else:
            self.small -= buffer.size
        buffer.size, buffer.piece = 0, None


def _copied_kernel(op: tf.Operation) -> int:
    """Return the bytes of the kernel that oneDNN lays out anew for a convolution; 0 for other operations."""
    if not op.type.startswith(("Conv2D", "Conv3D")):
        return 0
    return tensor_bytes(op.outputs[0] if "BackpropFilter" in op.type else op.inputs[1])
