"""Models and losses, on keras.ops alone: every backend of Keras runs them."""

from typing import Any

import keras

register = keras.saving.register_keras_serializable("reproduce")
"""Decorator of what a saved model may name: Keras keeps it as "reproduce>Name", whichever module it stands in.

Every module that uses it is imported by `models.registered`, so that files can be read.
"""

Tensor = Any
"""A tensor: a symbol (`keras.KerasTensor`) where a model is built, the backend's own where it runs. Keras has no type
for both."""

Shape = tuple[Any, ...]
"""Sizes along the axes of a tensor, whole numbers; None stands for the batch where Keras counts it."""
