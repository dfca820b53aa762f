"""The graph of a Keras model as its config says it: which tensor of which call a layer takes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import keras


def own_graph(layer: keras.Layer) -> int:
    """Return 1 for a functional model, since a config that names outputs counts the model's own graph as a call."""
    return int(isinstance(layer, keras.Model) and not isinstance(layer, keras.Sequential))


def references(value: Any) -> list[tuple[str, int, int]]:
    """Return the tensors that a part of a model's config names: (layer, call, output), as Keras flattens."""
    if isinstance(value, (list, tuple)) and [type(item) for item in value] == [str, int, int]:
        return [tuple(value)]
    if isinstance(value, Mapping) and (key := _history(value)):
        return [key]
    items = [value[key] for key in sorted(value)] if isinstance(value, Mapping) else value
    return [key for item in items for key in references(item)] if isinstance(items, (list, tuple)) else []


def filled(value: Any, known: Mapping[tuple, Any]) -> Any:
    """Return a part of a model's config with the tensors that it names."""
    if isinstance(value, Mapping):
        key = _history(value)
        return known[key] if key else {name: filled(item, known) for name, item in value.items()}
    return [filled(item, known) for item in value] if isinstance(value, (list, tuple)) else value


def _history(value: Mapping) -> tuple | None:
    return tuple(value["config"]["keras_history"]) if value.get("class_name") == "__keras_tensor__" else None
