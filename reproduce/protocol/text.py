"""A protocol as text: its one JSON form, the id that follows from it, and what one protocol changes in another."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Any

from reproduce.errors import ProtocolError
from reproduce.protocol.experiment import Experiment, Section


def plain(value: Any) -> Any:
    """Return a protocol, or a part of one, as JSON types: dataclasses as objects, functions and classes by their names.

    A name is that of the definition alone, "optimised_cnn" or "Focal", so that code can move to another file and its
    protocols keep their ids; tests hold that no two functions of the protocols share one.

    Raises:
        ProtocolError: A function has no name of its own, as a lambda or one defined inside another function.
    """
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (tuple, list)):
        return [plain(item) for item in value]
    if callable(value):
        return _name_of(value)
    return value


def _name_of(function: Any) -> str:
    name = getattr(function, "__qualname__", repr(function))
    if "<" in name:
        do = "define it at the top of a file"
        raise ProtocolError(expected="a function with a name of its own", got=name, where="protocol", do=do)
    return name


def canonical_json(value: Any) -> str:
    """The one JSON text of a value: sorted keys, no spaces, ASCII; equal values have equal texts."""
    return json.dumps(plain(value), sort_keys=True, separators=(",", ":"), allow_nan=False)


def protocol_id(experiment: Experiment) -> str:
    """SHA-256 of the canonical JSON of an experiment, 64 hexadecimal digits."""
    return hashlib.sha256(canonical_json(experiment).encode()).hexdigest()


def changes(paper: Experiment, profile: Experiment) -> tuple[str, ...]:
    """What a profile changes against the paper's, e.g. "optimisation.batch_size: 32 -> 8", sorted."""
    before, after = _leaves(plain(paper), ""), _leaves(plain(profile), "")
    return tuple(
        f"{key}: {_word(before.get(key))} -> {_word(after.get(key))}"
        for key in sorted(set(before) | set(after))
        if before.get(key) != after.get(key) and key != "profile"
    )


def decisions(experiment: Experiment) -> tuple[tuple[str, str, str], ...]:
    """Every (field, value, place) of an experiment, in the order of the protocol; the same pair twice stands once."""
    return tuple(dict.fromkeys(_decisions(experiment, "")))


def _decisions(value: Any, path: str):
    if isinstance(value, Section):
        for name, place in value.because.items():
            yield f"{path}{name}", _word(plain(getattr(value, name))), place
    if is_dataclass(value):
        for field in fields(value):
            inner = getattr(value, field.name)
            yield from _decisions(inner, f"{path}{field.name}.")
    elif isinstance(value, tuple):
        for item in value:
            name = getattr(item, "name", getattr(item, "metric", None))
            if name is not None:
                yield from _decisions(item, f"{path}{name}.")


def _leaves(value: Any, path: str) -> dict[str, Any]:
    if isinstance(value, dict):
        items = value.items()
    elif isinstance(value, list) and any(isinstance(item, (dict, list)) for item in value):
        items = ((item.get("name", i) if isinstance(item, dict) else i, item) for i, item in enumerate(value))
    else:
        return {path: value}
    return {k: v for key, item in items for k, v in _leaves(item, f"{path}.{key}" if path else str(key)).items()}


def _word(value: Any) -> str:
    return "-" if value is None else json.dumps(value, sort_keys=True)
