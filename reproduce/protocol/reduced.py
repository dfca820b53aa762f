"""How a profile takes less than the whole protocol, and says so of every value that it changes."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, TypeVar

from reproduce.protocol import AnyArm, Call, Section

OfSection = TypeVar("OfSection", bound=Section)
OfArm = TypeVar("OfArm", bound=AnyArm)

NONE: Mapping[str, str] = MappingProxyType({})
LESS = {
    "cpu": "cpu: so that the table takes minutes on two cores",
    "smoke": "smoke: so that a test takes seconds",
}


def reduced(section: OfSection, profile: str, why: Mapping[str, str] = NONE, **values: Any) -> OfSection:
    """Return a section with other values for a profile of `LESS`; each keeps why the whole protocol has its own.

    Args:
        section: With the values of the whole protocol.
        profile: "cpu" or "smoke".
        why: For a field its own reason; a field without one has that of the profile.
        values: The fields that change.
    """
    for name, value in values.items():
        reason = f"{profile}: {why[name]}" if name in why else LESS[profile]
        section = section.changed(f"{reason}; in full: {section.because[name]}", **{name: value})
    return section


def narrowed(arm: OfArm, profile: str, why: Mapping[str, str] = NONE, **arguments: Any) -> OfArm:
    """Return an arm whose model has other arguments, as far as it takes them, for a profile of `LESS`."""
    own = {name: arguments.get(name, value) for name, value in arm.build.arguments.items()}
    return reduced(arm, profile, why, build=Call(arm.build.function, own))
