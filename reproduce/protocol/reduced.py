"""How a profile takes less than the whole protocol, and says so of every value that it changes."""

from typing import Any, TypeVar

from reproduce.protocol import AnyArm, Call, Section

OfSection = TypeVar("OfSection", bound=Section)
OfArm = TypeVar("OfArm", bound=AnyArm)

LESS = {
    "cpu": "cpu: so that the table takes minutes on two cores",
    "smoke": "smoke: so that a test takes seconds",
}


def reduced(section: OfSection, profile: str, **values: Any) -> OfSection:
    """Return a section with other values for a profile of `LESS`; each keeps why the whole protocol has its own."""
    for name, value in values.items():
        section = section.changed(f"{LESS[profile]}; in full: {section.because[name]}", **{name: value})
    return section


def narrowed(arm: OfArm, profile: str, **arguments: Any) -> OfArm:
    """Return an arm whose model has other arguments, as far as it takes them, for a profile of `LESS`."""
    own = {name: arguments.get(name, value) for name, value in arm.build.arguments.items()}
    return reduced(arm, profile, build=Call(arm.build.function, own))
