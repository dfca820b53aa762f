"""How the intensities of an image become what a model sees, as a value of a protocol."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from reproduce.errors import ProtocolError

_LARGEST = 1e38  # the distance of two ends is a float32


@dataclass(frozen=True)
class Window:
    """Hounsfield units between two ends go to [0, 1] in proportion; what is beyond an end becomes that end.

    Attributes:
        low_hu: Becomes 0.
        high_hu: Becomes 1.

    Raises:
        ProtocolError: The low end is not below the high one.
    """

    low_hu: float
    high_hu: float

    def __post_init__(self) -> None:
        _require_ascending(self, (self.low_hu, self.high_hu))

    @property
    def channels(self) -> tuple[str, ...]:
        """What the channel of the image is."""
        return ("CT",)

    @property
    def grey(self) -> tuple[float, float]:
        """The intensities that figures show as black and as white."""
        return self.low_hu, self.high_hu


@dataclass(frozen=True)
class Normalised:
    """Intensities that the cohort's preparation has normalised already; models see them as they are.

    Attributes:
        grey: The intensities that figures show as black and as white.
        within: Voxels over which the cohort takes its z-score, as `imaging.intensity.ZScore` has it.
        channels: What each channel of the image is, e.g. ("flair", "t1", "t1ce", "t2").

    Raises:
        ProtocolError: Black is not below white.
    """

    grey: tuple[float, float]
    within: Literal["image", "nonzero"]
    channels: tuple[str, ...]

    def __post_init__(self) -> None:
        _require_ascending(self, self.grey)


def _require_ascending(intensity: Window | Normalised, ends: tuple[float, float]) -> None:
    if not -_LARGEST < ends[0] < ends[1] < _LARGEST:
        raise ProtocolError(
            expected=f"two ends within {_LARGEST:g} of 0, the low one first",
            got=repr(tuple(ends)),
            where=type(intensity).__name__,
            do="give the ends of the window, not its centre and width",
        )
