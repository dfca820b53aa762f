"""The smallest of some items that cannot stand together."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from itertools import combinations
from typing import TypeVar

Item = TypeVar("Item")


def smallest_conflict(
    items: Sequence[Item], impossible: Callable[[Sequence[Item]], bool], *, seconds: float
) -> tuple[Item, ...]:
    """Return the fewest items that are impossible together, the first in their order among several of that number.

    Args:
        items: Impossible together.
        impossible: Whether some of them are proven to be impossible; what is impossible stays so with more items.
        seconds: Time after which all items are returned: they conflict too, if not as the fewest.
    """
    end = time.monotonic() + seconds
    for size in range(1, len(items)):
        for some in combinations(items, size):
            if time.monotonic() > end:
                return tuple(items)
            if impossible(some):
                return some
    return tuple(items)
