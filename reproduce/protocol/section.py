"""A call to be made later, and a part of a protocol whose every field says where it comes from."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, NoReturn, Self

from reproduce.errors import ProtocolError

_PLACE = re.compile(r"(\d{3}|silent:|cpu:|smoke:|command line:) .", re.DOTALL)
_FORMS = '"000 6.2" (document, section), "silent: we use X because Y", or "cpu: why it is less", "smoke: ..."'


@dataclass(frozen=True)
class Call:
    """A function or class with its arguments, to be called later: `Call(optimised_cnn, {"width": 64})`."""

    function: Callable[..., Any]
    arguments: Mapping[str, Any]

    def __call__(self, *positional: Any, **more: Any) -> Any:
        """The result of the function for these arguments and more."""
        return self.function(*positional, **self.arguments, **more)


@dataclass(frozen=True)
class Section:
    """A part of a protocol in which every field says where it comes from.

    Attributes:
        because: For each field its place, "000 6.2" (document and section), or our reason: "silent: we use X because
            Y" where no document prints the value; "cpu: ...", "smoke: ..." or "command line: ..." where a profile or an
            option has another value than the whole protocol.

    Raises:
        ProtocolError: A field has no place, a place belongs to no field, or its form is none of these.
    """

    because: Mapping[str, str]

    def __post_init__(self) -> None:
        named = {field.name for field in fields(self)} - {"because"}
        for wrong in sorted(named ^ set(self.because)):
            fault = "a field without a place" if wrong in named else "a place for a field that does not exist"
            self._refuse(wrong, fault)
        for name, place in self.because.items():
            if not _PLACE.match(place):
                self._refuse(name, repr(place))

    def changed(self, reason: str, /, **values: Any) -> Self:
        """Return a copy in which fields have other values, each for this reason; an equal value keeps its own.

        `dataclasses.replace` would leave the reason of the old value beside the new one, which
        `protocol_text.check_reasons` refuses.
        """
        values = {name: value for name, value in values.items() if getattr(self, name) != value}
        return replace(self, **values, because={**self.because, **dict.fromkeys(values, reason)})

    def _refuse(self, name: str, got: str) -> NoReturn:
        raise ProtocolError(
            expected=f"for each field {_FORMS}",
            got=got,
            where=f"{type(self).__name__}.{name}",
            do="write the place in `because`",
        )
