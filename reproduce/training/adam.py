"""Adam (Kingma and Ba 2015) with one operation a weight where Keras has some twenty."""

from __future__ import annotations

import keras
import tensorflow as tf


class OneKernelAdam(keras.optimizers.Adam):
    """The update of `keras.optimizers.Adam` by TensorFlow's kernel for it; its variables and their order are the same.

    A model of a few dozen channels has hundreds of weights of a few kilobytes, and starting an operation costs more
    than what it computes on them.
    """

    def update_step(self, gradient: tf.Tensor, variable: tf.Variable, learning_rate: tf.Tensor) -> None:
        """Set both moments, then the weight: w - rate sqrt(1 - b2^t) / (1 - b1^t) m / (sqrt(v) + epsilon)."""
        dtype, index = variable.dtype, self._get_variable_index(variable)
        step = keras.ops.cast(self.iterations + 1, dtype)
        tf.raw_ops.ResourceApplyAdam(
            var=variable.handle,
            m=self._momentums[index].value.handle,
            v=self._velocities[index].value.handle,
            beta1_power=tf.cast(self.beta_1, dtype) ** step,
            beta2_power=tf.cast(self.beta_2, dtype) ** step,
            lr=tf.cast(learning_rate, dtype),
            beta1=tf.cast(self.beta_1, dtype),
            beta2=tf.cast(self.beta_2, dtype),
            epsilon=tf.cast(self.epsilon, dtype),
            grad=tf.cast(tf.convert_to_tensor(gradient), dtype),
        )
