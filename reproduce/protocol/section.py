"""A call to be made later, and a part of a protocol whose every field says where it comes from."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from typing import Any

from reproduce.errors import ProtocolError

_PLACE = re.compile(r"^(\d{3} .+|silent: .+)", re.DOTALL)


@dataclass(frozen=True)
class Call:
    """A function or class with its arguments, to be called later: `Call(optimised_cnn, {"width": 64})`."""

    function: Callable
    arguments: Mapping[str, Any]

    def __call__(self, *positional, **more):
        """The result of the function for these arguments and more."""
        return self.function(*positional, **self.arguments, **more)


@dataclass(frozen=True)
class Section:
    """A part of a protocol in which every field says where it comes from.

    Attributes:
        because: For each field its place, "000 6.2" (document and section), or "silent: we use X because Y".

    Raises:
        ProtocolError: A field has no place, a place belongs to no field, or its form is neither of the two.
    """

    because: Mapping[str, str]

    def __post_init__(self):
        named = {field.name for field in fields(self)} - {"because"}
        for wrong in sorted(named ^ set(self.because)):
            fault = "a field without a place" if wrong in named else "a place for a field that does not exist"
            self._refuse(wrong, fault)
        for name, place in self.because.items():
            if not _PLACE.match(place):
                self._refuse(name, repr(place))

    def _refuse(self, name: str, got: str):
        raise ProtocolError(
            expected='for each field "000 6.2" (document, section) or "silent: we use X because Y"',
            got=got,
            where=f"{type(self).__name__}.{name}",
            do="write the place in `because`",
        )
