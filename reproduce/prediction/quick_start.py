"""Keras loaded without optional libraries that it loads beside TensorFlow: a command answers a second sooner."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from reproduce.prediction.predictor import Predictor

_NOT_NEEDED = ("matplotlib", "pandas")


def import_keras_alone() -> None:
    """Import Keras as on a machine without matplotlib and pandas, which it takes for plots and data frames.

    For the process of a command alone: Keras stays without them until the process ends, while everybody else may import
    them as ever. Does nothing where Keras, or one of the two, has been imported already.
    """
    if {"keras", *_NOT_NEEDED} & set(sys.modules):
        return
    modules: dict[str, Any] = sys.modules
    for name in _NOT_NEEDED:
        modules[name] = None  # what `import` takes for a module that is not installed
    try:
        importlib.import_module("keras")
    finally:
        for name in _NOT_NEEDED:
            del modules[name]


def load_alone(path: Path) -> Predictor:
    """Return the predictor of a model file, with Keras loaded by `import_keras_alone`."""
    import_keras_alone()
    from reproduce.prediction.predictor import Predictor

    return Predictor(path)
