"""The graph of a Keras model as its config says it: which tensor of which call a layer takes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import keras
from keras import layers

_TENSOR = "__keras_tensor__"


def flat(value: Any) -> list:
    """The leaves of a nest, dictionaries by sorted keys, as Keras flattens."""
    if isinstance(value, Mapping):
        return [leaf for key in sorted(value) for leaf in flat(value[key])]
    return [leaf for item in value for leaf in flat(item)] if isinstance(value, (list, tuple)) else [value]


def own_graph(layer: layers.Layer) -> int:
    """1 for a functional model: where a config names outputs it counts the model's own graph as a call, else not."""
    return int(isinstance(layer, keras.Model) and not isinstance(layer, keras.Sequential))


def references(value: Any) -> list[tuple[str, int, int]]:
    """The tensors that a part of a model's config names: (layer, call, output)."""
    if isinstance(value, Mapping) and value.get("class_name") == _TENSOR:
        return [tuple(value["config"]["keras_history"])]
    if isinstance(value, (list, tuple)) and [type(item) for item in value] == [str, int, int]:
        return [tuple(value)]
    if isinstance(value, Mapping):
        return [found for key in sorted(value) for found in references(value[key])]
    return [found for item in value for found in references(item)] if isinstance(value, (list, tuple)) else []


def filled(value: Any, known: Mapping[tuple, Any]) -> Any:
    """A part of a model's config with the tensors that it names."""
    if isinstance(value, Mapping) and value.get("class_name") == _TENSOR:
        return known[tuple(value["config"]["keras_history"])]
    if isinstance(value, Mapping):
        return {key: filled(item, known) for key, item in value.items()}
    return [filled(item, known) for item in value] if isinstance(value, (list, tuple)) else value
