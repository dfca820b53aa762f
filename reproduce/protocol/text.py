"""A protocol as text: its JSON form, the id that follows, what another changes in it, and whether it says why."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass
from itertools import combinations
from typing import Any

from reproduce.errors import ProtocolError
from reproduce.protocol import Section


def plain(value: Any) -> Any:
    """Return a protocol, or a part of one, as JSON types: dataclasses as objects, functions and classes by their names.

    A field that is None where nobody gives it is left out, so that a protocol which can say more leaves others as they
    are. A name is that of the definition alone, "optimised_cnn" or "Focal", so that code can move to another file and
    its protocols keep their ids; tests hold that no two functions of the protocols share one.

    Raises:
        ProtocolError: A function has no name of its own, as a lambda or one defined inside another function.
    """
    if is_dataclass(value) and not isinstance(value, type):
        stated = [
            field for field in fields(value) if field.default is not None or getattr(value, field.name) is not None
        ]
        return {field.name: plain(getattr(value, field.name)) for field in stated}
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (tuple, list)):
        return [plain(item) for item in value]
    return _name_of(value) if callable(value) else value


def _name_of(function: Any) -> str:
    name = getattr(function, "__qualname__", repr(function))
    if "<" in name:
        do = "define it at the top of a file"
        raise ProtocolError(expected="a function with a name of its own", got=name, where="protocol", do=do)
    return name


def canonical_json(value: Any) -> str:
    """The one JSON text of a value: sorted keys, no spaces, ASCII; equal values have equal texts."""
    return json.dumps(plain(value), sort_keys=True, separators=(",", ":"), allow_nan=False)


def protocol_id(experiment: Any) -> str:
    """SHA-256 of the canonical JSON of an experiment, 64 hexadecimal digits."""
    return hashlib.sha256(canonical_json(experiment).encode()).hexdigest()


@dataclass(frozen=True)
class Change:
    """What a profile changes in one field.

    Attributes:
        field: Path of the field, e.g. "optimisation.batch_size".
        paper: Its value in the whole protocol as JSON; None where it has none.
        here: Its value under the profile, likewise.
    """

    field: str
    paper: Any
    here: Any

    def __str__(self) -> str:
        return f"{self.field}: {_word(self.paper)} -> {_word(self.here)}"


def changes(paper: Any, profile: Any) -> tuple[Change, ...]:
    """Return the values that a profile changes, sorted by field; reasons left out."""
    before, after = _leaves(plain(paper), ""), _leaves(plain(profile), "")
    return tuple(
        Change(key, before.get(key), after.get(key))
        for key in sorted(set(before) | set(after))
        if before.get(key) != after.get(key) and key != "profile"
    )


def decisions(experiment: Any) -> tuple[tuple[str, str, str], ...]:
    """Every (field, value, place) of an experiment, in the order of the protocol; the same pair twice stands once."""
    found = (
        (f"{path}{name}", _word(plain(getattr(section, name))), place)
        for path, section in sections(experiment)
        for name, place in section.because.items()
    )
    return tuple(dict.fromkeys(found))


def sections(value: Any, path: str = "") -> Iterator[tuple[str, Section]]:
    """Yield every section of a protocol, those within others after them, with its path, e.g. "arms.FCNN."."""
    if isinstance(value, Section):
        yield path, value
    if is_dataclass(value) and not isinstance(value, type):
        for field in fields(value):
            yield from sections(getattr(value, field.name), f"{path}{field.name}.")
    elif isinstance(value, tuple):
        for item in value:
            name = getattr(item, "name", getattr(item, "metric", None))
            if name is not None:
                yield from sections(item, f"{path}{name}.")


def check_reasons(whole: Any, *profiles: Any) -> None:
    """Refuse a reason that stands word for word beside two values, of which it can give only one.

    Args:
        whole: The experiment or table of statements that the profiles are made from: "paper", or else "cpu".
        profiles: Each is compared with it, arms by name; arms of one table, their names aside, with each other too.

    Raises:
        ProtocolError: Two values of a field have the same reason.
    """
    for profile in (whole, *profiles):
        wrong = _same_reason(whole, profile)
        between_arms = [
            f"{field} of {one.name} and {other.name}"
            for one, other in combinations(getattr(profile, "arms", ()), 2)
            for field in _same_reason(one, other)
            if field != "name"
        ]
        if wrong or between_arms:
            together = "change value and reason together: `section.changed(reason, field=value)`"
            raise ProtocolError(
                expected="another reason beside another value",
                got=f"the same reason for two values of {', '.join((*wrong, *between_arms))}",
                where=f"{profile.table}, profile {profile.profile}",
                do=together if wrong else "give each arm its own reason",
            )


def _same_reason(one: Any, other: Any) -> list[str]:
    """Return the fields that have two values for one reason; a section within a section answers for itself."""
    others: dict[str, list[Section]] = {}
    for path, section in sections(other):
        others.setdefault(path, []).append(section)
    found = []
    for path, before in sections(one):
        after = others[path].pop(0) if others.get(path) else before
        for name in before.because.keys() & after.because.keys():
            values = getattr(before, name), getattr(after, name)
            within = isinstance(values[0], Section) and type(values[0]) is type(values[1])
            if values[0] != values[1] and before.because[name] == after.because[name] and not within:
                found.append(f"{path}{name}")
    return sorted(found)


def _leaves(value: Any, path: str) -> dict[str, Any]:
    if isinstance(value, dict):
        items = [(key, item) for key, item in value.items() if key != "because"]
    elif isinstance(value, list) and any(isinstance(item, (dict, list)) for item in value):
        items = [(item.get("name", i) if isinstance(item, dict) else i, item) for i, item in enumerate(value)]
    else:
        return {path: value}
    return {k: v for key, item in items for k, v in _leaves(item, f"{path}.{key}" if path else str(key)).items()}


def _word(value: Any) -> str:
    return "-" if value is None else json.dumps(value, sort_keys=True)
