"""Names in protocols: each stands for one function or class, so that a name is enough to tell what was run."""

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from pathlib import Path

SCRIPTS = sorted(path.stem for path in (Path(__file__).parents[2] / "experiments").glob("*.py"))


def functions(value):
    """Every function or class that a protocol names."""
    if is_dataclass(value) and not isinstance(value, type):
        value = [getattr(value, field.name) for field in fields(value)]
    if isinstance(value, Mapping):
        value = list(value.values())
    if isinstance(value, (tuple, list)):
        return [function for item in value for function in functions(item)]
    return [value] if callable(value) else []


def test_no_two_functions_of_all_protocols_share_a_name(load_script):
    found = {}
    for name in SCRIPTS:
        for profile in getattr(load_script(name), "PROFILES", {}).values():
            for function in functions(profile):
                found.setdefault(function.__qualname__, set()).add(function)
    assert len(found) > 30
    assert {name: them for name, them in found.items() if len(them) > 1} == {}
