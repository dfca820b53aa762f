"""The switch for runs that can be repeated to the byte."""

from __future__ import annotations

import keras
import tensorflow as tf

from reproduce.arithmetic import threads
from reproduce.tensorflow_import import without_notices


def configure(*, worker: int, precision: str) -> None:
    """Make TensorFlow deterministic in this process; call it before the first operation runs.

    Where there are GPUs the process takes one of them, by turns, and as much of its memory as it needs. Where there are
    none it takes `arithmetic.threads`, one by default, so that sums are made in one order however many processes there
    are.

    Operations whose result depends on the order in which threads finish are replaced by ones that do not, or refuse.

    Args:
        worker: Number of the process among those that work side by side, from 0.
        precision: Keras dtype policy, e.g. "float32" or "mixed_bfloat16".

    Raises:
        RuntimeError: TensorFlow's, where operations have run already under other settings.
    """
    gpus = tf.config.list_physical_devices("GPU")
    if gpus:
        tf.config.set_visible_devices(gpus[worker % len(gpus)], "GPU")
        tf.config.experimental.set_memory_growth(gpus[worker % len(gpus)], True)
    else:
        tf.config.threading.set_intra_op_parallelism_threads(threads())
        tf.config.threading.set_inter_op_parallelism_threads(threads())
    # It takes the models that a process compiles one after another for one function that is traced again and again.
    tf.get_logger().setLevel("ERROR")
    tf.config.experimental.enable_op_determinism()
    keras.config.set_dtype_policy(precision)
    with without_notices():  # oneDNN tells once, at the first of them, that it leaves int64 to other kernels
        tf.transpose(tf.zeros((1, 1), tf.int64))


def n_gpus() -> int:
    """Return the number of GPUs that TensorFlow sees."""
    return len(tf.config.list_physical_devices("GPU"))


def leave_gpus_to_workers() -> None:
    """Hide the GPUs from this process, whose first operation would else take all their memory from the workers."""
    tf.config.set_visible_devices([], "GPU")
