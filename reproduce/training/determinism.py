"""The switch for runs that can be repeated to the byte."""

from __future__ import annotations

import keras
import tensorflow as tf


def configure(*, n_threads: int, precision: str) -> None:
    """Make TensorFlow deterministic in this process; call it before the first operation runs.

    Operations whose result depends on the order in which threads finish are replaced by ones that do not, or refuse.

    Args:
        n_threads: Threads of one operation, and operations at a time.
        precision: Keras dtype policy, e.g. "float32" or "mixed_bfloat16".

    Raises:
        RuntimeError: TensorFlow's, where operations have run already under other settings.
    """
    tf.config.threading.set_intra_op_parallelism_threads(n_threads)
    tf.config.threading.set_inter_op_parallelism_threads(n_threads)
    tf.config.experimental.enable_op_determinism()
    keras.config.set_dtype_policy(precision)


def n_gpus() -> int:
    """Number of GPUs that TensorFlow sees."""
    return len(tf.config.list_physical_devices("GPU"))
